"""Mailing an invitation, as a unit of work: a mailer that does not answer is tried again."""

from uuid import UUID

from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils import timezone

from tenants.audit.services import audit_append
from tenants.context import tenant_scope
from tenants.invitations.models import Invitation
from tenants.invitations.services import invitation_link
from tenants.work.effects import effect_once
from tenants.work.services import Claim, work_finish


def invitation_mail(claim: Claim) -> None:
    """Send the mail, unless the invitation is over by now."""
    with tenant_scope(claim.tenant_id):
        invitation = Invitation.objects.select_related("tenant", "invited_by").get(id=claim.reference)
    if invitation.is_open:
        effect_once(claim, "mail", lambda _: _send(invitation))
    with tenant_scope(claim.tenant_id):
        work_finish(claim)
        Invitation.objects.filter(id=invitation.id, sent_at=None).update(sent_at=timezone.now())


def invitation_unsent(invitation_id: UUID, reason: str) -> None:
    """Tell the log that there will be no mail."""
    audit_append("invitation.unsent", Invitation.objects.get(id=invitation_id), {"reason": reason})


def _send(invitation: Invitation) -> int:
    context = {"invitation": invitation, "link": invitation_link(invitation)}
    subject = f"CORTX: invitation to {invitation.tenant}".replace("\n", " ")
    return send_mail(subject, render_to_string("invitations/mail.txt", context), None, [invitation.email])
