"""Admin screens of datasets, batches and records."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    ChoicesRadioFilter,
    RelatedDropdownFilter,
)
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm

from records import commands
from records.datasets.identity import id_range
from records.datasets.models import Batch, BatchInput, Dataset, Record
from records.datasets.references import batch_number, record_named
from records.datasets.selectors import datasets
from records.runs.models import Finding, Run
from records.states import RecordStatus
from rulepacks.models import PackVersion
from tenants.console.actions import applied, followed
from tenants.console.bases import ReadOnly, RowsInline, TenantAdmin, link, list_link, pretty
from tenants.console.filters import RowsOfParent

RECORD_COLOURS = {"Processed": "success", "Failed": "danger", "Pending": "info", "Errored": "warning"}
RUN_COLOURS = {"Completed": "success", "Failed": "danger", "Cancelled": "warning", "Running": "info"}


class DatasetForm(forms.ModelForm):
    """A dataset's own settings; its name is taken by the records that carry it."""

    class Meta:
        model = Dataset
        fields = ("name", "title", "parameters")

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if Dataset.objects.filter(name=name).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("A dataset of this name exists.")
        return name


class ActivateForm(BaseDialogForm):
    """Which version is to judge the dataset."""

    version: forms.ModelChoiceField = forms.ModelChoiceField(None, label="Published version")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        published = PackVersion.objects.filter(status=PackVersion.Status.PUBLISHED)
        self.fields["version"].queryset = published.select_related("pack").order_by("pack__name", "-id")


@admin.register(Dataset)
class DatasetAdmin(TenantAdmin):
    """Datasets and the version that judges each."""

    form = DatasetForm
    list_display = ("name", "title", "version", "batches", "created_at")
    list_filter = (("active_version", RelatedDropdownFilter),)
    list_select_related = ("active_version__pack",)
    search_fields = ("name", "title")
    ordering = ("name",)
    fields = ("name", "title", "version", "parameters", "batches", "created_at")
    readonly_fields = ("version", "batches", "created_at")
    actions_detail = ("activate",)

    def get_readonly_fields(self, request: HttpRequest, obj: Dataset | None = None) -> tuple[str, ...]:
        return ("name", *self.readonly_fields) if obj else ()

    def get_fields(self, request: HttpRequest, obj: Dataset | None = None) -> tuple[str, ...]:
        return self.fields if obj else ("name", "title", "parameters")

    def save_model(self, request: HttpRequest, obj: Dataset, form: forms.ModelForm, change: bool) -> None:
        """By command, so that the log tells of it."""
        values = {"title": obj.title, "parameters": obj.parameters}
        if change:
            commands.dataset_change(dataset=obj, **values)
        else:
            obj.pk = commands.dataset_create(name=obj.name, **values).pk

    @display(description="Active version")
    def version(self, dataset: Dataset) -> SafeString | str:
        return link(dataset.active_version)

    @display(description="Batches")
    def batches(self, dataset: Dataset) -> SafeString:
        return list_link(Batch, "Batches", dataset__id__exact=dataset.pk)

    @action(
        description="Activate a version",
        permissions=("change",),
        dialog={
            "title": "Activate a version",
            "description": "Deliveries that arrive from now on are judged by it.",
            "form_class": ActivateForm,
            "form_submit_text": "Activate",
        },
    )
    def activate(self, request: HttpRequest, form: ActivateForm, object_id: str) -> HttpResponse:
        dataset = datasets().get(pk=object_id)
        version = form.cleaned_data["version"]
        applied(
            request, f"{version} judges {dataset}.", lambda: commands.dataset_activate(dataset=dataset, version=version)
        )
        return followed(reverse("admin:records_dataset_change", args=[object_id]))


class InputRows(RowsInline):
    """What was delivered."""

    model = BatchInput
    fields = ("name", "filename", "format", "size", "rows_read", "rows_accepted", "rows_rejected", "sha256")
    verbose_name_plural = "inputs"


class RunRows(RowsInline):
    """The batch's runs, newest first."""

    model = Run
    fk_name = "batch"
    fields = ("kind", "pack_version", "status", "records_processed", "records_failed", "created_at", "created_by")
    ordering = ("-id",)
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        found: QuerySet[Run] = super().get_queryset(request).select_related("pack_version__pack", "batch")
        return found


@admin.register(Batch)
class BatchAdmin(ReadOnly, TenantAdmin):
    """Deliveries."""

    list_display = ("label", "dataset", "source", "run_status", "created_at", "created_by")
    list_filter = (("dataset", RelatedDropdownFilter), ("last_run__status", ChoicesDropdownFilter))
    list_select_related = ("dataset", "last_run")
    search_fields = ("number",)
    search_help_text = "A number, like B-24"
    ordering = ("-id",)
    fields = ("label", "dataset", "source", "parameters_read", "content_hash", "run", "records", "created_at")
    inlines = (InputRows, RunRows)
    actions = ("run_again",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Batch], search_term: str
    ) -> tuple[QuerySet[Batch], bool]:
        if not search_term:
            return queryset, False
        number = batch_number(search_term)
        return queryset.filter(number=number) if number else queryset.none(), False

    @display(description="Batch", ordering="number")
    def label(self, batch: Batch) -> str:
        return batch.label

    @display(description="Newest run", label=RUN_COLOURS)
    def run_status(self, batch: Batch) -> str:
        return batch.last_run.get_status_display() if batch.last_run else "-"

    @display(description="Run in force")
    def run(self, batch: Batch) -> SafeString | str:
        return link(batch.current_run)

    @display(description="Parameters")
    def parameters_read(self, batch: Batch) -> SafeString:
        return pretty(batch.parameters)

    @display(description="Records")
    def records(self, batch: Batch) -> SafeString:
        return list_link(Record, "Records", batch=batch.pk)

    @admin.action(description="Run again with the active version")
    def run_again(self, request: HttpRequest, queryset: QuerySet[Batch]) -> None:
        for batch in queryset.select_related("dataset", "last_run"):
            applied(request, f"{batch.label} is judged again.", commands.run_again, batch)


class RowsOfBatch(RowsOfParent):
    """Records of one batch, by the ids they share."""

    title, parameter_name, model = "batch", "batch", Batch

    def narrow(self, queryset: QuerySet[Record], batch_id: UUID) -> QuerySet[Record]:
        return queryset.filter(id__range=id_range(batch_id))


@admin.register(Record)
class RecordAdmin(ReadOnly, TenantAdmin):
    """Records, for support; the working screen is in the app."""

    list_display = ("id", "dataset", "batch", "row_number", "status_shown", "arrived")
    list_display_links = ("id",)
    sortable_by = ("arrived",)
    list_filter = (RowsOfBatch, ("status", ChoicesRadioFilter), ("errored", BooleanRadioFilter))
    list_select_related = ()
    search_fields = ("id",)
    search_help_text = "An id, or batch and row, like B-24/17"
    ordering = ("-id",)
    fields = (
        "id", "dataset", "batch_link", "row_number", "status", "errored", "source",
        "payload_read", "arrived", "findings",
    )  # fmt: skip
    actions = ("process",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Record]:
        """Looked up for the page alone: a join of a million rows is one more thing for the planner to get wrong."""
        found: QuerySet[Record] = super().get_queryset(request)
        return found.prefetch_related("dataset", "batch")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Record], search_term: str
    ) -> tuple[QuerySet[Record], bool]:
        if not search_term:
            return queryset, False
        found = record_named(search_term)
        return queryset.filter(id=found) if found else queryset.none(), False

    @display(description="Status", label=RECORD_COLOURS)
    def status_shown(self, record: Record) -> str:
        return "Errored" if record.errored else RecordStatus(record.status).label

    @display(description="Arrived", ordering="id")
    def arrived(self, record: Record) -> Any:
        return record.created_at

    @display(description="Batch")
    def batch_link(self, record: Record) -> SafeString | str:
        return link(record.batch)

    @display(description="Payload")
    def payload_read(self, record: Record) -> SafeString | str:
        return pretty(record.payload) if record.batch_id is None else "Kept in the batch's snapshot"

    @display(description="Findings")
    def findings(self, record: Record) -> SafeString:
        return list_link(Finding, "Findings", record_id=record.pk)

    @admin.action(description="Process")
    def process(self, request: HttpRequest, queryset: QuerySet[Record]) -> None:
        for record in queryset:
            applied(request, f"{record} is processed.", commands.record_process, record.pk)
