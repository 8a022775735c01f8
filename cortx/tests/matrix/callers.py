"""Everybody who may call: a browser for each role, a key for each scope, and three that have no role here."""

from collections.abc import Callable
from dataclasses import dataclass

from django.test import Client
from django.urls import get_resolver, reverse

from tenants.access.keys import key_issue
from tenants.access.roles import MAY, SCOPES, Permission
from tenants.tests.cast import Cast, member
from tenants.tests.factories import UserFactory


@dataclass(frozen=True)
class Caller:
    """`allowed` is what the role table gives; `refusals` are the answers to what it does not."""

    name: str
    client: Client
    allowed: frozenset[Permission]
    refusals: frozenset[int]


FORBIDDEN = frozenset({403, 405})
ID = "01a1fd6e-a447-7160-86fb-cbf3a46d837c"
PARTS = {"name": "nothing", "version": "1.0.0", "number": 7}


@dataclass(frozen=True)
class Crowd:
    """All callers of one tenant's things."""

    slug: str
    members: list[Caller]
    programs: list[Caller]
    staff: Client
    outsider: Client

    @classmethod
    def of(cls, cast: Cast) -> "Crowd":
        """A browser for each role, a key for each set of scopes, platform staff, and another tenant's owner."""
        people = {"owner": cast.owner, "analyst": cast.analyst, "auditor": cast.auditor}
        people |= {role: member(cast.tenant, role) for role in ("admin", "reviewer")}
        members = [Caller(role, cast.browser(user), MAY[role], FORBIDDEN) for role, user in people.items()]
        staff = cast.browser(UserFactory.create(email="staff@platform.example", is_staff=True, is_superuser=True))
        staff.post("/admin/tenant/", {"tenant": cast.tenant.slug})
        return cls(cast.tenant.slug, members, programs(cast), staff, cast.browser(cast.outsider))

    def strangers(self, signed_out: int) -> list[Caller]:
        """Who has no role here; `signed_out` is what nobody is told."""
        return [
            Caller("outsider", self.outsider, frozenset(), frozenset({404, 405})),
            Caller("nobody", Client(), frozenset(), frozenset({signed_out, 405})),
        ]


def programs(cast: Cast) -> list[Caller]:
    """A key for each set of scopes."""
    found = []
    for scopes in (["read"], ["write"], ["read", "write"]):
        text = key_issue(tenant=cast.tenant, name="loader", scopes=scopes)[1]
        allowed = frozenset[Permission]().union(*(SCOPES[scope] for scope in scopes))
        found.append(Caller(f"key {scopes}", Client(headers={"X-API-Key": text}), allowed, FORBIDDEN))
    return found


def path_of(name: str, slug: str) -> str:
    """The route's address, about things that do not exist."""
    [(_, parameters), *_] = get_resolver().reverse_dict.getlist(name)[0][0]
    known = {**PARTS, "slug": slug}
    return reverse(name, kwargs={part: known.get(part, ID) for part in parameters})


def differences(callers: list[Caller], answer: Callable[[Caller, str], int], asked: dict[str, Permission]) -> list[str]:
    """Each cell in which the answer is not what the table says, in words."""
    found = []
    for caller in callers:
        for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"):
            status = answer(caller, method)
            if asked.get(method) in caller.allowed:
                as_told = status < 500 and status not in {401, 403, 405}
            else:
                as_told = status in caller.refusals
            if not as_told:
                found.append(f"{caller.name} {method}: {status}")
    return found
