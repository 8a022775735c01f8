from django.apps import AppConfig


class RulepacksConfig(AppConfig):
    name = "rulepacks"
