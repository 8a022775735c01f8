"""Numbers in payloads keep every digit, and nothing that a database would refuse gets near it."""

import json
from decimal import Decimal
from typing import Any

import pytest

from records.datasets.models import Dataset, Record
from records.datasets.payloads import ExactDecoder, ExactEncoder, payload_check
from tenants.models import Tenant
from tenants.problems import ValidationProblem

LONG = "123456789012345678901.23"


def test_a_long_amount_survives_the_database(bound: Tenant) -> None:
    dataset = Dataset.objects.create(name="a")
    payload = json.loads(f'{{"amount": {LONG}, "text": "{LONG}", "count": 90071992547409931}}', cls=ExactDecoder)
    record = Record.objects.create(dataset=dataset, payload=payload)
    record.refresh_from_db()
    assert record.payload == {"amount": Decimal(LONG), "text": LONG, "count": 90071992547409931}


def test_a_decimal_is_written_as_a_number() -> None:
    assert json.dumps({"amount": Decimal("1.10")}, cls=ExactEncoder) == '{"amount":1.10}'


@pytest.mark.parametrize(
    "payload",
    [[], "x", None, 1, {"a": "\0"}, {"a\0": 1}, {"a": ["\ud800"]}, {"a": {"b": Decimal("1e400000")}},
     {"a": Decimal("NaN")}, {"a": float("inf")}],
)  # fmt: skip
def test_what_no_database_can_hold_is_refused(payload: Any) -> None:
    with pytest.raises(ValidationProblem, match="payload") as refusal:
        payload_check(payload)
    assert "payload" in refusal.value.fields


def test_ordinary_json_is_accepted() -> None:
    payload_check({"a": [1, 1.5, Decimal("1e10"), None, True, "é", {"b": []}]})
