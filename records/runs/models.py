"""What was decided: runs, the outcome of each rule, the status of each unit, the findings, the run's own log."""

from typing import ClassVar

from django.db import models

from records.datasets.models import Batch, Dataset, new_parent_id
from records.states import RUN_ENDED, RunStatus, Severity
from rulepacks.models import PackVersion
from tenants.scoping import BulkTenantOwned, TenantOwned


class Run(TenantOwned):
    """One pack version applied to one batch (or to one single record)."""

    class Kind(models.TextChoices):
        LIVE = "live", "Live"
        BACKTEST = "backtest", "Back-test"
        REPLAY = "replay", "Replay"

    id = models.UUIDField(primary_key=True, default=new_parent_id, editable=False)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.LIVE)
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="runs")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, null=True, blank=True, related_name="runs")
    record_id = models.UUIDField(null=True, blank=True, help_text="The single record this run judged.")
    pack_version = models.ForeignKey(PackVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="runs")
    parameters = models.JSONField(default=dict)
    policy_version = models.PositiveIntegerField(default=0, help_text="The tenant's policy when the run was asked for.")
    severities = models.JSONField(default=dict, help_text="By rule: the least severity that policy demands.")
    status = models.CharField(max_length=9, choices=RunStatus, default=RunStatus.PENDING)
    stage = models.CharField(max_length=12, default="Received")
    progress = models.JSONField(default=dict, help_text="Stages with state, amount and seconds; groups; rate samples.")
    revision = models.PositiveIntegerField(default=0, help_text="Grows with each change, for ETags.")
    cancel_requested = models.BooleanField(default=False)
    reason = models.TextField(blank=True, help_text="Why the run failed or was cancelled.")
    problems = models.JSONField(default=list, help_text="What was wrong with the delivery, one entry a problem.")
    snapshot_hash = models.CharField(max_length=64, blank=True)
    engine_version = models.CharField(max_length=40, blank=True)
    findings_digest = models.CharField(max_length=64, blank=True)
    rows_read = models.PositiveBigIntegerField(default=0, help_text="Of the first input; its rows are the records.")
    rows_rejected = models.PositiveBigIntegerField(default=0)
    records_processed = models.PositiveBigIntegerField(default=0)
    records_failed = models.PositiveBigIntegerField(default=0)
    records_errored = models.PositiveBigIntegerField(default=0)
    fatal = models.PositiveBigIntegerField(default=0)
    error = models.PositiveBigIntegerField(default=0)
    warning = models.PositiveBigIntegerField(default=0)
    info = models.PositiveBigIntegerField(default=0)
    peak_memory = models.PositiveBigIntegerField(default=0, help_text="Bytes, of the run's child process.")
    outputs = models.JSONField(default=dict, help_text="Name of each output or table and where it lies in storage.")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=160)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "records"
        indexes: ClassVar = (
            models.Index(fields=("tenant", "-id"), name="run_newest"),
            models.Index(
                fields=("tenant", "record_id", "-id"),
                name="run_of_record",
                condition=models.Q(record_id__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"Run of {self.batch or self.record_id}"

    @property
    def ended(self) -> bool:
        """Whether its status is final."""
        return self.status in RUN_ENDED


class RunEvent(TenantOwned):
    """A line of a run's own log, newest last."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="events")
    created_at = models.DateTimeField(auto_now_add=True)
    level = models.CharField(max_length=7, choices=(("info", "Info"), ("problem", "Problem")), default="info")
    message = models.TextField()

    class Meta:
        app_label = "records"
        ordering = ("id",)

    def __str__(self) -> str:
        return self.message


class RuleOutcome(TenantOwned):
    """How often one rule passed, failed, did not apply, was not evaluated or broke in one run."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="outcomes")
    position = models.PositiveIntegerField(help_text="The rule's place in the pack.")
    rule = models.CharField(max_length=40)
    type = models.CharField(max_length=20)
    stage = models.CharField(max_length=60)
    severity = models.CharField(max_length=7, choices=Severity)
    label = models.CharField(max_length=40, blank=True)
    title = models.CharField(max_length=200)
    passed = models.PositiveBigIntegerField(default=0)
    failed = models.PositiveBigIntegerField(default=0)
    not_applicable = models.PositiveBigIntegerField(default=0)
    not_evaluated = models.PositiveBigIntegerField(default=0)
    errored = models.PositiveBigIntegerField(default=0)
    findings = models.PositiveBigIntegerField(default=0)
    difference = models.CharField(max_length=60, blank=True, help_text="Sum of absolute differences, exact.")
    seconds = models.FloatField(default=0)
    reason = models.TextField(blank=True)

    class Meta:
        app_label = "records"
        constraints = (models.UniqueConstraint(fields=("tenant", "run", "rule"), name="rule_outcome_key"),)

    def __str__(self) -> str:
        return f"{self.rule}: {self.failed} failed"


class UnitStatus(BulkTenantOwned):
    """Where one unit (an account, a claim, a parcel) stands after a run."""

    run = models.ForeignKey(Run, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)
    unit = models.CharField(max_length=200)
    status = models.CharField(max_length=60)
    fatal = models.PositiveIntegerField(default=0)
    error = models.PositiveIntegerField(default=0)
    warning = models.PositiveIntegerField(default=0)
    info = models.PositiveIntegerField(default=0)

    class Meta:
        app_label = "records"
        verbose_name_plural = "unit statuses"
        constraints = (models.UniqueConstraint(fields=("tenant", "run", "unit"), name="unit_status_key"),)

    def __str__(self) -> str:
        return f"{self.unit} {self.status}"


class Finding(BulkTenantOwned):
    """One rule not satisfied, with everything needed to understand it without the rule engine.

    Amounts are decimal text, exact to the last digit; `magnitude` is their float, for sorting only.
    """

    run = models.ForeignKey(Run, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)
    ordinal = models.PositiveBigIntegerField()
    rule = models.CharField(max_length=40)
    type = models.CharField(max_length=20)
    stage = models.CharField(max_length=60)
    severity = models.CharField(max_length=7, choices=Severity)
    label = models.CharField(max_length=40, blank=True)
    input = models.CharField(max_length=80, blank=True)
    row = models.PositiveBigIntegerField(null=True)
    record_id = models.UUIDField(null=True)
    unit = models.CharField(max_length=200, blank=True)
    key = models.JSONField(default=dict)
    left = models.TextField(null=True)
    right = models.TextField(null=True)
    difference = models.TextField(null=True)
    tolerance = models.TextField(null=True)
    magnitude = models.FloatField(null=True)
    fields = models.JSONField(default=dict)
    rows = models.JSONField(default=list)
    message = models.TextField()
    fingerprint = models.CharField(max_length=16)

    class Meta:
        app_label = "records"
        constraints = (models.UniqueConstraint(fields=("tenant", "run", "rule", "fingerprint"), name="finding_key"),)

    def __str__(self) -> str:
        return f"{self.rule} {self.message}"
