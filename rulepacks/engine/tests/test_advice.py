"""What a check says of packs that load."""

from pathlib import Path

import pytest

from rulepacks.engine.advice import advice
from rulepacks.engine.library import shipped_packs
from rulepacks.engine.loader import load_pack
from rulepacks.engine.tests.packing import HEAD, INPUTS, RULE, write_pack


def said(folder: Path, text: str) -> list[str]:
    write_pack(folder, HEAD + text)
    return [str(one) for one in advice(folder, load_pack(folder))]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("count > 5 and count < 3", "count > 5 and count < 3 is never true"),
        ("count > 5 and count <= 5", "count > 5 and count <= 5 is never true"),
        ("count between 5 and 4", "count >= 5 and count <= 4 is never true"),
        ("amount = 1.5 and amount > 2", "amount = 1.5 and amount > 2 is never true"),
        ("1 = 1 or count > 0", "1 = 1 comes out the same for every row"),
        ("count = count", "count = count compares a value with itself"),
    ],
)
def test_a_condition_that_can_come_out_one_way_only_is_named(tmp_path: Path, condition: str, expected: str) -> None:
    (line,) = said(tmp_path, f'{INPUTS}rules:\n  - {RULE}"{condition}"}}\n')
    assert line.startswith("pack.yaml:10:")
    assert line.endswith(f"R1: {expected}")


@pytest.mark.parametrize(
    "condition", ["count >= 5 and count <= 5", "count > 3 and amount < 3", "count > 5 or count < 3", "count = 1"]
)
def test_a_condition_that_may_hold_is_let_be(tmp_path: Path, condition: str) -> None:
    assert said(tmp_path, f'{INPUTS}rules:\n  - {RULE}"{condition}"}}\n') == []


def test_stages_without_rules_and_inputs_nothing_reads_are_named(tmp_path: Path) -> None:
    text = f"{INPUTS}  extra: {{fields: {{id: text}}}}\nstages: [one, two]\nrules:\n  - {RULE}count > 1}}\n"
    assert said(tmp_path, text) == [
        "pack.yaml:9:3 no rule, table or output reads input extra",
        "pack.yaml:10:15 stage two has no rules",
    ]


@pytest.mark.parametrize("name", sorted(shipped_packs()))
def test_nothing_is_said_of_the_shipped_packs(name: str) -> None:
    folder = shipped_packs()[name]
    assert advice(folder, load_pack(folder)) == ()
