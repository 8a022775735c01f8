"""Where it is looked for, and how: as it stands, encoded, and packed."""

import base64
import binascii
import json
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus
from uuid import UUID

import redis
from django.conf import settings
from django.db import connection

from tenants.context import tenant_scope
from tenants.models import Tenant

BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{24,}={0,2}")
HEX = re.compile(rb"(?<=\\x)(?:[0-9a-f]{2}){8,}")
BELONGS = {
    "records_record.payload": "what was delivered",
    "records_record.source": "what was delivered",
    "records_finding.*": "values of the row it is about",
    "records_unitstatus.*": "a value of the rows it is about",
    "records_ruleoutcome.reason": "told by the engine to the tenant",
    "records_batch.source": "the sender's word",
    "records_batchinput.filename": "the sender's word",
    "records_run.problems": "what was wrong with the delivery, told to the tenant",
    "records_run.reason": "the same as a sentence",
    "records_runevent.message": "the run's log, told to the tenant",
    "records_dataset.name": "the tenant's word",
    "records_dataset.title": "the tenant's word",
    "rulepacks_*.title": "the tenant's word",
    "rulepacks_packversion.summary": "the tenant's pack",
    "tenants_user.email": "how people sign in",
    "tenants_user.name": "how people are called",
    "tenants_invitation.email": "who is invited",
    "tenants_keptanswer.key": "the name under which an answer is kept",
    "account_emailaddress.email": "how people sign in",
    "django_session.session_key": "what the cookie is looked up by",
}
"""Columns in which the sender's own words have their place. Of credentials only the last is one."""


def readings(data: bytes) -> Iterator[bytes]:
    """The bytes, and what they are once decoded: from an address, JSON, base64, hexadecimal or zlib."""
    yield data
    yield unquote_plus(data.decode(errors="replace")).encode()
    for pattern, decode in ((BASE64, from_base64), (HEX, bytes.fromhex)):
        for found in pattern.findall(data):
            try:
                inside = decode(found.decode())
            except (binascii.Error, ValueError):
                continue
            yield inside
            if inside[:1] == b"\x78":
                yield unpacked(inside)


def from_base64(text: str) -> bytes:
    """Of either alphabet, with or without its end."""
    return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))


def unpacked(data: bytes) -> bytes:
    try:
        return zlib.decompress(data)
    except zlib.error:
        return b""


def seen(data: bytes | str, marks: Mapping[str, str]) -> set[str]:
    """Names of the marks in the data."""
    given = data.encode(errors="replace") if isinstance(data, str) else data
    read = [*readings(given)]
    return {name for name, mark in marks.items() if any(mark.encode() in one for one in read)}


def in_lines(log: Path, marks: Mapping[str, str]) -> Iterator[str]:
    """What stands in the lines of a process."""
    for number, line in enumerate(log.read_bytes().splitlines(), 1):
        for name in sorted(seen(line, marks)):
            yield f"{log.name}:{number}: {name}: {line[:600]!r}"


def in_redis(marks: Mapping[str, str]) -> Iterator[str]:
    """What stands in keys and values: messages, counters, cached things."""
    there: Any = redis.Redis.from_url(settings.REDIS_URL)
    read: dict[bytes, Callable[[bytes], Any]] = {
        b"string": there.get, b"list": lambda key: there.lrange(key, 0, -1), b"hash": there.hgetall,
        b"set": there.smembers, b"zset": lambda key: there.zrange(key, 0, -1, withscores=True),
    }  # fmt: skip
    for key in there.scan_iter():
        value = read[there.type(key)](key)
        for part in (key, *parts_of(value)):
            for name in sorted(seen(part, marks)):
                yield f"redis {key!r}: {name}: {part[:300]!r}"


def parts_of(value: Any) -> Iterator[bytes]:
    match value:
        case bytes():
            yield value
        case dict():
            for pair in value.items():
                yield from parts_of(list(pair))
        case list() | set() | tuple():
            for one in value:
                yield from parts_of(one)


def in_database(marks: Mapping[str, str]) -> Iterator[str]:
    """What stands in a column where it does not belong, of any table, in the eyes of each tenant."""
    for tenant_id in [*Tenant.objects.values_list("id", flat=True)]:
        yield from in_tables(tenant_id, marks)


def in_tables(tenant_id: UUID, marks: Mapping[str, str]) -> Iterator[str]:
    with tenant_scope(tenant_id), connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT to_jsonb(t) FROM "{table}" t')
            for (row,) in cursor.fetchall():
                for column, value in json.loads(row).items():
                    if not any(fnmatchcase(f"{table}.{column}", place) for place in BELONGS):
                        for name in sorted(seen(str(value), marks)):
                            yield f"{table}.{column}: {name}: {str(value)[:300]}"


def in_files(folder: Path, belongs: Iterable[str], marks: Mapping[str, str]) -> Iterator[str]:
    """What stands in the names of all files, and in those that are not kept for the tenant."""
    for file in sorted(folder.rglob("*")):
        place = str(file.relative_to(folder))
        kept = not file.is_file() or any(fnmatchcase(place, one) for one in belongs)
        for name in sorted(seen(place if kept else place.encode() + file.read_bytes(), marks)):
            yield f"{place}: {name}"


def in_arguments(marks: Mapping[str, str]) -> Iterator[str]:
    """What stands in the arguments of this process and of all that it has started."""
    for process in family(os.getpid()):
        arguments = Path(f"/proc/{process}/cmdline").read_bytes()
        for name in sorted(seen(arguments, marks)):
            yield f"arguments of {process}: {name}"


def family(root: int) -> set[int]:
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = {root}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return {one for one in found if Path(f"/proc/{one}").exists()}
