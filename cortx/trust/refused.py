"""P11: the service says no properly."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cortx.trust.asked import Answer, ask, post_json
from cortx.trust.ground import DATASET, Ground
from cortx.trust.promise import Measured, Promise
from tenants.scoping import new_id

RECORDS = "/api/v1/records"
GOOD = {"source": "trust check", "category": DATASET, "payload": {}}
JSON, PROBLEM = "application/json", "application/problem+json"
Headers = Mapping[str, str]


@dataclass(frozen=True)
class Refusal:
    """A request that has to be refused, and with what."""

    status: int
    ask: Callable[[Headers], Answer]


REFUSALS: dict[str, Refusal] = {
    "no JSON": Refusal(400, lambda key: ask("POST", RECORDS, body=b"{", headers=key, kind=JSON)),
    "NUL in a text": Refusal(400, lambda key: post_json(RECORDS, {**GOOD, "source": "a\0b"}, key)),
    "a number nobody can hold": Refusal(
        400, lambda key: ask("POST", RECORDS, body=b'{"source":"a","category":"c","payload":{"a":1e9999999999}}',
                             headers=key, kind=JSON),
    ),
    "a field nobody knows": Refusal(400, lambda key: post_json(RECORDS, {**GOOD, "tenant": str(new_id())}, key)),
    "a filter's value": Refusal(400, lambda key: ask("GET", f"{RECORDS}?status=x", headers=key)),
    "a cursor": Refusal(400, lambda key: ask("GET", f"{RECORDS}?cursor=x", headers=key)),
    "a wrong key": Refusal(401, lambda key: ask("GET", RECORDS, headers={"X-API-Key": "wrong"})),
    "another scheme": Refusal(401, lambda key: ask("GET", RECORDS, headers={"Authorization": "Basic YTpi"})),
    "what a key may not": Refusal(403, lambda key: ask("GET", "/api/v1/audit/events", headers=key)),
    "an id of nobody's": Refusal(404, lambda key: ask("GET", f"/api/v1/batches/{new_id()}", headers=key)),
    "another tenant": Refusal(404, lambda key: ask("GET", RECORDS, headers={**key, "X-Tenant": "platform"})),
    "an address of nothing": Refusal(404, lambda key: ask("GET", "/api/v1/nothing", headers=key)),
    "a method": Refusal(405, lambda key: ask("DELETE", RECORDS, headers=key)),
    "a type nobody answers": Refusal(406, lambda key: ask("GET", RECORDS, headers={**key, "Accept": "text/xml"})),
    "no length": Refusal(
        411, lambda key: ask("POST", RECORDS, body=b"{}", headers={**key, "Transfer-Encoding": "chunked"}, kind=JSON)
    ),
    "a body too large": Refusal(
        413, lambda key: post_json(RECORDS, {**GOOD, "payload": {"a": "x" * 1_100_000}}, key)
    ),
    "a type nobody reads": Refusal(415, lambda key: ask("POST", RECORDS, body=b"<a/>", headers=key, kind="text/xml")),
}  # fmt: skip


def measure(ground: Ground) -> Measured:
    """Each refusal over the API, with the words for programs that belong to it."""
    answers = {name: refusal.ask(ground.key.headers) for name, refusal in REFUSALS.items()}
    wrong = [
        f"{name}: {answers[name].status} instead of {refusal.status}"
        for name, refusal in REFUSALS.items()
        if not is_proper(answers[name], refusal.status)
    ]
    broken = sum(answer.status >= 500 for answer in answers.values())
    figure = f"{broken} of {len(answers)} answered with 5xx; {len(answers) - len(wrong)} as they should be"
    return Measured(figure, not wrong, "; ".join(wrong))


def is_proper(answer: Answer, status: int) -> bool:
    """The status, and a problem document with a code and the request's id (RFC 9457)."""
    if (answer.status, answer.headers.get("content-type")) != (status, PROBLEM):
        return False
    problem = answer.json
    return bool(problem["status"] == status and problem["code"] and problem["request_id"])


PROMISE = Promise(
    key="P11",
    name="The service says no properly",
    tried="Requests that have to be refused over the API, one for each way of saying no",
    target=f"0 answered with 5xx; {len(REFUSALS)} as they should be",
    measure=measure,
)
