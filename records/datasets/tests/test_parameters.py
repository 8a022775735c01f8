"""Parameters are bound once, with their types, and every mistake names its parameter."""

from uuid import uuid4

import pytest

from records.datasets.parameters import parameters_bind
from rulepacks.models import Pack, PackVersion
from tenants.problems import ValidationProblem


def version(**types: str) -> PackVersion:
    return declaring([{"name": name, "type": kind, "required": False, "default": None} for name, kind in types.items()])


def declaring(parameters: list[dict[str, object]]) -> PackVersion:
    nobody = uuid4()
    pack = Pack(tenant_id=nobody, name="tests")
    return PackVersion(tenant_id=nobody, pack=pack, version="1.0.0", summary={"parameters": parameters})


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", " 09 ", 9),
        ("integer", "-3", -3),
        ("boolean", "True", True),
        ("boolean", "0", False),
        ("decimal(12,2)", "1.10", "1.10"),
        ("date", "2026-09-30", "2026-09-30"),
        ("text", "x y", "x y"),
    ],
)
def test_a_parameter_is_stored_as_its_type(kind: str, text: str, value: object) -> None:
    assert parameters_bind(version(given=kind), {}, {"given": text}) == {"given": value}


@pytest.mark.parametrize(
    ("kind", "text"),
    [("integer", "1.5"), ("integer", "٣"), ("integer", "nine"), ("boolean", "maybe"), ("decimal(12,2)", "NaN"),
     ("decimal(12,2)", "1,5"), ("date", "30.9.2026")],
)  # fmt: skip
def test_a_mistyped_parameter_is_named_with_what_was_expected(kind: str, text: str) -> None:
    with pytest.raises(ValidationProblem) as refusal:
        parameters_bind(version(given=kind), {}, {"given": text})
    assert list(refusal.value.fields) == ["given"]
    assert text in refusal.value.detail
    assert "expected" in refusal.value.detail


def test_what_came_with_the_delivery_overrules_the_datasets_default() -> None:
    declared = version(period="integer", year="integer")
    assert parameters_bind(declared, {"period": 1, "year": 2025}, {"period": "2"}) == {"period": 2, "year": 2025}


def test_a_blank_parameter_leaves_the_default() -> None:
    assert parameters_bind(version(period="integer"), {"period": 1}, {"period": ""}) == {"period": 1}


def test_unknown_and_missing_parameters_are_reported_together() -> None:
    declared = declaring([{"name": "year", "type": "integer", "required": True}])
    with pytest.raises(ValidationProblem) as refusal:
        parameters_bind(declared, {}, {"yaer": "2026"})
    assert set(refusal.value.fields) == {"yaer", "year"}


def test_without_a_pack_parameters_are_kept_as_text() -> None:
    assert parameters_bind(None, {"b": 2}, {"a": "x"}) == {"a": "x", "b": "2"}
