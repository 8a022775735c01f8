"""The benchmarks compare like with like, and run."""

import json
from collections import Counter
from io import StringIO
from pathlib import Path

import duckdb
import pytest
from django.core.management import call_command

from cortx.benchmarks.limits import parse_and_rules
from cortx.benchmarks.neighbour import neighbour_figures
from cortx.benchmarks.row_security import row_security_costs
from cortx.benchmarks.rules import relations
from cortx.benchmarks.subject import HAND_WRITTEN, PACK, generate
from rulepacks.engine.loader import load_pack


def test_the_pack_has_the_kinds_of_rules_that_are_measured() -> None:
    kinds = Counter(rule.type for rule in load_pack(PACK).rules)
    assert kinds == {"row": 38, "unique": 4, "group": 6, "lookup": 2, "parse": 1}


def test_the_query_written_by_hand_finds_what_the_pack_finds(tmp_path: Path) -> None:
    summary = parse_and_rules(generate(tmp_path / "given", 6000), tmp_path / "out")
    snapshot = tmp_path / "out" / "snapshot" / "lines.parquet"
    with duckdb.connect() as connection:
        for name, relation in relations(snapshot, PACK / "lists").items():
            connection.execute(f"CREATE VIEW {name} AS FROM {relation}")
        query = HAND_WRITTEN.read_text(encoding="utf-8")
        found = dict(connection.execute(f"SELECT rule, count(*) FROM ({query}) GROUP BY rule").fetchall())
    assert set(found) >= {"R03", "P04", "B01", "L01", "L02"}
    for one in summary.outcomes:
        # The query takes an amount that cannot be read for one that is missing; the pack does not evaluate it.
        assert one.type == "parse" or one.failed <= found.get(one.rule, 0) <= one.failed + one.not_evaluated


@pytest.mark.django_db
def test_the_command_measures_what_is_asked_for() -> None:
    out = StringIO()
    call_command("bench", "--rows", "3000", "--only", "record", "--only", "rules", "--json", stdout=out)
    result = json.loads(out.getvalue())
    assert result["at_most"]["record_microseconds"] == 20
    assert {"query / engine", "row_rule_nanoseconds", "record_microseconds"} <= set(result["figures"])


@pytest.mark.usefixtures("module_database")
def test_row_security_is_measured_on_and_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cortx.benchmarks.row_security.TURNS", {"list": 1, "insert": 1, "bulk": 1})
    figures = row_security_costs(1, tenants=2, rows=10, bulk=10)
    assert {"row_security_list_percent", "row_security_insert_percent", "row_security_bulk_percent"} <= set(figures)
    assert all(figures[f"{work}_without_ms"] > 0 for work in ("list", "insert", "bulk"))


@pytest.mark.battery
@pytest.mark.usefixtures("module_database")
def test_a_neighbour_is_asked_with_and_without_a_flood() -> None:
    figures = neighbour_figures(1, turns=1, phase=1.0)
    assert all(value > 0 for value in figures.values())
    assert {"neighbour_beyond_limit / quiet", "neighbour_within_limit / quiet"} <= set(figures)
