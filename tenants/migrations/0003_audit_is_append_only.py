"""Append-only on SQLite too, and on PostgreSQL without even the right to change an event."""

from django.db import migrations

from tenants.scoping import OnlyOn, PostgresOnly

REVOKE = """
DO $$
DECLARE role name;
BEGIN
    FOR role IN SELECT DISTINCT grantee FROM information_schema.role_table_grants
        WHERE table_schema = current_schema() AND table_name = 'tenants_auditevent' AND grantee <> current_user
    LOOP
        EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON tenants_auditevent FROM %I', role);
    END LOOP;
END $$
"""


def refusing(verb: str) -> str:
    return (
        f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON tenants_auditevent "
        "BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END"
    )


class Migration(migrations.Migration):
    dependencies = (("tenants", "0002_row_security"),)
    operations = (
        PostgresOnly([REVOKE], []),
        OnlyOn(
            "sqlite",
            [refusing("UPDATE"), refusing("DELETE")],
            ["DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"],
        ),
    )
