"""Packs compared as sentences, findings by fingerprint."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from rulepacks.engine.diff import COMPARED, finding_changes, pack_changes
from rulepacks.engine.tests.packing import write_pack

GONE = """  - {code: R3, type: row, severity: error, title: Amount is known, authority: A, require: amount is not null}
"""
ADDED = """  - {code: R6, type: row, stage: two, severity: info, title: Id fits, authority: A, require: length(id) < 9}
"""
OLD = f"""cortx: 1
pack: test.diff
version: 1.0.0
title: Test
parameters:
  most: {{type: integer, default: 5}}
inputs:
  rows:
    key: [id]
    fields: {{id: text, code: text, amount: "decimal(10,2)"}}
lists:
  codes: {{file: lists/codes.csv, key: [code]}}
stages: [one]
rules:
  - {{code: R1, type: lookup, severity: error, title: Code is known, authority: A, fields: [code], in: codes}}
  - {{code: R2, type: group, severity: error, title: Sums agree, authority: A,
     by: [code], left: sum(amount), right: 0, tolerance: "0.01"}}
{GONE}  - {{code: R4, type: row, severity: warning, title: Amount is small, authority: A, require: amount < $most}}
"""
NEW = (
    OLD.replace("1.0.0", "1.1.0").replace('"0.01"', '"0.00"').replace(GONE, "").replace("default: 5", "default: 7")
    .replace("code: R4, type: row, severity: warning", "code: R5, aliases: [R4], type: row, severity: error")
    .replace("stages: [one]", "stages: [one, two]")
    + ADDED
)  # fmt: skip
CODES = {"lists/codes.csv": "code,name\na,Alpha\nb,Beta\n"}
NEW_CODES = {"lists/codes.csv": "code,name\nb,Bravo\nc,Charlie\n"}
CELLS = """cortx: 1
pack: test.cells
version: 1.0.0
title: Test
inputs:
  rows: {key: [id], fields: {id: text, amount: integer, day: date}}
rules:
  - {code: R1, type: row, severity: error, title: Id is known, authority: A, require: id is not null}
"""
ROWS = "id,code,amount\n1,a,1.00\n2,b,-1.00\n3,x,9.00\n"


@pytest.fixture
def packs(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    return write_pack(tmp_path / "old", OLD, CODES), write_pack(tmp_path / "new", NEW, NEW_CODES)


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "rulepacks.engine", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def test_changes_of_a_pack_are_sentences(packs: tuple[Path, Path]) -> None:
    assert [str(change) for change in pack_changes(*packs)] == [
        "version 1.0.0 to 1.1.0",
        "parameter most: default 5 to 7",
        "stage two added: two",
        "rule R2: tolerance 0.01 to 0.00",
        "rule R3 removed: Amount is known",
        "rule R5: code R4 to R5",
        "rule R5: severity warning to error",
        "rule R5: aliases added: [R4]",
        "rule R6 added: Id fits",
        "lists/codes.csv a removed: code a, name Alpha",
        "lists/codes.csv b: name Beta to Bravo",
        "lists/codes.csv c added: code c, name Charlie",
    ]


def test_a_pack_does_not_differ_from_itself(packs: tuple[Path, Path]) -> None:
    old, new = packs
    assert pack_changes(old, old) == []
    assert command("diff", old, old).stdout == "No difference\n"
    assert command("diff", old, old).returncode == 0
    assert command("diff", old, new).returncode == 1
    assert command("diff", old, old.parent).returncode == 2
    parts = [json.loads(line) for line in command("diff", old, new, "--format", "json").stdout.splitlines()]
    assert parts[3] == {"of": "rule R2", "key": "tolerance", "old": "0.01", "new": "0.00"}


def test_findings_are_compared_by_fingerprint(packs: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(ROWS)
    (tmp_path / "later.csv").write_text(ROWS.replace("3,x,9.00", "3,x,8.00\n4,y,0.00"))
    for out, rows in (("one", "rows.csv"), ("two", "later.csv")):
        assert (
            command("run", packs[0], "--input", f"rows={tmp_path / rows}", "--output", tmp_path / out).returncode == 1
        )
    counts, changes = finding_changes(tmp_path / "one", tmp_path / "two")
    assert counts == {"new": 1, "updated": 2, "absent": 0, "unchanged": 3}
    assert [(change.state, change.rule, change.key) for change in changes] == [
        ("new", "R1", '{"id":"4"}'),
        ("updated", "R2", '{"code":"x"}'),
        ("updated", "R4", '{"id":"3"}'),
    ]
    shown = command("diff", tmp_path / "two", tmp_path / "one")
    assert shown.returncode == 1
    assert shown.stdout.splitlines()[0] == "absent: R1 id 4: Code is known: not satisfied."
    assert shown.stdout.splitlines()[-1] == "0 new, 2 updated, 1 absent, 3 unchanged"


def test_cells_of_one_row_that_cannot_be_read_are_told_apart(tmp_path: Path) -> None:
    folder = write_pack(tmp_path, CELLS, {"rows.csv": "id,amount,day\na,zz,yy\na,xx,ww\n"})
    for out in ("one", "two"):
        command("run", folder, "--input", f"rows={folder / 'rows.csv'}", "--output", tmp_path / out)
    prints = parquet.read_table(tmp_path / "one" / "findings.parquet").column("fingerprint").to_pylist()
    assert len(set(prints)) == 4
    counts, _ = finding_changes(tmp_path / "one", tmp_path / "two")
    assert counts == {"new": 0, "updated": 0, "absent": 0, "unchanged": 4}


def test_a_finding_has_one_partner_at_most(tmp_path: Path) -> None:
    row = dict.fromkeys((*COMPARED, "rule", "key", "fingerprint"), "x") | {"ordinal": 1}
    row = {name.strip('"'): value for name, value in row.items()}
    for name, messages in (("one", "ab"), ("two", "abc")):
        (tmp_path / name).mkdir()
        rows = [{**row, "ordinal": at, "message": message} for at, message in enumerate(messages)]
        parquet.write_table(pa.Table.from_pylist(rows), tmp_path / name / "findings.parquet")
    counts, _ = finding_changes(tmp_path / "one", tmp_path / "two")
    assert counts == {"new": 1, "updated": 0, "absent": 0, "unchanged": 2}
