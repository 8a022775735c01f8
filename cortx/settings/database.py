"""SQLite file by default; `DATABASE_URL` switches the same code to PostgreSQL."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ import Env

from cortx.database_roles import application_url
from cortx.settings import env
from cortx.settings.paths import APP_ENV, BASE_DIR, VAR_DIR


def sqlite(name: str) -> dict[str, Any]:
    """IMMEDIATE transactions: without them two writers fail with "database is locked" instead of waiting."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": name,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        },
    }


def bounds() -> str:
    """Bounds the server keeps for every session, as libpq takes them.

    A process that froze inside a transaction holds rows no longer than a lease lasts. Who waits for a lock waits
    longer than that, so that the frozen one is gone first.
    """
    seconds = {
        "idle_in_transaction_session_timeout": env.integer("DATABASE_IDLE_SECONDS", 30, minimum=1),
        "lock_timeout": env.integer("DATABASE_LOCK_SECONDS", 60, minimum=1),
        "statement_timeout": env.integer("DATABASE_STATEMENT_SECONDS", 600, minimum=1),
    }
    return " ".join(f"-c {name}={value}s" for name, value in seconds.items())


def postgresql(url: str) -> dict[str, Any]:
    """`pool_size` and `max_overflow` of the URL bound the connection pool; other parameters go to libpq."""
    query = dict(parse_qsl(urlsplit(url).query))
    size = int(query.pop("pool_size", env.integer("DATABASE_POOL_SIZE", 5, minimum=1)))
    overflow = int(query.pop("max_overflow", 0))
    config = dict(Env.db_url_config(urlsplit(url)._replace(query="").geturl()))
    # A short reconnect_timeout: the pool's back-off would otherwise outlast the server's absence by far.
    pool = {"min_size": 0, "max_size": size + overflow, "timeout": 5, "reconnect_timeout": 3}
    given = query.pop("options", "")
    config["OPTIONS"] = {"pool": pool, "connect_timeout": 5, "options": f"{bounds()} {given}".rstrip(), **query}
    # Connections that a restart of the server left behind in the pool are replaced, not handed out.
    config["CONN_HEALTH_CHECKS"] = True
    return config


def configured(url: str) -> dict[str, Any]:
    """Django's description of the database that `url` names."""
    scheme = url.partition(":")[0]
    if scheme == "sqlite":
        path = url.removeprefix("sqlite:///")
        return sqlite(path if path.startswith(("/", ":")) else str(BASE_DIR / path))
    if scheme in {"postgres", "postgresql"}:
        return postgresql(url)
    raise ImproperlyConfigured(f"DATABASE_URL begins with {scheme!r}, expected sqlite or postgresql")


def two_roles(served: str, owner: str) -> tuple[str, str]:
    """URLs to serve and to migrate with. In development one is enough: it migrates, and a role made from it serves."""
    if owner or APP_ENV != "dev" or not served.startswith("postgres"):
        return served, owner or served
    return application_url(served), served


DATABASE_URL, DATABASE_OWNER_URL = two_roles(
    env.secret("DATABASE_URL", f"sqlite:///{VAR_DIR / 'cortx.sqlite3'}"), env.secret("DATABASE_OWNER_URL")
)
DATABASES = {"default": configured(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
