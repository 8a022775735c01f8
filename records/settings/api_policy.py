"""The API of the tenant's policy. People read and write it; a key never does."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from records import commands
from tenants.access.roles import Permission
from tenants.bodies import body_as
from tenants.filtering import KEYSET, nothing_else, page_of
from tenants.http import TenantAPIView
from tenants.models import PolicyDocument
from tenants.pagination import KeysetPagination
from tenants.policies.policy import Policy, policy_from
from tenants.policies.schema import SCHEMA
from tenants.policies.selectors import policy_newest, policy_versions, told
from tenants.policies.services import policy_etag
from tenants.preconditions import HEADER
from tenants.problems import ValidationProblem
from tenants.rates.services import rates_in

DOCUMENT = {key: value for key, value in SCHEMA.items() if not key.startswith("$")}


class VersionShape(serializers.ModelSerializer):
    """One version of the policy."""

    author = serializers.CharField()

    class Meta:
        model = PolicyDocument
        fields: tuple[str, ...] = ("id", "number", "document", "content_hash", "author", "note", "created_at")


class ToldShape(VersionShape):
    """A version and what it changed, as sentences."""

    changes = serializers.ListField(child=serializers.CharField())

    class Meta(VersionShape.Meta):
        fields = (*VersionShape.Meta.fields, "changes")


POLICY = inline_serializer(
    "Policy",
    {
        "number": serializers.IntegerField(help_text="0 for a tenant that never wrote a policy."),
        "document": serializers.JSONField(),
        "effective": serializers.JSONField(help_text="What holds: the document with the default of every other key."),
        "content_hash": serializers.CharField(),
        "author": serializers.CharField(allow_null=True),
        "note": serializers.CharField(),
        "created_at": serializers.DateTimeField(allow_null=True),
    },
)


class Writing(msgspec.Struct, forbid_unknown_fields=True):
    """Body of a new version."""

    document: dict[str, Any]
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


class PolicyView(TenantAPIView):
    """The policy that holds."""

    read_permission = Permission.READ_POLICY
    write_permission = Permission.CONFIGURE_TENANT

    @extend_schema(responses=POLICY)
    def get(self, request: Request) -> Response:
        """What the tenant wrote and what holds. Its ETag is another one for every version."""
        nothing_else(request.query_params)
        return answer(policy_newest())

    @extend_schema(
        parameters=[
            OpenApiParameter(HEADER, str, OpenApiParameter.HEADER, description="The ETag that was seen."),
            OpenApiParameter("confirm", str, description="The hash a refusal named, once what is forgotten was seen."),
        ],
        request={
            "application/json": {
                "type": "object",
                "required": ["document"],
                "properties": {"document": DOCUMENT, "note": {"type": "string", "maxLength": 500}},
            }
        },
        responses=POLICY,
    )
    def put(self, request: Request) -> Response:
        """Write the next version, which holds from the next request and run on.

        All mistakes of the document are named at once. 409 with `confirm` tells what the change would forget for
        good; sent again with `?confirm=` and the hash it names, it goes ahead.
        """
        nothing_else(request.query_params, ("confirm",))
        person, body = self.person, body_as(Writing, request.data)
        try:
            version = commands.policy_set(
                document=whole(body.document), person=person, note=body.note,
                if_match=request.headers.get(HEADER), confirm=request.query_params.get("confirm", ""),
            )  # fmt: skip
        except ValidationProblem as problem:
            raise ValidationProblem(problem.detail, fields=in_body(problem.fields)) from problem
        return answer(version)


class PolicyVersions(TenantAPIView):
    """The policy as it was."""

    read_permission = Permission.READ_POLICY

    @extend_schema(parameters=[*KEYSET], responses=page_of(ToldShape))
    def get(self, request: Request) -> Response:
        """All versions, newest first, each with what it changed."""
        nothing_else(request.query_params, ("limit", "cursor"))
        page = KeysetPagination()
        rows = page.paginate_queryset(policy_versions(), request)
        return page.get_paginated_response([{**VersionShape(one).data, "changes": said} for one, said in told(rows)])


def answer(version: PolicyDocument | None) -> Response:
    """A version as the API shows it, with what holds by it."""
    document: Mapping[str, Any] = version.document if version else {}
    said = {
        "number": version.number if version else 0,
        "document": document,
        "effective": effective(policy_from(0, document)),
        "content_hash": version.content_hash if version else "",
        "author": str(version.author) if version else None,
        "note": version.note if version else "",
        "created_at": version.created_at if version else None,
    }
    return Response(said, headers={"ETag": policy_etag(version)})


def effective(policy: Policy) -> dict[str, Any]:
    """What holds, key by key."""
    found: dict[str, Any] = msgspec.to_builtins(policy)
    found.pop("number")
    return {**found, "rate_limits": rates_in(policy)}


def in_body(fields: Mapping[str, str]) -> dict[str, str]:
    """Places in the document as places in the body."""
    return {f"/document{name}" if name.startswith("/") else name: said for name, said in fields.items()}


def whole(value: Any) -> Any:
    """JSON's `1.0` as the whole number it is: the parser keeps such numbers as they were written."""
    match value:
        case dict():
            return {name: whole(inner) for name, inner in value.items()}
        case list():
            return [whole(inner) for inner in value]
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
    return value
