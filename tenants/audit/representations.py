"""How the audit log looks in the API."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from tenants.audit.models import AuditCheckpoint, AuditEvent, CheckpointDelivery
from tenants.audit.selectors import audit_sentence

HASHES = {"type": "array", "items": {"type": "string", "pattern": "^[0-9a-f]{64}$"}}


class AuditEventShape(serializers.ModelSerializer):
    """What was done, by whom and when. `position` is null while the event waits for its place in the tree."""

    position = serializers.IntegerField(allow_null=True)
    sentence = serializers.SerializerMethodField()

    class Meta:
        model = AuditEvent
        fields: tuple[str, ...] = (
            "id", "position", "created_at", "action", "sentence", "actor_kind", "actor_id", "actor_label",
            "object_type", "object_id", "object_label", "facts", "request_id", "leaf_hash",
        )  # fmt: skip

    def get_sentence(self, event: AuditEvent) -> str:
        return audit_sentence(event)


class CheckpointShape(serializers.ModelSerializer):
    """A signed statement on the first `size` events; `note` is the C2SP text."""

    class Meta:
        model = AuditCheckpoint
        fields: tuple[str, ...] = ("id", "size", "root", "note", "created_at")


class DeliveryShape(serializers.ModelSerializer):
    """How far checkpoints have come at a place outside that the policy names; `size` is 0 before the first."""

    place = serializers.CharField(source="shown", help_text="Name of the folder, or the URL without its secrets.")

    class Meta:
        model = CheckpointDelivery
        fields: tuple[str, ...] = ("kind", "place", "size", "delivered_at", "error", "failed_at")


class ProofShape(serializers.Serializer):
    """What a proof of either kind needs."""

    key = serializers.CharField(help_text="Verifier key of the log, in the notation of signed notes.")
    checkpoint = serializers.CharField()
    path = serializers.SerializerMethodField()

    @extend_schema_field(HASHES)
    def get_path(self, proof: dict[str, list[str]]) -> list[str]:
        return proof["path"]


class InclusionShape(ProofShape):
    """That the event stands at its position under the checkpoint."""

    position = serializers.IntegerField()
    leaf = serializers.CharField(help_text="The event's content, byte for byte as it was hashed.")


class ConsistencyShape(ProofShape):
    """That the log of the checkpoint begins with that of the old one."""

    old_checkpoint = serializers.CharField()
