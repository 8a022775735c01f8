"""The API of packs and their versions."""

from http import HTTPStatus

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from rulepacks import commands
from rulepacks.catalog.models import Pack, PackVersion
from rulepacks.catalog.selectors import pack_by_name, packs, version_named, versions
from tenants.access.roles import Permission
from tenants.filtering import KEYSET, nothing_else, page_of, refuse
from tenants.http import TenantAPIView
from tenants.pagination import KeysetPagination, OldestFirst

PAGE = ("limit", "cursor")
ARCHIVE = {
    "type": "object",
    "required": ["archive"],
    "properties": {"archive": {"type": "string", "format": "binary", "description": "A zip with pack.yaml in it."}},
    "additionalProperties": False,
}


class VersionShape(serializers.ModelSerializer):
    """A version of a pack: immutable from candidate on, named by its content hash."""

    pack = serializers.CharField(source="pack.name")

    class Meta:
        model = PackVersion
        fields: tuple[str, ...] = ("id", "pack", "version", "status", "content_hash", "created_at", "published_at")


class VersionDetail(VersionShape):
    """A version with its inputs, parameters, stages, rules, statuses and outputs."""

    summary = serializers.DictField()

    class Meta(VersionShape.Meta):
        fields: tuple[str, ...] = (*VersionShape.Meta.fields, "summary")


class PackShape(serializers.ModelSerializer):
    """A pack installed in the tenant."""

    class Meta:
        model = Pack
        fields: tuple[str, ...] = ("id", "name", "title", "created_at")


class PackDetail(PackShape):
    """A pack with its newest versions."""

    versions = serializers.SerializerMethodField()

    class Meta(PackShape.Meta):
        fields: tuple[str, ...] = (*PackShape.Meta.fields, "versions")

    @extend_schema_field(VersionShape(many=True))
    def get_versions(self, pack: Pack) -> object:
        return VersionShape(self.context["versions"], many=True).data


class PackList(TenantAPIView):
    """Packs, and what people write of them."""

    parser_classes = (MultiPartParser,)
    write_permission = Permission.DRAFT

    @extend_schema(parameters=[*KEYSET], responses=page_of(PackShape))
    def get(self, request: Request) -> Response:
        """Packs installed in the tenant, oldest first."""
        nothing_else(request.query_params, PAGE)
        page = OldestFirst()
        rows = page.paginate_queryset(packs(), request)
        return page.get_paginated_response(PackShape(rows, many=True).data)

    @extend_schema(request={"multipart/form-data": ARCHIVE}, responses={201: VersionShape})
    def post(self, request: Request) -> Response:
        """Upload a pack as a zip archive: a new draft, or new content of the draft of that version.

        Every mistake of the pack is answered at once, each with file, line and column.
        """
        nothing_else(request.query_params)
        person = self.person
        missing = {} if "archive" in request.FILES else {"archive": "required"}
        refuse(missing | {name: "unknown field" for name in request.data if name != "archive"})
        version = commands.pack_upload(archive=request.FILES["archive"], person=person)
        return Response(VersionShape(version).data, status=HTTPStatus.CREATED)


class PackView(TenantAPIView):
    """One pack."""

    @extend_schema(responses=PackDetail)
    def get(self, request: Request, name: str) -> Response:
        """The pack with its fifty newest versions."""
        nothing_else(request.query_params)
        pack = pack_by_name(name)
        newest = versions().filter(pack=pack)[:50]
        return Response(PackDetail(pack, context={"versions": newest}).data)


class VersionList(TenantAPIView):
    """Versions of a pack."""

    @extend_schema(parameters=[*KEYSET], responses=page_of(VersionShape))
    def get(self, request: Request, name: str) -> Response:
        """Versions, newest installed first."""
        nothing_else(request.query_params, PAGE)
        page = KeysetPagination()
        rows = page.paginate_queryset(versions().filter(pack=pack_by_name(name)), request)
        return page.get_paginated_response(VersionShape(rows, many=True).data)


class VersionView(TenantAPIView):
    """One version."""

    @extend_schema(responses=VersionDetail)
    def get(self, request: Request, name: str, version: str) -> Response:
        """The version with everything it declares."""
        nothing_else(request.query_params)
        return Response(VersionDetail(version_named(name, version)).data)
