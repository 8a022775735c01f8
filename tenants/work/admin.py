"""Admin screens of background work: the queue of record, and what Celery says about its messages."""

from django.contrib import admin
from django_celery_results.models import GroupResult, TaskResult
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from tenants.console.bases import PlatformAdmin, ReadOnly
from tenants.work.models import Work

WORK_COLOURS = {"Queued": "info", "Running": "info", "Done": "success", "Dead": "danger"}

admin.site.unregister([TaskResult, GroupResult])


@admin.register(Work)
class WorkAdmin(ReadOnly, PlatformAdmin):
    """Units of background work of all tenants: kind and state, no content."""

    list_display = ("kind", "reference", "status_shown", "attempt", "due_at", "lease_until", "worker", "finished_at")
    list_filter = (("status", ChoicesDropdownFilter),)
    search_fields = ("=reference", "=tenant_id")
    ordering = ("-id",)

    @display(description="Status", label=WORK_COLOURS)
    def status_shown(self, work: Work) -> str:
        return str(work.get_status_display())


@admin.register(TaskResult)
class TaskResultAdmin(ReadOnly, PlatformAdmin):
    """Celery's own results."""

    list_display = ("task_name", "task_id", "status", "worker", "date_created", "date_done")
    list_filter = (("status", ChoicesDropdownFilter),)
    search_fields = ("=task_id", "=task_name")
    ordering = ("-id",)
