"""Answers kept so that a repeated request is not carried out twice."""

from django.db import models

from tenants.scoping import TenantOwned


class KeptAnswer(TenantOwned):
    """The answer to the first request that was sent with this `Idempotency-Key`."""

    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField()
    body = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "tenants"
        constraints = (models.UniqueConstraint(fields=("tenant", "key"), name="one_answer_per_key"),)
        indexes = (models.Index(fields=("tenant", "created_at"), name="kept_answer_age"),)

    def __str__(self) -> str:
        return self.key
