import django.db.models.deletion
from django.db import migrations, models

import tenants.context
import tenants.scoping


class Migration(migrations.Migration):
    dependencies = (("tenants", "0012_policies"),)
    operations = (
        migrations.CreateModel(
            name="CheckpointDelivery",
            fields=[
                (
                    "id",
                    models.UUIDField(default=tenants.scoping.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("kind", models.CharField(choices=[("folder", "Folder"), ("url", "URL")], max_length=6)),
                ("place", models.CharField(max_length=500)),
                ("size", models.PositiveBigIntegerField(default=0)),
                ("delivered_at", models.DateTimeField(null=True)),
                ("error", models.CharField(blank=True, max_length=300)),
                ("failed_at", models.DateTimeField(null=True)),
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
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "kind", "place"), name="one_delivery_per_place")
                ]
            },
        ),
        *tenants.scoping.row_security("tenants_checkpointdelivery"),
    )
