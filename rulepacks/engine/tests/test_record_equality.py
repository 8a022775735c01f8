"""Both compilers, one meaning: the same rows judged in DuckDB and by closures give the same outcomes and findings."""

import json
from collections import Counter
from dataclasses import replace
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
from rulepacks.engine.record import compile_record_rules
from rulepacks.engine.spec import PARSE, Pack
from rulepacks.engine.tests.expressions_at_random import DAYS, FLAGS, NUMBERS, SEEN, TEXTS, expressions
from rulepacks.engine.tests.record_pack import PARAMETERS, with_rules, write_pack

FIELDS = {
    "unit": TEXTS, "t": TEXTS, "u": TEXTS, "kept": TEXTS, "folded": TEXTS, "n": NUMBERS, "big": NUMBERS, "d": NUMBERS,
    "wide": NUMBERS, "rate": NUMBERS, "day": DAYS, "flag": FLAGS, "seen": SEEN,
}  # fmt: skip
CELLS = {name: st.none() | cells for name, cells in FIELDS.items()}
ROWS = st.lists(st.fixed_dictionaries(CELLS), min_size=20, max_size=40)
_TRUTH = expressions()["truth"]
RULES = st.lists(
    st.tuples(_TRUTH, st.none() | _TRUTH, st.sampled_from(["fail", "pass", "skip"])), min_size=25, max_size=40
)
SHOWN = (
    "rule", "type", "stage", "severity", "label", "input", "unit", "left", "right", "difference", "message",
    "fingerprint",
)  # fmt: skip
COUNTS = {
    "pass": "passed", "fail": "failed", "not_applicable": "not_applicable", "not_evaluated": "not_evaluated",
    "error": "errored",
}  # fmt: skip

Row = dict[str, str | None]
Finding = tuple[Any, ...]


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return write_pack(tmp_path_factory.mktemp("random") / "pack")


def in_duckdb(pack: Pack, rows: list[Row]) -> tuple[dict[str, Counter[str]], list[Finding]]:
    """Outcome counts by rule, and findings."""
    with TemporaryDirectory() as name:
        out = Path(name)
        table = {"row_number": list(range(1, len(rows) + 1))}
        columns = {field: pa.array([row[field] for row in rows], pa.string()) for field in rows[0]}
        pyarrow.parquet.write_table(pa.table({**table, **columns}), out / "rows.parquet")
        with open_database(out, Limits()) as con:
            relations = {"rows": f"read_parquet('{out / 'rows.parquet'}')"}
            evaluation = evaluate(con, pack, relations, PARAMETERS, out, silent)
        found = pyarrow.parquet.read_table(out / "findings.parquet").to_pylist()
    reasons = [outcome.reason for outcome in evaluation.outcomes if outcome.reason]
    assert reasons == []
    counts = {
        one.rule: +Counter({outcome: getattr(one, attribute) for outcome, attribute in COUNTS.items()})
        for one in evaluation.outcomes
        if one.rule != PARSE  # counts cells in a batch
    }
    findings = [
        (row["row"], *(row[name] for name in SHOWN), json.loads(row["key"]), json.loads(row["fields"])) for row in found
    ]
    return counts, findings


def in_python(pack: Pack, rows: list[Row]) -> tuple[dict[str, Counter[str]], list[Finding]]:
    """The same by closures."""
    rules = compile_record_rules(pack)
    counts: dict[str, Counter[str]] = {rule.code: Counter() for rule in pack.rules if rule.code != PARSE}
    findings = []
    for number, row in enumerate(rows, start=1):
        verdict = rules.judge(row, PARAMETERS)
        for judged in verdict.outcomes:
            if judged.rule != PARSE:
                counts[judged.rule][judged.outcome] += 1
        for one in verdict.findings:
            findings.append((number, *(getattr(one, name) for name in SHOWN), dict(one.key), dict(one.fields)))
        assert verdict.errored == any(judged.outcome == "error" for judged in verdict.outcomes)
    return counts, findings


def ordered(findings: list[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda one: (one[1], one[0], one[11], str(one[-1])))


# The message names the rule that differs, so nothing is gained by shrinking, which takes minutes.
HURRIED = settings(
    max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate], derandomize=True
)
THOROUGH = settings(HURRIED, max_examples=150, derandomize=False)


@HURRIED
@given(RULES, ROWS)
def test_random_rules_over_random_rows_have_the_same_outcomes_and_findings(
    pack: Pack, given_rules: list[tuple[str, str | None, str]], rows: list[Row]
) -> None:
    assert_equal(pack, given_rules, rows)


@pytest.mark.battery
@THOROUGH
@given(RULES, ROWS)
def test_many_more_random_rules_have_the_same_outcomes_and_findings(
    pack: Pack, given_rules: list[tuple[str, str | None, str]], rows: list[Row]
) -> None:
    assert_equal(pack, given_rules, rows)


def test_texts_that_stand_for_no_value_are_null_in_both(pack: Pack) -> None:
    rows_input = pack.first_input
    fields = {name: replace(field, blanks=("?", "it's")) for name, field in rows_input.fields.items()}
    unknowing = replace(pack, inputs={rows_input.name: replace(rows_input, fields=fields)})
    rows: list[Row] = [dict.fromkeys(FIELDS, cell) for cell in ("?", " ? ", "??", "it's", "7", "", " ", None)]
    rules: list[tuple[str, str | None, str]] = [(f"{name} is null", None, "fail") for name in FIELDS]
    assert_equal(unknowing, rules, rows)
    counts, _ = in_python(with_rules(unknowing, rules), rows)
    given = {name: counts[f"T{number}"] for number, name in enumerate(FIELDS, start=1)}
    assert given["t"] == {"pass": 6, "fail": 2}
    assert given["kept"] == {"pass": 4, "fail": 4}
    assert given["n"] == {"pass": 6, "fail": 1, "not_evaluated": 1}


def assert_equal(pack: Pack, given_rules: list[tuple[str, str | None, str]], rows: list[Row]) -> None:
    numbered = [{"id": f"row {number}", **row} for number, row in enumerate(rows)]
    chosen = with_rules(pack, given_rules)
    expected_counts, expected_findings = in_duckdb(chosen, numbered)
    counts, findings = in_python(chosen, numbered)
    texts = {f"T{number}": rule for number, rule in enumerate(given_rules, start=1)}
    different = {
        code: (texts.get(code), count, expected_counts[code])
        for code, count in counts.items()
        if count != expected_counts[code]
    }
    assert different == {}
    for mine, theirs in zip(ordered(findings), ordered(expected_findings), strict=True):
        assert mine == theirs, texts.get(mine[1])
