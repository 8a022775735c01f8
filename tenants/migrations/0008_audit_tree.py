"""The tree over each tenant's audit log: places of events, inner nodes, signed checkpoints, and who still waits."""

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import tenants.context
import tenants.scoping

APPEND_ONLY = ("tenants_auditseal", "tenants_auditnode", "tenants_auditcheckpoint")
REVOKE = """
DO $$
DECLARE role name;
BEGIN
    FOR role IN SELECT DISTINCT grantee FROM information_schema.role_table_grants
        WHERE table_schema = current_schema() AND table_name = '{table}' AND grantee <> current_user
    LOOP
        EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM %I', role);
    END LOOP;
END $$
"""


def append_only(table: str) -> list[tenants.scoping.OnlyOn]:
    """Nobody changes a row, and on PostgreSQL the role that serves has no right to."""
    postgresql = [
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION tenants_audit_is_append_only()",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION tenants_audit_is_append_only()",
        REVOKE.format(table=table),
    ]
    sqlite = [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        "BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END"
        for verb in ("UPDATE", "DELETE")
    ]
    # Dropping the table, which is the way back, drops its triggers.
    return [tenants.scoping.PostgresOnly(postgresql, []), tenants.scoping.OnlyOn("sqlite", sqlite, [])]


def queue_all(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Events from before get their places too. Row security also confines the owner: one tenant at a time."""
    add = "INSERT INTO tenants_auditpending (id, tenant_id) SELECT id, tenant_id FROM tenants_auditevent"
    with schema_editor.connection.cursor() as cursor:
        if schema_editor.connection.vendor != "postgresql":
            cursor.execute(add)
            return
        for tenant_id in apps.get_model("tenants", "Tenant").objects.values_list("id", flat=True):
            cursor.execute("SELECT set_config('app.tenant_id', %s, true)", [str(tenant_id)])
            cursor.execute(add)
        cursor.execute("SELECT set_config('app.tenant_id', '', true)")


class Migration(migrations.Migration):
    dependencies = (("tenants", "0007_sign_in_epoch"),)
    operations = (
        migrations.CreateModel(
            name="AuditPending",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
            ],
        ),
        migrations.CreateModel(
            name="AuditCheckpoint",
            fields=[
                (
                    "id",
                    models.UUIDField(default=tenants.scoping.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("size", models.PositiveBigIntegerField()),
                ("root", models.CharField(max_length=64)),
                ("frontier", models.JSONField()),
                ("note", models.TextField()),
                ("created_at", models.DateTimeField()),
                (
                    "tenant",
                    models.ForeignKey(
                        default=tenants.context.current_tenant_id,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("tenant", "size"), name="one_checkpoint_per_size")],
            },
        ),
        migrations.CreateModel(
            name="AuditNode",
            fields=[
                (
                    "id",
                    models.UUIDField(default=tenants.scoping.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("level", models.PositiveSmallIntegerField()),
                ("place", models.PositiveBigIntegerField()),
                ("hash", models.CharField(max_length=64)),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        default=tenants.context.current_tenant_id,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("tenant", "level", "place"), name="one_hash_per_node")],
            },
        ),
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                (
                    "id",
                    models.UUIDField(default=tenants.scoping.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("position", models.PositiveBigIntegerField()),
                ("leaf_hash", models.CharField(max_length=64)),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        default=tenants.context.current_tenant_id,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("tenant", "position"), name="one_event_per_position")],
            },
        ),
        *tenants.scoping.row_security(*APPEND_ONLY),
        *(step for table in APPEND_ONLY for step in append_only(table)),
        migrations.RunPython(queue_all, migrations.RunPython.noop),
    )
