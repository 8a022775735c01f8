from django.db import migrations

from tenants.scoping import row_security, tenant_references


class Migration(migrations.Migration):
    dependencies = (("rulepacks", "0001_initial"),)
    operations = (
        *row_security("rulepacks_pack", "rulepacks_packversion"),
        *tenant_references("rulepacks_packversion", pack_id="rulepacks_pack"),
    )
