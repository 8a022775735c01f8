"""DuckDB, the closures for single records and the oracle come to the same."""

import json
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

from rulepacks.engine.bodies import ParseBody, RowBody
from rulepacks.engine.database import open_database
from rulepacks.engine.evaluate import evaluate
from rulepacks.engine.limits import Limits
from rulepacks.engine.progress import silent
from rulepacks.engine.record import compile_record_rules
from rulepacks.engine.spec import PARSE, Pack
from rulepacks.engine.tests.oracle.judging import nodes_of
from rulepacks.engine.tests.oracle.run import COLUMNS, Judgement, in_order, judge_batch
from rulepacks.engine.tests.oracle.world import reached
from rulepacks.engine.tests.packs_at_random import DELIVERIES, PARAMETERS, READABLE_DELIVERIES, coded, load
from rulepacks.engine.tests.rules_at_random import NEAR, RULES

SAME = (
    "rule", "type", "stage", "severity", "label", "input", "key", "unit", "left", "right", "difference", "tolerance",
    "fields", "message", "fingerprint",
)  # fmt: skip
"""What a finding says in a batch and of a single record alike."""
NAMES = {
    "pass": "passed", "fail": "failed", "not_applicable": "not_applicable", "not_evaluated": "not_evaluated",
    "error": "errored",
}  # fmt: skip


def in_duckdb(
    pack: Pack, delivered: Mapping[str, Sequence[Mapping[str, Any]]], threads: int = 1, row_group: int = 50_000
) -> Judgement:
    """What the engine makes of a batch, and its digest."""
    with TemporaryDirectory() as name:
        out = Path(name)
        with open_database(out, Limits(threads=threads)) as con:
            relations = {}
            for source, rows in delivered.items():
                columns = [name for name in (rows[0] if rows else ()) if name != "row_number"]
                arrays = {column: pa.array([row[column] for row in rows], pa.string()) for column in columns}
                arrays["row_number"] = pa.array([row["row_number"] for row in rows], pa.int64())
                pyarrow.parquet.write_table(pa.table(arrays), out / f"{source}.parquet", row_group_size=row_group)
                relations[source] = f"read_parquet('{out / source}.parquet')"
            evaluation = evaluate(con, pack, relations, PARAMETERS, out, silent)
        findings = pyarrow.parquet.read_table(out / "findings.parquet").to_pylist()
        states = pyarrow.parquet.read_table(out / "record_states.parquet").to_pylist()
        units = pyarrow.parquet.read_table(out / "units.parquet").to_pylist()
    broken = {pack.rule(one.rule).text: one.reason for one in evaluation.outcomes if one.reason and one.errored}
    assert broken == {}, broken
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


def in_python(pack: Pack, rows: Sequence[Mapping[str, Any]]) -> tuple[dict[str, dict[int, str]], list[dict[str, Any]]]:
    """What the rules about single records make of the rows: outcomes by rule and row, and findings."""
    rules = compile_record_rules(pack)
    outcomes: dict[str, dict[int, str]] = {rule.code: {} for rule in pack.rules}
    findings = []
    for row in rows:
        number, payload = row["row_number"], {name: cell for name, cell in row.items() if name != "row_number"}
        verdict = rules.judge(payload, PARAMETERS)
        for judged in verdict.outcomes:
            outcomes[judged.rule][number] = judged.outcome
        assert verdict.errored == any(judged.outcome == "error" for judged in verdict.outcomes)
        findings += [{**{name: getattr(one, name) for name in SAME}, "row": number} for one in verdict.findings]
    return outcomes, findings


def for_single_records(pack: Pack) -> set[str]:
    """Codes of the rules that one row of the first input and lists decide, and that no gate keeps back."""
    gates, found = {stage.name for stage in pack.stages if stage.gate_unit}, {PARSE}
    for rule in in_order(pack.rules):
        nodes = [*nodes_of(rule), *(node for _, node in rule.about), *(node for _, node in rule.severity.branches)]
        nodes += [part.node for part in rule.message if part.node is not None]
        if isinstance(rule.body, RowBody):
            nodes += [node for node in (rule.body.left, rule.body.right) if node is not None]
            joins = reached(nodes, pack.inputs[rule.input], pack)[1]
            needs = {pack.rule(code).code for code in rule.needs}
            alone = all(pack.joins[name].kind == "list" for name, _ in joins) and needs <= found
            if alone and rule.input == pack.first_input.name and rule.stage not in gates:
                found.add(rule.code)
    return found


def assert_same_for_single_records(pack: Pack, rows: Sequence[Mapping[str, Any]], expected: Judgement) -> None:
    """The closures agree with the oracle wherever a record by itself is enough."""
    outcomes, findings = in_python(pack, rows)
    single = for_single_records(pack)
    for rule in pack.rules:
        if not isinstance(rule.body, RowBody | ParseBody):
            assert set(outcomes[rule.code].values()) == {"not_evaluated"}
    for code in single - {PARSE}:
        wanted = expected.verdicts[code].rows or dict.fromkeys(outcomes[code], "not_applicable")
        assert outcomes[code] == wanted, pack.rule(code).text
    judged = [one for one in expected.findings if one["rule"] in single and one["input"] == pack.first_input.name]
    wanted_findings = [
        {name: one[name] for name in SAME} | {"row": one["row"], "key": json.loads(one["key"]),
         "fields": {name: text for name, text in json.loads(one["fields"]).items() if name != "Flex-Note"}}
        for one in judged
    ]  # fmt: skip
    findings = [one for one in findings if one["rule"] in single]
    assert sorted(findings, key=repr) == sorted(wanted_findings, key=repr)


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
    stored = {name: rows[::-1] for name, rows in delivered.items()}
    assert found.digest == expected.digest == in_duckdb(pack, stored, threads=4, row_group=2).digest
    assert_same_for_single_records(pack, delivered["rows"], expected)


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


def test_rows_near_in_order_come_to_the_same_where_some_have_no_place_in_it(tmp_path: Path) -> None:
    @settings(HURRIED, max_examples=4)
    @given(st.lists(NEAR, min_size=8, max_size=12), READABLE_DELIVERIES)
    def compare(rules: list[dict[str, Any]], rows: dict[str, list[dict[str, Any]]]) -> None:
        assert_equal(tmp_path, rules, rows | {"others": [], "spans": []})

    compare()


@pytest.mark.battery
@pytest.mark.parametrize("kind", [*RULES, "any"])
def test_many_more_random_rules_come_to_the_same(kind: str, tmp_path: Path) -> None:
    @THOROUGH
    @given(st.lists(RULES.get(kind, ANY), min_size=10, max_size=16), DELIVERIES)
    def compare(rules: list[dict[str, Any]], rows: dict[str, list[dict[str, Any]]]) -> None:
        assert_equal(tmp_path, rules, rows)

    compare()
