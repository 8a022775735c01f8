import django.db.models.deletion
from django.db import migrations, models

import tenants.context
import tenants.scoping


class Migration(migrations.Migration):
    dependencies = (("tenants", "0005_kept_answers"),)
    operations = (
        migrations.CreateModel(
            name="Effect",
            fields=[
                (
                    "id",
                    models.UUIDField(default=tenants.scoping.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("kind", models.CharField(max_length=60)),
                ("reference", models.UUIDField()),
                ("step", models.CharField(max_length=120)),
                ("key", models.UUIDField()),
                (
                    "status",
                    models.CharField(
                        choices=[("planned", "Planned"), ("sent", "Sent"), ("confirmed", "Confirmed")],
                        default="planned",
                        max_length=9,
                    ),
                ),
                ("sends", models.PositiveSmallIntegerField(default=0)),
                ("answer", models.JSONField(null=True)),
                ("planned_at", models.DateTimeField(auto_now_add=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("confirmed_at", models.DateTimeField(null=True)),
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
            options={"constraints": [models.UniqueConstraint(fields=("tenant", "key"), name="one_effect_per_key")]},
        ),
        *tenants.scoping.row_security("tenants_effect"),
    )
