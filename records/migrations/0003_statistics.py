from django.db import migrations

from tenants.scoping import PostgresOnly

# The application role may not ANALYZE tables it does not own; the function does it as the owner, and nothing else.
ANALYZE = """
CREATE FUNCTION records_analyze() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    ANALYZE records_record;
    ANALYZE records_finding;
    ANALYZE records_unitstatus;
END $$
"""


class Migration(migrations.Migration):
    dependencies = (("records", "0002_row_security"),)
    operations = (PostgresOnly([ANALYZE], ["DROP FUNCTION records_analyze()"]),)
