"""`manage.py set_up`: all that is made before serving, as the owner of the database. Safe to repeat."""

from typing import Any

from django.core.management.base import BaseCommand

from cortx.database import database_set_up


class Command(BaseCommand):
    help = "Create the application role (PostgreSQL), the tables and the key that signs the audit log."

    def handle(self, *args: Any, **options: Any) -> None:
        database_set_up(verbosity=options["verbosity"])
