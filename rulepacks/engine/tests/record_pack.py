"""A pack whose fields, lists and joins give random expressions something to read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from rulepacks.engine.bodies import RowBody
from rulepacks.engine.expressions.build import build
from rulepacks.engine.expressions.scope import Scope
from rulepacks.engine.expressions.types import BOOLEAN
from rulepacks.engine.loader import load_pack
from rulepacks.engine.spec import Pack, Rule

PACK = """
cortx: 1
pack: tests.random
version: 1.0.0
title: Random expressions
parameters:
  word: {type: text, required: true}
  words: {type: list of text, required: true}
  count: {type: integer, required: true}
  since: {type: date, required: true}
inputs:
  rows:
    key: [id]
    unit: [unit]
    fields:
      id: {type: text}
      unit: {type: text, normalise: [trim]}
      t: {type: text, normalise: [trim]}
      u: {type: text}
      kept: {type: text, blank: keep}
      folded: {type: text, normalise: [trim, collapse, upper, strip_zeros]}
      n: {type: integer}
      big: {type: "decimal(38,0)"}
      d: {type: "decimal(10,2)"}
      wide: {type: "decimal(38,10)"}
      rate: {type: "decimal(4,4)"}
      day: {type: date}
      flag: {type: boolean}
      seen: {type: timestamp}
    derive:
      tail: concat_ws('/', t, right(u, 1))
      twice: cast(t as integer) * 2
lists:
  sides: {file: lists/sides.csv, key: [code], columns: {weight: integer}}
  dated: {file: lists/dated.csv, key: [code], effective: [from, until], columns: {from: date, until: date}}
joins:
  side: {list: sides, on: {code: t}}
  dated: {list: dated, on: {code: t}, as_of: day}
stages:
  - {name: only}
rules:
  - code: T0
    type: row
    severity: error
    title: Template
    authority: none
    require: >-
      found(side) or found(dated) or tail = $word or t in ($words) or twice = $count or day = $since or u is null
      or kept is null or folded is null or n = big or d = wide or rate = 0.5 or flag or id = unit
      or seen is null
"""
SIDES = "code,name,weight\na,Alpha,1\nab,,20\n12,Twelve,\nK1,Upper,300\n"
DATED = "code,from,until\na,2000-01-01,2023-12-31\na,2024-01-01,\nab,,2024-02-29\n"
PARAMETERS = {"word": "ab", "words": "a,ab,12", "count": "7", "since": "2024-02-29"}


def write_pack(folder: Path) -> Pack:
    """The pack, written to a folder and loaded."""
    (folder / "lists").mkdir(parents=True)
    (folder / "pack.yaml").write_text(PACK, encoding="utf-8")
    (folder / "lists" / "sides.csv").write_text(SIDES, encoding="utf-8")
    (folder / "lists" / "dated.csv").write_text(DATED, encoding="utf-8")
    return load_pack(folder)


def scope_of(pack: Pack) -> Scope:
    """The names a rule about a row of the pack can use."""
    source = pack.first_input
    return Scope(
        fields={name: source.type_of(name) for name in [*source.fields, *source.derived]},
        raws=frozenset(source.fields),
        joins={name: join.columns for name, join in pack.joins.items()},
        parameters={name: parameter.type for name, parameter in pack.parameters.items()},
        holidays=(date(2000, 1, 3), date(2024, 2, 29), date(2024, 3, 1)),
    )


def with_rules(pack: Pack, given: list[tuple[str, str | None, str]]) -> Pack:
    """The pack with rules made of (require, when, on_null) instead of its own; texts that are none are left out."""
    scope = scope_of(pack)
    template = next(rule for rule in pack.rules if rule.code == "T0")
    rules: list[Rule] = [rule for rule in pack.rules if rule.code != "T0"]
    for number, (require, when, on_null) in enumerate(given, start=1):
        node, mistakes = build(require, scope, BOOLEAN)
        guard, more = build(when, scope, BOOLEAN) if when else (None, [])
        if mistakes or more:
            continue
        rules.append(
            replace(template, code=f"T{number}", order=number, when=guard, on_null=on_null, body=RowBody(node))  # type: ignore[arg-type]
        )
    return replace(pack, rules=tuple(rules))
