import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import tenants.context
import tenants.scoping


class Migration(migrations.Migration):
    dependencies = (("tenants", "0009_tokens"),)

    operations = (
        migrations.CreateModel(
            name="Approval",
            fields=[
                (
                    "id",
                    models.UUIDField(default=tenants.scoping.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("kind", models.CharField(max_length=40)),
                ("object_id", models.UUIDField()),
                ("object_label", models.CharField(max_length=200)),
                ("content_hash", models.CharField(max_length=64)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("approved", "Approved"),
                            ("refused", "Changes requested"),
                            ("void", "Void"),
                            ("used", "Carried out"),
                        ],
                        default="pending",
                        max_length=8,
                    ),
                ),
                ("sole_operator", models.BooleanField(default=False)),
                ("reason", models.CharField(blank=True, max_length=1000)),
                ("requested_at", models.DateTimeField(auto_now_add=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField()),
                (
                    "approver",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "editor",
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
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ("pending", "approved"))),
                        fields=("tenant", "kind", "object_id"),
                        name="one_open_approval",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("sole_operator", True),
                            ("approver", None),
                            models.Q(
                                models.Q(("approver", models.F("author")), _negated=True),
                                models.Q(("approver", models.F("editor")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="approver_is_another",
                    ),
                ],
            },
        ),
        *tenants.scoping.row_security("tenants_approval"),
    )
