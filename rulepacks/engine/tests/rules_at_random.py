"""Random rules of every type, as YAML, over the inputs, lists and joins of `packs_at_random`."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from rulepacks.engine.tests.expressions_at_random import COMPARE, Strategy, expressions

BEHIND_JOINS = {
    "whole": st.sampled_from(["last_weight", "numbered"]),
    "point": st.sampled_from(["gathered", "doubly", "priced"]),
}
"""Derived fields over what joins find."""
FLAT, DEEP = expressions(1, BEHIND_JOINS), expressions(2, BEHIND_JOINS)
ON_NULL = st.sampled_from(["fail", "pass", "skip"])
OPERATORS = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
SEVERITIES = st.sampled_from(["fatal", "error", "warning", "info"])
AMOUNTS = st.sampled_from(["0", "1", "0.01", "1000000"])
TOLERANCES = AMOUNTS | st.fixed_dictionaries({"absolute": AMOUNTS, "relative": st.sampled_from(["0", "0.1", "2"])})
STAGES = st.sampled_from(["first", "first", "second", "third"])
CODES = st.lists(st.sampled_from(["OWN", "OLD", *(f"R{number}" for number in range(1, 9))]), max_size=2, unique=True)
LABELS = st.sampled_from(["Own", "own"])
EFFECTIVE = st.fixed_dictionaries({}, optional={"from": st.sampled_from(["6", "7", "8"]), "until": st.just("7")})
MESSAGES = st.sampled_from(
    ["{t} and {twice}: {left}, {right}, {difference}, {tolerance}", "{n} {d} {side.name} {$word}", "{id}: {$words}"]
)


def rule(kind: str, needed: dict[str, Any], optional: dict[str, Any] | None = None) -> st.SearchStrategy[Any]:
    """A rule of a type with the keys common to all."""
    common = {
        "stage": STAGES, "needs": CODES, "label": LABELS, "effective": EFFECTIVE, "on_null": ON_NULL,
    }  # fmt: skip
    head = {"type": st.just(kind), "title": st.just("Title"), "authority": st.just("none")}
    further = dict(optional or {})
    severity = {"severity": further.pop("severity", SEVERITIES)}
    return st.fixed_dictionaries(head | severity | needed, optional=common | further)


def by_expression(condition: Strategy) -> st.SearchStrategy[Any]:
    """A severity that depends on a condition."""
    return SEVERITIES | st.fixed_dictionaries({"otherwise": SEVERITIES}, optional={"fatal": condition})


ANY = st.one_of(*(FLAT[kind] for kind in ("text", "whole", "point", "day", "truth")))
NUMBER = FLAT["whole"] | FLAT["point"]
OVER_ROWS = {
    "when": DEEP["truth"], "severity": by_expression(FLAT["truth"]), "message": MESSAGES,
    "about": st.fixed_dictionaries({"made": ANY}),
}  # fmt: skip
ROW = rule("row", {"require": DEEP["truth"]}, OVER_ROWS)
SIDES = rule(
    "row", {"left": NUMBER, "right": NUMBER}, OVER_ROWS | {"op": OPERATORS, "tolerance": TOLERANCES},
)  # fmt: skip
UNIQUE = rule(
    "unique",
    {"key": st.lists(ANY, min_size=1, max_size=3) | st.just({"all_except": ["id", "kept", "folded", "big", "wide"]})},
    OVER_ROWS | {"report": st.sampled_from(["all", "later"])},
)
WORD = st.sampled_from(["in", "not_in"])


def either(target: Strategy) -> st.SearchStrategy[dict[str, str]]:
    """`in` or `not_in` a target."""
    return st.tuples(WORD, target).map(lambda pair: dict([pair]))


def with_target(rules: st.SearchStrategy[Any], target: Strategy) -> st.SearchStrategy[Any]:
    return st.tuples(rules, either(target)).map(lambda both: both[0] | both[1])


LOOKUP = st.one_of(
    with_target(
        rule("lookup", {"fields": st.tuples(FLAT["text"])}, OVER_ROWS | {"fold_case": st.booleans()}), st.just("sides")
    ),
    with_target(
        rule("lookup", {"fields": st.tuples(FLAT["text"]), "as_of": FLAT["day"]}, OVER_ROWS), st.just("dated")
    ),
    with_target(
        rule(
            "lookup", {"fields": st.tuples(FLAT["text"], FLAT["text"])},
            OVER_ROWS | {"wildcard": st.sampled_from([["code"], ["name"], ["code", "name"]]),
                         "fold_case": st.booleans()},
        ),
        st.just("pairs"),
    ),
)  # fmt: skip
WHERE_OTHER = st.sampled_from(["weight > 1", "name is not null", "value >= 0", "number > 1", "found(row_of)"])
EXISTS = st.one_of(
    with_target(
        rule(
            "exists", {"on": st.fixed_dictionaries({"code": FLAT["text"]}, optional={"weight": FLAT["whole"]})},
            OVER_ROWS | {"where": WHERE_OTHER},
        ),
        st.just("others"),
    ),
    with_target(
        rule("exists", {"on": st.fixed_dictionaries({"t": FLAT["text"]})}, OVER_ROWS | {"where": FLAT["truth"]}),
        st.just("rows"),
    ),
    with_target(
        rule("exists", {"on": st.just({"code": "t"}), "as_of": FLAT["whole"]}, OVER_ROWS), st.just("spans")
    ),
)  # fmt: skip


def over(template: str, *parts: Strategy) -> Strategy:
    """A text with holes filled."""
    return st.tuples(*parts).map(lambda given: template.format(*given))


FILTER = st.just("") | over(" filter (where {})", FLAT["truth"])
SMALL = st.sampled_from(
    [
        "n",
        "d",
        "twice",
        "gathered",
        "length(t)",
        "side.weight",
        "other.value",
        "other.weight",
        "abs(n % 100)",
        "many.total",
        "weighed.value",
        "latest.value",
        "length(latest.name)",
    ]
)
COUNTED = st.one_of(
    over("sum({}){}", SMALL, FILTER), over("count(*){}", FILTER), over("count({}){}", ANY, FILTER),
    over("count(distinct {}){}", ANY, FILTER), over("min({}){}", NUMBER, FILTER), over("max({}){}", NUMBER, FILTER),
)  # fmt: skip
OUTSIDE = st.sampled_from(
    [
        "many.total",
        "many.heaviest",
        "latest.weight",
        "$count",
        "1",
        "0",
        "side.weight",
        "other.value",
        "n",
        "twice",
        "length(t)",
        "12.25",
    ]
)
GROUP_TRUTH = st.one_of(
    over("{} {} {}", COUNTED, COMPARE, COUNTED), over("{} {} {}", COUNTED, COMPARE, OUTSIDE),
    over("any({}){}", FLAT["truth"], FILTER), over("every({}){}", FLAT["truth"], FILTER),
    over("min({0}) {1} max({0})", FLAT["day"], COMPARE), over("max({}) = min({})", FLAT["text"], FLAT["text"]),
    over("found(side) or {} > 1", COUNTED), st.sampled_from(["t is not null and count(*) > 0", "flag or any(flag)"]),
)  # fmt: skip
BY = st.lists(
    st.sampled_from(["unit", "t", "tail", "twice", "n", "flag", "day", "first_day", "seen", "doubly", "last_weight"]),
    max_size=2,
    unique=True,
)
OVER_GROUPS = {
    "when": GROUP_TRUTH, "where": FLAT["truth"], "severity": by_expression(GROUP_TRUTH),
    "message": st.sampled_from(["{left} {right} {difference} {$word}", "{t}: {side.name}", "{unit}"]),
    "about": st.fixed_dictionaries({"made": COUNTED | st.sampled_from(["side.name", "$word"])}),
}  # fmt: skip
GROUP = st.one_of(
    rule("group", {"by": BY, "require": GROUP_TRUTH}, OVER_GROUPS),
    rule(
        "group", {"by": BY, "left": COUNTED, "right": COUNTED | OUTSIDE},
        OVER_GROUPS | {"op": OPERATORS, "tolerance": TOLERANCES},
    ),
)  # fmt: skip
ROWS_SIDE = st.fixed_dictionaries(
    {"input": st.just("rows"), "value": COUNTED},
    optional={"where": FLAT["truth"], "reverse": st.booleans()},
)
OTHER_VALUES = st.sampled_from(
    ["sum(value)", "count(*)", "sum(weight)", "max(number)", "sum(value) filter (where weight > 1)", "min(weight)"]
)
OTHERS_SIDE = st.fixed_dictionaries(
    {"input": st.just("others"), "value": OTHER_VALUES}, optional={"where": WHERE_OTHER, "reverse": st.booleans()}
)


@st.composite
def reconciliations(draw: st.DrawFn) -> dict[str, Any]:
    """Rows against the other input, by the unit and a text, or a number."""
    here, there = draw(st.sampled_from([("t", "code"), ("tail", "code"), ("n", "weight"), ("twice", "value")]))
    on = draw(st.sampled_from([["k"], ["unit", "k"]]))
    given = draw(
        rule(
            "reconcile", {"on": st.just(on), "left": ROWS_SIDE, "right": OTHERS_SIDE},
            {"ignore_zero": st.booleans(), "missing": st.sampled_from(["zero", "finding"]), "tolerance": TOLERANCES,
             "severity": by_expression(st.sampled_from(["k is null", "$count > 7"])),
             "message": st.sampled_from(["{k} {left} {right} {difference}", "{$word}"]),
             "about": st.just({"made": "k"})},
        )
    )  # fmt: skip
    given["left"]["on"], given["right"]["on"] = {"k": here}, {"k": there}
    kinds = draw(st.lists(st.sampled_from(["differs", "only_left", "only_right"]), unique=True, max_size=3))
    if kinds:
        given["codes"] = kinds
    given["keys"] = draw(st.sampled_from(["all", "left", "right", "both"]))
    return dict(given)


RECONCILE = reconciliations()
WINDOW = st.one_of(
    over("prev({})", NUMBER), over("next({})", NUMBER), over("prev({}, 2)", NUMBER), st.just("position()"),
    over("first_of({})", NUMBER), over("count_before({})", FLAT["truth"]), over("count_through({})", FLAT["truth"]),
    over("sum_before({})", SMALL), over("sum_through({})", SMALL), over("max_before({})", NUMBER),
    over("min_before({})", NUMBER), over("max_through({})", NUMBER), over("min_through({})", NUMBER),
    over("count_within({}, {})", st.sampled_from(["1", "$count", "0"]), FLAT["truth"]),
    over("sum_within({}, {})", st.sampled_from(["5", "$count"]), SMALL),
)  # fmt: skip
ORDERED = st.sampled_from(["n", "day", "t", "d", "first_day", "twice", "flag"])
ORDER = st.lists(ORDERED | st.fixed_dictionaries({"falling": ORDERED}), min_size=1, max_size=2)
SEQUENCE_TRUTH = st.one_of(
    over("{} {} {}", WINDOW, COMPARE, WINDOW), over("{} {} {}", WINDOW, COMPARE, SMALL),
    over("prev({0}) {1} {0}", ANY, COMPARE), over("next({0}) {1} {0}", ANY, COMPARE),
    over("{} > 1 or {}", WINDOW, FLAT["truth"]),
)  # fmt: skip
SEQUENCE = rule(
    "sequence",
    {"by": st.lists(st.sampled_from(["unit", "t", "twice", "n", "length(u)"]), max_size=2, unique=True),
     "order": ORDER, "ties": st.just("row_number") | ORDER, "require": SEQUENCE_TRUTH},
    {"where": FLAT["truth"], "when": SEQUENCE_TRUTH | FLAT["truth"], "severity": by_expression(SEQUENCE_TRUTH),
     "about": st.fixed_dictionaries({"made": WINDOW}), "message": MESSAGES},
)  # fmt: skip
NEAR = rule(
    "sequence",
    {"by": st.sampled_from([[], ["unit"]]), "order": st.sampled_from([["n"], ["day"], ["seen"], ["first_day", "n"]]),
     "ties": st.just("row_number"), "right": st.just("-1"),
     "left": over("count_within({}, {})", st.sampled_from(["0", "1", "$count"]), FLAT["truth"])
     | over("sum_within({}, {})", st.sampled_from(["0", "5", "$count"]), st.sampled_from(["n", "d", "length(t)"]))},
    {"where": st.sampled_from(["flag", "t is not null"])},
)  # fmt: skip
"""Windows over what lies near; their values show in the findings."""
LISTED = st.one_of(over("split({}, ' ')", FLAT["text"]), over("names({}, ' ', 'ab x')", FLAT["text"]))
THRESHOLDS = st.sampled_from(["0.5", "0.9", "1"])
MATCH = st.one_of(
    rule("match", {"left": FLAT["text"], "right": FLAT["text"], "threshold": THRESHOLDS},
         OVER_ROWS | {"alike": st.booleans()}),
    rule("match", {"left": LISTED, "right": LISTED, "threshold": THRESHOLDS},
         OVER_ROWS | {"match": st.sampled_from(["all", "any", "both"])}),
)  # fmt: skip
COMPONENT = st.fixed_dictionaries(
    {"value": NUMBER},
    optional={"weight": st.sampled_from([2, "0.125"]), "cap": st.sampled_from([5, "12.5"]),
              "floor": st.sampled_from([0, 1]), "reason": st.sampled_from(["A", "B b"])},
)  # fmt: skip
SCORE = rule(
    "score",
    {"components": st.fixed_dictionaries({"one": COMPONENT, "two": COMPONENT}),
     "decisions": st.just(
         [{"decision": "HIGH", "from": 10}, {"decision": "SOME", "from": "1.25"}, {"decision": "LOW"}]),
     "findings": st.sampled_from([["LOW"], ["SOME", "LOW"]])},
    {"when": FLAT["truth"], "gates": st.fixed_dictionaries({"gate": FLAT["truth"]}),
     "decimals": st.sampled_from([0, 2, 4]), "message": st.just("{left} of {right}")},
)  # fmt: skip
RULES = {
    "row": ROW | SIDES, "unique": UNIQUE, "lookup": LOOKUP, "exists": EXISTS, "group": GROUP, "reconcile": RECONCILE,
    "sequence": SEQUENCE, "match": MATCH, "score": SCORE,
}  # fmt: skip
