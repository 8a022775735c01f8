"""Admin screens of packs and their versions."""

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesRadioFilter, RelatedDropdownFilter
from unfold.decorators import display

from rulepacks.catalog.models import Pack, PackVersion
from tenants.console.bases import ReadOnly, RowsInline, TenantAdmin, link, pretty

VERSION_COLOURS = {"Published": "success", "Candidate": "info", "Withdrawn": "warning"}


class VersionRows(RowsInline):
    """The pack's versions, newest first."""

    model = PackVersion
    fields = ("version", "status", "content_hash", "created_at", "published_at")
    ordering = ("-id",)
    verbose_name_plural = "versions"
    show_change_link = True


@admin.register(Pack)
class PackAdmin(ReadOnly, TenantAdmin):
    """Packs installed in the tenant."""

    list_display = ("name", "title", "created_at")
    search_fields = ("name", "title")
    ordering = ("name",)
    inlines = (VersionRows,)


@admin.register(PackVersion)
class PackVersionAdmin(ReadOnly, TenantAdmin):
    """Versions: their files never change from candidate on."""

    list_display = ("pack", "version", "status_shown", "content_hash", "published_at")
    list_display_links = ("version",)
    list_filter = (("pack", RelatedDropdownFilter), ("status", ChoicesRadioFilter))
    list_select_related = ("pack",)
    search_fields = ("pack__name", "version", "^content_hash")
    ordering = ("-id",)
    fields = ("pack_link", "version", "status", "content_hash", "created_at", "published_at", "summary_read")

    @display(description="Pack")
    def pack_link(self, version: PackVersion) -> SafeString | str:
        return link(version.pack)

    @display(description="Status", label=VERSION_COLOURS)
    def status_shown(self, version: PackVersion) -> str:
        return str(version.get_status_display())

    @display(description="Summary")
    def summary_read(self, version: PackVersion) -> SafeString:
        return pretty(version.summary)
