from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class TenantsConfig(AppConfig):
    name = "tenants"

    def ready(self) -> None:
        """Every app declares what it writes to the audit log in its `actions.py`."""
        autodiscover_modules("actions")
