"""Every background entry point of this app."""

from celery import shared_task

from tenants.access.tokens import tokens_forget
from tenants.accounts.models import Tenant
from tenants.audit.delivery import DELIVER_WORK, checkpoint_deliver, delivery_given_up
from tenants.audit.sealing import audit_seal_due
from tenants.availability import patiently
from tenants.context import tenant_scope
from tenants.idempotency.services import answers_forget
from tenants.invitations.mail import invitation_mail, invitation_unsent
from tenants.invitations.services import MAIL_WORK
from tenants.work.services import Claim, work_ring_due
from tenants.work.task import work_task


@shared_task(name="tenants.ring_due_work", ignore_result=True)
def ring_due_work() -> None:
    """The relay: whatever got lost on its way to a worker is rung for again, as soon as the database answers."""
    patiently(work_ring_due)


@shared_task(name="tenants.seal_audit_log", ignore_result=True)
def seal_audit_log() -> None:
    """The sealer: events of all tenants get their place in the tree of their log."""
    audit_seal_due()


@shared_task(name="tenants.forget_answers", ignore_result=True)
def forget_answers() -> None:
    """Remove what was kept for repeated requests and has become too old, tenant by tenant."""
    for tenant_id in Tenant.objects.values_list("id", flat=True):
        with tenant_scope(tenant_id):
            answers_forget()


@shared_task(name="tenants.forget_tokens", ignore_result=True)
def forget_tokens() -> None:
    """Remove tokens whose time is over, tenant by tenant."""
    for tenant_id in Tenant.objects.values_list("id", flat=True):
        with tenant_scope(tenant_id):
            tokens_forget()


@work_task(MAIL_WORK, on_dead=invitation_unsent)
def mail_invitation(claim: Claim) -> None:
    """Mail an invitation."""
    invitation_mail(claim)


@work_task(DELIVER_WORK, on_dead=delivery_given_up)
def deliver_checkpoint(claim: Claim) -> None:
    """Bring the newest checkpoint of the tenant's log to where its policy says."""
    checkpoint_deliver(claim)
