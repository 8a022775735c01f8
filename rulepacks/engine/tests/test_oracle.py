"""DuckDB, the closures for single records and the oracle come to the same."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rulepacks.engine.database import open_database
from rulepacks.engine.evaluate import evaluate
from rulepacks.engine.limits import Limits
from rulepacks.engine.progress import silent
from rulepacks.engine.spec import Pack
from rulepacks.engine.tests.oracle.run import COLUMNS, Judgement, judge_batch
from rulepacks.engine.tests.packs_at_random import DELIVERIES, PARAMETERS, coded, load
from rulepacks.engine.tests.rules_at_random import RULES

NAMES = {
    "pass": "passed", "fail": "failed", "not_applicable": "not_applicable", "not_evaluated": "not_evaluated",
    "error": "errored",
}  # fmt: skip


def in_duckdb(pack: Pack, delivered: Mapping[str, Sequence[Mapping[str, Any]]]) -> Judgement:
    """What the engine makes of a batch, and its digest."""
    with TemporaryDirectory() as name:
        out = Path(name)
        with open_database(out, Limits()) as con:
            relations = {}
            for source, rows in delivered.items():
                columns = [name for name in (rows[0] if rows else ()) if name != "row_number"]
                arrays = {column: pa.array([row[column] for row in rows], pa.string()) for column in columns}
                arrays["row_number"] = pa.array([row["row_number"] for row in rows], pa.int64())
                pyarrow.parquet.write_table(pa.table(arrays), out / f"{source}.parquet")
                relations[source] = f"read_parquet('{out / source}.parquet')"
            evaluation = evaluate(con, pack, relations, PARAMETERS, out, silent)
        findings = pyarrow.parquet.read_table(out / "findings.parquet").to_pylist()
        states = pyarrow.parquet.read_table(out / "record_states.parquet").to_pylist()
        units = pyarrow.parquet.read_table(out / "units.parquet").to_pylist()
    broken = {one.rule: one.reason for one in evaluation.outcomes if one.reason and one.errored}
    assert broken == {}
    return Judgement(
        outcomes={
            one.rule: +Counter({word: getattr(one, name) for word, name in NAMES.items()})
            for one in evaluation.outcomes
        },
        findings=[{name: row[name] for name in COLUMNS} for row in findings],
        states={row["row_number"]: row["state"] for row in states},
        units={
            row["unit"]: (row["status"], {word: row[word] for word in ("fatal", "error", "warning", "info")})
            for row in units
        },
        digest=evaluation.digest,
    )


def numbered(delivered: Mapping[str, Sequence[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    return {
        name: [{"row_number": number, "id": f"row {number}", **row} for number, row in enumerate(rows, start=1)]
        for name, rows in delivered.items()
    }


def assert_equal(folder: Path, rules: list[dict[str, Any]], given_rows: Mapping[str, list[dict[str, Any]]]) -> None:
    pack = load(folder, coded(rules))
    delivered = numbered(given_rows)
    expected, found = judge_batch(pack, delivered, PARAMETERS), in_duckdb(pack, delivered)
    texts = {rule.code: rule.text for rule in pack.rules}
    for code, counts in expected.outcomes.items():
        assert found.outcomes[code] == counts, texts[code]
    for theirs, mine in zip(found.findings, expected.findings, strict=True):
        assert theirs == mine, texts[mine["rule"]]
    assert found.states == expected.states
    assert found.units == expected.units
    assert found.digest == expected.digest


# The message names the rule that differs, so nothing is gained by shrinking, which takes minutes.
HURRIED = settings(
    max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate], derandomize=True
)
THOROUGH = settings(HURRIED, max_examples=150, derandomize=False)
ANY = st.one_of(*RULES.values())


def test_random_packs_come_to_the_same(tmp_path: Path) -> None:
    @HURRIED
    @given(st.lists(ANY, min_size=12, max_size=20), DELIVERIES)
    def compare(rules: list[dict[str, Any]], rows: dict[str, list[dict[str, Any]]]) -> None:
        assert_equal(tmp_path, rules, rows)

    compare()


@pytest.mark.battery
@pytest.mark.parametrize("kind", [*RULES, "any"])
def test_many_more_random_rules_come_to_the_same(kind: str, tmp_path: Path) -> None:
    @THOROUGH
    @given(st.lists(RULES.get(kind, ANY), min_size=10, max_size=16), DELIVERIES)
    def compare(rules: list[dict[str, Any]], rows: dict[str, list[dict[str, Any]]]) -> None:
        assert_equal(tmp_path, rules, rows)

    compare()
