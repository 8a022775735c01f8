from django.apps import AppConfig


class CortxConfig(AppConfig):
    name = "cortx"
