"""The queue of record. A message only rings the bell; this row says what is to be done and who does it."""

from django.db import models

from tenants.scoping import TenantOwned, new_id


class Work(models.Model):
    """One unit of background work. `kind` is the name of the task that does it, `reference` the row it is about."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        DEAD = "dead", "Dead"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant_id = models.UUIDField()
    kind = models.CharField(max_length=60)
    reference = models.UUIDField()
    status = models.CharField(max_length=8, choices=Status, default=Status.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    worker = models.CharField(max_length=120, blank=True)
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "tenants"
        constraints = (models.UniqueConstraint(fields=("kind", "reference"), name="one_work_per_reference"),)
        indexes = (
            models.Index(fields=("due_at",), name="work_due", condition=models.Q(status__in=("queued", "running"))),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"


class Effect(TenantOwned):
    """Something a unit of work does outside the database, once: recorded before it is sent and after it was answered.

    `key` is derived from the work and the step, so that every attempt sends the same one. An effect that stays `sent`
    may or may not have reached the other side; `sends` tells how often it was handed over.
    """

    class Status(models.TextChoices):
        PLANNED = "planned", "Planned"
        SENT = "sent", "Sent"
        CONFIRMED = "confirmed", "Confirmed"

    kind = models.CharField(max_length=60)
    reference = models.UUIDField()
    step = models.CharField(max_length=120)
    key = models.UUIDField()
    status = models.CharField(max_length=9, choices=Status, default=Status.PLANNED)
    sends = models.PositiveSmallIntegerField(default=0)
    answer = models.JSONField(null=True)
    planned_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "tenants"
        constraints = (models.UniqueConstraint(fields=("tenant", "key"), name="one_effect_per_key"),)

    def __str__(self) -> str:
        return f"{self.step} of {self.kind} {self.reference}"
