"""Web, worker and commands do not start under a role that row security does not bind, and say why."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.db import connection

from cortx.database_roles import database_url
from cortx.testing.servers import UNBOUND
from tenants.serving_role import ServedCommand

ROOT = Path(__file__).resolve().parents[2]
# A server that was given by URL has no such roles that we know.
SUPERUSER_AND_BYPASSING = os.environ.get(UNBOUND, "").split()
WEB = ["-c", "import cortx.wsgi"]
WORKER = ["-m", "celery", "-A", "cortx", "worker", "--pool", "solo"]
COMMAND = ["manage.py", "install_packs"]
MIGRATING = {"set_up": "only migrates, as the owner", "up": "migrates first, and looks at the role then"}

pytestmark = pytest.mark.django_db


def started(program: list[str], url: str) -> str:
    """The last words of the program under that role, in the database of this test; it has to end in failure."""
    there = database_url(url, connection.settings_dict["NAME"])
    environment = {**os.environ, "DATABASE_URL": there, "DATABASE_OWNER_URL": there}
    done = subprocess.run(
        [sys.executable, *program], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode != 0
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("program", [WEB, WORKER, COMMAND], ids=["web", "worker", "command"])
def test_nothing_starts_under_the_owner_of_the_tables(program: list[str]) -> None:
    words = started(program, os.environ["DATABASE_OWNER_URL"])
    assert "DATABASE_URL: the role owns " in words
    assert "serve as a plain role, migrate with DATABASE_OWNER_URL" in words


@pytest.mark.parametrize("url", SUPERUSER_AND_BYPASSING, ids=["superuser", "bypassing"][: len(SUPERUSER_AND_BYPASSING)])
def test_nothing_starts_under_a_role_that_passes_row_security_by(url: str) -> None:
    assert "is a superuser or has BYPASSRLS, so row security does not bind it" in started(COMMAND, url)


def test_every_command_of_ours_looks_at_its_role() -> None:
    ours = {name: app for name, app in get_commands().items() if app in {"cortx", "records", "rulepacks", "tenants"}}
    looking = {name for name, app in ours.items() if isinstance(load_command_class(str(app), name), ServedCommand)}
    assert ours.keys() - looking == MIGRATING.keys()
