"""The expression language: what it accepts, what it refuses and where it says so."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulepacks.engine.expressions.build import build
from rulepacks.engine.expressions.scope import Scope
from rulepacks.engine.expressions.tree import Aggregate, Binary, Call, Literal, Node, walk
from rulepacks.engine.expressions.types import DATE, INTEGER, TEXT, Type, decimal
from rulepacks.engine.tests.packing import rule_problems

SCOPE = Scope(
    fields={"id": TEXT, "name": TEXT, "amount": decimal(10, 2), "big": decimal(38, 0), "count": INTEGER, "day": DATE},
    raws=frozenset({"id", "amount"}),
    joins={"account": {"code": TEXT}},
    parameters={"period": INTEGER, "codes": Type("list", element="text")},
)
GROUPS = Scope(fields=SCOPE.fields, aggregates=True, grouped=frozenset({"id"}))


def tree(text: str, scope: Scope = SCOPE) -> Node:
    node, mistakes = build(text, scope)
    assert mistakes == []
    return node


def refused(text: str, scope: Scope = SCOPE) -> list[tuple[int, str]]:
    _, mistakes = build(text, scope)
    return [(mistake.at, mistake.message) for mistake in mistakes]


@pytest.mark.parametrize(
    ("text", "at", "reason"),
    [
        ("(select 1) = 1", 1, "a subquery is not part of the language"),
        ("id in (select id from rows)", 7, "a subquery is not part of the language"),
        ("exists(select 1)", 7, "a subquery is not part of the language"),
        ("id = 'x'; drop table rows", 8, "one expression only, without ;"),
        ("id = 'x' -- rest", 5, "comments do not belong in an expression"),
        ("id /* x */ = 'x'", 0, "comments do not belong in an expression"),
        ("id union all select 1", 13, "a subquery is not part of the language"),
        ("read_csv('/etc/passwd') is not null", 0, "unknown function read_csv"),
        ("read_text('/etc/passwd') = ''", 0, "unknown function read_text"),
        ("glob('*') is null", 0, "unknown function glob"),
        ("getenv('HOME') = ''", 0, "unknown function getenv"),
        ("current_setting('threads') = '1'", 0, "unknown function current_setting"),
        ("query('select 1') is null", 0, "unknown function query"),
        ("query_table('rows') is null", 0, "unknown function query_table"),
        ("sleep_ms(1000) is null", 0, "unknown function sleep_ms"),
        ("repeat(name, 1000000000) = ''", 0, "unknown function repeat"),
        ("lpad(name, 1000000000, '0') = ''", 0, "the length must be a whole number from 1 to 1000"),
        ("range(1000000000) is null", 0, "unknown function range"),
        ("list_transform(range(9), x -> x) is null", 0, "unknown function list_transform"),
        ("levenshtein(name, id) > 2", 0, "unknown function levenshtein"),
        ("random() < 0.5", 0, "the result would differ from run to run"),
        ("now() > day", 0, "the result would differ from run to run"),
        ("today() > day", 0, "the result would differ from run to run"),
        ("uuid() = id", 0, "the result would differ from run to run"),
        ("day < current_date", 6, "unknown field current_date"),
        ("any_value(name) = 'x'", 0, "which row is taken is not fixed"),
        ("amount / 2 > 1", 0, "/ is not exact"),
        ("count // 2 > 1", 0, "// is not exact"),
        ("avg(amount) > 1", 0, "an average of amounts is not exact"),
        ("cast(amount as double) > 1", 5, "float is not a type here"),
        ("cast(amount as json) is null", 5, "json is not a type here"),
        ("amount::integer > 1", 6, "write cast(x as type)"),
        ("cast(amount as integer) > 1", 5, "would drop decimals; use round"),
        ("amount > 1e5", 9, "1e5 is not a plain number"),
        ("count > 0x10", 0, "an operator is missing between two words"),
        ("amount > 'x'", 0, "compares decimal(10,2) with text"),
        ("id > 5", 0, "compares text with integer"),
        ("day = '2025-01-01'", 0, "compares date with text"),
        ("day = date '2025-02-30'", 11, "'2025-02-30' is not a date"),
        ("big + amount > 1 and big > 0.5", 21, "together need more than 38 digits"),
        ("name + 1 > 1", 0, "+ needs two numbers"),
        ("name || 5 = 'x'", 0, "|| joins texts, not integer"),
        ("not id", 4, "what follows not must be a condition"),
        ("id and true", 0, "each side of and must be a condition"),
        ("case when id then 1 else 2 end = 1", 10, "each when must be a condition"),
        ("case when count > 1 then 'x' else 2 end = 'x'", 10, "the branches mix text and integer"),
        ("coalesce(id, 5) = 'x'", 0, "coalesce mixes text and integer"),
        ("matches(id, name)", 0, "the pattern must be a text of up to 200 characters, written out"),
        ("matches(id, '(a')", 12, "not an RE2 pattern: missing ): (a"),
        ("matches(id, '(?=a)')", 12, "not an RE2 pattern"),
        (r"matches(id, '(a)\1')", 12, "not an RE2 pattern"),
        ("matches(id, '((((a{1,99}){1,99}){1,99}){1,99}){1,99}')", 12, "not an RE2 pattern"),
        ("id similar to 'x'", 0, "write matches(x, 'pattern')"),
        ("id ~ 'x'", 0, "write matches(x, 'pattern')"),
        ("id ilike 'x'", 0, "write upper(x) like 'PATTERN'"),
        ("id like name", 0, "the pattern must be a text"),
        ("id like 'x' escape '!'", 0, "escape is not part of the language"),
        (r"id like 'a\%'", 8, "a backslash has no meaning in like"),
        ("account.lost = 'x'", 0, "unknown column of account: lost"),
        ("other.code = 'x'", 0, "unknown join other"),
        ("main.rows.id = 'x'", 0, "db is not part of the language here"),
        ("found(other)", 6, "unknown join other"),
        ("raw(name) = 'x'", 4, "unknown delivered field name"),
        ("raw('id') = 'x'", 0, "raw takes one name"),
        ("$lost = 1", 0, "unknown parameter lost"),
        ("$1 = 1", 0, "unknown parameter 1"),
        ("? = 1", 0, "a parameter is written $name"),
        ("@period = 1", 0, "a parameter is written $name"),
        ("id = $codes", 0, "a list stands only after in"),
        ("sum(amount) > 1", 0, "sum over rows has no meaning here"),
        ("sum(amount) over () > 1", 0, "a window function stands only among the columns of a query"),
        ("id[1] = 'x'", 2, "brackets are not part of the language"),
        ("{'a': 1} is null", 0, "braces are not part of the language"),
        ("* is null", 0, "* stands only in count(*)"),
        ("columns(*) is null", 0, "unknown function columns"),
        ("account.* is null", 0, "* stands only in count(*)"),
        ("interval 1 day is null", 0, "interval is not part of the language"),
        ("(id, name) = ('a', 'b')", 1, "tuple is not part of the language"),
        ("id = e'\\x41'", 5, "escapes are not part of the language"),
        ("id = 'a' 'b'", 5, "concat is not part of the language"),
        ("id as x", 0, "an operator is missing between two words"),
        ("id is 5", 0, "is takes null, true, false or distinct from"),
        ("id", 0, "must be boolean, not text"),
        ("", 0, "an expression is expected"),
        ("id = 'open", 0, "a text or name is not closed"),
        ("(id = 'x'", 6, "unexpected"),
        ("id =", 3, "unexpected"),
        ("id = \x00", 5, "a control character"),
    ],
)
def test_what_is_not_in_the_language_is_refused_with_its_place(text: str, at: int, reason: str) -> None:
    _, mistakes = build(text, SCOPE, Type("boolean"))
    found = [(mistake.at, mistake.message) for mistake in mistakes]
    assert any(place == at and reason in message for place, message in found), found


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(" * 60 + "id" + ")" * 60 + " = 'x'", "nested deeper than 48"),
        ("not " * 60 + "true", "nested deeper than 48"),
        ("- " * 60 + "1 = 1", "nested deeper than 48"),
        ("case when id = 'a' then " * 60 + "1" + " else 2 end" * 60 + " = 1", "nested deeper than 48"),
        ("id = '" + "x" * 9000 + "'", "longer than 8000 characters"),
        ("id = '" + "x" * 1500 + "'", "a text longer than 1000 characters"),
        ("count in (" + ",".join(["1"] * 1600) + ")", "more than 3000 words and signs"),
        ("count in (" + ",".join(["1"] * 999) + ", lost)", "unknown field lost"),
        ("count = " + " + ".join(["1"] * 900), "nested too deeply"),
        ("matches(id, '" + "a" * 300 + "')", "the pattern must be a text of up to 200 characters"),
    ],
)
def test_what_is_too_large_is_refused_before_it_costs_anything(text: str, reason: str) -> None:
    assert any(reason in message for _, message in refused(text)), refused(text)


def test_all_mistakes_of_an_expression_are_reported_at_once() -> None:
    assert [at for at, _ in refused("lost = 1 and gone.x = 2 and avg(amount) > $none")] == [0, 13, 28, 42]


def test_a_mistake_names_what_was_probably_meant() -> None:
    assert refused("nmae = 'x'") == [(0, "unknown field nmae; name is known")]
    assert refused("lowr(name) = 'x'") == [(0, "unknown function lowr; lower is known")]


def test_hostile_text_in_a_pack_is_a_problem_of_its_file(tmp_path: Path) -> None:
    (problem,) = rule_problems(tmp_path, "read_text('/etc/passwd') = 'root'")
    assert str(problem) == "pack.yaml:10:78 R1: unknown function read_text"


def test_numbers_know_their_digits() -> None:
    assert tree("amount * 0.25").type == decimal(12, 4)
    assert tree("amount + 1").type == decimal(11, 2)
    assert tree("count + 1").type == Type("integer", 19)
    assert tree("-amount").type == decimal(10, 2)
    assert tree("round(amount, 1)").type == decimal(10, 1)
    assert tree("sum(amount)", GROUPS).type == decimal(22, 2)
    assert tree("count(*)", GROUPS).type == Type("integer", 18)


def test_a_result_beyond_38_digits_is_marked_as_able_to_fault() -> None:
    product = tree("big * count")
    assert isinstance(product, Binary)
    assert product.can_fault
    assert not tree("amount * count").can_fault


def test_case_between_and_negated_forms_become_plain_nodes() -> None:
    assert tree("case id when 'a' then 1 end = 1") == tree("case when id = 'a' then 1 end = 1")
    assert tree("count between 1 and 3") == tree("count >= 1 and count <= 3")
    assert tree("count not between 1 and 3") == tree("not (count between 1 and 3)")
    assert tree("id not in ('a')") == tree("not id in ('a')")
    assert tree("id not like 'a%'") == tree("not id like 'a%'")
    assert tree("id is not distinct from name") == Binary(
        op="is", left=tree("id"), right=tree("name"), type=Type("boolean")
    )


def test_aggregates_keep_their_filter() -> None:
    node = tree("sum(amount) filter (where name = 'x')", GROUPS)
    assert isinstance(node, Aggregate)
    assert node.where == tree("name = 'x'")


def test_positions_are_those_of_the_words() -> None:
    places = {node.at for node in walk(tree("upper(name) = 'X' and count > 5")) if isinstance(node, Call | Literal)}
    assert places == {0, 14, 30}


WORDS = st.sampled_from(
    "id name amount count day $period $codes account.code 'x' 5 0.5 date'2025-01-01' null true ( ) , . ; -- /* */ "
    "+ - * / "
    "% || = <> < >= and or not is null distinct from in between like case when then else end cast as integer text "
    "matches sum filter where over select exists raw found [ ] { } ? @ : :: $ ' \" \\ \n e'x' x'41' interval array "
    "struct "
    "lambda x -> x 1e9 0x1 union with limit offset order by".split(" ")
)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=25).map(" ".join) | st.text(max_size=60))
def test_any_text_is_a_tree_or_a_mistake_within_it(text: str) -> None:
    for scope in (SCOPE, GROUPS):
        node, mistakes = build(text, scope)
        assert mistakes or node.type.kind != "unknown"
        assert all(0 <= mistake.at <= len(text) for mistake in mistakes)
