"""Expressions written from their trees."""

import pytest
from hypothesis import HealthCheck, given, settings

from rulepacks.engine.expressions.build import build
from rulepacks.engine.expressions.scope import Scope
from rulepacks.engine.expressions.types import BOOLEAN, INTEGER, TEXT, decimal
from rulepacks.engine.expressions.written import written
from rulepacks.engine.spec import Pack
from rulepacks.engine.tests.expressions_at_random import expressions
from rulepacks.engine.tests.record_pack import scope_of, write_pack

ROWS = Scope(
    fields={"id": TEXT, "amount": decimal(10, 2), "odd name": TEXT, "flag": BOOLEAN}, raws=frozenset({"id"}),
    joins={"account": {"code": TEXT}}, parameters={"period": INTEGER},
)  # fmt: skip
GROUPS = Scope(fields=ROWS.fields, aggregates=True, grouped=frozenset({"id"}))


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return write_pack(tmp_path_factory.mktemp("written") / "pack")


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=expressions()["truth"])
def test_what_is_written_reads_as_the_same_tree(text: str, pack: Pack) -> None:
    node, mistakes = build(text, scope_of(pack))
    if not mistakes:
        assert build(written(node), scope_of(pack)) == (node, [])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("amount between 1 and 2", "amount >= 1 and amount <= 2"),
        ("not (id is null) and id not in ('a', 'it''s')", "id is not null and id not in ('a', 'it''s')"),
        ("(flag or id = 'x') and not flag", "(flag or id = 'x') and not flag"),
        ("case id when 'D' then amount end = -amount", "case when id = 'D' then amount end = -amount"),
        ("(amount - (1 - amount)) * 2 > -3", "(amount - (1 - amount)) * 2 > -3"),
        ("\"odd name\" || raw(id) like '%x'", "\"odd name\" || raw(id) like '%x'"),
        ("found(account) and account.code <> cast($period as text)", None),
        ("flag is true and id is not distinct from null", None),
        ("matches(id, '[0-9]+') and given(id, amount) >= 1", None),
    ],
)
def test_conditions_about_rows_are_written_plainly(text: str, shown: str | None) -> None:
    assert written(build(text, ROWS)[0]) == (shown or text)


@pytest.mark.parametrize(
    "text",
    [
        "sum(amount) filter (where flag and id <> 'x') = 0",
        "count(*) > 1 or count(distinct amount) = 1",
        "every(amount > 0) and id is not null",
    ],
)
def test_conditions_about_groups_are_written_plainly(text: str) -> None:
    assert written(build(text, GROUPS)[0]) == text
