"""The cases of every shipped pack, and of the packs beside the engine that show each rule type and key."""

from pathlib import Path

import duckdb
import pytest

from rulepacks.engine.bodies import ParseBody
from rulepacks.engine.case_runs import run_case
from rulepacks.engine.cases import load_cases
from rulepacks.engine.library import shipped_packs
from rulepacks.engine.loader import load_pack
from rulepacks.engine.rules import rule_types
from rulepacks.engine.spec import Pack

EXAMPLES = Path(__file__).parent / "packs"
FOLDERS = {**shipped_packs(), **{f"example {path.name}": path for path in sorted(EXAMPLES.iterdir()) if path.is_dir()}}
PACKS = {name: load_pack(folder) for name, folder in FOLDERS.items()}
RULES = [
    (name, rule.code) for name, pack in PACKS.items() for rule in pack.rules if not isinstance(rule.body, ParseBody)
]


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    connection.execute("SET ieee_floating_point_ops = false")
    return connection


@pytest.mark.parametrize(("name", "code"), RULES)
def test_the_cases_of_a_rule_hold(name: str, code: str, con: duckdb.DuckDBPyConnection) -> None:
    pack = PACKS[name]
    cases = [case for case in load_cases(FOLDERS[name], pack) if case.rule == code]
    wrong = {case.title: reason for case in cases if (reason := run_case(pack, case, con))}
    assert wrong == {}


def test_every_rule_type_is_shown() -> None:
    shown = {rule.type for pack in PACKS.values() for rule in pack.rules}
    assert set(rule_types()) <= shown


def test_the_shipped_packs_are_found_by_name() -> None:
    assert "federal.gtas.reconciliation" in shipped_packs()


def test_every_rule_says_where_it_stands_and_how_it_was_written() -> None:
    pack: Pack = PACKS["federal.gtas.reconciliation"]
    rule = pack.rule("V04")
    assert rule.place.file == "pack.yaml"
    assert rule.text.startswith("code: V04") or rule.text.startswith("- code: V04")
    assert rule.text.endswith('D or C is expected."')
