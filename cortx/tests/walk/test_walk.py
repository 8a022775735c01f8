"""One walk over every route there is: an outsider of a tenant sees none of its rows, nor that they exist.

The routes come from the URL resolver, so a new one is walked without being named here. One with a new kind of
parameter fails until `places` gives it an address; one that takes a body fails until `places` has one it accepts.
"""

from collections.abc import Callable
from itertools import islice

import pytest
from django.test import override_settings

from cortx.testing.figures import RecordFigure
from cortx.tests.walk.canaries import MARKS, owned_models, text_columns
from cortx.tests.walk.places import BLIND, UNASKED, bodies, reason_for
from cortx.tests.walk.routes import SHARED, NoAddress, Route, routes
from cortx.tests.walk.visits import Caller, Request
from cortx.tests.walk.walk import Walk, browser, key, stranger
from tenants.context import tenant_scope
from tenants.models import User
from tenants.tests.cast import Cast

ENOUGH = 20
"""Faults after which the walk goes no further."""
Outsider = Callable[[Cast], Caller]


def none_of(faults: list[str]) -> None:
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("outsider", [browser, key, stranger])
def test_nothing_of_a_tenant_is_shown_to_changed_or_told_apart_by(
    outsider: Outsider, walk: Walk, record_figure: RecordFigure
) -> None:
    # The admin takes no keys: to it a program is a stranger.
    ways = [route for route in routes() if outsider is not key or not route.name.startswith("admin:")]
    pairs = [pair for route in ways for pair in walk.visits(route)]
    faults = [*islice(walk.faults(outsider(walk.cast), pairs), ENOUGH)]
    record_figure(f"faults in {len(pairs):,} visits of a {outsider.__name__}", len(faults))
    none_of(faults)


@pytest.mark.parametrize("outsider", [browser, key])
def test_lists_asked_for_things_of_another_tenant_answer_as_for_things_that_do_not_exist(
    outsider: Outsider, walk: Walk, record_figure: RecordFigure
) -> None:
    lists = [one for one in routes() if set(one.parameters) <= {"slug"} and not reason_for(one, UNASKED)]
    ways = [route for route in lists if outsider is not key or not route.name.startswith("admin:")]
    pairs = [pair for route in ways for pair in walk.questions(route)]
    faults = [*islice(walk.faults(outsider(walk.cast), pairs), ENOUGH)]
    record_figure(f"faults in {len(pairs):,} questions of a {outsider.__name__}", len(faults))
    none_of(faults)


@pytest.fixture
def owner(walk: Walk) -> Caller:
    """Somebody of the tenant itself, who also looks after the installation."""
    User.objects.filter(id=walk.cast.owner.id).update(is_staff=True)
    walk.cast.owner.refresh_from_db()
    client = walk.cast.browser(walk.cast.owner)
    client.raise_request_exception = False
    return Caller("owner", client)


def test_the_tenants_own_people_see_canaries_by_every_route_to_its_things(walk: Walk, owner: Caller) -> None:
    """Otherwise the walk would prove nothing: its addresses lead somewhere, and its eyes are open."""
    blind = []
    for route in routes():
        if set(route.parameters) - set(SHARED) - {"slug"} and not reason_for(route, BLIND):
            told = owner.ask(Request("GET", route.path(walk.theirs)))
            if told.status != 405 and not (told.status in {200, 302} and walk.seen(told)):
                blind.append(f"{route} {told.status}")
    none_of(blind)


def test_what_the_walk_sends_is_accepted_from_the_tenants_own_people(walk: Walk, owner: Caller) -> None:
    """Otherwise a new body, which the walk does not know, would be refused before it could do any harm."""
    refused = []
    for route in routes():
        for body in bodies(route, walk.theirs):
            told = owner.ask(Request("POST", route.path(walk.theirs), body=body))
            # 405: takes no POST. 409: understood, but not as things stand. The admin lets nobody change most things.
            nobody = (403, 404) if route.name.startswith(("admin:", "account_", "mfa_")) else ()
            # 401: what it sends to these is no credential, only another one than for somebody who does not exist.
            wrong = (401,) if route.name in {"api-login", "api-refresh", "api-logout"} else ()
            if route.name == "api-login":
                nobody = (401, 429)  # with a wrong password
            taken = {200, 201, 202, 204, 302, 307, 405, 409, *nobody, *wrong}
            if told.status not in taken:
                refused.append(f"{route} {body}: {told.status}")
    none_of(refused)


def test_every_text_column_of_a_tenant_holds_a_canary(walk: Walk) -> None:
    with tenant_scope(walk.cast.tenant.id):
        plain = [
            f"{model.__name__}.{column.name}"
            for model in owned_models()
            for column in text_columns(model)
            if not any(has_canary(getattr(row, column.name)) for row in model._default_manager.all())
        ]
    none_of(plain)


def has_canary(value: object) -> bool:
    return any(mark in str(value) for mark in MARKS)


@override_settings(ROOT_URLCONF="cortx.tests.walk.urls")
def test_a_route_with_a_new_kind_of_parameter_is_not_passed_over(walk: Walk) -> None:
    new = next(route for route in routes() if route.name == "cell")
    with pytest.raises(NoAddress, match="no address for cell"):
        [*walk.visits(new)]


def test_a_route_behind_a_known_one_has_an_address_of_its_own(walk: Walk) -> None:
    assert Route("batch", "/batches/%(number)s/", ("number",)).path(walk.theirs) == "/batches/B-7310/"
