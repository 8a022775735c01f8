"""All tables of this app; each lives in its own room."""

from tenants.access.models import ApiKey, TokenFamily, TokenPair
from tenants.accounts.models import Membership, Tenant, User
from tenants.approvals.models import Approval
from tenants.audit.models import AuditCheckpoint, AuditEvent, AuditNode, AuditPending, AuditSeal, CheckpointDelivery
from tenants.idempotency.models import KeptAnswer
from tenants.invitations.models import Invitation
from tenants.policies.models import PolicyDocument
from tenants.work.models import Effect, Work

__all__ = [
    "ApiKey",
    "Approval",
    "AuditCheckpoint",
    "AuditEvent",
    "AuditNode",
    "AuditPending",
    "AuditSeal",
    "CheckpointDelivery",
    "Effect",
    "Invitation",
    "KeptAnswer",
    "Membership",
    "PolicyDocument",
    "Tenant",
    "TokenFamily",
    "TokenPair",
    "User",
    "Work",
]
