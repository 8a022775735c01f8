"""The API of a version's way from draft to published. Keys may read; people write, approve and publish."""

from typing import Annotated, Any

import msgspec
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from rulepacks import commands
from rulepacks.catalog.api import VersionShape
from rulepacks.catalog.selectors import version_named
from tenants.access.roles import Permission
from tenants.approvals.models import Approval
from tenants.approvals.selectors import OPEN, approvals_missing, history_of, waiting
from tenants.bodies import body_as
from tenants.filtering import KEYSET, nothing_else, page_of
from tenants.http import TenantAPIView
from tenants.pagination import OldestFirst
from tenants.policies.policy import Approvals
from tenants.policies.selectors import policy_of

Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
HASH = serializers.RegexField(r"^[0-9a-f]{64}$", help_text="The content hash that was looked at.")


class ApprovalShape(serializers.ModelSerializer):
    """What was asked to be approved, and what became of it."""

    author = serializers.CharField()
    editor = serializers.CharField()
    approver = serializers.CharField(allow_null=True)
    second_approver = serializers.CharField(allow_null=True)
    missing = serializers.SerializerMethodField(help_text="How many people have yet to approve, by the policy of now.")

    class Meta:
        model = Approval
        fields: tuple[str, ...] = (
            "id", "kind", "object_id", "object_label", "content_hash", "status", "author", "editor", "approver",
            "second_approver", "needed", "missing", "sole_operator", "reason", "requested_at", "decided_at",
            "expires_at",
        )  # fmt: skip

    def get_missing(self, approval: Approval) -> int:
        policy: Approvals = self.context["policy"]
        return approvals_missing(approval, policy) if approval.status in OPEN else 0


class ApprovalsView(TenantAPIView):
    """Base: answers with approvals."""

    def shape(self, of: Any, *, many: bool = False) -> Any:
        """As they are shown, by what the policy says now."""
        return ApprovalShape(of, many=many, context={"policy": policy_of(self.tenant).approvals}).data


class VersionSubmit(TenantAPIView):
    """Asking for approval."""

    write_permission = Permission.DRAFT

    @extend_schema(request=None, responses=VersionShape)
    def post(self, request: Request, name: str, version: str) -> Response:
        """The draft becomes a candidate, which waits for approval by somebody who did not write it."""
        nothing_else(request.query_params)
        return Response(VersionShape(commands.version_submit(version=version_named(name, version))).data)


class Approving(msgspec.Struct, forbid_unknown_fields=True):
    """Body of an approval."""

    content_hash: Hash
    sole_operator: bool = False


class VersionApprove(ApprovalsView):
    """A second pair of eyes."""

    write_permission = Permission.APPROVE

    @extend_schema(
        request=inline_serializer(
            "Approving", {"content_hash": HASH, "sole_operator": serializers.BooleanField(required=False)}
        ),
        responses=ApprovalShape,
    )
    def post(self, request: Request, name: str, version: str) -> Response:
        """Approve the candidate's content, named by its hash. Own work is 403, a candidate changed meanwhile 409."""
        nothing_else(request.query_params)
        person, body = self.person, body_as(Approving, request.data)
        approval = commands.version_approve(
            version=version_named(name, version), content_hash=body.content_hash, person=person,
            sole_operator=body.sole_operator,
        )  # fmt: skip
        return Response(self.shape(approval))


class Returning(msgspec.Struct, forbid_unknown_fields=True):
    """Body of a request for changes."""

    content_hash: Hash
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class VersionReturn(TenantAPIView):
    """Asking for changes."""

    write_permission = Permission.APPROVE

    @extend_schema(
        request=inline_serializer(
            "Returning", {"content_hash": HASH, "reason": serializers.CharField(max_length=1000)}
        ),
        responses=VersionShape,
    )
    def post(self, request: Request, name: str, version: str) -> Response:
        """The candidate becomes a draft again; an approval given before is void."""
        nothing_else(request.query_params)
        body = body_as(Returning, request.data)
        found = commands.version_return(
            version=version_named(name, version), content_hash=body.content_hash, reason=body.reason
        )
        return Response(VersionShape(found).data)


class VersionPublish(TenantAPIView):
    """Putting a version into effect."""

    write_permission = Permission.ACTIVATE

    @extend_schema(request=None, responses=VersionShape)
    def post(self, request: Request, name: str, version: str) -> Response:
        """Publish the approved candidate: datasets may be judged by it from now on."""
        nothing_else(request.query_params)
        return Response(VersionShape(commands.version_publish(version=version_named(name, version))).data)


class VersionApprovals(ApprovalsView):
    """What was asked about a version."""

    @extend_schema(responses=ApprovalShape(many=True))
    def get(self, request: Request, name: str, version: str) -> Response:
        """Requests and decisions, newest first."""
        nothing_else(request.query_params)
        return Response(self.shape(history_of(version_named(name, version)), many=True))


class ApprovalList(ApprovalsView):
    """What waits for a second pair of eyes."""

    @extend_schema(parameters=[*KEYSET], responses=page_of(ApprovalShape))
    def get(self, request: Request) -> Response:
        """Requests that another member has yet to approve, oldest first.

        Also what had approvals enough until the policy became stricter: `missing` tells how many more it takes.
        """
        nothing_else(request.query_params, ("limit", "cursor"))
        page = OldestFirst()
        rows = page.paginate_queryset(waiting(policy_of(self.tenant).approvals), request)
        return page.get_paginated_response(self.shape(rows, many=True))
