"""Joins of a record to the lists of its pack, looked up in dictionaries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rulepacks.engine.compile_python import Source
from rulepacks.engine.expressions.letters import upper
from rulepacks.engine.expressions.tree import Value
from rulepacks.engine.spec import JoinSpec, ListSpec, Pack

Row = tuple[Value, ...]


@dataclass(frozen=True)
class _Group:
    """Rows of a list whose blanks, if they count as wildcards, are in the same columns; keys are the others."""

    key: tuple[str, ...]
    rows: Mapping[tuple[Value, ...], Sequence[Row]]


def list_lookup(pack: Pack, join: JoinSpec, to: Source) -> str:
    """Text of the matching row of a list, the one with the fewest wildcards; None when there is none."""
    spec = pack.lists[join.target]
    groups = _groups(spec, join)
    keys = [to.value(node) for _, node in join.on]
    if len(groups) == 1 and join.as_of is None and len(keys) == 1 and groups[0].key:
        rows = {values[0]: found[0] for values, found in groups[0].rows.items()}
        return f"{to.constant(rows.get)}({keys[0]})"
    now = "None" if join.as_of is None else to.value(join.as_of)
    return f"{to.constant(_finder(spec, join, groups))}(({', '.join(keys)},), {now})"


def _finder(spec: ListSpec, join: JoinSpec, groups: Sequence[_Group]) -> Callable[[Sequence[Value], Any], Row | None]:
    columns = [column for column, _ in join.on]
    spots = [[columns.index(name) for name in group.key] for group in groups]
    dates = [list(spec.columns).index(name) for name in spec.effective or ()]
    dated = join.as_of is not None

    def find(keys: Sequence[Value], now: Any) -> Row | None:
        for group, at in zip(groups, spots, strict=True):
            for row in group.rows.get(tuple([keys[spot] for spot in at]), ()):
                if not dated or _in_force(row, dates, now):
                    return row
        return None

    return find


def _groups(spec: ListSpec, join: JoinSpec) -> list[_Group]:
    header = list(spec.columns)
    wild = [header.index(name) for name in join.wildcards]
    split: dict[tuple[int, ...], list[Row]] = {}
    for row in spec.rows:
        split.setdefault(tuple(at for at in wild if row[at] is None), []).append(row)
    groups = []
    for blank in sorted(split, key=lambda at: (len(at), at)):
        key = tuple(name for name in spec.key if header.index(name) not in blank)
        rows: dict[tuple[Value, ...], list[Row]] = {}
        for row in split[blank]:
            values = tuple(_folded(row[header.index(name)], fold=join.fold_case) for name in key)
            if None not in values:  # a blank finds nothing and is not found
                rows.setdefault(values, []).append(row)
        groups.append(_Group(key, rows))
    return groups


def _folded(value: Value, *, fold: bool) -> Value:
    return upper(value) if fold and isinstance(value, str) else value


def _in_force(row: Row, dates: Sequence[int], now: Any) -> bool:
    first, last = (row[at] for at in dates)
    return now is not None and (first is None or first <= now) and (last is None or now <= last)
