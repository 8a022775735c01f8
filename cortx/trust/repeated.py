"""P4: repeating a request is safe."""

from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from cortx.trust.asked import Answer, ask, post_json
from cortx.trust.ground import DATASET, Ground
from cortx.trust.promise import Measured, Promise
from records.datasets.models import Record
from tenants.context import tenant_scope
from tenants.scoping import new_id

CALLERS = 8
RECORDS = "/api/v1/records"


def measure(ground: Ground) -> Measured:
    """One key from several callers at once, then the same key with something else to say."""
    # Back into the pool: with a small one the callers would wait for what this thread holds.
    connection.close()
    source = f"repeated {new_id()}"
    headers = {**ground.key.headers, "Idempotency-Key": source.replace(" ", "-")}
    document = {"source": source, "category": DATASET, "payload": {"line": "1", "amount": "1.25"}}

    def send(_: int) -> Answer:
        try:
            return post_json(RECORDS, document, headers)
        finally:
            connection.close()

    with ThreadPoolExecutor(CALLERS) as callers:
        answers = list(callers.map(send, range(CALLERS)))
    other = post_json(RECORDS, {**document, "payload": {}}, headers)
    with tenant_scope(ground.tenant.id):
        effects = list(Record.objects.filter(source=source).values_list("id", flat=True))
    for record in effects:
        ask("POST", f"{RECORDS}/{record}/process", headers=ground.key.headers)
    same = sum(answer.status == 201 and answer.body == answers[0].body for answer in answers)
    figure = f"effects: {len(effects)}; same answers: {same} of {CALLERS}; another request: {other.status}"
    return Measured(figure, *judged(len(effects), same, other.status))


def judged(effects: int, same: int, other: int) -> tuple[bool, str]:
    """Whether that is as promised, and what is not."""
    faults = [
        f"{effects} effects of one request" if effects != 1 else "",
        f"{CALLERS - same} of {CALLERS} callers got another answer" if same != CALLERS else "",
        f"another request under the same key was answered with {other}" if other != 422 else "",
    ]
    reason = "; ".join(fault for fault in faults if fault)
    return not reason, reason


PROMISE = Promise(
    key="P4",
    name="Repeating a request is safe",
    tried=f"{CALLERS} callers at once with one Idempotency-Key, then another request under it",
    target=f"effects: 1; same answers: {CALLERS}; another request: 422",
    measure=measure,
)
