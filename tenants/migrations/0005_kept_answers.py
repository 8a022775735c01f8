import django.db.models.deletion
from django.db import migrations, models

import tenants.context
import tenants.scoping


class Migration(migrations.Migration):
    dependencies = (("tenants", "0004_platform_tenant"),)
    operations = (
        migrations.CreateModel(
            name="KeptAnswer",
            fields=[
                (
                    "id",
                    models.UUIDField(default=tenants.scoping.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("key", models.CharField(max_length=255)),
                ("request_hash", models.CharField(max_length=64)),
                ("status", models.PositiveSmallIntegerField()),
                ("headers", models.JSONField()),
                ("body", models.BinaryField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
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
                "indexes": [models.Index(fields=["tenant", "created_at"], name="kept_answer_age")],
                "constraints": [models.UniqueConstraint(fields=("tenant", "key"), name="one_answer_per_key")],
            },
        ),
        *tenants.scoping.row_security("tenants_keptanswer"),
    )
