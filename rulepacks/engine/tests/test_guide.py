"""The guide is followed to the letter, and the reference is what the schema and the functions say now."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from rulepacks.engine.expressions import over
from rulepacks.engine.reference import reference

GUIDE = Path(__file__).parents[2] / "README.md"
REFERENCE = Path(__file__).parents[2] / "REFERENCE.md"
_BLOCK = re.compile(r"(?:`([\w./]+)`[^`]*\n\n)?```(\w+)\n(.*?)```", re.DOTALL)


def test_the_reference_is_that_of_the_schema() -> None:
    made = reference()
    assert made == REFERENCE.read_text(encoding="utf-8"), (
        "python -m rulepacks.engine reference > rulepacks/REFERENCE.md"
    )


def test_every_key_and_function_has_a_meaning() -> None:
    assert [line for line in reference().splitlines() if line.endswith(("|  |", "| Required. |"))] == []


@pytest.fixture
def followed(tmp_path: Path) -> list[subprocess.CompletedProcess[str]]:
    """What the commands of the guide answered, its files written as they come."""
    answers = []
    for name, language, text in _BLOCK.findall(GUIDE.read_text(encoding="utf-8")):
        if language == "console":
            answers += [_answer(line, tmp_path) for line in text.splitlines()]
        elif name:
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    return answers


def _answer(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    _, *arguments = shlex.split(line)
    environment = {"PYTHONPATH": str(GUIDE.parents[1])}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_reference_knows_every_window_function_of_queries() -> None:
    told = " ".join(usage for usage, _ in over.USAGE)
    assert [name for name in over.NAMES if f"{name}(" not in told] == []


def test_following_the_guide_gives_what_it_says(followed: list[subprocess.CompletedProcess[str]]) -> None:
    first, checked, tested, run, explained = followed
    assert first.returncode == 2
    assert "pack.yaml:24:5 I01: has no passing case in cases/I01.yml" in first.stderr
    assert (checked.returncode, tested.returncode) == (0, 0), checked.stderr + tested.stdout
    assert run.returncode == 1
    shown = [text for _, language, text in _BLOCK.findall(GUIDE.read_text(encoding="utf-8")) if language == "text"]
    for text, answer in zip(shown, (tested, run, explained), strict=True):
        assert [line for line in text.splitlines() if line not in answer.stdout.splitlines()] == []


def test_the_outputs_of_the_guide_are_put_out(followed: list[subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    assert followed
    blocks = [text for _, _, text in _BLOCK.findall(GUIDE.read_text(encoding="utf-8"))]
    with (tmp_path / "invoices" / "pack.yaml").open("a", encoding="utf-8") as pack:
        pack.write(next(text for text in blocks if text.startswith("outputs:")))
    (tmp_path / "good.csv").write_text("number,Vendor,issued,due,amount\n7,acme,2025-03-01,2025-03-31,100.00\n")
    for delivered in ("march", "good"):
        command = f"python -m rulepacks.engine run invoices --input invoices={delivered}.csv --output {delivered}"
        assert _answer(command, tmp_path).stderr == ""
        assert {path.name for path in (tmp_path / delivered / "outputs").iterdir()} == {"to_pay.txt", "held.xlsx"}
    paid = (tmp_path / "good" / "outputs" / "to_pay.txt").read_text()
    assert paid == "ACME        0000000700000000100.00\n"
