"""The API of invitations: the link itself goes by mail to who is invited, and is shown to nobody else."""

from http import HTTPStatus
from uuid import UUID

import msgspec
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from tenants import commands
from tenants.access.roles import Role
from tenants.accounts.api import People
from tenants.bodies import body_as, no_body
from tenants.filtering import KEYSET, nothing_else, page_of
from tenants.invitations.models import Invitation
from tenants.invitations.services import invitation_withdraw, invitations_open
from tenants.pagination import KeysetPagination


class InvitationShape(serializers.ModelSerializer):
    """A place kept for the owner of an address. `sent_at` is null until the mail has gone out."""

    invited_by = serializers.CharField(allow_null=True)

    class Meta:
        model = Invitation
        fields: tuple[str, ...] = ("id", "email", "role", "invited_by", "created_at", "sent_at", "expires_at")


class NewInvitation(msgspec.Struct, forbid_unknown_fields=True):
    """Body of an invitation."""

    email: str
    role: str


class InvitationList(People):
    """Invitations."""

    @extend_schema(parameters=[*KEYSET], responses=page_of(InvitationShape))
    def get(self, request: Request) -> Response:
        """Those that may still be accepted, newest first."""
        nothing_else(request.query_params, ("limit", "cursor"))
        page = KeysetPagination()
        rows = page.paginate_queryset(invitations_open().select_related("invited_by"), request)
        return page.get_paginated_response(InvitationShape(rows, many=True).data)

    @extend_schema(
        request=inline_serializer(
            "NewInvitation",
            {"email": serializers.EmailField(), "role": serializers.ChoiceField(choices=Role.choices)},
        ),
        responses={201: InvitationShape},
    )
    def post(self, request: Request) -> Response:
        """Invite the owner of an address by mail; the link works once and for seven days.

        An earlier invitation to the address is over. Owners are invited by owners only (403); 409 for a member.
        """
        nothing_else(request.query_params)
        asked, site = body_as(NewInvitation, request.data), request.build_absolute_uri("/")
        invitation = commands.member_invite(self.identity, email=asked.email, role=asked.role, site=site)
        return Response(InvitationShape(invitation).data, status=HTTPStatus.CREATED)


class InvitationWithdraw(People):
    """The end of an invitation."""

    @extend_schema(request=None, responses=InvitationShape)
    def post(self, request: Request, invitation_id: UUID) -> Response:
        """Have its link stop working. 404 for one that was accepted or is withdrawn already."""
        nothing_else(request.query_params)
        no_body(request)
        return Response(InvitationShape(invitation_withdraw(invitation_id)).data)
