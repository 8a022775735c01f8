"""What has changed from one pack to another, and from one run's findings to another's."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import duckdb

from rulepacks.engine.loader import PACK_FILE, load_pack
from rulepacks.engine.loading.document import read_document
from rulepacks.engine.problems import ProblemList

NAMED = {"rules": ("code", "codes"), "stages": ("name",), "statuses": ("status",), "outputs": ("name",)}
SINGULAR = {
    "parameters": "parameter", "inputs": "input", "lists": "list", "joins": "join", "tables": "table",
    "stages": "stage", "rules": "rule", "statuses": "status", "outputs": "output",
}  # fmt: skip
TELLING = ("title", "description", "label")
COMPARED = ("severity", "label", "unit", '"left"', '"right"', "difference", "message", "fields")

Row = tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """One change: what it is of, which of its keys ('' for all of it), and the texts before and after."""

    of: str
    key: str
    old: str | None
    new: str | None

    def __str__(self) -> str:
        """The change as a sentence."""
        if self.old is not None and self.new is not None:
            said = f"{self.old} to {self.new}"
            return f"{self.of}: {self.key} {said}" if self.key else f"{self.of} {said}"
        verb, text = ("added", self.new) if self.old is None else ("removed", self.old)
        subject = f"{self.of}: {self.key}" if self.key else self.of
        return f"{subject} {verb}" + (f": {text}" if text else "")


def pack_changes(old: Path, new: Path) -> list[Change]:
    """Changes from one pack folder to another, in the order of pack.yaml. Raises PackError when either is refused."""
    for folder in (old, new):
        load_pack(folder)
    before, after = _document(old), _document(new)
    return [*_sections(before, after), *_sheets(old, new, before, after)]


def _document(folder: Path) -> dict[str, Any]:
    """pack.yaml with the rules of rules/*.yaml."""
    problems = ProblemList()
    files = [(folder / PACK_FILE, PACK_FILE)]
    files += [(path, f"rules/{path.name}") for path in sorted((folder / "rules").glob("*.yaml"))]
    documents = [read_document(path, name, problems).data for path, name in files]
    first, *others = [data for data in documents if isinstance(data, dict)]
    rules = [rule for data in (first, *others) for rule in _listed(data.get("rules"))]
    return {**first, **({"rules": rules} if rules else {})}


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _sections(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for section in dict.fromkeys([*before, *after]):
        old, new = before.get(section), after.get(section)
        if section not in SINGULAR:
            yield from _values(section, old, new)
            continue
        olds, news = _by_name(section, old), _by_name(section, new)
        if section == "rules":
            olds = _under_new_codes(olds, news)
        for name in dict.fromkeys([*olds, *news]):
            yield from _entry(f"{SINGULAR[section]} {name}", olds.get(name), news.get(name))


def _by_name(section: str, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    return {_name(section, entry): entry for entry in _listed(value)}


def _name(section: str, entry: Any) -> str:
    if not isinstance(entry, dict):
        return str(entry)
    key = next((key for key in NAMED[section] if key in entry), "")
    value = entry.get(key, "")
    if not isinstance(value, dict):
        return str(value)
    return "/".join(str(part.get("code", "") if isinstance(part, dict) else part) for part in value.values())


def _under_new_codes(olds: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Any]:
    """The old rules, those that were renamed under their new codes."""
    renamed = {alias: code for code, rule in news.items() if code not in olds for alias in rule.get("aliases", ())}
    return {renamed.get(code, code) if code not in news else code: rule for code, rule in olds.items()}


def _entry(of: str, old: Any, new: Any) -> Iterator[Change]:
    """Changes of something with a name: all of it added or removed, or its keys."""
    if old is None or new is None:
        yield Change(of, "", None if old is None else _telling(old), None if new is None else _telling(new))
    elif isinstance(old, dict) and isinstance(new, dict):
        yield from _keys(of, "", old, new)
    else:
        yield from _values(of, old, new)


def _telling(entry: Any) -> str:
    """What tells most about something that was added or removed."""
    if not isinstance(entry, dict):
        return _text(entry)
    return next((str(entry[key]) for key in TELLING if key in entry), _text(entry))


def _keys(of: str, way: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for key in dict.fromkeys([*old, *new]):
        path = f"{way}{key}"
        mine, theirs = old.get(key), new.get(key)
        if isinstance(mine, dict) and isinstance(theirs, dict):
            yield from _keys(of, f"{path}.", mine, theirs)
        elif mine != theirs:
            yield Change(of, path, None if key not in old else _text(mine), None if key not in new else _text(theirs))


def _values(of: str, old: Any, new: Any) -> Iterator[Change]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _keys(of, "", old, new)
    elif old != new:
        yield Change(of, "", None if old is None else _text(old), None if new is None else _text(new))


def _text(value: Any) -> str:
    """A value on one line, as YAML would have it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_text(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else " ".join(str(value).split())


def _sheets(old: Path, new: Path, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """Changes of the CSV files both packs have; a file of only one shows where it is named."""
    keys = {
        str(given.get("file")): (*_listed(given.get("key")), *_listed(given.get("effective"))[:1])
        for document in (before, after) for given in (document.get("lists") or {}).values()
    }  # fmt: skip
    for path in sorted(old.rglob("*.csv")):
        name = path.relative_to(old).as_posix()
        if (new / name).is_file():
            yield from _sheet(name, _rows(path), _rows(new / name), keys.get(name, ()))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return [{key.strip(): value.strip() for key, value in row.items()} for row in csv.DictReader(handle)]


def _sheet(name: str, old: Sequence[dict[str, str]], new: Sequence[dict[str, str]], key: Row) -> Iterator[Change]:
    if not key:
        before, after = (Counter(tuple(row.items()) for row in rows) for rows in (old, new))
        yield from (Change(f"{name} row", "", _shown(row), None) for row in (before - after).elements())
        yield from (Change(f"{name} row", "", None, _shown(row)) for row in (after - before).elements())
        return
    olds, news = ({tuple(row.get(part, "") for part in key): row for row in rows} for rows in (old, new))
    for words in dict.fromkeys([*olds, *news]):
        of = f"{name} {' '.join(filter(None, words))}"
        if words not in news:
            yield Change(of, "", _shown(olds[words].items()), None)
        elif words not in olds:
            yield Change(of, "", None, _shown(news[words].items()))
        else:
            yield from _keys(of, "", olds[words], news[words])


def _shown(row: Any) -> str:
    return ", ".join(f"{key} {value}" for key, value in row if value)


@dataclass(frozen=True)
class FindingChange:
    """A finding of one run or the other, known by its fingerprint. Unchanged ones are only counted."""

    state: Literal["new", "absent", "updated"]
    rule: str
    key: str
    fingerprint: str
    message: str


def finding_changes(old: Path, new: Path) -> tuple[dict[str, int], Iterator[FindingChange]]:
    """How findings.parquet of one folder became that of another: counts by state, and the changed ones by rule and key.

    A finding is updated when its severity, sides, values or message differ. Raises FileNotFoundError.
    """
    files = [folder / "findings.parquet" for folder in (old, new)]
    if missing := [file for file in files if not file.is_file()]:
        raise FileNotFoundError(missing[0])
    con = duckdb.connect()
    for name, file in zip(("old", "new"), files, strict=True):
        con.read_parquet(str(file)).create_view(f"{name}_findings")
        # Should findings share a fingerprint, each still has one partner at most.
        con.execute(
            f"CREATE VIEW {name} AS SELECT *, row_number() OVER (PARTITION BY rule, fingerprint ORDER BY ordinal) AS "
            f"occurrence FROM {name}_findings"
        )
    same = " AND ".join(f"o.{column} IS NOT DISTINCT FROM n.{column}" for column in COMPARED)
    con.execute(
        "CREATE TEMP TABLE changed AS SELECT CASE WHEN o.fingerprint IS NULL THEN 'new' WHEN n.fingerprint IS NULL "
        f"THEN 'absent' WHEN {same} THEN 'unchanged' ELSE 'updated' END AS state, "
        "coalesce(n.rule, o.rule) AS rule, coalesce(n.key, o.key) AS key, coalesce(n.fingerprint, o.fingerprint) AS "
        "fingerprint, coalesce(n.message, o.message) AS message "
        "FROM old o FULL JOIN new n "
        "ON o.rule = n.rule AND o.fingerprint = n.fingerprint AND o.occurrence = n.occurrence"
    )
    counts = dict(con.execute("SELECT state, count(*) FROM changed GROUP BY state").fetchall())
    con.execute("SELECT * FROM changed WHERE state <> 'unchanged' ORDER BY rule, key, fingerprint")
    states = ("new", "updated", "absent", "unchanged")
    return {state: int(counts.get(state, 0)) for state in states}, _changes(con)


def _changes(con: duckdb.DuckDBPyConnection) -> Iterator[FindingChange]:
    while rows := con.fetchmany(1000):
        yield from (FindingChange(*row) for row in rows)
