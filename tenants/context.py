"""Who is asking, on behalf of which tenant, in which request: bound for the length of a scope.

On PostgreSQL `tenant_scope` opens the transaction and hands the tenant to row security as its first
statement; on SQLite it only binds the tenant, and commands open their own short IMMEDIATE transactions.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction


class NoTenantBound(RuntimeError):
    """A tenant's rows were asked for outside a `tenant_scope`."""


@dataclass(frozen=True)
class Actor:
    """Who acts: `kind` is user, key, system or anonymous; `label` is shown to people."""

    kind: str
    id: str
    label: str


SYSTEM = Actor("system", "", "System")
ANONYMOUS = Actor("anonymous", "", "Anonymous")

_tenant: ContextVar[UUID | None] = ContextVar("tenant", default=None)
_actor: ContextVar[Actor] = ContextVar("actor", default=SYSTEM)
_request_id: ContextVar[str] = ContextVar("request_id", default="")


def current_tenant_id() -> UUID:
    """Id of the bound tenant. Raises `NoTenantBound` when there is none."""
    tenant_id = _tenant.get()
    if tenant_id is None:
        raise NoTenantBound("no tenant is bound; enter tenant_scope(...) first")
    return tenant_id


def bound_tenant_id() -> UUID | None:
    """Id of the bound tenant, or None."""
    return _tenant.get()


def current_actor() -> Actor:
    """Who acts in this scope; the system when nobody was named."""
    return _actor.get()


def current_request_id() -> str:
    """Id of the request in progress, or an empty text."""
    return _request_id.get()


@contextmanager
def tenant_scope(tenant_id: UUID) -> Iterator[None]:
    """Bind the tenant; on PostgreSQL also open a transaction that row security confines to it.

    Inside another transaction it is a savepoint: what is rolled back to it also takes the former tenant back.
    """
    outer = _tenant.get()
    token = _tenant.set(tenant_id)
    try:
        if connection.vendor == "postgresql":
            with _confined(tenant_id, outer):
                yield
        else:
            yield
    finally:
        _tenant.reset(token)


@contextmanager
def _confined(tenant_id: UUID, outer: UUID | None) -> Iterator[None]:
    nested = connection.in_atomic_block
    with transaction.atomic():
        _hand_to_row_security(str(tenant_id))
        yield
        # A transaction marked for rollback takes no more statements, and its savepoint restores the setting.
        if nested and not connection.needs_rollback:
            _hand_to_row_security(str(outer or ""))


def _hand_to_row_security(tenant_id: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.tenant_id', %s, true)", [tenant_id])


@contextmanager
def actor_scope(actor: Actor) -> Iterator[None]:
    """Name who acts for the length of the scope."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


@contextmanager
def request_scope(request_id: str) -> Iterator[None]:
    """Carry the request id into logs, audit events and errors."""
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)
