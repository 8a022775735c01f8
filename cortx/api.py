"""The map of the API: every path with and without a slash at the end, never a redirect."""

from django.urls import URLPattern, path
from rest_framework.views import APIView

from cortx.trust import api as trust
from records.datasets import api as datasets
from records.datasets import api_batches as batches
from records.runs import api as runs
from records.settings import api_policy as policy
from rulepacks.catalog import api as catalog
from rulepacks.catalog import api_lifecycle as lifecycle
from tenants.access import api as access
from tenants.access import api_keys as keys
from tenants.accounts import api as accounts
from tenants.audit import api as audit
from tenants.invitations import api as invitations

Route = tuple[str, type[APIView], str]

# At their own path, as their source printed them, and under /api/v1/.
COMPATIBLE: list[Route] = [
    ("records", datasets.RecordList, "records"),
    ("records/<uuid:record_id>", datasets.RecordDetail, "record"),
    ("records/<uuid:record_id>/process", datasets.RecordProcess, "record-process"),
    ("reports/summary", datasets.Summary, "summary"),
]
CANONICAL: list[Route] = [
    *COMPATIBLE,
    ("auth/login", access.Login, "login"),
    ("auth/refresh", access.TokenRefresh, "refresh"),
    ("auth/logout", access.Logout, "logout"),
    ("datasets", datasets.DatasetList, "datasets"),
    ("datasets/<str:name>", datasets.DatasetView, "dataset"),
    ("datasets/<str:name>/activate", datasets.DatasetActivate, "dataset-activate"),
    ("batches", batches.BatchList, "batches"),
    ("batches/<uuid:batch_id>", batches.BatchView, "batch"),
    ("batches/<uuid:batch_id>/rejected", batches.BatchRejected, "batch-rejected"),
    ("batches/<uuid:batch_id>/rerun", batches.BatchRerun, "batch-rerun"),
    ("runs", runs.RunList, "runs"),
    ("runs/<uuid:run_id>", runs.RunView, "run"),
    ("runs/<uuid:run_id>/cancel", runs.RunCancel, "run-cancel"),
    ("runs/<uuid:run_id>/outputs/<str:name>", runs.RunOutput, "run-output"),
    ("runs/<uuid:run_id>/units", runs.RunUnits, "run-units"),
    ("findings", runs.FindingList, "findings"),
    ("findings/<uuid:finding_id>", runs.FindingView, "finding"),
    ("audit/events", audit.AuditEventList, "audit-events"),
    ("audit/events/<uuid:event_id>", audit.AuditEventView, "audit-event"),
    ("audit/events/<uuid:event_id>/proof", audit.AuditEventProof, "audit-event-proof"),
    ("audit/checkpoints", audit.CheckpointList, "audit-checkpoints"),
    ("audit/consistency", audit.Consistency, "audit-consistency"),
    ("audit/export", audit.AuditExport, "audit-export"),
    ("rulepacks", catalog.PackList, "rulepacks"),
    ("rulepacks/<str:name>", catalog.PackView, "rulepack"),
    ("rulepacks/<str:name>/versions", catalog.VersionList, "rulepack-versions"),
    ("rulepacks/<str:name>/versions/<str:version>", catalog.VersionView, "rulepack-version"),
    ("rulepacks/<str:name>/versions/<str:version>/submit", lifecycle.VersionSubmit, "rulepack-version-submit"),
    ("rulepacks/<str:name>/versions/<str:version>/approve", lifecycle.VersionApprove, "rulepack-version-approve"),
    ("rulepacks/<str:name>/versions/<str:version>/return", lifecycle.VersionReturn, "rulepack-version-return"),
    ("rulepacks/<str:name>/versions/<str:version>/publish", lifecycle.VersionPublish, "rulepack-version-publish"),
    ("rulepacks/<str:name>/versions/<str:version>/approvals", lifecycle.VersionApprovals, "rulepack-approvals"),
    ("approvals", lifecycle.ApprovalList, "approvals"),
    ("members", accounts.MemberList, "members"),
    ("members/<uuid:membership_id>", accounts.MemberView, "member"),
    ("invitations", invitations.InvitationList, "invitations"),
    ("invitations/<uuid:invitation_id>/withdraw", invitations.InvitationWithdraw, "invitation-withdraw"),
    ("keys", keys.KeyList, "keys"),
    ("keys/<uuid:key_id>/rotate", keys.KeyRotate, "key-rotate"),
    ("keys/<uuid:key_id>/revoke", keys.KeyRevoke, "key-revoke"),
    ("policy", policy.PolicyView, "policy"),
    ("policy/versions", policy.PolicyVersions, "policy-versions"),
    ("trust", trust.Trust, "trust"),
]


def both(prefix: str, routes: list[Route], names: str) -> list[URLPattern]:
    """Each route under the prefix, and the same with a slash at the end."""
    found = []
    for route, view, name in routes:
        served = view.as_view()
        found += [path(f"{prefix}{route}", served, name=f"{names}-{name}"), path(f"{prefix}{route}/", served)]
    return found


urlpatterns = [*both("", COMPATIBLE, "compatible"), *both("api/v1/", CANONICAL, "api")]
