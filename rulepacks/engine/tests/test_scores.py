"""Scoring rules: the table of all scored rows, outputs made from it, and single records scored alike."""

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rulepacks.engine.evaluate import evaluate
from rulepacks.engine.loader import load_pack
from rulepacks.engine.problems import PackError
from rulepacks.engine.record import compile_record_rules
from rulepacks.engine.tests.packing import HEAD, INPUTS, write_pack

PACK = Path(__file__).parent / "packs" / "scores"
FILL = {
    "agency": "X",
    "code": "541511",
    "state": "MD",
    "value": "1000.00",
    "text": "Audit",
    "active": "Yes",
    "days": "10",
}
ROWS = [
    {**FILL, "id": "a"},
    {**FILL, "id": "b", "code": "99", "text": "urgent"},
    {**FILL, "id": "c", "active": "No", "days": "9"},
    {**FILL, "id": "d", "value": ""},
    {**FILL, "id": "e", "agency": ""},
]


def scored(folder: Path) -> list[dict[str, object]]:
    con = duckdb.connect()
    columns = {name: pa.array([row[name] for row in ROWS], pa.string()) for name in ROWS[0]}
    con.register("given", pa.table({"row_number": list(range(1, len(ROWS) + 1)), **columns}))
    evaluate(con, load_pack(PACK), {"notices": "given"}, {}, folder, lambda _: None)
    table: list[dict[str, object]] = pq.read_table(folder / "tables" / "FIT.parquet").to_pylist()
    return table


def test_all_scored_rows_stand_in_a_table_with_their_components(tmp_path: Path) -> None:
    table = scored(tmp_path)
    assert [row["id"] for row in table] == ["a", "b", "c", "d"]
    first = table[0]
    assert (first["code"], first["words"], first["value"], first["total"]) == (
        30,
        20,
        Decimal("10.00"),
        Decimal("65.00"),
    )
    assert [row["decision"] for row in table] == ["GO", "NO-GO", "NO-GO", None]
    assert [row["gates_failed"] for row in table] == ["", "", "active; time", ""]
    assert [row["reasons"] for row in table] == [
        "Code fits; Words fit",
        "",
        "Code fits; Words fit",
        "Code fits; Words fit",
    ]


def test_an_output_is_made_from_the_table(tmp_path: Path) -> None:
    scored(tmp_path)
    assert (tmp_path / "outputs" / "ranked.csv").read_text().splitlines() == [
        "id,total,decision,why",
        "a,65.00,GO,Code fits; Words fit",
        "b,7.99,NO-GO,",
        "c,65.00,NO-GO,Code fits; Words fit",
        "d,,,Code fits; Words fit",
    ]


def test_an_output_of_the_input_has_its_own_columns_and_none_of_the_scoring(tmp_path: Path) -> None:
    rule = (
        "rules:\n  - {code: S, type: score, severity: info, title: T, authority: A, components: {a: count}, "
        "decisions: [{decision: A, from: 1}, {decision: B}], findings: [B]}\n"
        "outputs:\n  - {name: all, format: csv, from: rows}\n"
    )
    pack = load_pack(write_pack(tmp_path, HEAD + INPUTS + rule))
    assert [header for header, _ in pack.outputs[0].columns] == ["id", "name", "amount", "count", "day"]


def test_single_records_are_scored_as_batches_are(tmp_path: Path) -> None:
    scored(tmp_path)
    found = pq.read_table(tmp_path / "findings.parquet").to_pylist()
    batch = [(row["row"], row["left"], row["difference"], row["message"], json.loads(row["fields"])) for row in found
             if row["rule"] == "FIT"]  # fmt: skip
    rules = compile_record_rules(load_pack(PACK))
    single = [
        (number, one.left, one.difference, one.message, dict(one.fields))
        for number, row in enumerate(ROWS, start=1)
        for one in rules.judge(row, {}).findings if one.rule == "FIT"
    ]  # fmt: skip
    assert single == batch


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        ("components: {a: name}, decisions: [{decision: A}]", "a must be a number, not text"),
        ("components: {a: gone}, decisions: [{decision: A}]", "unknown field gone"),
        ("components: {a: count}, decisions: [{decision: A, from: 1}]", "every decision but the last has a from"),
        (
            "components: {a: count}, decisions: [{decision: A, from: 1}, {decision: B, from: 2}, {decision: C}]",
            "the decisions must stand from the highest down",
        ),
        ("components: {a: count}, decisions: [{decision: A, from: 1}, {decision: A}]", "a decision is given twice"),
        ("components: {a: count}, decisions: [{decision: A}], findings: [B]", "unknown decision B; known: A"),
        (
            "components: {a: count}, decisions: [{decision: A}], findings: [A]",
            "every decision is a finding, so no row could ever pass",
        ),
    ],
)
def test_a_score_that_does_not_fit_is_a_problem(tmp_path: Path, part: str, problem: str) -> None:
    rule = f"rules:\n  - {{code: S, type: score, severity: info, title: T, authority: A, {part}}}\n"
    with pytest.raises(PackError) as caught:
        load_pack(write_pack(tmp_path, HEAD + INPUTS + rule))
    assert problem in [one.message for one in caught.value.problems]
