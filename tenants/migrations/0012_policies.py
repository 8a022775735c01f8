import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import tenants.context
import tenants.scoping

TABLE = "tenants_policydocument"
REFUSE = """
CREATE FUNCTION tenants_row_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$
"""
REVOKE = """
DO $$
DECLARE role name;
BEGIN
    FOR role IN SELECT DISTINCT grantee FROM information_schema.role_table_grants
        WHERE table_schema = current_schema() AND table_name = 'tenants_policydocument' AND grantee <> current_user
    LOOP
        EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON tenants_policydocument FROM %I', role);
    END LOOP;
END $$
"""
POSTGRESQL = [
    REFUSE,
    f"CREATE TRIGGER policy_append_only BEFORE UPDATE OR DELETE ON {TABLE} "
    "FOR EACH ROW EXECUTE FUNCTION tenants_row_is_final()",
    f"CREATE TRIGGER policy_no_truncate BEFORE TRUNCATE ON {TABLE} "
    "FOR EACH STATEMENT EXECUTE FUNCTION tenants_row_is_final()",
    REVOKE,
]
POSTGRESQL_BACK = [
    f"DROP TRIGGER policy_no_truncate ON {TABLE}",
    f"DROP TRIGGER policy_append_only ON {TABLE}",
    "DROP FUNCTION tenants_row_is_final()",
]
SQLITE = [
    f"CREATE TRIGGER policy_no_{verb.lower()} BEFORE {verb} ON {TABLE} "
    "BEGIN SELECT RAISE(ABORT, 'policy versions are append-only'); END"
    for verb in ("UPDATE", "DELETE")
]
SQLITE_BACK = ["DROP TRIGGER policy_no_update", "DROP TRIGGER policy_no_delete"]


class Migration(migrations.Migration):
    dependencies = (("tenants", "0011_invitations"),)
    operations = (
        migrations.CreateModel(
            name="PolicyDocument",
            fields=[
                (
                    "id",
                    models.UUIDField(default=tenants.scoping.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("number", models.PositiveIntegerField()),
                ("document", models.JSONField()),
                ("content_hash", models.CharField(max_length=64)),
                ("note", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
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
                "constraints": [models.UniqueConstraint(fields=("tenant", "number"), name="one_policy_per_number")],
            },
        ),
        migrations.AddField(
            model_name="approval",
            name="needed",
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AddField(
            model_name="approval",
            name="second_approver",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="current_policy",
            field=models.UUIDField(
                editable=False, help_text="The newest policy version. Every request reads this row anyway.", null=True
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("second_approver", None),
                    models.Q(
                        models.Q(("second_approver", models.F("author")), _negated=True),
                        models.Q(("second_approver", models.F("editor")), _negated=True),
                        models.Q(("second_approver", models.F("approver")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="second_approver_is_another",
            ),
        ),
        *tenants.scoping.row_security(TABLE),
        tenants.scoping.PostgresOnly(POSTGRESQL, POSTGRESQL_BACK),
        tenants.scoping.OnlyOn("sqlite", SQLITE, SQLITE_BACK),
    )
