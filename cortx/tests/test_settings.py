"""Reading the environment: a bad value stops start-up with a line that names it."""

import sys
from pathlib import Path
from subprocess import run as run_program

import pytest
from django.core.exceptions import ImproperlyConfigured

from cortx.settings import env
from cortx.settings.database import configured, two_roles

ROOT = Path(__file__).resolve().parents[2]
OWNER = "postgresql://owner:secret@db/cortx"


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("X", "x", "X_FILE"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_a_name_is_found_in_upper_and_in_lower_case(given: pytest.MonkeyPatch) -> None:
    assert env.text("X", "default") == "default"
    given.setenv("x", "lower")
    assert env.text("X") == "lower"
    given.setenv("X", "upper")
    assert env.text("X") == "upper"


def test_a_secret_may_come_from_a_file(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("s3cret\n")
    given.setenv("X_FILE", str(file))
    assert env.secret("X") == "s3cret"
    given.setenv("X_FILE", str(tmp_path / "missing"))
    with pytest.raises(ImproperlyConfigured, match="X_FILE names"):
        env.secret("X")


@pytest.mark.parametrize(("value", "flag"), [("1", True), ("Yes", True), ("off", False), ("FALSE", False), ("", True)])
def test_a_flag_is_read(given: pytest.MonkeyPatch, value: str, flag: bool) -> None:
    given.setenv("X", value)
    assert env.flag("X", default=True) is flag


@pytest.mark.parametrize("value", ["", " ", "1.5", "-1", "x", "²"])
def test_a_bad_number_is_named(given: pytest.MonkeyPatch, value: str) -> None:
    given.setenv("X", value or "x")
    with pytest.raises(ImproperlyConfigured, match="X is"):
        env.integer("X", 1)


def test_numbers_are_read_by_name(given: pytest.MonkeyPatch) -> None:
    given.setenv("X", "seconds=300, threads = 2")
    assert env.numbers("X") == {"seconds": 300, "threads": 2}


@pytest.mark.parametrize("value", ["seconds", "seconds=", "seconds=0", "seconds=-1", "seconds=x"])
def test_a_number_without_a_name_or_value_is_named(given: pytest.MonkeyPatch, value: str) -> None:
    given.setenv("X", value)
    with pytest.raises(ImproperlyConfigured, match=r"X holds .*, expected name=number"):
        env.numbers("X")


def test_what_is_not_among_the_choices_is_named(given: pytest.MonkeyPatch) -> None:
    given.setenv("X", "maybe")
    with pytest.raises(ImproperlyConfigured, match="X is 'maybe', expected one of"):
        env.flag("X")
    with pytest.raises(ImproperlyConfigured, match="X is 'maybe', expected one of a, b"):
        env.choice("X", "a", ("a", "b"))


def test_a_list_is_separated_by_commas(given: pytest.MonkeyPatch) -> None:
    given.setenv("X", " a, ,b")
    assert env.listing("X") == ["a", "b"]


def test_the_address_of_the_database_chooses_the_engine() -> None:
    assert configured("sqlite:///./workflow.db")["NAME"] == str(ROOT / "./workflow.db")
    assert configured("sqlite:////var/x.db")["NAME"] == "/var/x.db"
    found = configured("postgresql://app:pw@db:5433/cortx?pool_size=10&max_overflow=20&sslmode=require")
    assert (found["HOST"], found["PORT"], found["NAME"], found["USER"]) == ("db", 5433, "cortx", "app")
    assert found["OPTIONS"]["pool"]["max_size"] == 30
    assert found["OPTIONS"]["sslmode"] == "require"
    with pytest.raises(ImproperlyConfigured, match="begins with 'mysql'"):
        configured("mysql://db/x")


def test_sessions_have_bounds_and_the_address_may_add_to_them(given: pytest.MonkeyPatch) -> None:
    given.setenv("DATABASE_IDLE_SECONDS", "7")
    found = configured("postgresql://app:pw@db/cortx?options=-c%20work_mem%3D8MB")
    assert found["OPTIONS"]["options"] == (
        "-c idle_in_transaction_session_timeout=7s -c lock_timeout=60s -c statement_timeout=600s -c work_mem=8MB"
    )


def test_one_address_serves_as_two_roles_in_development() -> None:
    served, owner = two_roles(OWNER, "")
    assert owner == OWNER
    assert served.startswith("postgresql://cortx_app:")
    assert "secret" not in served
    assert two_roles("postgresql://app@db/x", OWNER) == ("postgresql://app@db/x", OWNER)
    assert two_roles("sqlite:///x.db", "") == ("sqlite:///x.db", "sqlite:///x.db")


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"APP_ENV": "prod", "API_KEY": "k"}, "SECRET_KEY is not set"),
        ({"APP_ENV": "prod", "DEBUG": "1"}, "DEBUG is on"),
        ({"APP_ENV": "prod", "SECRET_KEY": "k"}, "API_KEY is not set"),
        ({"TENANT_ISOLATION_MODE": "schema"}, "TENANT_ISOLATION_MODE is 'schema', expected one of row"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL is 'loud'"),
    ],
)
def test_a_bad_installation_does_not_start(
    embedded_environment: dict[str, str], variables: dict[str, str], complaint: str
) -> None:
    done = run_program(
        [sys.executable, "-c", "import cortx.settings"],
        cwd=ROOT,
        env={**embedded_environment, **variables},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert complaint in done.stderr
