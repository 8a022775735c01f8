"""`manage.py seed_demo`: the demo tenant, unless it is there."""

from typing import Any

from django.core.management.base import BaseCommand

from records.demo import demo_seed


class Command(BaseCommand):
    help = "Make the demo tenant with a judged trial balance, and print who can sign in."

    def handle(self, *args: Any, **options: Any) -> None:
        account = demo_seed()
        password = account.password or "set when the demo was made, on another machine"
        self.stdout.write(f"Sign in as {account.email}, password: {password}")
