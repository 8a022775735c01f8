"""Pytest plugin: throw-away PostgreSQL and Redis for one test run, up before Django reads its settings.

Loaded with `-p` (pyproject.toml), because pytest-django reads the settings before any conftest is imported.
Given `DATABASE_URL` or `REDIS_URL` it starts nothing of that kind. Imports no Django.
"""

import base64
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path

import psycopg
import pytest

from cortx.database_roles import application_url

OWNER_ROLE, BYPASSING_ROLE = "cortx_owner", "cortx_bypassing"
UNBOUND = "CORTX_TEST_UNBOUND_URLS"
"""Environment variable with the URLs of the roles that row security does not bind; not set on a server given."""
START_SECONDS = 30


class Servers:
    """What this run started, and where it lies."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="cortx-test-"))
        self.processes: list[subprocess.Popen[bytes]] = []

    def spawn(self, name: str, command: list[str], user: str | None = None) -> subprocess.Popen[bytes]:
        """Start a server that ends with this process, even when this process is killed."""
        setpriv = ["setpriv", "--pdeathsig", "INT"]
        if user:
            setpriv += ["--reuid", user, "--regid", user, "--clear-groups"]
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen([*setpriv, *command], cwd="/", stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def wait(self, name: str, process: subprocess.Popen[bytes], ready: Callable[[], bool]) -> None:
        """Return once `ready`; a server that ended or stays silent stops the test run with its last words."""
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            if process.poll() is not None or time.monotonic() > deadline:
                words = (self.folder / f"{name}.log").read_text(errors="replace").strip().splitlines()
                raise pytest.UsageError(f"{name} did not start: {words[-1] if words else 'no output'}")
            time.sleep(0.05)

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.send_signal(2)  # for PostgreSQL: fast shutdown
        for process in self.processes:
            process.wait(timeout=START_SECONDS)
        shutil.rmtree(self.folder)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def postgresql_program(name: str) -> str:
    """Path of a PostgreSQL program; Debian keeps them outside PATH, the highest version wins."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    path = shutil.which(name, path=os.pathsep.join([*map(str, reversed(folders)), os.environ.get("PATH", "")]))
    if path is None:
        raise pytest.UsageError(
            "PostgreSQL is missing: install the Debian package postgresql, or set DATABASE_URL to a server"
        )
    return path


def start_postgresql(servers: Servers) -> str:
    """URL of the superuser on a new server; durability is off because nothing outlives the run."""
    initdb, postgres = postgresql_program("initdb"), postgresql_program("postgres")
    # PostgreSQL refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else None
    password, port = secrets.token_hex(16), free_port()
    home = servers.folder / "postgresql"
    home.mkdir(mode=0o700)
    (home / "password").write_text(password)
    servers.folder.chmod(0o711)
    if user:
        shutil.chown(home, user, user)
        shutil.chown(home / "password", user, user)
    identity = f"--auth=scram-sha-256 --username=postgres --pwfile={home}/password".split()
    options = f"--pgdata={home}/data --encoding=UTF8 --locale=C.UTF-8 --no-sync --no-instructions".split()
    setup = servers.spawn("initdb", [initdb, *identity, *options], user)
    if setup.wait() != 0:
        servers.wait("initdb", setup, lambda: False)
    servers.processes.remove(setup)
    settings = {
        "port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": home,
        "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
        "wal_level": "minimal", "max_wal_senders": 0, "max_connections": 100, "shared_buffers": "128MB",
        # It belongs to the superuser, so a database in which it is at work cannot be dropped by its owner.
        "autovacuum": "off",
    }  # fmt: skip
    arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
    process = servers.spawn("postgresql", [postgres, "-D", f"{home}/data", *arguments], user)
    servers.wait("postgresql", process, lambda: answers(url))
    return url


def answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def create_owner(superuser_url: str) -> str:
    """URL of a plain role that owns the database the tests are set up from; superusers see through row security."""
    password = secrets.token_hex(16)
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute(
            f"CREATE ROLE {OWNER_ROLE} LOGIN NOSUPERUSER NOBYPASSRLS CREATEDB CREATEROLE PASSWORD '{password}'"
        )
        connection.execute(f"CREATE DATABASE cortx OWNER {OWNER_ROLE}")
        connection.execute(f"CREATE ROLE {BYPASSING_ROLE} LOGIN BYPASSRLS PASSWORD '{password}'")
    host = superuser_url.rpartition("@")[2].partition("/")[0]
    os.environ[UNBOUND] = f"{superuser_url} postgresql://{BYPASSING_ROLE}:{password}@{host}/cortx"
    return f"postgresql://{OWNER_ROLE}:{password}@{host}/cortx"


def start_redis(servers: Servers) -> str:
    """URL of a new Redis that keeps nothing on disk."""
    program = shutil.which("redis-server")
    if program is None:
        raise pytest.UsageError(
            "Redis is missing: install the Debian package redis-server, or set REDIS_URL to a server"
        )
    port = free_port()
    options = f"--port {port} --bind 127.0.0.1 --appendonly no --dir {servers.folder} --daemonize no".split()
    process = servers.spawn("redis", [program, *options, "--save", ""])
    servers.wait("redis", process, lambda: listens(port))
    return f"redis://127.0.0.1:{port}/0"


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def settle_environment(servers: Servers) -> None:
    """Point `DATABASE_OWNER_URL`, `DATABASE_URL`, `REDIS_URL` and `CORTX_VAR` at what this run may write to."""
    owner, app = os.environ.get("DATABASE_OWNER_URL"), os.environ.get("DATABASE_URL")
    if not (owner or app):
        owner = create_owner(start_postgresql(servers))
    owner = owner or app or ""
    if not owner.startswith(("postgres://", "postgresql://")):
        raise pytest.UsageError("DATABASE_URL must name a PostgreSQL server for tests, or be unset")
    if app in {None, owner}:
        app = application_url(owner)
    os.environ["DATABASE_OWNER_URL"], os.environ["DATABASE_URL"] = owner, app
    if not os.environ.get("REDIS_URL"):
        os.environ["REDIS_URL"] = start_redis(servers)
    os.environ["CORTX_VAR"] = str(servers.folder / "var")
    os.environ["AUDIT_KEY"] = base64.b64encode(secrets.token_bytes(32)).decode()
    os.environ["CORTX_TEST_RUN"] = secrets.token_hex(4)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Runs around pytest-django's own hook, which reads the settings."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        # Workers of pytest-xdist inherit the controller's environment, and with it the servers. Each takes a
        # Redis database of its own; Redis has sixteen.
        os.environ["REDIS_URL"] = f"{os.environ['REDIS_URL'].rpartition('/')[0]}/{1 + int(worker[2:]) % 15}"
    else:
        servers = Servers()
        early_config.add_cleanup(servers.stop)
        settle_environment(servers)
    yield


def pytest_configure(config: pytest.Config) -> None:
    """Fixtures come after pytest-django's, so that ours of the same name win; by now Django is configured."""
    names = "properties children database figures queries embedded browser cast judged web"
    for name in names.split():
        config.pluginmanager.import_plugin(f"cortx.testing.{name}")
