"""What a rule is told of a unique rule it needs, in a later stage and where rules are judged one by one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from rulepacks.engine.evaluate import evaluate
from rulepacks.engine.loader import load_pack
from rulepacks.engine.summary import OutcomeSummary
from rulepacks.engine.tests.packing import HEAD, write_pack
from rulepacks.engine.tests.test_isolation import HERE, Fragile, overflow

INPUTS = """inputs:
  rows: {key: [id], unit: [unit], fields: {id: text, unit: text, n: text}}
"""
COMMON = "severity: error, title: T, authority: A"
ROWS = {"row_number": [1, 2, 3, 4], "id": ["a", "a", "b", "c"], "unit": ["A", "A", "A", "B"], "n": ["1", "2", "x", "4"]}
UNIQUE = f"{{code: U, type: unique, {COMMON}, key: [id, cast(n as integer) * 0]"


def outcomes(folder: Path, text: str) -> dict[str, Sequence[int]]:
    """Passed, failed, not evaluated and errored, by rule."""
    pack = load_pack(write_pack(folder, HEAD + INPUTS + text))
    con: Any = duckdb.connect()
    con.register("given", pa.table(ROWS))
    fragile: Any = Fragile(con, overflow)
    found = evaluate(fragile, pack, {"rows": "given"}, {}, folder, lambda _: None).outcomes
    return {one.rule: counts(one) for one in found}


def counts(one: OutcomeSummary) -> Sequence[int]:
    return one.passed, one.failed, one.not_evaluated, one.errored


@pytest.mark.parametrize("kind", ["type: row, require: n is not null", "type: unique, key: [n]"])
def test_a_unique_rule_of_a_gated_stage_can_be_needed_in_a_later_one(tmp_path: Path, kind: str) -> None:
    found = outcomes(tmp_path, (
        "stages: [first, {name: second, after: first, gate: unit}, {name: third, after: second}]\nrules:\n"
        f"  - {{code: F, type: row, {COMMON}, require: id is not null}}\n"
        f"  - {UNIQUE}, stage: second}}\n"
        f"  - {{code: L, {kind}, {COMMON}, stage: third, needs: [U]}}\n"
    ))  # fmt: skip
    assert found["U"] == (2, 1, 0, 1)
    assert found["L"] == (2, 0, 2, 0)


def test_a_rule_that_needs_a_unique_one_of_its_stage_is_not_blamed_for_another_that_breaks(tmp_path: Path) -> None:
    found = outcomes(tmp_path, (
        f"rules:\n  - {UNIQUE}}}\n"
        f"  - {{code: G, type: group, {COMMON}, needs: [U], by: [unit], require: count(*) > 0}}\n"
        f"  - {{code: BOMB, type: row, {COMMON}, require: id <> {HERE}}}\n"
    ))  # fmt: skip
    assert found == {"U": (2, 1, 0, 1), "G": (1, 0, 1, 0), "BOMB": (0, 0, 0, 4)}
