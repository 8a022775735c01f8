"""The main job on PostgreSQL: a sample trial balance gives exactly the expected findings, statuses and lines."""

from pathlib import Path

import pytest

from records import commands
from records.datasets.models import Record
from records.runs.models import Finding
from records.snapshots import record_row, source_rows
from records.tests.deliveries import judge
from records.tests.trial_balances import check, deliver_sample
from rulepacks.samples.trial_balance import Options, write
from tenants.models import Tenant


@pytest.mark.parametrize("options", [Options(rows=4000, seed=1), Options(rows=900, seed=7, faults=2)])
def test_a_sample_gives_exactly_the_expected_findings(bound: Tenant, tmp_path: Path, options: Options) -> None:
    write(tmp_path, options)
    check(tmp_path, judge(deliver_sample(tmp_path)))


def test_a_second_run_of_a_sample_finds_the_same(bound: Tenant, tmp_path: Path) -> None:
    write(tmp_path, Options(rows=900, seed=3))
    batch = deliver_sample(tmp_path)
    first = judge(batch)
    commands.run_again(batch)
    second = judge(batch)
    check(tmp_path, second)
    assert first.findings_digest == second.findings_digest


def test_readers_find_their_way_from_a_run_to_the_delivered_rows(bound: Tenant, tmp_path: Path) -> None:
    write(tmp_path, Options(rows=900, seed=5))
    judge(deliver_sample(tmp_path))
    finding = Finding.objects.filter(rule="E01").first()
    assert finding is not None
    rows = source_rows(finding)
    assert [row.number for row in rows] == sorted(finding.rows)
    line = next(row for row in rows)
    delivered = (tmp_path / "trial_balance.csv").read_text().splitlines()
    assert list(line.values.values()) == delivered[line.number].split(",")

    record = Record.objects.get(row_number=line.number)
    assert record_row(record) == line
