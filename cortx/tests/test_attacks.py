"""Some hundreds of bad requests against the real web server: none fails it, none holds it up, and it goes on well."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cortx.testing.web import Answer, Web, request
from cortx.tests import attacks, attacks_below
from cortx.tests.attacks import Attack, Group, Target

GROUPS: tuple[Group, ...] = (
    attacks.credentials, attacks.paths, attacks.queries, attacks.bodies, attacks.media_types, attacks_below.forms,
    attacks_below.lengths, attacks_below.wire, attacks_below.pages,
)  # fmt: skip
SLOW_SECONDS = 10.0


@pytest.fixture(scope="module")
def target(web: Web) -> Target:
    return Target.of(web, web.cast.owner)


def faults(attack: Attack, answer: Answer) -> str:
    """What is wrong with the answer, or an empty text."""
    if answer.status not in attack.statuses or answer.seconds > SLOW_SECONDS:
        return f"{attack.name}: {answer.status} after {answer.seconds:.1f} s: {answer.body[:200]!r}"
    if answer.headers.get("content-type") == "application/problem+json":
        problem = json.loads(answer.body)
        if problem["status"] != answer.status or not problem["detail"] or not problem["request_id"]:
            return f"{attack.name}: {problem}"
    return ""


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_bad_requests_are_refused_and_nothing_else_happens(target: Target, group: Group) -> None:
    found = [faults(attack, target.web.send(attack.data)) for attack in group(target)]
    assert len(found) >= 30
    wrong = list(filter(None, found))
    assert not wrong, "\n".join(wrong)
    assert target.web.send(request("GET", "/health")).status == 200


def test_bodies_that_stop_arriving_are_given_up_and_hold_nobody_up(target: Target) -> None:
    stalled = [attack for attack in attacks_below.stalls(target) for _ in range(3)]
    with ThreadPoolExecutor(len(stalled)) as pool:
        answers = pool.map(lambda attack: faults(attack, target.web.send(attack.data)), stalled)
        time.sleep(0.5)
        health = target.web.send(request("GET", "/health"))
        lists = target.web.send(target.get(attacks.RECORDS))
        assert list(filter(None, answers)) == []
    assert (health.status, lists.status) == (200, 200)
