"""Migrations and models agree, and Django finds nothing to complain about."""

import pytest
from django.core.management import call_command


@pytest.mark.django_db
def test_every_change_of_a_model_has_its_migration() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_the_system_checks_pass() -> None:
    call_command("check", fail_level="WARNING", databases=["default"])
