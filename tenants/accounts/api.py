"""The API of members: what the page Settings, Members does, by the same commands. A key never manages people."""

from http import HTTPStatus
from uuid import UUID

import msgspec
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from tenants import commands
from tenants.access.roles import Permission, Role
from tenants.accounts.models import Membership
from tenants.accounts.selectors import member_of, members_of
from tenants.bodies import body_as, no_body
from tenants.filtering import KEYSET, nothing_else, page_of
from tenants.http import TenantAPIView
from tenants.pagination import OldestFirst


class MemberShape(serializers.ModelSerializer):
    """A person's place in the tenant. `id` is that of the membership."""

    user_id = serializers.UUIDField()
    email = serializers.EmailField(source="user.email")
    name = serializers.CharField(source="user.name")
    second_factor = serializers.BooleanField(help_text="An authenticator app is set up.")
    last_seen_at = serializers.DateTimeField(source="user.last_login", allow_null=True)

    class Meta:
        model = Membership
        fields: tuple[str, ...] = (
            "id", "user_id", "email", "name", "role", "second_factor", "last_seen_at", "created_at",
        )  # fmt: skip


class RoleChange(msgspec.Struct, forbid_unknown_fields=True):
    """Body of a change of a member."""

    role: str


class People(TenantAPIView):
    """Base: people are the business of owners and administrators."""

    read_permission = Permission.CONFIGURE_PEOPLE
    write_permission = Permission.CONFIGURE_PEOPLE


class MemberList(People):
    """Members."""

    @extend_schema(parameters=[*KEYSET], responses=page_of(MemberShape))
    def get(self, request: Request) -> Response:
        """Who belongs to the tenant, in which role; the longest there first."""
        nothing_else(request.query_params, ("limit", "cursor"))
        page = OldestFirst()
        rows = page.paginate_queryset(members_of(self.tenant), request)
        return page.get_paginated_response(MemberShape(rows, many=True).data)


class MemberView(People):
    """One member."""

    @extend_schema(responses=MemberShape)
    def get(self, request: Request, membership_id: UUID) -> Response:
        """The member."""
        nothing_else(request.query_params)
        return Response(MemberShape(member_of(self.tenant, membership_id)).data)

    @extend_schema(
        request=inline_serializer("RoleChange", {"role": serializers.ChoiceField(choices=Role.choices)}),
        responses=MemberShape,
    )
    def patch(self, request: Request, membership_id: UUID) -> Response:
        """Give the member another role, which ends their sessions. Owners are made and unmade by owners only (403).

        409 for the last owner.
        """
        nothing_else(request.query_params)
        role = body_as(RoleChange, request.data).role
        commands.member_role_set(self.identity, membership_id, role=role)
        return Response(MemberShape(member_of(self.tenant, membership_id)).data)

    @extend_schema(request=None, responses={HTTPStatus.NO_CONTENT: None})
    def delete(self, request: Request, membership_id: UUID) -> Response:
        """End the membership and the person's sessions; what they did stays. 409 for the last owner."""
        nothing_else(request.query_params)
        no_body(request)
        commands.member_remove(self.identity, membership_id)
        return Response(status=HTTPStatus.NO_CONTENT)
