"""A pack that is wrong says so with file, line and column, everything at once."""

from pathlib import Path

import pytest

from rulepacks.engine.loader import content_hash, load_pack
from rulepacks.engine.problems import PackError
from rulepacks.engine.tests.packing import HEAD, INPUTS, RULE, problems_of, write_pack


def lines(folder: Path, text: str, **files: str) -> list[str]:
    return [str(problem) for problem in problems_of(folder, text, files)]


def test_a_folder_without_a_pack_file(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"pack\.yaml:1:1 no pack\.yaml in "):
        load_pack(tmp_path)


def test_all_problems_of_a_pack_are_reported_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        f"{HEAD}{INPUTS}rules:\n"
        f'  - {RULE}"amout > 0 and nme is null"}}\n'
        "  - {code: R2, type: row, severity: error, title: T, authority: A, require: 'avg(amount) > 0'}\n"
        "  - {code: R1, type: row, severity: error, title: T, authority: A, require: id is not null}\n"
        "  - {code: R4, type: raw, severity: error, title: T, authority: A, require: id is not null}\n"
        "  - {code: R5, type: row, severity: bad, title: T, require: id is not null, requires: x}\n"
    )
    assert lines(tmp_path, text) == [
        "pack.yaml:10:78 R1: unknown field amout; amount is known",
        "pack.yaml:10:92 R1: unknown field nme; name is known",
        "pack.yaml:11:78 R2: an average of amounts is not exact; compare sum(…) with a multiple of count(…)",
        "pack.yaml:12:5 R1: code R1 is already used at pack.yaml:10",
        "pack.yaml:13:22 R4: type is one of exists, group, lookup, match, query, reconcile, row, schedule, score, "
        "sequence, unique, not raw",
        "pack.yaml:14:5 R5: authority is missing",
        "pack.yaml:14:37 R5: bad is none of fatal, error, warning, info",
        "pack.yaml:14:77 R5: unknown key requires",
    ]


def test_positions_inside_blocks_and_quotes_are_those_of_the_file(tmp_path: Path) -> None:
    text = (
        f"{HEAD}{INPUTS}rules:\n"
        "  - code: R1\n    type: row\n    severity: error\n    title: T\n    authority: A\n"
        "    require: |\n      id is not null\n      and lost = 1\n"
        "  - code: R2\n    type: row\n    severity: error\n    title: T\n    authority: A\n"
        "    require: 'id = ''x'' and gone = 1'\n"
    )
    assert lines(tmp_path, text) == [
        "pack.yaml:17:11 R1: unknown field lost",
        "pack.yaml:23:30 R2: unknown field gone",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\na: 2\n", "pack.yaml:2:1 a is given twice"),
        ("a: &x 1\nb: *x\n", "pack.yaml:1:4 anchors are not allowed"),
        ("a: !!python/name:os.system 1\n", "pack.yaml:1:4 tags are not allowed"),
        ("a: 1\n---\nb: 2\n", "pack.yaml:2:1 one document a file"),
        ("a: [1, 2\n", "pack.yaml:2:1 not YAML: did not find expected ',' or ']'"),
        ("? [1]\n: 2\n", "pack.yaml:1:3 a key must be a word"),
        ("a: \x01\n", "pack.yaml:1:1 not YAML: a character that is not allowed"),
        ("- 1\n", "pack.yaml:1:1 keys and values are expected"),
        ("", "pack.yaml:1:1 keys and values are expected"),
    ],
)
def test_yaml_that_expands_repeats_or_breaks_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    assert problem in lines(tmp_path, text)


def test_a_file_that_nests_too_deeply_or_is_no_text_is_refused(tmp_path: Path) -> None:
    assert lines(tmp_path, "a: " + "[" * 60 + "]" * 60) == ["pack.yaml:1:1 nested deeper than 40 (limit depth)"]
    (tmp_path / "pack.yaml").write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(PackError, match=r"pack\.yaml:2:1 not UTF-8 text"):
        load_pack(tmp_path)


def test_words_numbers_with_leading_zeros_and_dates_stay_texts(tmp_path: Path) -> None:
    rules = (
        "rules:\n  - {code: R1, type: lookup, severity: error, title: on, authority: 2020-01-01, fields: [id], in: l}\n"
    )
    pack = load_pack(
        write_pack(tmp_path, f"{HEAD}{INPUTS}lists: {{l: {{file: l.csv, key: [k]}}}}\n{rules}", {"l.csv": "k\n0100\n"})
    )
    rule = pack.rule("R1")
    assert (rule.title, rule.authority) == ("on", "2020-01-01")
    assert pack.lists["l"].rows == (("0100",),)


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        ("lists: {l: {file: gone.csv, key: [k]}}\n", "pack.yaml:9:19 no file gone.csv in the pack"),
        ("lists: {l: {file: ../l.csv, key: [k]}}\n", "pack.yaml:9:19 ../l.csv is not written as expected"),
        ("lists: {l: {file: l.csv, key: [q]}}\n", "pack.yaml:9:12 l.csv has no column q"),
        ("lists: {l: {file: twice.csv, key: [k]}}\n", "twice.csv:3:1 a is listed twice"),
        ("lists: {l: {file: ragged.csv, key: [k]}}\n", "ragged.csv:2:1 2 values under 1 headers"),
        (
            "lists: {l: {file: l.csv, key: [k], columns: {n: integer}}}\n",
            "l.csv:2:1 n '1.5' is not integer",
        ),
        (
            "lists: {l: {file: dated.csv, key: [k], columns: {f: date, u: date}, effective: [f, u]}}\n",
            "dated.csv:3:1 a is listed twice",
        ),
        ("joins: {j: {list: l, on: {k: id}}}\n", "pack.yaml:9:19 unknown list l; known: none"),
        (
            "joins: {j: {input: rows, on: {id: count}}}\nrules: []\n",
            "pack.yaml:9:31 id: compares text with integer",
        ),
        (
            "joins: {j: {input: rows, on: {id: name}, values: {total: amount}}}\n",
            "pack.yaml:9:58 amount differs within a group: put it in by, or in sum(…), min(…), any(…)",
        ),
        (
            "joins: {j: {input: rows, on: {id: name}, values: {total: sum(amount) + 1}}}\n",
            "pack.yaml:9:58 one aggregate is expected, such as sum(amount)",
        ),
        (
            "joins: {j: {input: rows, on: {id: name}, as_of: day, values: {n: count(*)}}}\n",
            "pack.yaml:9:42 as_of does not go with values",
        ),
        (
            "joins: {j: {input: rows, on: {id: name}, order: [day]}}\n",
            "pack.yaml:9:12 order and ties stand together",
        ),
        (
            "joins: {j: {input: rows, on: {id: name}, order: [dya], ties: row_number}}\n",
            "pack.yaml:9:50 unknown field dya",
        ),
        (
            "joins: {j: {input: rows, on: {id: name}, order: [day], ties: [id], values: {n: count(*)}}}\n",
            "pack.yaml:9:68 values does not go with order",
        ),
        (
            "joins: {j: {list: l, on: {k: name}, values: {n: count(*)}}}\nlists: {l: {file: l.csv, key: [k]}}\n",
            "pack.yaml:9:37 values applies to inputs only",
        ),
        (
            "joins: {j: {input: rows, on: {id: name}, as_of: day}}\n",
            "pack.yaml:9:12 rows is not dated, so as_of has no meaning",
        ),
        (
            "    effective: [amount, day]\n",
            "pack.yaml:9:16 a span of decimal(10,2); dates or integers of at most 18 digits are expected",
        ),
        ("    effective: [day, lost]\n", "pack.yaml:9:22 unknown field lost; known: amount, count, day, id, name"),
        ("    effective: [day, day]\n", 'pack.yaml:9:16 ["day","day"] has non-unique elements'),
        ("    effective: [count, day]\n", "pack.yaml:9:16 compares integer with date"),
        (
            "  spans:\n    effective: [f, u]\n    fields: {f: date, u: date}\n"
            "rules:\n  - {code: X, type: exists, severity: error, title: T, authority: A, in: spans, as_of: count, "
            '"on": {f: day}}\n',
            "pack.yaml:13:5 X: as_of: compares date with integer",
        ),
        ("parameters: {p: {type: integer, default: x}}\n", "pack.yaml:9:42 'x' is not integer"),
        ("stages: [{name: a, after: b}, b]\n", "pack.yaml:9:10 stage a cannot be reached: b is no earlier stage"),
        (
            "stages: [a, {name: b, gate: unit}]\n",
            "pack.yaml:9:13 a gate needs an earlier stage, and unit in the first input",
        ),
        ("statuses: [{status: A}, {status: B}]\n", "pack.yaml:9:25 cannot be reached: the one before always holds"),
        ("statuses: [{status: A, when: any(true)}]\n", "pack.yaml:9:12 the last status must hold always"),
        ("statuses: [{status: A, when: \"any(unit = 'x')\"}, {status: B}]\n", "pack.yaml:9:35 unknown word unit"),
        (
            "outputs: [{name: o, format: csv, from: t}]\n",
            "pack.yaml:9:40 unknown table or input t; known: findings, rows",
        ),
        ("calendar: {holidays: gone.csv}\n", "pack.yaml:9:22 no file gone.csv in the pack"),
        ("calendar: {holidays: l.csv, column: day}\n", "pack.yaml:9:37 l.csv has no column day"),
        ("calendar: {holidays: l.csv}\n", "l.csv:2:1 k 'a' is not date"),
        ("surprise: 1\n", "pack.yaml:9:1 unknown key surprise"),
        ("kind: other\n", "pack.yaml:9:7 other is none of rulepack"),
        ("as_of: amount\n", "pack.yaml:9:8 unknown field amount"),
    ],
)
def test_parts_of_a_pack_that_do_not_fit(tmp_path: Path, part: str, problem: str) -> None:
    files = {
        "l.csv": "k,n\na,1.5\n", "twice.csv": "k\na\na\n", "ragged.csv": "k\na,b\n",
        "dated.csv": "k,f,u\na,2025-01-01,2025-06-30\na,2025-06-30,\n",
    }  # fmt: skip
    assert problem in lines(tmp_path, f"{HEAD}{INPUTS}{part}", **files)


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ("type: row, require: '1 = 1'", "reads no field: the result is always the same"),
        ("type: row, require: count > 0, needs: [R1]", "needs itself"),
        ("type: row, require: count > 0, needs: [R7]", "needs the unknown rule R7"),
        (
            "type: row, require: prev(count) > 0",
            "prev stands only in a rule of type sequence, and not inside another such",
        ),
        ("type: sequence, by: [id], order: [day], require: prev(count) > 0", "ties is missing"),
        (
            "type: sequence, by: [id], order: [day], ties: row_number, require: count > 0",
            "looks at no other row: write a row rule, or use prev(…), next(…), position() and the like",
        ),
        (
            "type: sequence, by: [id], order: [day], ties: row_number, require: prev(prev(count)) > 0",
            "prev stands only in a rule of type sequence, and not inside another such",
        ),
        ("type: sequence, by: [], order: [day], ties: row_number, require: prev() > 0", "write prev(x)"),
        (
            "type: sequence, by: [], order: [day], ties: row_number, require: 'prev(count, 0) > 0'",
            "the number of rows must be a whole number from 1 to 1000, written out",
        ),
        (
            "type: sequence, by: [], order: [name], ties: row_number, require: 'count_within(3, true) > 0'",
            "the first of order must be a date, a timestamp or a whole number that rises",
        ),
        (
            "type: sequence, by: [], order: [day], ties: row_number, require: 'count_within(count, true) > 0'",
            "how far back must be a whole number, written out or a parameter",
        ),
        (
            "type: sequence, by: [], order: [day], ties: row_number, require: count_before(name) = 0",
            "count_before takes a condition, not text",
        ),
        (
            "type: sequence, by: [], order: [day], ties: row_number, require: sum_before(name) = 0",
            "sum_before takes a number, not text",
        ),
        ("type: row, require: count > 0, effective: {from: 1}", "effective needs as_of in the pack"),
        ("type: row, require: count > 0, tolerance: 1", "tolerance has no meaning beside require"),
        ("type: row, left: count, right: name", "compares integer with text"),
        ("type: row, left: count, right: amount, op: <, tolerance: 1", "tolerance applies to equal numbers"),
        ("type: row, left: count", "require or right is missing"),
        ("type: row, require: count > 0, message: '{lost}'", "{lost}: unknown field lost"),
        ("type: row, require: count > 0, message: '{1 + 1}'", "{1 + 1} is not a name"),
        ("type: row, require: count", "must be boolean, not integer"),
        ("type: row, require: count > 0, stage: s", "unknown stage s; known: rules"),
        ("type: row, require: count > 0, input: s", "unknown input s; known: rows"),
        ("type: row, require: count > 0, severity: {otherwise: error, fatal: 'count'}", "severity is given twice"),
        ("type: unique, key: [nam]", "unknown field nam; name is known"),
        ("type: unique, key: {all_except: [nam]}", "unknown declared field nam"),
        ("type: unique, key: {all_except: [id, name, amount, count, day]}", "no field is left"),
        ("type: unique, key: [id], report: first", "first is none of all, later"),
        ("type: lookup, fields: [id], in: l", "unknown list l; known: none"),
        ("type: lookup, fields: [id]", "in or not_in is missing"),
        ("type: lookup, fields: [id], in: a, not_in: b", "the keys given exclude each other"),
        (
            "type: row, require: coalesce(count, 2) > 0",
            "unknown key 2) > 0; an expression with a comma in it needs quotes",
        ),
        ("type: row, require: name = null", "= null is never true; write is null"),
        ("type: sequence, by: [], order: [day], ties: [row_number], require: prev(name) = 0", "compares text with"),
        ("type: exists, in: rows, on: [nam]", "unknown field nam"),
        ("type: exists, in: rows, on: {id: count}", "id: compares text with integer"),
        ("type: group, by: [nam], left: count(*), right: 1", "unknown field nam"),
        ("type: group, by: [id], left: sum(amount), right: count", "count differs within a group"),
        ("type: group, by: [id], left: sum(name), right: 1", "sum takes numbers, not text"),
        (
            "type: group, by: [id], left: sum(sum(amount)), right: 1",
            "sum over rows has no meaning inside another aggregate",
        ),
        ("type: group, by: [id], require: id = 'x'", "reads neither an aggregate nor a join: write a row rule"),
        ("type: group, by: [id], left: sum(amount), right: max(day)", "compares decimal(22,2) with date"),
        (
            "type: reconcile, on: [id], left: {input: rows, value: sum(amount)}, right: {input: x, value: count(*)}",
            "unknown input x",
        ),
        (
            "type: reconcile, on: [id], left: {input: rows, value: max(name)}, right: {input: rows, value: count(*)}",
            "must be a number, not text",
        ),
        ("type: query, query: 'select id, count(*) as n from rows'", "id differs within a group"),
        ("type: query, query: select * from rows", "* is not part of the language here"),
        ("type: query, query: select id from rows order by id", "rows have no order here"),
        ("type: query, query: select id from rows limit 3", "limit would leave out findings"),
        ("type: query, query: select id from read_csv('x')", "the name of an input, list, table or part"),
        ("type: query, query: select id from pg_catalog.pg_class", "the name of an input, list, table or part"),
        ("type: query, query: select id from duckdb_settings", "unknown relation duckdb_settings"),
        ("type: query, query: select getenv('X') as id from rows", "unknown function getenv"),
        ("type: query, query: 'select id from rows; drop table rows'", "one expression only, without ;"),
        ("type: query, query: with recursive a as (select id from rows) select id from a", "reads itself"),
        ("type: query, query: select a.id from rows as a cross join rows as b", "join, left join, semi join"),
        ("type: query, query: select a.id from rows as a join rows as b on a.id", "a condition is expected, not text"),
        ("type: query, query: select id from rows as a join rows as b on a.id = b.id", "unknown column id"),
        ("type: query, query: select id from rows group by 1", "group by takes columns"),
        ("type: query, query: select id from rows union select id from rows", "write union all"),
        ("type: query, query: select (select max(id) from rows) as id from rows", "a subquery is not part"),
        ("type: query, query: 'select lag(id) over (order by id) as x, id from rows'", "end order by with row_number"),
        ("type: query, query: select amount / 2 as x from rows", "/ is not exact"),
        ("type: query, query: select amount as row from rows", "row must be a row number, not decimal"),
        ("type: query, query: select amount as left from rows", "a column row or columns that make up a key"),
        ("type: query, query: select id from rows, when: id = '1'", "when has no meaning here"),
        ("type: query, query: insert into rows values (1)", "select … from … is expected"),
        ("type: schedule, in: rows, on: {id: nobody}", "unknown field nobody"),
        ("type: schedule, in: nowhere, on: {id: id}", "unknown input nowhere"),
        ("type: schedule, list: nothing, in: rows, on: {id: id}", "unknown list nothing"),
        ("type: schedule, in: rows, on: {id: id}, needs: [R1]", "needs has no meaning here"),
        ("type: schedule, in: rows, on: {id: id}, match: rows.nothing = 1", "unknown column of rows: nothing"),
        (
            "type: schedule, in: rows, on: {id: id}, dates: {first: name, last: name, every: {days: 1}}",
            "must be date, not text",
        ),
        (
            "type: schedule, in: rows, on: {id: id}, dates: {first: name, last: name, every: {days: 0}}",
            "0 is less than the minimum of 1",
        ),
        (
            "type: reconcile, on: [id], when: true, left: {input: rows, value: 1}, right: {input: rows, value: 1}",
            "when has no meaning here",
        ),
    ],
)
def test_rules_that_do_not_fit(tmp_path: Path, keys: str, problem: str) -> None:
    text = f"{HEAD}{INPUTS}rules:\n  - {{code: R1, severity: error, title: T, authority: A, {keys}}}\n"
    found = lines(tmp_path, text)
    assert any(problem in line and line.startswith("pack.yaml:10:") for line in found), found


def test_a_key_that_is_not_compared_has_no_code(tmp_path: Path) -> None:
    sides = "left: {input: rows, value: count(*)}, right: {input: rows, value: count(*)}"
    rule = "codes: {differs: R1, only_right: R2}, type: reconcile, severity: error, title: T, authority: A, on: [id]"
    found = lines(tmp_path, f"{HEAD}{INPUTS}rules:\n  - {{{rule}, keys: left, {sides}}}\n")
    assert found == ["pack.yaml:10:39 R1/R2: with keys: left no key is only_right"]


def test_rules_may_stand_in_files_of_their_own(tmp_path: Path) -> None:
    files = {
        "rules/a.yaml": f"rules:\n  - {RULE}lost = 1}}\n",
        "rules/b.yaml": "rules: {}\n",
        "rules/c.yaml": "rules: [1]\n",
    }
    found = lines(tmp_path, f"{HEAD}{INPUTS}", **files)
    assert found == [
        "rules/a.yaml:2:77 R1: unknown field lost",
        "rules/b.yaml:1:1 one key is expected: rules, with a list",
        "rules/c.yaml:1:9 a rule is keys and values",
    ]


def test_codes_are_used_once_former_codes_included(tmp_path: Path) -> None:
    rule = "severity: error, title: T, authority: A, require: count > 0}\n"
    text = (
        f"{HEAD}{INPUTS}rules:\n"
        f"  - {{code: R1, type: row, {rule}"
        f"  - {{code: R2, type: row, aliases: [R1], {rule}"
        f"  - {{code: PARSE, type: row, {rule}"
    )
    assert lines(tmp_path, text) == [
        "pack.yaml:11:5 R2: code R1 is already used at pack.yaml:10",
        "pack.yaml:12:5 PARSE: parse is the code of the built-in rule",
    ]


def test_derived_fields_and_joins_that_need_each_other_are_refused(tmp_path: Path) -> None:
    text = (
        f"{HEAD}inputs:\n  rows:\n    fields: {{id: text}}\n    derive: {{a: j.id}}\n"
        f"joins: {{j: {{input: rows, on: {{id: a}}}}}}\nrules:\n  - {RULE}a is not null}}\n"
    )
    assert lines(tmp_path, text) == ["pack.yaml:7:5 a, join j need each other"]


def test_derived_fields_that_need_each_other_through_another_input_are_refused(tmp_path: Path) -> None:
    text = (
        f"{HEAD}inputs:\n  rows: {{fields: {{id: text, p: text}}, derive: {{a: j.p}}}}\n"
        "  others: {fields: {id: text, p: text}, derive: {b: k.p}}\n"
        "joins:\n  j: {input: others, on: {b: id}}\n  k: {from: others, input: rows, on: {a: id}}\n"
        f"rules:\n  - {RULE}a is not null}}\n"
    )
    assert lines(tmp_path, text) == ["pack.yaml:6:9 a, b, join j, join k need each other"]


def test_a_join_offers_no_field_that_is_computed_through_it(tmp_path: Path) -> None:
    text = (
        f"{HEAD}inputs: {{rows: {{fields: {{id: text, p: text}}, derive: {{a: j.p}}}}}}\n"
        f"joins: {{j: {{input: rows, on: {{id: p}}}}}}\nrules:\n  - {RULE}j.a is not null}}\n"
    )
    assert lines(tmp_path, text) == ["pack.yaml:5:16 a, join j need each other"]


def test_an_unreadable_cell_can_only_be_the_finding_of_a_rule_about_its_row(tmp_path: Path) -> None:
    inputs = 'inputs: {rows: {fields: {id: text, amount: {type: "decimal(5,2)", unreadable: R9}}}}\n'
    text = f"{HEAD}{inputs}rules:\n  - {RULE}id is not null}}\n"
    assert lines(tmp_path, text) == ["pack.yaml:5:79 R9 is not a rule about single rows of rows"]


def test_the_hash_depends_on_names_and_bytes_and_nothing_else(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
        write_pack(folder, HEAD, {"lists/a.csv": "x\n"})
    assert content_hash(one) == content_hash(two)
    (two / "lists" / "a.csv").rename(two / "lists" / "b.csv")
    assert content_hash(one) != content_hash(two)
