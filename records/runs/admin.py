"""Admin screens of runs, unit statuses and findings."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, ChoicesRadioFilter, RelatedDropdownFilter
from unfold.decorators import display

from records import commands
from records.datasets.admin import RUN_COLOURS
from records.datasets.identity import id_range
from records.datasets.models import Batch
from records.datasets.references import batch_number, finding_named
from records.runs.models import Finding, RuleOutcome, Run, RunEvent, UnitStatus
from tenants.console.actions import applied
from tenants.console.bases import ReadOnly, RowsInline, TenantAdmin, link, list_link, pretty
from tenants.console.filters import RowsOfParent

DECIDED = (
    "rows_read", "rows_rejected", "records_processed", "records_failed", "records_errored",
    "fatal", "error", "warning", "info", "findings_link", "units_link",
)  # fmt: skip
SEVERITY_COLOURS = {"Fatal": "danger", "Error": "danger", "Warning": "warning", "Info": "info"}


class OutcomeRows(RowsInline):
    """What each rule came to."""

    model = RuleOutcome
    fields = ("rule", "title", "severity", "passed", "failed", "not_applicable", "not_evaluated", "errored", "findings")
    ordering = ("position",)
    verbose_name_plural = "outcomes"


class EventRows(RowsInline):
    """The run's log."""

    model = RunEvent
    fields = ("created_at", "level", "message")
    verbose_name_plural = "log"


@admin.register(Run)
class RunAdmin(ReadOnly, TenantAdmin):
    """Runs of batches and of single records."""

    list_display = ("subject", "dataset", "pack_version", "kind", "status_shown", "stage", "created_at", "created_by")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("kind", ChoicesRadioFilter),
        ("dataset", RelatedDropdownFilter),
    )
    list_select_related = ("batch", "dataset", "pack_version__pack")
    search_fields = ("batch__number",)
    search_help_text = "A batch's number, like B-24"
    ordering = ("-id",)
    fieldsets = (
        (None, {"fields": ("batch_link", "record_id", "dataset_link", "version", "kind", "created_at", "created_by")}),
        ("Progress", {"fields": ("status", "stage", "started_at", "finished_at", "reason", "problems_read")}),
        (
            "Decided",
            {"fields": DECIDED},
        ),
        (
            "Provenance",
            {"fields": ("parameters_read", "snapshot_hash", "engine_version", "findings_digest", "peak_memory")},
        ),
    )
    inlines = (OutcomeRows, EventRows)
    actions = ("run_again", "cancel")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Run], search_term: str
    ) -> tuple[QuerySet[Run], bool]:
        if not search_term:
            return queryset, False
        number = batch_number(search_term)
        return queryset.filter(batch__number=number) if number else queryset.none(), False

    @display(description="Run of", ordering="id")
    def subject(self, run: Run) -> str:
        return str(run.batch or run.record_id)

    @display(description="Status", label=RUN_COLOURS)
    def status_shown(self, run: Run) -> str:
        return str(run.get_status_display())

    @display(description="Batch")
    def batch_link(self, run: Run) -> SafeString | str:
        return link(run.batch)

    @display(description="Dataset")
    def dataset_link(self, run: Run) -> SafeString | str:
        return link(run.dataset)

    @display(description="Pack version")
    def version(self, run: Run) -> SafeString | str:
        return link(run.pack_version)

    @display(description="Problems")
    def problems_read(self, run: Run) -> SafeString:
        return pretty(run.problems)

    @display(description="Parameters")
    def parameters_read(self, run: Run) -> SafeString:
        return pretty(run.parameters)

    @display(description="Findings")
    def findings_link(self, run: Run) -> SafeString:
        return list_link(Finding, "Findings", run=run.pk)

    @display(description="Units")
    def units_link(self, run: Run) -> SafeString:
        return list_link(UnitStatus, "Units", run__id__exact=run.pk)

    @admin.action(description="Run the batch again with the active version")
    def run_again(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        batches = Batch.objects.filter(id__in=queryset.order_by().values("batch_id"))
        for batch in batches.select_related("dataset", "last_run").order_by("id"):
            applied(request, f"{batch.label} is judged again.", commands.run_again, batch)

    @admin.action(description="Cancel")
    def cancel(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        for run in queryset:
            applied(request, f"{run} is asked to stop.", commands.run_cancel, run)


@admin.register(UnitStatus)
class UnitStatusAdmin(ReadOnly, TenantAdmin):
    """Where each unit stands after a run."""

    list_display = ("unit", "status", "fatal", "error", "warning", "info", "run")
    list_select_related = ()
    sortable_by = ()
    search_fields = ("^unit",)
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[UnitStatus]:
        """Without joins, as for records."""
        found: QuerySet[UnitStatus] = super().get_queryset(request)
        return found.prefetch_related("run__batch")


class RowsOfRun(RowsOfParent):
    """Findings of one run, by the ids they share."""

    title, parameter_name, model = "run", "run", Run

    def narrow(self, queryset: QuerySet[Any], parent_id: UUID) -> QuerySet[Any]:
        return queryset.filter(id__range=id_range(parent_id))


@admin.register(Finding)
class FindingAdmin(ReadOnly, TenantAdmin):
    """Findings, for support; the working screen is in the app."""

    list_display = ("number", "rule", "severity_shown", "unit", "input", "row", "message", "run")
    list_filter = (RowsOfRun, ("severity", ChoicesRadioFilter))
    sortable_by = ("number",)
    list_select_related = ()
    search_fields = ("rule",)
    search_help_text = "A rule's code, an id, or batch and number, like B-24/17"
    ordering = ("-id",)
    fields = (
        "number", "run_link", "rule", "type", "stage", "severity", "label", "unit", "input", "row", "record_id",
        "key_read", "left", "right", "difference", "tolerance", "fields_read", "rows", "message", "fingerprint",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Finding]:
        """Without joins, as for records."""
        found: QuerySet[Finding] = super().get_queryset(request)
        return found.prefetch_related("run__batch")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Finding], search_term: str
    ) -> tuple[QuerySet[Finding], bool]:
        if not search_term:
            return queryset, False
        found = finding_named(search_term)
        return queryset.filter(id=found) if found else queryset.filter(rule=search_term.strip()), False

    @display(description="Finding", ordering="id")
    def number(self, finding: Finding) -> str:
        return f"{finding.run.batch}/{finding.ordinal}" if finding.run.batch else str(finding.id)

    @display(description="Severity", label=SEVERITY_COLOURS)
    def severity_shown(self, finding: Finding) -> str:
        return str(finding.get_severity_display())

    @display(description="Run")
    def run_link(self, finding: Finding) -> SafeString | str:
        return link(finding.run)

    @display(description="Key")
    def key_read(self, finding: Finding) -> SafeString:
        return pretty(finding.key)

    @display(description="Values read")
    def fields_read(self, finding: Finding) -> SafeString:
        return pretty(finding.fields)
