"""A check tells at once what is wrong in all files of a pack, and no mistake twice in other words."""

from pathlib import Path

from rulepacks.engine.checking import check_folder
from rulepacks.engine.tests.packing import write_pack

PACK = """cortx: 1
pack: test.pack
title: Test
verion: 1.0.0
parameters: {limit: {type: "decimal(50,2)"}, least: {type: integer}}
inputs:
  rows:
    key: [id, ident]
    fields: {id: text, amount: "decimal(10,2)", count: {type: integr}, day: {type: date, colour: red}}
    derive: {twice: "amout * 2", half: "twice > count"}
lists:
  kinds: {file: lists/kinds.csv, key: [kind]}
  lost: {file: lists/lost.csv, key: [kind]}
joins:
  kind: {list: kinds, on: {kind: name}}
  gone: {list: lost, on: {kind: id}}
  other: {input: rows, on: {id: id}, as_of: day}
tables:
  sheet: {from: rows, by: [id], crosswalk: {file: lists/cross.csv, line: line, match: [id], value: max(amount)}}
stages: [first, {name: second, after: third}]
rules:
  - {code: R1, type: row, severity: error, title: T, authority: A, require: kind.title is not null and $limit > count}
  - {code: R2, type: row, severity: eror, title: T, authority: A, require: amout > 0, message: "{nothing}"}
  - {code: R3, type: row, severity: error, title: T, authority: A, left: amount, right: lots, tolerance: 1, op: <}
  - {code: R4, type: score, severity: error, title: T, authority: A, components: {a: id}, decisions: [{decision: x}]}
  - {code: R5, type: lookup, severity: error, title: T, authority: A, fields: [id], in: lost, needs: [R2, R9]}
  - {code: R6, type: group, severity: error, title: T, authority: A, by: [nam], left: sum(amont), right: gone.x}
  - {code: R7, type: row, severity: error, title: T, require: "matches(id, '(')", stage: third, about: {a: idd}}
  - [a rule]
statuses: [{status: OK, when: any(true)}]
outputs:
  - {name: scores, format: csv, from: R4}
  - {name: lines, format: csv, from: sheet}
  - {name: odd, format: tsv, from: rows}
"""

FILES = {
    "lists/kinds.csv": "kind,title\na,A\na,B\n",
    "lists/cross.csv": "line,id\n1,a\n",
    "rules/more.yaml": "rules:\n  - {code: M1, type: unique, severity: error, title: T, authority: A, key: [idx]}\n",
    "rules/torn.yaml": "rules: [\n",
    "cases/R1.yml": "pass:\n  - {title: A, given: {lines: [{id: 1}]}}\n",
    "cases/R3.yml": "pass:\n  - {titel: A}\n",
    "cases/R8.yml": "pass: [\n",
}


def test_everything_that_is_wrong_is_told_at_the_first_check(tmp_path: Path) -> None:
    found = [str(problem) for problem in check_folder(write_pack(tmp_path, PACK, FILES)).problems]
    untested = [line for line in found if " has no passing case " in line or " has no failing case " in line]
    assert len(untested) == 13
    assert [line for line in found if line not in untested] == [
        "cases/R1.yml:2:5 R1: the pack has no input lines",
        "cases/R3.yml:2:5 title is missing",
        "cases/R3.yml:2:6 unknown key titel",
        "cases/R8.yml:2:1 not YAML: did not find expected node content",
        "lists/kinds.csv:3:1 a is listed twice",
        "pack.yaml:1:1 version is missing",
        "pack.yaml:4:1 unknown key verion",
        "pack.yaml:5:28 decimal(50,2) is not a type",
        "pack.yaml:8:15 unknown field ident; known: amount, count, day, half, id, twice",
        "pack.yaml:9:63 integr is not written as expected",
        "pack.yaml:9:90 unknown key colour",
        "pack.yaml:10:22 unknown field amout; amount is known",
        "pack.yaml:13:16 no file lists/lost.csv in the pack",
        "pack.yaml:15:34 unknown field name",
        "pack.yaml:17:10 rows is not dated, so as_of has no meaning",
        "pack.yaml:19:100 must be one sum(…) over the rows",
        "pack.yaml:20:17 stage second cannot be reached: third is no earlier stage",
        "pack.yaml:23:37 R2: eror is none of fatal, error, warning, info",
        "pack.yaml:23:76 R2: unknown field amout; amount is known",
        "pack.yaml:23:96 R2: {nothing}: unknown field nothing",
        "pack.yaml:24:89 R3: unknown field lots",
        "pack.yaml:24:106 R3: tolerance applies to equal numbers",
        "pack.yaml:25:86 R4: a must be a number, not text",
        "pack.yaml:27:75 R6: unknown field nam; known: amount, count, day, half, id, twice",
        "pack.yaml:27:91 R6: unknown field amont; amount is known",
        "pack.yaml:28:5 R7: authority is missing",
        "pack.yaml:28:76 R7: not an RE2 pattern: missing ): (",
        "pack.yaml:28:90 R7: unknown stage third; known: first, second",
        "pack.yaml:28:108 R7: unknown field idd; id is known",
        "pack.yaml:29:5 what stands here is not keys and values",
        "pack.yaml:30:12 the last status must hold always",
        "pack.yaml:34:25 tsv is none of csv, excel, fixed_width, json, ndjson, parquet",
        "rules/more.yaml:2:77 M1: unknown field idx; id is known",
        "rules/torn.yaml:2:1 not YAML: did not find expected node content",
    ]


def test_two_mistakes_in_one_part_are_both_told(tmp_path: Path) -> None:
    text = (
        "cortx: 1\npack: a.b\nversion: 1.0.0\ntitle: T\n"
        "inputs: {rows: {key: [id], fields: {id: text, amount: {type: decimal, places: 2}}}}\n"
    )
    found = [str(problem) for problem in check_folder(write_pack(tmp_path, text, {})).problems]
    assert [line for line in found if " case in " not in line] == [
        "pack.yaml:5:62 decimal is not written as expected",
        "pack.yaml:5:71 unknown key places",
    ]


def test_what_others_name_of_a_broken_part_is_no_further_mistake(tmp_path: Path) -> None:
    text = PACK[: PACK.index("stages:")].replace("verion", "version").replace(", colour: red", "") + (
        "calendar: {holidays: lists/none.csv}\nrules:\n"
        "  - {code: S, type: score, severity: error, title: T, authority: A, components: {a: id}, "
        "decisions: [{decision: x, from: 1}, {decision: y}], findings: [y]}\n"
        "  - {code: B, type: row, severity: error, title: T, authority: A, needs: [Q], "
        'require: "is_business_day(day) and half and kind.x = gone.y"}\n'
        "  - {code: Q, type: query, severity: error, title: T, authority: A, query: select * from rows, "
        "about: {x: lost}}\n"
        "  - {code: W, type: query, severity: error, title: T, authority: A, query: with a as (select idd from rows) "
        "select idd from a union all select kind from lost union all select line from sheet}\n"
        "statuses: 5\noutputs:\n"
        "  - {name: scores, format: csv, from: S, units: [OK]}\n  - {name: lines, format: csv, from: sheet}\n"
    )
    found = [str(problem) for problem in check_folder(write_pack(tmp_path, text, {})).problems]
    assert [line for line in found if " case in " not in line] == [
        "pack.yaml:5:28 decimal(50,2) is not a type",
        "pack.yaml:8:15 unknown field ident; known: amount, count, day, half, id, twice",
        "pack.yaml:9:63 integr is not written as expected",
        "pack.yaml:10:22 unknown field amout; amount is known",
        "pack.yaml:12:17 no file lists/kinds.csv in the pack",
        "pack.yaml:13:16 no file lists/lost.csv in the pack",
        "pack.yaml:15:34 unknown field name",
        "pack.yaml:17:10 rows is not dated, so as_of has no meaning",
        "pack.yaml:19:51 no file lists/cross.csv in the pack",
        "pack.yaml:20:22 no file lists/none.csv in the pack",
        "pack.yaml:22:85 S: a must be a number, not text",
        "pack.yaml:24:83 Q: * is not part of the language here; name the columns",
        "pack.yaml:25:94 W: unknown column idd; id is known",
        "pack.yaml:26:11 5 is not a list",
    ]
