"""What somebody with another tenant's connection may say to PostgreSQL, and what came of it.

The probes of the live check touch one row at most, one of the check's own tenant; those of the tests are many more.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import Error, connection, transaction

from tenants.scoping import new_id

REFUSED = {"0A000", "42501"}
"""COPY into a table with row security; a right or a policy is missing."""


@dataclass(frozen=True)
class Outcome:
    """What came of a statement: the state PostgreSQL refused it with, or the rows it touched and what it answered."""

    state: str = ""
    rows: int = 0
    answer: str = ""

    @property
    def reached(self) -> bool:
        """Whether it got at a row, or failed for another reason than that it may not."""
        return self.state not in REFUSED if self.state else bool(self.rows or self.answer not in {"", "[]"})


def said(statement: str, values: list[Any]) -> Outcome:
    """Say it, as the tenant bound; it stays said until the caller rolls it back."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            for part in statement.split(";"):
                cursor.execute(part, values or None)
            answer = str(cursor.fetchall()) if cursor.description else ""
            return Outcome("", max(0, cursor.rowcount), answer)
    except Error as refused:
        cause = refused.__cause__
        return Outcome((cause.sqlstate if isinstance(cause, psycopg.Error) else None) or "refused")


def made(table: str) -> str:
    """An INSERT of a row given as JSON."""
    return f"INSERT INTO {table} SELECT * FROM json_populate_record(NULL::{table}, %s::json)"


@dataclass(frozen=True)
class Aim:
    """A table, the tenant whose rows are wanted, and one of them if there is one."""

    table: str
    owner: str
    id: str | None

    @property
    def stranger(self) -> str:
        """A row that the tenant does not have, as JSON."""
        return json.dumps({"tenant_id": self.owner, "id": str(new_id())})


Probe = Callable[[Aim], tuple[str, list[Any]]]
READING: dict[str, Probe] = {
    "read": lambda it: (f"SELECT 1 FROM {it.table} LIMIT 1", []),
    "read without row security": lambda it: (f"SET LOCAL row_security = off; SELECT 1 FROM {it.table} LIMIT 1", []),
}
WRITING: dict[str, Probe] = {
    "lock": lambda it: (f"SELECT 1 FROM {it.table} WHERE id = %s FOR UPDATE", [it.id]),
    "add": lambda it: (made(it.table), [it.stranger]),
    "change": lambda it: (f"UPDATE {it.table} SET id = id WHERE id = %s", [it.id]),
    "take over": lambda it: (f"UPDATE {it.table} SET tenant_id = %s WHERE id = %s", [str(new_id()), it.id]),
    "remove": lambda it: (f"DELETE FROM {it.table} WHERE id = %s", [it.id]),
}


def outcomes(aim: Aim) -> dict[str, Outcome]:
    """Every probe by name. What can be read already is not written to."""
    found = {name: said(*probe(aim)) for name, probe in READING.items()}
    if not any(outcome.reached for outcome in found.values()):
        found |= {name: said(*probe(aim)) for name, probe in WRITING.items()}
    return found
