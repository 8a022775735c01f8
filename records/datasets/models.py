"""What was delivered: datasets, batches with their inputs, records, and the counters over them."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.db import models

from records.datasets.identity import created_at, parent_id
from records.datasets.payloads import ExactDecoder, ExactEncoder
from records.states import RecordStatus
from rulepacks.models import PackVersion
from tenants.scoping import BulkTenantOwned, TenantOwned, new_id


def new_parent_id() -> UUID:
    """A UUIDv7 that leaves room for its rows (see `identity`)."""
    return parent_id(new_id())


class Dataset(TenantOwned):
    """A stream of deliveries judged by one active pack version. Records call its name their `category`."""

    name = models.CharField(max_length=120)
    title = models.CharField(max_length=200, blank=True)
    active_version = models.ForeignKey(
        PackVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="datasets"
    )
    parameters = models.JSONField(default=dict, blank=True, help_text="Defaults of the pack's parameters.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "records"
        constraints = (models.UniqueConstraint(fields=("tenant", "name"), name="dataset_name_per_tenant"),)

    def __str__(self) -> str:
        return self.title or self.name


class NumberSeries(TenantOwned):
    """Per-tenant counters behind the numbers people see, e.g. `B-2418`."""

    name = models.CharField(max_length=20)
    value = models.PositiveBigIntegerField(default=0)

    class Meta:
        app_label = "records"
        constraints = (models.UniqueConstraint(fields=("tenant", "name"), name="number_series_per_tenant"),)

    def __str__(self) -> str:
        return f"{self.name} {self.value}"


class Batch(TenantOwned):
    """One delivery of one or more inputs.

    `current_run` is the completed live run whose verdicts are in force, `last_run` the newest live run of any status.
    """

    id = models.UUIDField(primary_key=True, default=new_parent_id, editable=False)
    number = models.PositiveBigIntegerField()
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="batches")
    source = models.CharField(max_length=120)
    parameters = models.JSONField(default=dict)
    content_hash = models.CharField(max_length=64, help_text="Over dataset, parameters and all inputs' hashes.")
    current_run = models.ForeignKey(
        "records.Run", on_delete=models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    last_run = models.ForeignKey(
        "records.Run", on_delete=models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=160)

    class Meta:
        app_label = "records"
        verbose_name_plural = "batches"
        constraints = (models.UniqueConstraint(fields=("tenant", "number"), name="batch_number_per_tenant"),)
        indexes = (models.Index(fields=("tenant", "content_hash"), name="batch_content"),)

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The number people use: `B-2418`."""
        return f"B-{self.number}"


class BatchInput(TenantOwned):
    """One delivered file of a batch, as received, and what reading it gave."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="inputs")
    name = models.CharField(max_length=80, help_text="The input's name in the pack.")
    filename = models.CharField(max_length=255)
    format = models.CharField(max_length=20, blank=True)
    encoding = models.CharField(max_length=20, blank=True)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=300)
    snapshot = models.CharField(max_length=300, blank=True)
    snapshot_sha256 = models.CharField(max_length=64, blank=True)
    rejects = models.CharField(max_length=300, blank=True, help_text="Rejected rows with line and reason, in storage.")
    rows_read = models.PositiveBigIntegerField(null=True)
    rows_accepted = models.PositiveBigIntegerField(null=True)
    rows_rejected = models.PositiveBigIntegerField(null=True)

    class Meta:
        app_label = "records"
        constraints = (models.UniqueConstraint(fields=("tenant", "batch", "name"), name="batch_input_name"),)

    def __str__(self) -> str:
        return self.filename


class Record(BulkTenantOwned):
    """One row judged. Rows of a batch are thin and keep their values in the snapshot; a single record has a payload."""

    dataset = models.ForeignKey(
        Dataset, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    batch = models.ForeignKey(
        Batch, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    row_number = models.PositiveBigIntegerField(null=True)
    status = models.CharField(max_length=9, choices=RecordStatus, default=RecordStatus.PENDING)
    errored = models.BooleanField(default=False)
    source = models.CharField(max_length=120, blank=True, help_text="Of a single record; a batch names its own.")
    payload = models.JSONField(null=True, encoder=ExactEncoder, decoder=ExactDecoder)

    class Meta:
        app_label = "records"
        indexes: ClassVar = (
            models.Index(fields=("tenant", "id"), name="record_unsettled", condition=~models.Q(status="processed")),
            # Rows of a batch are not in it, so it costs a bulk load nothing.
            models.Index(fields=("tenant", "id"), name="record_single", condition=models.Q(batch=None)),
        )

    def __str__(self) -> str:
        return str(self.id)

    @property
    def created_at(self) -> datetime:
        """When the record arrived: the timestamp in its id."""
        return created_at(self.id)


class RecordCount(TenantOwned):
    """How many records of a dataset, batch and UTC day have a status. Summaries add these up, never the records."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="+")
    batch_id = models.UUIDField(help_text="All zeros for single records.")
    day = models.DateField()
    status = models.CharField(max_length=9, choices=RecordStatus)
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        app_label = "records"
        constraints = (
            models.UniqueConstraint(fields=("tenant", "dataset", "batch_id", "day", "status"), name="record_count_key"),
        )

    def __str__(self) -> str:
        return f"{self.count} {self.status}"
