"""What all screens of the admin share: who may see them, what they look like, and how long lists stay quick."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline

from tenants.access.roles import Permission
from tenants.console.access import is_platform_staff, may_configure
from tenants.problems import Refusal

LISTED_ROWS = 10_000


class ListedRows(Paginator):
    """Counts no further than `LISTED_ROWS`: counting a million rows takes longer than showing fifty of them."""

    @cached_property
    def count(self) -> int:
        rows: QuerySet[Any] = self.object_list.order_by()  # type: ignore[attr-defined]
        return rows[:LISTED_ROWS].count()


class ConsoleAdmin(ModelAdmin):
    """Base of all screens. The audit log is the one history, so Django's own admin log is not written."""

    list_fullwidth = True
    list_filter_submit = True
    list_per_page = 50
    show_full_result_count = False
    warn_unsaved_form = True
    paginator = ListedRows

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A command that refuses leaves everything as it was, and says why."""
        return told(request, lambda: super(ConsoleAdmin, self).changeform_view(request, *args, **kwargs))

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """As for changes."""
        return told(request, lambda: super(ConsoleAdmin, self).delete_view(request, *args, **kwargs))

    def log_addition(self, request: HttpRequest, object: Model, message: Any) -> None:
        """Commands write the audit log."""

    def log_change(self, request: HttpRequest, object: Model, message: Any) -> None:
        """Commands write the audit log."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        """Commands write the audit log."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The object's history is what the audit log says about it."""
        about = urlencode({"object_type": self.opts.model_name, "object_id": object_id})
        return HttpResponseRedirect(f"{reverse('admin:tenants_auditevent_changelist')}?{about}")


def told(request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
    """The view's answer, or the page again with the reason of a refusal on top."""
    try:
        return view()
    except Refusal as refusal:
        messages.error(request, refusal.detail)
        return HttpResponseRedirect(request.get_full_path())


class PlatformAdmin(ConsoleAdmin):
    """A screen about the installation as a whole: platform staff only."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_platform_staff(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return is_platform_staff(request)

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission


class TenantAdmin(ConsoleAdmin):
    """A screen about the bound tenant's own rows; without a bound tenant there is none.

    `permission` is what the role table is asked for, once the caller may configure anything at all.
    """

    permission = Permission.CONFIGURE_TENANT

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_configure(request, self.permission)

    has_add_permission = has_change_permission = has_view_permission

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnly:
    """To look at only: nobody adds, changes or deletes here."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class RowsInline(ReadOnly, TabularInline):
    """Rows shown with the object they belong to."""

    extra = 0
    tab = True
    show_change_link = False

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return self.fields

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_configure(request)


def link(target: Model | None) -> SafeString | str:
    """The object's label as a link to its screen."""
    if target is None:
        return "-"
    url = reverse(f"admin:{target._meta.app_label}_{target._meta.model_name}_change", args=[target.pk])
    return format_html('<a href="{}" class="text-primary-600 dark:text-primary-500">{}</a>', url, target)


def list_link(model: type[Model], text: object, **filters: object) -> SafeString:
    """A link to the list of `model`, filtered."""
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    query = urlencode(filters)
    return format_html('<a href="{}?{}" class="text-primary-600 dark:text-primary-500">{}</a>', url, query, text)


def pretty(value: object) -> SafeString:
    """JSON to read: indented, in a block of its own."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return format_html('<pre class="font-mono text-xs whitespace-pre-wrap break-words">{}</pre>', text)
