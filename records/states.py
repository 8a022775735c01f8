"""Every state of this app on one screen, and which state may follow which.

A transition is a guarded UPDATE (`WHERE status IN <from>`); it happened only if one row changed.
"""

from django.db import models


class RecordStatus(models.TextChoices):
    """Where a record stands. A record whose evaluation broke stays pending, with `errored` set."""

    PENDING = "pending", "Pending"
    PROCESSED = "processed", "Processed"
    FAILED = "failed", "Failed"


class RunStatus(models.TextChoices):
    """Where a run stands."""

    PENDING = "pending", "Pending"
    RUNNING = "running", "Running"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class Severity(models.TextChoices):
    """How much a finding matters. Error and above fail the record; an open fatal blocks certification."""

    FATAL = "fatal", "Fatal"
    ERROR = "error", "Error"
    WARNING = "warning", "Warning"
    INFO = "info", "Info"


STAGES = ("Received", "Read", "Snapshot", "Rules", "Stored", "Followed up")

RUN_TRANSITIONS: dict[str, tuple[str, ...]] = {
    RunStatus.RUNNING: (RunStatus.PENDING, RunStatus.RUNNING),
    RunStatus.COMPLETED: (RunStatus.RUNNING,),
    RunStatus.FAILED: (RunStatus.PENDING, RunStatus.RUNNING),
    RunStatus.CANCELLED: (RunStatus.PENDING, RunStatus.RUNNING),
}
RUN_ENDED = (RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED)
FAILING = (Severity.FATAL, Severity.ERROR)
