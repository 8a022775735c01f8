"""Whatever stands in the files of a pack, it loads or ends in PackError."""

import random
import tempfile
from collections.abc import Mapping
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from rulepacks.engine.cases import load_cases
from rulepacks.engine.library import shipped_packs
from rulepacks.engine.loader import load_pack
from rulepacks.engine.problems import PackError
from rulepacks.engine.tests.packing import write_pack

SHIPPED = shipped_packs()["federal.gtas.reconciliation"]
TEXT = (SHIPPED / "pack.yaml").read_text(encoding="utf-8")
EXAMPLE = Path(__file__).parent / "packs" / "keys"
PIECES = [
    "null", "''", "[]", "{}", "-1", "true", "[[1]]", "{a: 1}", "&a x", "*a", "!!x y", "|", ">", "? x", "'", '"', "\t",
    "\x00", "\ud7ff", "1e400", "0x1", "- ", ": ", "#", "$period", "sum(", "'E'", "select 1", "../x", "lists/ussgl.csv",
]  # fmt: skip


def loads_or_refuses(text: str, files: Mapping[str, str | bytes] | None = None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            pack = load_pack(write_pack(Path(folder), text, files))
            load_cases(Path(folder), pack)
        except PackError as error:
            problems = error.problems
        else:
            return
    assert problems
    assert all(problem.line >= 1 and problem.column >= 1 for problem in problems)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200) | st.sampled_from(PIECES).map(lambda piece: piece * 3))
@example("a: " + "[" * 5000)
@example("{" * 5000)
@example("a: 1\n" * 5000)
def test_any_text_as_a_pack_file(text: str) -> None:
    loads_or_refuses(text)


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(PIECES))
def test_the_shipped_pack_with_a_word_changed(seed: int, piece: str) -> None:
    place = random.Random(seed)
    lines = TEXT.splitlines()
    number = place.randrange(len(lines))
    words = lines[number].split(" ")
    words[place.randrange(len(words))] = piece
    lines[number] = " ".join(words)
    files = {f"lists/{path.name}": path.read_bytes() for path in (SHIPPED / "lists").iterdir()}
    loads_or_refuses("\n".join(lines), files)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.binary(max_size=20))
def test_a_list_or_case_file_with_bytes_changed(seed: int, noise: bytes) -> None:
    place = random.Random(seed)
    files: dict[str, str | bytes] = {
        path.relative_to(EXAMPLE).as_posix(): path.read_bytes() for path in EXAMPLE.rglob("*") if path.is_file()
    }
    text = files.pop("pack.yaml")
    assert isinstance(text, bytes)
    name = place.choice(sorted(files))
    content = files[name]
    assert isinstance(content, bytes)
    at = place.randrange(len(content) + 1)
    files[name] = content[:at] + noise + content[at + place.randrange(3) :]
    loads_or_refuses(text.decode(), files)
