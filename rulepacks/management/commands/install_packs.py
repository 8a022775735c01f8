"""`manage.py install_packs`: install the shipped packs into every tenant, or into one."""

from typing import Any

from django.core.management.base import CommandParser

from rulepacks.catalog.services import shipped_packs_install
from tenants.accounts.models import Tenant
from tenants.context import tenant_scope
from tenants.serving_role import ServedCommand


class Command(ServedCommand):
    help = "Install the packs that ship with the product. Versions already installed are left as they are."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", help="slug; default: every active tenant")

    def handle(self, *args: Any, tenant: str | None = None, **options: Any) -> None:
        tenants = Tenant.objects.filter(is_active=True)
        for each in tenants.filter(slug=tenant) if tenant else tenants:
            with tenant_scope(each.id):
                for version in shipped_packs_install():
                    self.stdout.write(f"{each.slug}: {version}")
