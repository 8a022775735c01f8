"""The walk's eyes: who goes, what is asked, and what is wrong with an answer."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from functools import partial

from django.test import Client

from cortx.tests.walk.canaries import CANARY, MARKS, contents
from cortx.tests.walk.places import ELSEWHERE, bodies, nowhere, questions, variants
from cortx.tests.walk.routes import Place, Route
from cortx.tests.walk.visits import Answer, Caller, Request, request
from tenants.access.administration import ADMINISTERED_TENANT
from tenants.access.identity import CHOSEN_TENANT
from tenants.access.keys import key_issue
from tenants.tests.cast import Cast

Headers = Mapping[str, str]
Twins = Iterator[tuple[Request, Request]]
"""Requests for a tenant's things, each beside the same one for things that do not exist."""


def browser(cast: Cast) -> Caller:
    """The owner of another tenant, in whose session stands the one that is visited, as if they had left it."""
    client = cast.browser(cast.outsider)
    client.raise_request_exception = False
    session = client.session
    session[CHOSEN_TENANT] = session[ADMINISTERED_TENANT] = cast.tenant.slug
    session.save()
    return Caller("browser", client)


def key(cast: Cast) -> Caller:
    """A program with a key of another tenant."""
    _, text = key_issue(tenant=cast.other, name="outside", scopes=["read", "write"])
    return Caller("key", Client(headers={"X-API-Key": text}, raise_request_exception=False))


def stranger(cast: Cast) -> Caller:
    """Anybody."""
    return Caller("stranger", Client(raise_request_exception=False))


@dataclass(frozen=True)
class Walk:
    """The cast's tenant full of canaries: where its things are, the ids of all of them, and a hash over its rows."""

    cast: Cast
    theirs: Place
    ids: frozenset[str]
    rows: str

    def faults(self, caller: Caller, pairs: Iterable[tuple[Request, Request]]) -> Iterator[str]:
        """What is wrong with the answers to requests for their things, each beside one for things that are not."""
        for asked, other in pairs:
            told = self.told(caller, asked)
            about = f"{caller.name}: {asked}: {told.status}"
            if seen := self.seen(told):
                yield f"{about} shows {seen}"
            if told.status >= 500:
                yield about
            if told.rows not in {"", self.rows}:
                yield f"{about} changed rows"
            if asked.sent and told.shape != (nothing := caller.ask(other)).shape:
                yield f"{about} differs from {other}: {nothing.status}\n{difference(told, nothing)}"

    def told(self, caller: Caller, asked: Request) -> Answer:
        """The answer; after a request that could write, with the tenant's rows as they are then."""
        return caller.ask(asked) if asked.method == "GET" else caller.ask(asked, partial(contents, self.cast.tenant))

    def seen(self, answer: Answer) -> list[str]:
        """What of the tenant's shows in the answer."""
        return self.marks_in(answer.text)

    def marks_in(self, text: str) -> list[str]:
        """Canaries of the tenant and ids of its things in the text."""
        return [mark for mark in (*MARKS, *self.ids) if mark in text]

    def visits(self, route: Route) -> Twins:
        """The route to each of their things by each method; in their tenant, and in the caller's own."""
        for here, nothing in self.places(route):
            for one in variants(route, here):
                other = {**nowhere(one), **nothing}
                yield twins("GET", route, one, other)
                yield from written(route, one, other)
        if route.is_api:
            yield from named(route, self.theirs)

    def places(self, route: Route) -> Iterator[tuple[Place, Place]]:
        yield self.theirs, {}
        if "slug" in route.parameters:
            own = {"slug": self.cast.other.slug}
            yield {**self.theirs, **own}, own

    def questions(self, route: Route) -> Twins:
        """The route in the caller's own tenant, with each query string about their things."""
        own = {"slug": self.cast.other.slug}
        here, nothing = {**self.theirs, **own}, {**nowhere(self.theirs), **own}
        for query, like in zip(questions(route, here), questions(route, nothing), strict=True):
            path, elsewhere = f"{route.path(here)}?{query}", f"{route.path(nothing)}?{like}"
            yield request("GET", path, here), request("GET", elsewhere, nothing)


def twins(method: str, route: Route, one: Place, other: Place) -> tuple[Request, Request]:
    return request(method, route.path(one), one), request(method, route.path(other), other)


def written(route: Route, one: Place, other: Place) -> Twins:
    """The methods that may change something. In the API also under the key of a repeated request of theirs."""
    yield from posted(route, one, other, {}, {})
    if route.is_api:
        yield from posted(route, one, other, {"Idempotency-Key": CANARY}, {"Idempotency-Key": ELSEWHERE})
    for method in ("PUT", "PATCH", "DELETE"):
        yield twins(method, route, one, other)


def named(route: Route, place: Place) -> Twins:
    """With their tenant named in a header."""
    other = nowhere(place)
    theirs, nobodys = {"X-Tenant": place["slug"]}, {"X-Tenant": other["slug"]}
    yield (
        request("GET", route.path(place), place, headers=theirs),
        request("GET", route.path(other), other, headers=nobodys),
    )
    yield from posted(route, place, other, theirs, nobodys)


def posted(route: Route, one: Place, other: Place, headers: Headers, others: Headers) -> Twins:
    for body, like in zip(bodies(route, one), bodies(route, other), strict=True):
        yield (
            request("POST", route.path(one), one, body, headers),
            request("POST", route.path(other), other, like, others),
        )


def difference(one: Answer, other: Answer) -> str:
    return "\n".join([*unified_diff(one.shape.split("\n"), other.shape.split("\n"), lineterm="", n=0)][:12])
