from django.db import migrations

from tenants.scoping import PostgresOnly, row_security

REFUSE = """
CREATE FUNCTION tenants_audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit events are append-only' USING ERRCODE = 'insufficient_privilege';
END $$
"""


class Migration(migrations.Migration):
    dependencies = (("tenants", "0001_initial"),)
    operations = (
        *row_security("tenants_auditevent"),
        PostgresOnly(
            [
                REFUSE,
                "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON tenants_auditevent "
                "FOR EACH ROW EXECUTE FUNCTION tenants_audit_is_append_only()",
                "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON tenants_auditevent "
                "FOR EACH STATEMENT EXECUTE FUNCTION tenants_audit_is_append_only()",
            ],
            [
                "DROP TRIGGER audit_no_truncate ON tenants_auditevent",
                "DROP TRIGGER audit_append_only ON tenants_auditevent",
                "DROP FUNCTION tenants_audit_is_append_only()",
            ],
        ),
    )
