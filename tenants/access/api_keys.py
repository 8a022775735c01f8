"""The API of API keys: issued and shown once, rotated with an overlap, revoked. Only people manage them."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import msgspec
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.access.keys import NAME_LENGTH, OVERLAP, key_issue, key_of, key_revoke, key_rotate, keys_of
from tenants.access.models import ApiKey
from tenants.access.roles import SCOPES, Permission
from tenants.bodies import body_as, no_body
from tenants.filtering import KEYSET, nothing_else, page_of
from tenants.http import TenantAPIView
from tenants.pagination import KeysetPagination


class KeyShape(serializers.ModelSerializer):
    """A key without its secret, which is not kept. `prefix` is how its text begins, after `cortx_`."""

    scopes = serializers.ListField(child=serializers.ChoiceField(choices=list(SCOPES)))

    class Meta:
        model = ApiKey
        fields: tuple[str, ...] = (
            "id", "name", "prefix", "scopes", "created_at", "expires_at", "replaced_at", "revoked_at",
            "last_used_at",
        )  # fmt: skip


class IssuedShape(KeyShape):
    """A key with its text, which is in this answer and in no other."""

    key = serializers.CharField(help_text="Sent as `X-API-Key`.")

    class Meta(KeyShape.Meta):
        fields = (*KeyShape.Meta.fields, "key")


class NewKey(msgspec.Struct, forbid_unknown_fields=True):
    """Body of a new key."""

    name: str
    scopes: list[str]
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


NEW_KEY = inline_serializer(
    "NewKey",
    {
        "name": serializers.CharField(max_length=NAME_LENGTH),
        "scopes": serializers.ListField(child=serializers.ChoiceField(choices=list(SCOPES)), min_length=1),
        "expires_at": serializers.DateTimeField(required=False, allow_null=True, help_text="Null: no end."),
    },
)


class Keys(TenantAPIView):
    """Base: keys are the business of owners and administrators."""

    read_permission = Permission.CONFIGURE_KEYS
    write_permission = Permission.CONFIGURE_KEYS


class KeyList(Keys):
    """Keys."""

    @extend_schema(parameters=[*KEYSET], responses=page_of(KeyShape))
    def get(self, request: Request) -> Response:
        """All keys of the tenant, newest first, those that are over too."""
        nothing_else(request.query_params, ("limit", "cursor"))
        page = KeysetPagination()
        rows = page.paginate_queryset(keys_of(self.tenant), request)
        return page.get_paginated_response(KeyShape(rows, many=True).data)

    @extend_schema(request=NEW_KEY, responses={201: IssuedShape})
    def post(self, request: Request) -> Response:
        """Issue a key. `key` is its text: nobody can see it again."""
        nothing_else(request.query_params)
        new = body_as(NewKey, request.data)
        issued = key_issue(tenant=self.tenant, name=new.name.strip(), scopes=new.scopes, expires_at=new.expires_at)
        return shown_once(*issued)


class KeyRotate(Keys):
    """A key in the place of another."""

    @extend_schema(request=None, responses={201: IssuedShape})
    def post(self, request: Request, key_id: UUID) -> Response:
        """Issue a key with the same name, scopes and lifetime; the old one works for 24 hours more.

        409 for a key that is over or was replaced before.
        """
        nothing_else(request.query_params)
        no_body(request)
        return shown_once(*key_rotate(key_of(self.tenant, key_id), overlap=OVERLAP))


class KeyRevoke(Keys):
    """The end of a key."""

    @extend_schema(request=None, responses=KeyShape)
    def post(self, request: Request, key_id: UUID) -> Response:
        """End the key now. One that was revoked before stays so."""
        nothing_else(request.query_params)
        no_body(request)
        key_revoke(key_of(self.tenant, key_id))
        return Response(KeyShape(key_of(self.tenant, key_id)).data)


def shown_once(key: ApiKey, text: str) -> Response:
    """A new key with its text, for no cache to keep."""
    headers = {"Cache-Control": "no-store"}
    return Response({**KeyShape(key).data, "key": text}, status=HTTPStatus.CREATED, headers=headers)
