"""How runs, unit statuses and findings look in the API."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from records.dashboards.tables import output_names
from records.runs.models import Finding, RuleOutcome, Run, UnitStatus
from records.runs.selectors import RunDetail
from records.states import Severity

NUMBERS = {"type": "object", "additionalProperties": {"type": "integer"}}


class RunShape(serializers.ModelSerializer):
    """A run: what it judged, by which version, how far it is, and what it came to."""

    dataset = serializers.CharField(source="dataset.name")
    record = serializers.UUIDField(source="record_id", allow_null=True)
    pack = serializers.CharField(source="pack_version.pack.name", allow_null=True, default=None)
    version = serializers.CharField(source="pack_version.version", allow_null=True, default=None)
    pack_hash = serializers.CharField(source="pack_version.content_hash", allow_null=True, default=None)
    rows = serializers.SerializerMethodField()
    records = serializers.SerializerMethodField()
    findings = serializers.SerializerMethodField()

    class Meta:
        model = Run
        fields: tuple[str, ...] = (
            "id", "kind", "batch", "record", "dataset", "pack", "version", "pack_hash", "parameters",
            "policy_version", "severities",
            "status", "stage", "cancel_requested", "reason", "problems", "rows", "records", "findings",
            "snapshot_hash", "findings_digest", "engine_version", "peak_memory",
            "created_at", "created_by", "started_at", "finished_at",
        )  # fmt: skip

    @extend_schema_field(NUMBERS)
    def get_rows(self, run: Run) -> dict[str, int]:
        return {"read": run.rows_read, "rejected": run.rows_rejected}

    @extend_schema_field(NUMBERS)
    def get_records(self, run: Run) -> dict[str, int]:
        return {"processed": run.records_processed, "failed": run.records_failed, "errored": run.records_errored}

    @extend_schema_field(NUMBERS)
    def get_findings(self, run: Run) -> dict[str, int]:
        return {severity: getattr(run, severity) for severity in Severity.values}


class OutcomeShape(serializers.ModelSerializer):
    """How often one rule passed, failed, did not apply, was not evaluated or broke."""

    class Meta:
        model = RuleOutcome
        fields: tuple[str, ...] = (
            "rule", "type", "stage", "severity", "label", "title", "passed", "failed", "not_applicable",
            "not_evaluated", "errored", "findings", "difference", "seconds", "reason",
        )  # fmt: skip


class RunEventShape(serializers.Serializer):
    """A line of the run's log."""

    created_at = serializers.DateTimeField()
    level = serializers.CharField()
    message = serializers.CharField()


class RunDetailShape(RunShape):
    """A run with its progress, the outcome of each rule, its units by status, its log and its outputs."""

    progress = serializers.JSONField()
    outcomes = serializers.SerializerMethodField()
    units = serializers.SerializerMethodField()
    events = serializers.SerializerMethodField()
    attempt = serializers.SerializerMethodField()
    outputs = serializers.SerializerMethodField()
    links = serializers.SerializerMethodField()

    class Meta(RunShape.Meta):
        fields: tuple[str, ...] = (
            *RunShape.Meta.fields,
            "progress",
            "outcomes",
            "units",
            "events",
            "attempt",
            "outputs",
            "links",
        )

    @property
    def detail(self) -> RunDetail:
        found: RunDetail = self.context["detail"]
        return found

    @extend_schema_field(OutcomeShape(many=True))
    def get_outcomes(self, run: Run) -> Any:
        return OutcomeShape(self.detail.outcomes, many=True).data

    @extend_schema_field(NUMBERS)
    def get_units(self, run: Run) -> dict[str, int]:
        return dict(self.detail.statuses)

    @extend_schema_field(RunEventShape(many=True))
    def get_events(self, run: Run) -> Any:
        return RunEventShape(self.detail.events, many=True).data

    def get_attempt(self, run: Run) -> int:
        return self.detail.attempt

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
    def get_outputs(self, run: Run) -> dict[str, str]:
        return {name: reverse("api-run-output", args=[run.id, name]) for name in output_names(run)}

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
    def get_links(self, run: Run) -> dict[str, str]:
        links = {
            "self": reverse("api-run", args=[run.id]),
            "units": reverse("api-run-units", args=[run.id]),
            "findings": f"{reverse('api-findings')}?run={run.id}",
        }
        if run.batch_id:
            links["batch"] = reverse("api-batch", args=[run.batch_id])
        return links


class UnitShape(serializers.ModelSerializer):
    """Where one unit stands after the run, and how many findings of each severity it has."""

    class Meta:
        model = UnitStatus
        fields: tuple[str, ...] = ("id", "unit", "status", "fatal", "error", "warning", "info")


class FindingShape(serializers.ModelSerializer):
    """One rule not satisfied: the keys of the engine's JSON lines, and where it is kept. Amounts are decimal text."""

    input = serializers.SerializerMethodField()
    unit = serializers.SerializerMethodField()
    run = serializers.UUIDField(source="run_id")
    batch = serializers.UUIDField(source="run.batch_id", allow_null=True)
    number = serializers.SerializerMethodField(help_text="What people call it, like B-24/17.")
    record = serializers.UUIDField(source="record_id", allow_null=True)
    key = serializers.DictField()
    fields = serializers.DictField()  # type: ignore[assignment]  # DRF keeps declared fields apart
    rows = serializers.ListField(child=serializers.IntegerField())

    class Meta:
        model = Finding
        fields: tuple[str, ...] = (
            "id", "run", "batch", "number", "record", "ordinal", "rule", "type", "stage", "severity", "label", "input",
            "row", "rows", "key", "unit", "left", "right", "difference", "tolerance", "fields", "message",
            "fingerprint",
        )  # fmt: skip

    @extend_schema_field({"type": "string", "nullable": True})
    def get_input(self, finding: Finding) -> str | None:
        return finding.input or None

    @extend_schema_field({"type": "string", "nullable": True})
    def get_unit(self, finding: Finding) -> str | None:
        return finding.unit or None

    @extend_schema_field({"type": "string", "nullable": True})
    def get_number(self, finding: Finding) -> str | None:
        return f"{finding.run.batch.label}/{finding.ordinal}" if finding.run.batch else None
