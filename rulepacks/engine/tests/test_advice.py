"""What a check says of packs that load."""

import csv
import io
import json
from pathlib import Path

import pytest

from rulepacks.engine.__main__ import main
from rulepacks.engine.library import shipped_packs
from rulepacks.engine.loader import load_pack
from rulepacks.engine.tests.packing import HEAD, INPUTS, RULE, write_pack

EXAMPLES = {folder.name: folder for folder in (Path(__file__).parent / "packs").iterdir() if folder.is_dir()}
USED = INPUTS.replace("name: text, ", "")


def said(folder: Path, text: str, **files: str) -> list[str]:
    write_pack(folder, HEAD + text, files)
    return [str(one) for one in load_pack(folder).advice]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("count > 5 and count < 3", "78 R1: count > 5 and count < 3 is never true (never-true)"),
        ("count > 5 and count <= 5", "78 R1: count > 5 and count <= 5 is never true (never-true)"),
        ("count > 5 and 6 > count", "78 R1: count > 5 and 6 > count is never true (never-true)"),
        ("count between 5 and 4", "78 R1: count >= 5 and count <= 4 is never true (never-true)"),
        ("amount = 1.5 and amount > 2", "78 R1: amount = 1.5 and amount > 2 is never true (never-true)"),
        ("id = 'a' and id = 'b'", "78 R1: id = 'a' and id = 'b' is never true (never-true)"),
        ("id in ('a', 'b') and id not in ('a', 'b')", "is never true (never-true)"),
        ("id is null and id = 'b'", "78 R1: id is null and id = 'b' is never true (never-true)"),
        ("id is null and id is not null", "is never true (never-true)"),
        ("day < date '2025-01-01' and day > date '2025-02-01'", "is never true (never-true)"),
        ("amount > 100000000", "78 R1: amount > 100000000 is never true (never-true)"),
        ("amount < 100000000", "78 R1: amount < 100000000 is true of every value that is not blank (always-true)"),
        ("length(id) >= 0", "is true of every value that is not blank (always-true)"),
        ("count > 5 or count < 8", "is true of every value that is not blank (always-true)"),
        ("id <> 'a' or id <> 'b'", "is true of every value that is not blank (always-true)"),
        ("id is null or id is not null", "is true of every value that is not blank (always-true)"),
        ("$limit = 4 and count > 0", "78 R1: $limit = 4 is never true (never-true)"),
        ("1 = 1 or count > 0", "78 R1: 1 = 1 comes out the same for every row (constant)"),
        ("count > 0 and true", "78 R1: true stands beside and in count > 0 and true (constant)"),
        ("count = count", "78 R1: count = count compares a value with itself (constant)"),
        ("case id when 'a' then true when 'a' then false end", "R1: the branch id = 'a' is never reached (never-true)"),
    ],
)
def test_a_condition_that_can_come_out_one_way_only_is_named(tmp_path: Path, condition: str, expected: str) -> None:
    parameters = "parameters: {limit: {type: integer, allowed: [1, 2]}}\n"
    lines = said(tmp_path, f'{USED}{parameters}rules:\n  - {RULE}"{condition}"}}\n')
    (line,) = [line for line in lines if "unused" not in line]
    assert line.startswith("pack.yaml:11:")
    assert line.endswith(expected)


@pytest.mark.parametrize(
    "condition",
    [
        "count >= 5 and count <= 5", "count > 3 and amount < 3", "count > 5 or count < 3", "count = 1",
        "amount > 1 and amount < 2", "id is not null or id = 'b'", "id is null or id = 'b'", "amount < 99999999",
        "not (id = 'a' or id = 'b')", "case id when 'a' then true when 'b' then false else true end",
        "id = 'a' or day is null", "count is null or (count > 3 and count < 9)",
    ],
)  # fmt: skip
def test_a_condition_that_may_hold_is_let_be(tmp_path: Path, condition: str) -> None:
    assert said(tmp_path, f'{USED}rules:\n  - {RULE}"{condition}"}}\n') == []


def test_parts_that_nothing_reads_are_named_with_a_code_each(tmp_path: Path) -> None:
    text = (
        f"{INPUTS}    derive: {{twice: count * 2}}\n  extra: {{fields: {{code: text}}}}\nstages: [one, two]\n"
        "parameters: {p: {type: integer}}\nlists: {l: {file: l.csv, key: [k]}}\n"
        "joins: {j: {input: rows, on: {id: id}}}\n"
        "tables: {t: {from: rows, by: [id], crosswalk: {file: l.csv, line: k, match: [], value: sum(amount)}}}\n"
        f"rules:\n  - {RULE}count > 1}}\nstatuses:\n  - {{status: A, when: any(rule = 'R2')}}\n  - {{status: B}}\n"
    )
    assert said(tmp_path, text, **{"l.csv": "k\na\n"}) == [
        "pack.yaml:8:24 nothing reads the field name; what is only shown stands in carry (unused-field)",
        "pack.yaml:9:14 nothing reads the derived field twice (unused-derived-field)",
        "pack.yaml:10:3 nothing reads the input extra (unused-input)",
        "pack.yaml:10:20 nothing reads the field code; what is only shown stands in carry (unused-field)",
        "pack.yaml:11:15 stage two has no rules (empty-stage)",
        "pack.yaml:12:14 nothing reads the parameter p (unused-parameter)",
        "pack.yaml:13:9 nothing reads the list l (unused-list)",
        "pack.yaml:14:9 nothing reads the join j (unused-join)",
        "pack.yaml:15:10 nothing reads the table t (unused-table)",
        "pack.yaml:19:27 rule = 'R2' is never true (never-true)",
    ]


def test_machines_get_advice_with_its_code_and_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = "pass: [{title: A, given: {rows: [{count: 3}]}}]\n"
    cases += "fail: [{title: B, given: {rows: [{count: 0}]}, expect: [{row: 1}]}]\n"
    write_pack(
        tmp_path, f"{HEAD}{USED}rules:\n  - {RULE}count > 2 and count > 1 and 1 = 1}}\n", {"cases/R1.yml": cases}
    )
    expected = ("pack.yaml", 10, 105, "R1", "1 = 1 comes out the same for every row", "constant")
    assert main(["check", str(tmp_path), "--format", "json"]) == 0
    assert tuple(json.loads(capsys.readouterr().out).values()) == expected
    assert main(["check", str(tmp_path), "--format", "csv"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert tuple(row.values()) == tuple(map(str, expected))
    assert main(["check", str(tmp_path)]) == 0
    assert capsys.readouterr().err == "pack.yaml:10:105 R1: 1 = 1 comes out the same for every row (constant)\n"


@pytest.mark.parametrize("folder", [*shipped_packs().values(), *EXAMPLES.values()], ids=lambda folder: folder.name)
def test_nothing_is_said_of_the_shipped_packs_and_examples(folder: Path) -> None:
    assert load_pack(folder).advice == ()
