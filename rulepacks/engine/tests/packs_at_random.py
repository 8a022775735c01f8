"""A pack with inputs, lists and joins for random rules, written as YAML; and random rows for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from rulepacks.engine.loader import load_pack
from rulepacks.engine.problems import PackError
from rulepacks.engine.spec import Pack
from rulepacks.engine.tests.expressions_at_random import (
    DAYS,
    FLAGS,
    NUMBERS,
    SEEN,
    TEXTS,
    Strategy,
)

HEAD = """
cortx: 1
pack: tests.random
version: 1.0.0
title: Random rules
as_of: $count
severity_labels: {error: Wrong, info: Hint}
calendar: {holidays: lists/holidays.csv}
parameters:
  word: {type: text, required: true}
  words: {type: list of text, required: true}
  count: {type: integer, required: true}
  since: {type: date, required: true}
inputs:
  rows:
    key: [id]
    unit: [unit]
    carry: [flex_*]
    fields:
      id: {type: text}
      unit: {type: text, normalise: [trim]}
      t: {type: text, normalise: [trim], aliases: [Text]}
      u: {type: text}
      kept: {type: text, blank: keep}
      folded: {type: text, normalise: [trim, collapse, upper, strip_zeros]}
      n: {type: integer}
      big: {type: "decimal(38,0)"}
      d: {type: "decimal(10,2)", unreadable: OWN}
      wide: {type: "decimal(38,10)"}
      rate: {type: "decimal(4,4)"}
      day: {type: date}
      flag: {type: boolean}
      seen: {type: timestamp}
    derive:
      tail: concat_ws('/', t, right(u, 1))
      twice: cast(t as integer) * 2
      first_day: coalesce(day, $since)
      gathered: many.total
      last_weight: "coalesce(latest.weight, length(latest.name))"
      doubly: by_number.total
      priced: other.value
      numbered: heavy.weight
  others:
    fields:
      unit: {type: text, normalise: [trim]}
      code: {type: text}
      name: {type: text}
      weight: {type: integer}
      value: {type: "decimal(23,2)"}
    derive:
      number: cast(name as integer)
  spans:
    effective: [low, high]
    fields: {code: text, low: integer, high: integer}
  absent:
    optional: true
    fields: {code: text}
lists:
  sides: {file: lists/sides.csv, key: [code], columns: {weight: integer}}
  dated: {file: lists/dated.csv, key: [code], effective: [from, until], columns: {from: date, until: date}}
  pairs: {file: lists/pairs.csv, key: [code, name]}
joins:
  side: {list: sides, on: {code: t}}
  dated: {list: dated, on: {code: t}, as_of: day}
  pair: {list: pairs, on: {code: t, name: u}, wildcard: [code, name]}
  other: {input: others, on: {code: t}}
  heavy: {input: others, on: {code: tail, weight: n}, where: number > 1}
  weighed: {input: others, on: {weight: twice}}
  span: {input: spans, on: {code: t}, as_of: n}
  many:
    input: others
    on: {code: t}
    where: number > 0
    values: {total: sum(value), heaviest: max(weight), named: any(name = '1')}
  by_number: {input: others, on: {weight: twice}, values: {total: sum(value)}}
  latest:
    input: others
    on: {code: t}
    where: unit is not null
    order: [{falling: weight}, name]
    ties: row_number
  row_of: {from: others, input: rows, on: {t: code}}
  gone: {input: absent, on: {code: t}}
stages:
  - first
  - {name: second, after: first, gate: unit}
  - {name: third, after: first}
statuses:
  - {status: FATAL, when: any(severity = 'fatal')}
  - {status: MANY, when: "count(*) > 3 and every(stage <> 'first')"}
  - {status: SOME, when: "count(distinct rule) filter (where severity = 'error') = 1 or max(label) = 'Own'"}
  - {status: FINE}
rules:
  - {code: OWN, type: row, severity: error, title: Own, authority: none, require: d is not null, aliases: [OLD]}
  - code: T0
    type: row
    severity: error
    title: Template
    authority: none
    require: >-
      found(side) or found(dated) or tail = $word or t in ($words) or twice = $count or day = $since or u is null
      or kept is null or folded is null or n = big or d = wide or rate = 0.5 or flag or id = unit or found(other)
      or found(heavy) or found(span) or found(pair) or first_day is null
      or seen is null or found(many) or found(weighed) or found(latest)
  - {code: T1, type: row, severity: info, input: others, title: Template, authority: none, require: found(row_of)}
  - {code: T2, type: row, severity: info, title: Absent, authority: none, require: found(gone)}
"""
LISTS = {
    "sides": "code,name,weight\na,Alpha,1\nA,Capital,2\nab,,20\n12,Twelve,\nK1,Upper,300\n",
    "dated": "code,from,until\na,2000-01-01,2023-12-31\na,2024-01-01,\nab,,2024-02-29\n",
    "pairs": "code,name,means\na,a,both\na,,left\n,a,right\n,,none\n12,12,both\n",
    "holidays": "day\n2000-01-03\n2024-02-29\n2024-03-01\n2024-03-02\n",
}
PARAMETERS = {"word": "ab", "words": "a,ab,12", "count": "7", "since": "2024-02-29"}


def written(rules: Sequence[dict[str, Any]]) -> tuple[str, int]:
    """The text of a pack with these rules, one a line, and the number of the line before the first."""
    return HEAD + "".join(f"  - {json.dumps(rule)}\n" for rule in rules), HEAD.count("\n")


def load(folder: Path, rules: Sequence[dict[str, Any]]) -> Pack:
    """The pack with those of the rules that are well typed and read something."""
    (folder / "lists").mkdir(parents=True, exist_ok=True)
    for name, text in LISTS.items():
        (folder / "lists" / f"{name}.csv").write_text(text, encoding="utf-8")
    kept = list(rules)
    while True:
        text, before = written(kept)
        (folder / "pack.yaml").write_text(text, encoding="utf-8")
        try:
            return load_pack(folder)
        except PackError as error:
            refused = {problem.line - before - 1 for problem in error.problems}
            if not refused <= set(range(len(kept))):
                raise
            kept = [rule for index, rule in enumerate(kept) if index not in refused]


def coded(rules: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rules with their codes; a reconciliation may have one for each kind of result."""
    done = []
    for number, given in enumerate(rules, start=1):
        kinds = given.get("codes")
        codes = {"codes": {kind: f"R{number}_{kind}" for kind in kinds}} if kinds else {"code": f"R{number}"}
        done.append({**given, **codes})
    return done


# Half of the cells are such that rows meet and rules can be judged; the others are hard.
WORDS = st.sampled_from(["a", "ab", "12", "1", "K1", "", " a "]) | TEXTS
WHOLES = st.integers(-3, 12).map(str) | NUMBERS
CENTS = st.integers(-300, 300).map(lambda cents: f"{cents / 100:.2f}") | NUMBERS
CELLS = {
    "unit": st.sampled_from(["A", "B", " A", "C"]) | TEXTS, "Text": WORDS, "u": WORDS, "kept": TEXTS, "folded": TEXTS,
    "n": WHOLES, "big": WHOLES, "d": CENTS, "wide": CENTS, "rate": st.just("0.25") | NUMBERS,
    "day": st.sampled_from(["2024-02-28", "2024-02-29", "2024-03-04"]) | DAYS,
    "flag": st.sampled_from(["true", "false"]) | FLAGS,
    "seen": st.sampled_from(["2024-02-29T10:00:00Z", "2024-02-29T10:00:05Z"]) | SEEN, "Flex-Note": TEXTS,
}  # fmt: skip
OTHERS = {"unit": CELLS["unit"], "code": WORDS, "name": WORDS, "weight": WHOLES, "value": CENTS}
SPANS = {"code": WORDS, "low": WHOLES, "high": WHOLES}


def table(cells: dict[str, Strategy], least: int, most: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Rows of these cells, of which any may be missing."""
    row = st.fixed_dictionaries({name: st.none() | given for name, given in cells.items()})
    return st.lists(row, min_size=least, max_size=most)


READABLE = {
    "unit": st.sampled_from(["A", "B"]), "Text": st.sampled_from(["a", "ab"]), "n": st.integers(-3, 12).map(str),
    "d": st.integers(-300, 300).map(lambda cents: f"{cents / 100:.2f}"),
    "day": st.sampled_from(["2024-02-28", "2024-02-29", "2024-03-04", ""]), "flag": st.sampled_from(["true", "false"]),
    "seen": st.sampled_from(["2024-02-29T10:00:00Z", "2024-02-29T10:00:05Z", ""]),
}  # fmt: skip
"""Cells of which none spoils what is judged with it."""
READABLE_DELIVERIES = st.fixed_dictionaries({"rows": table(READABLE, 8, 15)})
DELIVERIES = st.fixed_dictionaries({
    "rows": table(CELLS, 15, 30), "others": table(OTHERS, 0, 12), "spans": table(SPANS, 0, 6),
})  # fmt: skip
