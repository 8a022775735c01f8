"""Canaries in every text column of a tenant: wherever one shows up outside of that tenant, something leaked."""

from typing import Any
from uuid import uuid4

from django.apps import apps
from django.core.files.storage import default_storage
from django.db import connection, models
from django.db.models import Model
from django_celery_results.models import TaskResult

from cortx.database_roles import APPEND_ONLY
from records.datasets.models import BatchInput
from records.tests.judged import Judged
from tenants.access.keys import key_issue
from tenants.access.tokens import tokens_open
from tenants.audit.models import AuditNode, CheckpointDelivery
from tenants.audit.sealing import audit_seal
from tenants.audit.services import audit_append
from tenants.context import Actor, actor_scope, request_scope, tenant_scope
from tenants.idempotency.models import KeptAnswer
from tenants.models import Approval, Invitation, PolicyDocument, Tenant, User, Work
from tenants.scoping import BulkTenantOwned, TenantOwned
from tenants.tests.cast import Cast
from tenants.work.models import Effect

CANARY = "canary"
AMOUNT = "987654321.25"
NUMBER = 7310
MARKS = (CANARY, "987654321", "987,654,321", "agency.example")
"""What must not be seen outside of the tenant."""

TEXT = (models.CharField, models.TextField, models.JSONField, models.BinaryField)
AMOUNTS = {"left", "right", "difference", "tolerance"}
PLAIN = {
    "stored_as": "name of a file in storage; the files hold canaries",
    "snapshot": "name of a file in storage",
    "rejects": "name of a file in storage",
    "archive": "name of a file in storage",
    "outputs": "names of files in storage",
    "rows": "numbers of rows",
    "input": "the pack's word, found in its summary",
    "Finding.rule": "the pack's word",
    "Run.parameters": "what the pack declares, or nothing of the run could be explained",
    "BatchInput.name": "the pack's word",
    "refresh_hash": "computed",
    "Approval.kind": "name of a model",
    "AuditEvent.action": "one of the declared actions",
    "AuditEvent.object_type": "name of a model",
    "AuditEvent.object_id": "an id",
    "AuditEvent.leaf_hash": "computed",
    "AuditSeal.leaf_hash": "computed",
    "AuditNode.hash": "computed",
    "AuditCheckpoint.root": "computed",
    "AuditCheckpoint.frontier": "computed",
    "AuditCheckpoint.note": "name and size of the tree, and what was computed",
}
"""Columns that keep their value, and why."""


def owned_models() -> list[type[Model]]:
    """Every model whose rows belong to a tenant."""
    return [model for model in apps.get_models() if issubclass(model, TenantOwned | BulkTenantOwned)]


def text_columns(model: type[Model]) -> list[models.Field]:
    """Columns that can hold a canary."""
    named = model.__name__
    return [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, TEXT) and not field.choices and not {field.name, f"{named}.{field.name}"} & set(PLAIN)
    ]


def contents(tenant: Tenant) -> str:
    """A hash over all rows that the tenant owns, and the names of its files."""
    return str((rows_of(tenant, "md5(string_agg(t::text, ',' ORDER BY id))"), stored(str(tenant.id))))


def written_down(tenant: Tenant) -> str:
    """All rows that the tenant owns, as text."""
    return str(rows_of(tenant, "string_agg(t::text, ',')"))


def rows_of(tenant: Tenant, together: str) -> list[tuple[str, str]]:
    tables = [model._meta.db_table for model in owned_models()]
    with tenant_scope(tenant.id), connection.cursor() as cursor:
        mine = f"WHERE tenant_id = '{tenant.id}'"
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}', {together} FROM {name} t {mine}" for name in tables))
        return list(cursor.fetchall())


def stored(folder: str) -> list[str]:
    """Names of everything in storage under the folder."""
    if not default_storage.exists(folder):
        return []
    folders, files = default_storage.listdir(folder)
    inside = [name for inner in sorted(folders) for name in stored(f"{folder}/{inner}")]
    return [*(f"{folder}/{name}" for name in sorted(files)), *inside]


def plant(cast: Cast, judged: Judged) -> None:
    """Fill the columns of the cast's tenant, the names of its people, its key and its work."""
    Tenant.objects.filter(id=cast.tenant.id).update(name=CANARY, environment=CANARY)
    User.objects.filter(memberships__tenant=cast.tenant).update(name=CANARY)
    key_issue(tenant=cast.tenant, name=CANARY, scopes=["read"])
    with tenant_scope(cast.tenant.id):
        add_rows(judged)
        type(judged.batch).objects.filter(id=judged.batch.id).update(number=NUMBER)
        for model in owned_models():
            # The audit log is append-only: its canaries are in the event that was added.
            if model._meta.db_table not in APPEND_ONLY:
                plant_in(model)
        audit_seal(cast.tenant.id)
    Work.objects.create(
        tenant_id=cast.tenant.id, kind="records.run", reference=uuid4(), due_at="2026-01-01T00:00Z", worker=CANARY,
        reason=CANARY, status=Work.Status.DEAD, finished_at="2099-01-01T00:00Z",
    )  # fmt: skip
    TaskResult.objects.create(task_id=CANARY, task_name=CANARY, task_args=CANARY, result=CANARY)


def add_rows(judged: Judged) -> None:
    """Rows of the models that nothing else of the fixtures fills."""
    file = BatchInput.objects.get(batch=judged.batch)
    BatchInput.objects.create(batch=judged.batch, name="budget", filename=CANARY, size=1, stored_as=file.rejects)
    Effect.objects.create(kind=CANARY, reference=uuid4(), step=CANARY, key=uuid4(), answer={CANARY: CANARY})
    author = User.objects.filter(memberships__tenant=judged.version.tenant).first()
    Approval.objects.create(
        kind="packversion", object_id=judged.version.pk, content_hash=CANARY, reason=CANARY, author=author,
        editor=author, status=Approval.Status.REFUSED, expires_at="2099-01-01T00:00Z",
    )  # fmt: skip
    KeptAnswer.objects.create(key=CANARY, request_hash="0" * 64, status=201, headers={}, body=CANARY.encode())
    AuditNode.objects.create(level=8, place=10**6, hash="0" * 64)
    CheckpointDelivery.objects.create(kind="folder", place=CANARY, error=CANARY)
    PolicyDocument.objects.create(
        number=1, document={"severities": {CANARY: {CANARY: "fatal"}}}, content_hash=CANARY, author=author, note=CANARY
    )
    Invitation.objects.create(
        email=f"{CANARY}@agency.example", role="auditor", site=CANARY, expires_at="2099-01-01T00:00Z"
    )
    tokens_open(user=User.objects.filter(memberships__tenant=judged.dataset.tenant_id)[0], tenant=judged.dataset.tenant)
    with actor_scope(Actor(CANARY, CANARY, CANARY)), request_scope(CANARY):
        judged.dataset.title = CANARY
        audit_append("dataset.changed", judged.dataset, {CANARY: CANARY})


def plant_in(model: type[Model]) -> None:
    for row in model._default_manager.all():
        values = {field.name: planted(field, getattr(row, field.name)) for field in text_columns(model)}
        if values:
            model._default_manager.filter(pk=row.pk).update(**values)


def planted(field: models.Field, value: Any) -> Any:
    """The value with a canary in it, of the same kind, so that pages of the tenant itself still work."""
    if field.name in AMOUNTS:
        return AMOUNT
    if field.name == "problems":
        return [{"message": CANARY, "rule": CANARY}]
    if isinstance(value, dict):
        return {**value, CANARY: CANARY}
    if isinstance(field, models.JSONField):
        return value
    if isinstance(field, models.BinaryField):
        return bytes(value) + CANARY.encode()
    return f"{(value or '')[: (field.max_length or 1000) - len(CANARY) - 1]}-{CANARY}"
