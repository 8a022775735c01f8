"""Inviting people: sent by mail, accepted once.

The link carries a code derived from the installation's key and the row, so that a copied database opens no door.
"""

import re
from datetime import timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from tenants.access.roles import MAY, may_give
from tenants.accounts.models import Membership, Tenant, User
from tenants.accounts.services import membership_add, password_choose, user_named
from tenants.accounts.sign_in_log import acting
from tenants.audit.services import audit_append
from tenants.context import actor_scope, current_tenant_id, tenant_scope
from tenants.invitations.models import Invitation
from tenants.problems import NotAllowed, StateConflict, UnknownReference, ValidationProblem
from tenants.work.services import work_enqueue

MAIL_WORK = "tenants.invitation"
LIFETIME = timedelta(days=7)
MOMENT = timedelta(seconds=5)
TOKEN = re.compile(r"(?P<tenant>[0-9a-f]{32})(?P<invitation>[0-9a-f]{32})(?P<code>[0-9a-f]{64})", re.ASCII)


def invitations_open() -> QuerySet[Invitation]:
    """Those of the bound tenant that may still be accepted, by address."""
    found: QuerySet[Invitation] = Invitation.objects.filter(
        accepted_at=None, withdrawn_at=None, expires_at__gt=timezone.now()
    )
    return found.order_by("email")


@transaction.atomic
def invitation_send(*, email: str, role: str, by: User | None, site: str) -> Invitation:
    """Invite the owner of an address into the bound tenant; an earlier invitation to it is over.

    The same at the same moment, as by a double click, is the first.
    `site` is where people reach this installation, as in https://cortx.example. Raises `ValidationProblem` for what is
    no address or no role, `StateConflict` for a member.
    """
    email = _address(email)
    if role not in Membership.Role.values:
        raise ValidationProblem("No such role", fields={"role": "unknown"})
    tenant_id = current_tenant_id()
    # Of two at once the second sees the first.
    Tenant.objects.select_for_update(no_key=True).get(id=tenant_id)
    if Membership.objects.filter(tenant_id=tenant_id, user__email=email).exists():
        raise StateConflict(f"{email} is a member", fields={"email": "is a member"})
    now = timezone.now()
    earlier = _unanswered().filter(email=email)
    same: Invitation | None = earlier.filter(role=role, invited_by=by, site=site, created_at__gt=now - MOMENT).first()
    if same is not None:
        return same
    earlier.update(withdrawn_at=now)
    expires_at = now + LIFETIME
    invitation: Invitation = Invitation.objects.create(
        email=email, role=role, invited_by=by, site=site, expires_at=expires_at
    )
    audit_append("invitation.sent", invitation, {"role": role})
    work_enqueue(tenant_id=tenant_id, kind=MAIL_WORK, reference=invitation.id)
    return invitation


@transaction.atomic
def invitation_withdraw(invitation_id: UUID) -> Invitation:
    """Have the link stop working. Raises `UnknownReference` for one that is not open."""
    invitation = _unanswered().select_for_update().filter(id=invitation_id).first()
    if invitation is None:
        raise UnknownReference("No such invitation")
    Invitation.objects.filter(id=invitation_id).update(withdrawn_at=timezone.now())
    audit_append("invitation.withdrawn", invitation)
    return invitation


def invitation_token(invitation: Invitation) -> str:
    """What the link carries."""
    return f"{invitation.tenant.id.hex}{invitation.id.hex}{_code(invitation)}"


def invitation_link(invitation: Invitation) -> str:
    """The address to be mailed."""
    return invitation.site.rstrip("/") + reverse("account_invitation", args=[invitation_token(invitation)])


def invitation_found(token: str) -> Invitation:
    """The open invitation with this token. Raises `UnknownReference`, in the same words whatever is wrong."""
    said = TOKEN.fullmatch(token)
    if said is not None:
        with tenant_scope(UUID(said["tenant"])):
            rows = Invitation.objects.select_related("tenant", "invited_by")
            found: Invitation | None = rows.filter(id=UUID(said["invitation"])).first()
        if found and constant_time_compare(_code(found), said["code"]) and found.is_open and found.tenant.is_active:
            return found
    raise UnknownReference("This invitation does not exist, was used, or is over")


def invitation_accept(token: str, *, user: User | None, name: str = "", password: str = "") -> User:
    """Make whoever holds the link a member: the person signed in, or a new one with this name and password.

    It gives no more than its sender may give now: otherwise it is over, in the log too, and refused.
    Raises `UnknownReference` for that and for a link that does not work, `NotAllowed` when it was sent to somebody
    else, or when the address has an account that is not signed in, `ValidationProblem` for a weak password.
    """
    found = invitation_found(token)
    with transaction.atomic(), tenant_scope(found.tenant.id):
        # Whose roles change locks the tenant too, and of two who accept at once the second finds it accepted.
        Tenant.objects.select_for_update(no_key=True).get(id=found.tenant.id)
        given = _still_given(found)
        end = {"accepted_at" if given else "withdrawn_at": timezone.now()}
        if not _unanswered().filter(id=found.id).update(**end):
            raise UnknownReference("This invitation does not exist, was used, or is over")
        if given:
            person = _person(found, user, name, password)
            with actor_scope(acting(person)):
                membership_add(tenant=found.tenant, user=person, role=found.role)
                audit_append("invitation.accepted", found)
            return person
        audit_append("invitation.void", found, {"role": found.role})
    raise UnknownReference(f"Whoever sent this invitation may no longer invite anybody as {found.role}")


def account_exists(email: str) -> bool:
    """Whether the owner of the address can sign in already."""
    user = User.objects.filter(email=email).first()
    return user is not None and user.has_usable_password()


def _person(invitation: Invitation, user: User | None, name: str, password: str) -> User:
    if user is None and not account_exists(invitation.email):
        # Holding the link proves the address.
        person = user_named(invitation.email)
        if not person.is_active:
            raise NotAllowed("The account of this address is closed")
        password_choose(person, name=name, password=password)
        return person
    if user is None or user.email != invitation.email:
        raise NotAllowed("This invitation is for somebody else")
    return user


def _still_given(invitation: Invitation) -> bool:
    of_sender = Membership.objects.filter(user=invitation.invited_by, user__is_active=True)
    sender = of_sender.filter(tenant=invitation.tenant).first()
    return sender is not None and may_give(MAY[sender.role], invitation.role)


def _unanswered() -> QuerySet[Invitation]:
    found: QuerySet[Invitation] = Invitation.objects.filter(accepted_at=None, withdrawn_at=None)
    return found


def _code(invitation: Invitation) -> str:
    value = f"{invitation.tenant_id}:{invitation.id}:{invitation.email}"
    return salted_hmac("tenants.invitation", value, algorithm="sha256").hexdigest()


def _address(text: str) -> str:
    email = User.objects.normalize_email(text.strip()).lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise ValidationProblem("Not an e-mail address", fields={"email": "not an e-mail address"}) from error
    return email
