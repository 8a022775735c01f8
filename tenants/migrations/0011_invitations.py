import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import tenants.context
import tenants.scoping

ROLES = [
    ("owner", "Owner"),
    ("admin", "Admin"),
    ("analyst", "Analyst"),
    ("reviewer", "Reviewer"),
    ("auditor", "Auditor"),
]


class Migration(migrations.Migration):
    dependencies = (("tenants", "0010_approvals"),)
    operations = (
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.UUIDField(default=tenants.scoping.new_id, editable=False, primary_key=True, serialize=False),
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
                ("email", models.EmailField(max_length=254)),
                ("role", models.CharField(choices=ROLES, max_length=10)),
                ("site", models.URLField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                ("accepted_at", models.DateTimeField(null=True)),
                ("withdrawn_at", models.DateTimeField(null=True)),
                (
                    "invited_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(accepted_at=None, withdrawn_at=None),
                        fields=("tenant", "email"),
                        name="one_open_invitation_per_address",
                    )
                ],
            },
        ),
        *tenants.scoping.row_security("tenants_invitation"),
    )
