"""Fixture: the environment of an installation without services (SQLite, file-system broker) in a scratch folder."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVICES = {"DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "BROKER_URL", "AUDIT_KEY", "DJANGO_SETTINGS_MODULE"}
Manage = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def embedded_environment(tmp_path: Path) -> dict[str, str]:
    """Environment variables for a child process that runs embedded, all its files under `tmp_path`."""
    kept = {name: value for name, value in os.environ.items() if name not in SERVICES}
    return {**kept, "CORTX_VAR": str(tmp_path / "var")}


@pytest.fixture
def embedded(embedded_environment: dict[str, str]) -> Manage:
    """`embedded("migrate")` runs a management command on SQLite and fails the test when the command fails.

    `code=3` expects another exit code; `script` feeds standard input, as for `embedded("shell", script=…)`.
    """

    def manage(*arguments: str, code: int = 0, script: str | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=embedded_environment,
            input=script,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == code, f"{arguments} answered {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return manage
