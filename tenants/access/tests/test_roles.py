"""The role table, cell by cell."""

import pytest

from tenants.access.roles import MAY, PLATFORM_STAFF, SCOPES, Permission

P = Permission
READ = {P.READ}
WRITE = {P.UPLOAD, P.PROCESS, P.RERUN, P.CANCEL}
CONFIGURE = {
    P.ACTIVATE, P.INSTALL, P.CONFIGURE_PEOPLE, P.CONFIGURE_KEYS, P.CONFIGURE_TENANT, P.READ_AUDIT, P.READ_POLICY,
}  # fmt: skip

TABLE = {
    "owner": READ | WRITE | CONFIGURE | {P.CHANGE_OWNERS, P.DRAFT, P.APPROVE},
    "admin": READ | WRITE | CONFIGURE | {P.DRAFT, P.APPROVE},
    "analyst": READ | WRITE | {P.DRAFT},
    "reviewer": READ | {P.APPROVE},
    "auditor": READ | {P.READ_AUDIT, P.READ_POLICY},
}


@pytest.mark.parametrize("role", TABLE)
@pytest.mark.parametrize("permission", list(Permission))
def test_every_cell_is_as_agreed(role: str, permission: Permission) -> None:
    assert (permission in MAY[role]) is (permission in TABLE[role])


def test_there_is_no_other_role() -> None:
    assert set(MAY) == set(TABLE)


def test_scopes_and_platform_staff() -> None:
    assert {"read": frozenset(READ), "write": frozenset(WRITE)} == SCOPES
    assert frozenset(READ | CONFIGURE | {P.CHANGE_OWNERS}) == PLATFORM_STAFF
