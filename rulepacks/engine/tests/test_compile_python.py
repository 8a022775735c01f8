"""What the random expressions do not reach: size, faults beside other operands, and texts that look like Python."""

from typing import Any

import pytest

from rulepacks.engine.compile_python import compile_node
from rulepacks.engine.expressions.build import build
from rulepacks.engine.expressions.functions.base import Fault
from rulepacks.engine.expressions.scope import Scope
from rulepacks.engine.expressions.types import INTEGER, TEXT
from rulepacks.engine.python_patterns import full_match
from rulepacks.engine.python_places import FAULTED, Places

SCOPE = Scope(fields={"t": TEXT, "n": INTEGER})


def value(text: str, t: Any = None, n: Any = None, uncertain: frozenset[int] = frozenset()) -> Any:
    node, mistakes = build(text, SCOPE)
    assert mistakes == []
    try:
        return compile_node(node, Places({"t": 0, "n": 1}, {}, {}, {}, {}, uncertain))([t, n])
    except Fault:
        return "fault"


def test_a_long_chain_is_worked_out() -> None:
    assert value(" || ".join(["t"] * 120), "a") == "a" * 120


def test_a_long_case_takes_its_last_branch() -> None:
    branches = " ".join(f"when n = {number} then '{number}'" for number in range(300))
    assert value(f"case {branches} else 'none' end", n=299) == "299"
    assert value(f"case {branches} else 'none' end", n=300) == "none"


def test_deep_nesting_is_worked_out() -> None:
    text = "n"
    for _ in range(40):
        text = f"case when {text} > 0 then n end"
    assert value(text, n=5) == 5
    assert value(text, n=0) is None


@pytest.mark.parametrize(
    ("text", "t", "result"),
    [
        ("cast(t as integer) > 0 and n = 1", "x", "fault"),
        ("cast(t as integer) > 0 and n = 2", "x", False),
        ("cast(t as integer) > 0 or n = 1", "x", True),
        ("n is null and cast(t as integer) > 0", "x", False),
        ("null and cast(t as integer) > 0", "x", "fault"),
        ("coalesce(n, cast(t as integer)) = 1", "x", True),
        ("coalesce(null, cast(t as integer)) = 1", "x", "fault"),
        ("n in (1, cast(t as integer))", "x", "fault"),
        ("case when n = 1 then 'one' else t || cast(n % 0 as text) end", "x", "one"),
    ],
)
def test_a_fault_counts_unless_it_is_not_looked_at_or_another_operand_decides(text: str, t: str, result: Any) -> None:
    assert value(text, t, 1) == result


def test_a_field_that_could_not_be_computed_faults_where_it_is_read() -> None:
    assert value("n > 0", n=FAULTED, uncertain=frozenset({1})) == "fault"
    assert value("n > 0 or t = 'a'", "a", FAULTED, frozenset({1})) is True


def test_texts_of_a_pack_are_never_source() -> None:
    assert value("""t = '");import os;("' or t = 'v1' or t = '{0}'""", "v1") is True


def test_a_pattern_too_big_for_a_set_still_matches() -> None:
    match = full_match(r"\pL{1,200}")
    assert match("é" * 200)
    assert not match("é" * 201)
    assert not match("1")
