from django.apps import AppConfig

from rulepacks.catalog.limits import run_limits


class RulepacksConfig(AppConfig):
    name = "rulepacks"

    def ready(self) -> None:
        """Refuse to start with limits there are not."""
        run_limits()
