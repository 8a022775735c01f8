"""A pack is read once for its content, and its content is exactly what the hash covers."""

import os
from pathlib import Path

import pytest

from rulepacks.engine import loader
from rulepacks.engine.limits import PackLimits
from rulepacks.engine.loader import content_hash, load_pack
from rulepacks.engine.loading import cache
from rulepacks.engine.loading.cache import LoadedPacks
from rulepacks.engine.loading.context import Context
from rulepacks.engine.problems import PackError
from rulepacks.engine.tests.packing import HEAD, INPUTS, RULE, write_pack

PACK = f'{HEAD}{INPUTS}rules:\n  - {RULE}"amount > 0"}}\n'
LISTED = (
    f"{HEAD}{INPUTS}lists: {{codes: {{file: lists/codes.csv, key: [code]}}}}\n"
    f'joins: {{known: {{list: codes, on: {{code: name}}}}}}\nrules:\n  - {RULE}"found(known)"}}\n'
)


@pytest.fixture(autouse=True)
def loaded(monkeypatch: pytest.MonkeyPatch) -> LoadedPacks:
    fresh = LoadedPacks()
    monkeypatch.setattr(loader, "LOADED", fresh)
    return fresh


def packs(folder: Path, count: int) -> list[Path]:
    folders = [folder / str(number) for number in range(count)]
    for number, one in enumerate(folders):
        one.mkdir()
        write_pack(one, PACK.replace("amount > 0", f"amount > {number}"))
    return folders


def test_the_same_content_is_read_once_wherever_it_lies(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        write_pack(folder, PACK)
    assert load_pack(first) is load_pack(first) is load_pack(second)


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    before = load_pack(write_pack(tmp_path, LISTED, {"lists/codes.csv": "code\nA\n"}))
    after = load_pack(write_pack(tmp_path, LISTED, {"lists/codes.csv": "code\nB\n"}))
    assert (before.lists["codes"].rows, after.lists["codes"].rows) == ((("A",),), (("B",),))


def test_other_limits_are_kept_to_by_a_pack_that_is_known(tmp_path: Path) -> None:
    load_pack(write_pack(tmp_path, PACK))
    with pytest.raises(PackError, match=r"limit expression_words"):
        load_pack(tmp_path, PackLimits(expression_words=2))


def test_a_pack_in_which_something_is_wrong_is_not_kept(tmp_path: Path) -> None:
    write_pack(tmp_path, PACK.replace("amount > 0", "gone > 0"))
    for _ in range(2):
        with pytest.raises(PackError, match="unknown field gone"):
            load_pack(tmp_path)


def test_only_the_packs_used_last_are_kept(tmp_path: Path, loaded: LoadedPacks) -> None:
    first, second, *others = packs(tmp_path, cache.KEPT + 1)
    kept, dropped = load_pack(first), load_pack(second)
    for folder in others[:-1]:
        load_pack(folder)
    assert load_pack(first) is kept
    load_pack(others[-1])
    assert load_pack(first) is kept
    assert loaded.get(dropped.content_hash, PackLimits()) is None


def test_a_pack_with_long_lists_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "LARGE", 1)
    write_pack(tmp_path, LISTED, {"lists/codes.csv": "code\nA\nB\n"})
    assert load_pack(tmp_path) is not load_pack(tmp_path)


def test_what_changes_while_it_is_read_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loaded: LoadedPacks
) -> None:
    before = content_hash(write_pack(tmp_path, PACK))

    def changed_before_it_is_read(context: Context, content: str) -> object:
        write_pack(context.folder, PACK.replace("amount > 0", "amount > 1"))
        return reading(context, content)

    reading = loader.read_pack
    monkeypatch.setattr(loader, "read_pack", changed_before_it_is_read)
    load_pack(tmp_path)
    assert loaded.get(before, PackLimits()) is None


def test_a_file_that_does_not_count_in_the_hash_is_no_part_of_the_pack(tmp_path: Path) -> None:
    write_pack(tmp_path, PACK, {"rules/.more.yaml": f'rules:\n  - {RULE.replace("R1", "R2")}"amount > 1"}}\n'})
    assert [rule.code for rule in load_pack(tmp_path).rules if rule.type == "row"] == ["R1"]


@pytest.mark.parametrize("name", ["rules/more.yaml", "lists/codes.csv", "README.md"])
def test_a_link_that_leads_outside_the_pack_is_refused(tmp_path: Path, name: str) -> None:
    secret, folder = tmp_path / "secret", tmp_path / "pack"
    secret.write_text("code\nsecret\n", encoding="utf-8")
    (folder / name).parent.mkdir(parents=True)
    (folder / name).symlink_to(secret)
    with pytest.raises(PackError, match=rf"{name}:1:1 leads outside the pack"):
        load_pack(write_pack(folder, PACK))


def test_what_is_no_file_is_never_waited_for(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    os.mkfifo(tmp_path / "rules" / "more.yaml")
    assert load_pack(write_pack(tmp_path, PACK)).name == "test.pack"


@pytest.mark.parametrize("name", ["a\x1b[2J.txt", "a\u202eb.txt", "a\nb.txt", os.fsdecode(b"\xff.txt")], ids=ascii)
def test_a_name_that_cannot_be_shown_is_refused(tmp_path: Path, name: str) -> None:
    write_pack(tmp_path, PACK)
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(PackError, match=r"pack\.yaml:1:1 the name of a file cannot be shown: 'a|'\\udcff"):
        load_pack(tmp_path)
