"""The built-in tenant whose log keeps the events that belong to no tenant."""

from uuid import UUID

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

PLATFORM = UUID("00000000-0000-7000-8000-000000000000")


def add(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("tenants", "Tenant").objects.create(id=PLATFORM, slug="platform", name="Platform", is_active=False)


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("tenants", "Tenant").objects.filter(id=PLATFORM).delete()


class Migration(migrations.Migration):
    dependencies = (("tenants", "0003_audit_is_append_only"),)
    operations = (migrations.RunPython(add, remove),)
