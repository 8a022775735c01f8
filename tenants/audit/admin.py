"""Admin screen of the audit log."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter, RangeDateTimeFilter
from unfold.decorators import display

from tenants.access.roles import Permission
from tenants.audit.actions import actions
from tenants.audit.models import AuditEvent
from tenants.audit.selectors import audit_sentence
from tenants.console.bases import ReadOnly, TenantAdmin, pretty


class ActionFilter(DropdownFilter):
    """What was done, out of everything that can be."""

    title, parameter_name = "what was done", "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(action.name, action.label) for action in actions()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        return queryset.filter(action=self.value()) if self.value() else queryset


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly, TenantAdmin):
    """What was done, by whom and when."""

    permission = Permission.READ_AUDIT
    list_display = ("created_at", "actor_label", "sentence", "object_type", "request_id")
    list_filter = (ActionFilter, ("created_at", RangeDateTimeFilter))
    sortable_by = ()
    search_fields = ("object_id", "request_id")
    search_help_text = "An object's id or a request id, whole"
    ordering = ("-id",)
    fields = (
        "created_at", "sentence", "action", "actor_kind", "actor_label", "actor_id",
        "object_type", "object_label", "object_id", "facts_read", "request_id", "leaf_hash",
    )  # fmt: skip

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEvent], search_term: str
    ) -> tuple[QuerySet[AuditEvent], bool]:
        wanted = search_term.strip()
        if not wanted:
            return queryset, False
        return queryset.filter(object_id=wanted) | queryset.filter(request_id=wanted), False

    @display(description="What")
    def sentence(self, event: AuditEvent) -> str:
        return audit_sentence(event)

    @display(description="Facts")
    def facts_read(self, event: AuditEvent) -> SafeString:
        return pretty(event.facts)
