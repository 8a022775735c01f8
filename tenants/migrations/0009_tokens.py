import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import tenants.context
import tenants.scoping


def owned() -> list[tuple[str, models.Field]]:
    """Id and tenant, as every tenant table begins."""
    return [
        ("id", models.UUIDField(default=tenants.scoping.new_id, editable=False, primary_key=True, serialize=False)),
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
    ]


class Migration(migrations.Migration):
    dependencies = (("tenants", "0008_audit_tree"),)
    operations = (
        migrations.CreateModel(
            name="TokenFamily",
            fields=[
                *owned(),
                ("epoch", models.PositiveIntegerField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("ends_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TokenPair",
            fields=[
                *owned(),
                ("refresh_hash", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("replaced_at", models.DateTimeField(null=True)),
                (
                    "family",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="pairs", to="tenants.tokenfamily"
                    ),
                ),
            ],
        ),
        *tenants.scoping.row_security("tenants_tokenfamily", "tenants_tokenpair"),
        *tenants.scoping.tenant_references("tenants_tokenpair", family_id="tenants_tokenfamily"),
    )
