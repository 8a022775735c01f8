"""P10: secrets and personal data do not leak."""

import base64
import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import redis
from django.conf import settings
from django.db import transaction
from django_celery_results.models import TaskResult

from cortx.trust.ground import Ground
from cortx.trust.promise import Measured, Promise
from tenants.audit.services import audit_append
from tenants.context import tenant_scope

CANARY = "canary7f3a9c51"
CANARIES = {
    "an API key": f"cortx_abcdefgh_{CANARY}{CANARY}",
    "a bearer": f"Authorization: Bearer {CANARY}{CANARY}",
    "a web token": f"eyJ{CANARY}.{CANARY}.{CANARY}",
    "a password": f"password={CANARY}",
    "a password in an address": f"postgresql://app:{CANARY}@db/cortx",
    "a secret": f'{{"client_secret": "{CANARY}"}}',
    "an address of a person": f"{CANARY}@agency.example",
    "a social security number": "219-09-9999",
    "a card": "4111 1111 1111 1111",
}
VISIBLE = (CANARY, "219-09-9999", "4111 1111 1111 1111")
SHAPES = re.compile(
    r"cortx_[0-9a-z]{8}_[\w-]{20,}|cortxr_[0-9a-f]{64}_[\w-]{20,}|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"
)
"""Our own credentials, as they are handed out."""
LOG_BYTES, KEYS, RESULTS, VALUE_BYTES, ITEMS = 4_000_000, 5_000, 1_000, 65_536, 100
SHORTEST = 12
"""Characters of a secret that can be looked for."""


def measure(ground: Ground) -> Measured:
    """Canaries through the log handlers and into audit facts; the installation's own secrets in what it wrote down."""
    shown = sorted({*canaries_logged(), *canaries_in_facts(ground)})
    secrets, looked_at, hits = own_secrets(), dict.fromkeys(("logs", "Redis", "results"), 0), list[str]()
    for place, texts in (("logs", log_texts()), ("Redis", redis_texts()), ("results", result_texts())):
        for text in texts:
            looked_at[place] += 1
            if SHAPES.search(text) or any(secret in text for secret in secrets):
                hits.append(place)
    faults = [
        f"shown: {', '.join(shown)}" if shown else "",
        f"{len(hits)} secrets found in {', '.join(sorted(set(hits)))}" if hits else "",
    ]
    reason = "; ".join(fault for fault in faults if fault)
    places = (
        f"{looked_at['logs']} log files, {looked_at['Redis']:,} Redis entries, {looked_at['results']:,} task results"
    )
    return Measured(f"{len(shown)} of {len(CANARIES)} canaries, {len(hits)} secrets in {places}", not reason, reason)


def canaries_logged() -> Iterator[str]:
    """What comes out of a handler of the settings as it went in."""
    ours = [handler for handler in logging.getLogger().handlers if handler.name in settings.LOGGING["handlers"]]
    if not ours:
        yield "no handler of the settings is in use"
    for handler in ours:
        for name, text in CANARIES.items():
            record = logging.LogRecord("cortx.trust", logging.INFO, __file__, 0, "said %s", (text,), None)
            # A filter may change the record, or drop it.
            if handler.filter(record) and is_visible(handler.format(record)):
                yield f"{name} by the log handler {handler.name}"


def canaries_in_facts(ground: Ground) -> Iterator[str]:
    """What would be kept in the audit log."""
    with transaction.atomic(), tenant_scope(ground.tenant.id):
        event = audit_append("trust.tried", ground.tenant, CANARIES)
        transaction.set_rollback(True)
    yield from (f"{name} in an audit fact" for name, text in event.facts.items() if is_visible(str(text)))


def is_visible(text: str) -> bool:
    return any(canary in text for canary in VISIBLE)


def own_secrets() -> set[str]:
    """What this installation must keep to itself and can be recognised."""
    urls = (settings.DATABASE_URL, settings.DATABASE_OWNER_URL, settings.REDIS_URL, settings.BROKER_URL)
    passwords = [unquote(urlsplit(url).password or "") for url in urls]
    given = [settings.SECRET_KEY, settings.JWT_SECRET_KEY, settings.AUDIT_KEY, settings.API_KEY, *passwords]
    return {secret for secret in given if len(secret) >= SHORTEST}


def log_texts() -> Iterator[str]:
    """The newest part of each log file of this machine; logs that go elsewhere are looked after there."""
    for file in sorted((Path(settings.VAR_DIR) / "log").glob("*.log")):
        with file.open("rb") as opened:
            opened.seek(max(0, file.stat().st_size - LOG_BYTES))
            yield opened.read().decode(errors="replace")


def result_texts() -> Iterator[str]:
    """What Celery keeps of the newest tasks."""
    columns = ("task_args", "task_kwargs", "result", "traceback", "meta")
    for row in TaskResult.objects.order_by("-id").values_list(*columns)[:RESULTS]:
        yield " ".join(str(value) for value in row if value)


def redis_texts() -> Iterator[str]:
    """Entries of the broker and the cache, messages unpacked; none where no Redis is or answers."""
    for url in sorted({url for url in (settings.REDIS_URL, settings.BROKER_URL) if url.startswith("redis")}):
        with suppress(redis.RedisError), redis.Redis.from_url(url, socket_timeout=2) as server:
            for number, key in enumerate(server.scan_iter(count=500)):
                if number == KEYS:
                    break
                yield " ".join(unpacked(part) for part in (key, *values(server, key)))


def values(server: redis.Redis, key: bytes) -> Iterable[Any]:
    """What stands under a key."""
    match server.type(key):
        case b"string":
            return [server.getrange(key, 0, VALUE_BYTES)]
        case b"list":
            return server.lrange(key, 0, ITEMS)
        case b"hash":
            return [part for pair in server.hscan_iter(key, count=ITEMS) for part in pair]
        case b"set":
            return server.sscan_iter(key, count=ITEMS)
        case b"zset":
            return server.zrange(key, 0, ITEMS)
    return []


def unpacked(value: bytes) -> str:
    """The value as text, and once more what stands in it as base64: bodies of messages do."""
    text = value.decode(errors="replace")
    inside = []
    for packed in re.findall(r"[A-Za-z0-9+/]{24,}={0,2}", text):
        with suppress(ValueError):
            inside.append(base64.b64decode(packed, validate=True).decode(errors="replace"))
    return " ".join([text, *inside])


PROMISE = Promise(
    key="P10",
    name="Secrets and personal data do not leak",
    tried="Planted secrets and identifiers through the log handlers and into audit facts; the installation's own "
    "secrets sought in its logs, its Redis and its task results",
    target="0 canaries, 0 secrets",
    measure=measure,
)
