import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from rulepacks.samples.chart import FIELD_LENGTHS, FIELDS
from rulepacks.samples.faults import FAULTS
from rulepacks.samples.trial_balance import Options, main, write


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("first", 7), ("again", 7), ("other", 8)):
        write(tmp_path / name, Options(rows=2000, seed=seed))
    assert contents(tmp_path / "first") == contents(tmp_path / "again")
    assert contents(tmp_path / "first") != contents(tmp_path / "other")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_symbols_without_a_fault_pass_every_rule(tmp_path: Path, seed: int) -> None:
    totals = write(tmp_path, Options(rows=6000, seed=seed, faults=0, check=True))
    assert totals.findings == {}
    assert set(totals.statuses) == {"PASSED"}
    assert totals.statuses["PASSED"] == totals.symbols


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_every_fault_gives_the_findings_of_its_kind_and_controls_give_none(tmp_path: Path, seed: int) -> None:
    totals = write(tmp_path, Options(rows=4000, seed=seed, faults=2, check=True))
    assert totals.findings == {
        "E01": 6, "E02": 2, "E03": 2, "E04": 4, "E05": 2, "E06": 2, "E07": 2, "E08": 2, "E09": 4,
        "R01": 4, "R02": 2, "R03": 2, "V01": 2, "V02": 4, "V03": 2, "V04": 2, "V05": 2, "V06": 2, "V07": 2,
        "V08": 6, "V09": 2, "V10": 2, "V11": 2,
    }  # fmt: skip
    faulty = Counter(row["kind"] for row in rows_of(tmp_path / "faults.csv"))
    assert faulty == Counter(dict.fromkeys(FAULTS, 2))
    found = {row["tas"] for row in rows_of(tmp_path / "expected_findings.csv")}
    for row in rows_of(tmp_path / "faults.csv"):
        assert (row["tas"] in found) == (not row["kind"].startswith("control"))


def test_what_is_written_adds_up(tmp_path: Path) -> None:
    totals = write(tmp_path, Options(rows=3000, seed=5))
    delivered = rows_of(tmp_path / "trial_balance.csv")
    assert len(delivered) == totals.rows >= 3000
    assert tuple(delivered[0]) == FIELDS
    assert len(rows_of(tmp_path / "tas.csv")) == totals.symbols
    statuses = Counter(row["status"] for row in rows_of(tmp_path / "expected_status.csv"))
    assert statuses == Counter(totals.statuses)
    assert len(rows_of(tmp_path / "expected_sf133.csv")) == 9 * statuses["PASSED"]
    assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))["rows"] == totals.rows


def test_fixed_width_records_hold_the_same_values(tmp_path: Path) -> None:
    write(tmp_path / "csv", Options(rows=1000))
    main(["--rows", "1000", "--faults", "1", "--format", "fixed", "--out", str(tmp_path / "fixed")])
    records = (tmp_path / "fixed" / "trial_balance.txt").read_text(encoding="utf-8").splitlines()
    rows = rows_of(tmp_path / "csv" / "trial_balance.csv")
    assert len(records) == len(rows)
    for record, row in zip(records, rows, strict=True):
        assert len(record) == 98
        at = 0
        for field, length in FIELD_LENGTHS.items():
            value = record[at : at + length].rstrip()
            wanted = row[field].zfill(21) if field == "amount" and row[field].isdigit() else row[field]
            assert value == wanted
            at += length
    expected = ["expected_findings.csv", "expected_status.csv", "tas.csv"]
    for name in expected:
        assert (tmp_path / "fixed" / name).read_bytes() == (tmp_path / "csv" / name).read_bytes()
