"""Window functions of queries: `f(x) over (partition by … order by …)`."""

from typing import TYPE_CHECKING

from sqlglot import exp

from rulepacks.engine.expressions.parse import offset
from rulepacks.engine.expressions.tree import Field, JoinField, Literal, Node, Over
from rulepacks.engine.expressions.types import INTEGER, UNKNOWN, Type
from rulepacks.engine.expressions.typing import aggregate_type

if TYPE_CHECKING:
    from rulepacks.engine.expressions.build import Builder

MAX_REACH = 1_000
COUNTED = {"row_number", "rank", "dense_rank"}
STEPPED = {"lag", "lead"}
SUMMED = {"sum", "count", "min", "max", "any", "every"}
NAMES = COUNTED | STEPPED | SUMMED | {"first_value"}
USAGE = (
    ("row_number()", "Place of the row, counted from 1."),
    ("rank()", "The same; equal rows share the first of their places."),
    ("dense_rank()", "The same; equal rows share a place and the next place follows it."),
    ("lag(x), lead(x)", "x of the row before, or after; with lag(x, n) of n rows before. NULL when there is none."),
    ("first_value(x)", "x of the first row."),
    ("sum(x), count(*), count(x), min(x), max(x)", "As over the rows of a group."),
    ("any(condition), every(condition)", "As over the rows of a group."),
    (
        "… over (partition by a order by b desc)",
        "After each of these: over the rows that agree in a, all without partition by; with order by over those up to "
        "the row and its equals. NULL comes last, also with desc. What hangs on the order of equal rows needs "
        "row_number as the last of order by.",
    ),
)
"""How they are written, and what they give."""
ROW = "row_number"
TIED = {"row_number", "lag", "lead", "first_value"}
"""Functions whose result hangs on the order of equal rows."""


def over(builder: "Builder", source: exp.Expr) -> Node:
    """A window function; without a frame it looks at the rows up to this one and its equals."""
    if not builder.scope.over or builder.in_aggregate:
        return builder.wrong(source, "a window function stands only among the columns of a query")
    call = source.this
    odd = any(value for key, value in source.args.items() if key not in {"this", "partition_by", "order", "over"})
    name = str(call.this).lower() if isinstance(call, exp.Anonymous) else ""
    if odd or name not in NAMES:
        return builder.wrong(source, f"write one of {', '.join(sorted(NAMES))} over (partition by … order by …)")
    before = len(builder.mistakes)
    builder.in_aggregate = True
    node = _built(builder, source, call, name)
    builder.in_aggregate = False
    return node if len(builder.mistakes) == before else Literal(value=None, type=UNKNOWN, at=offset(source))


def _built(builder: "Builder", source: exp.Expr, call: exp.Expr, name: str) -> Node:
    given = list(call.expressions)
    steps = 1
    if name in STEPPED and len(given) == 2:
        reach = builder.node(given.pop())
        steps = reach.value if isinstance(reach, Literal) and isinstance(reach.value, int) else 0
        if not 1 <= steps <= MAX_REACH:
            builder.wrong(source, f"the number of rows must be a whole number from 1 to {MAX_REACH}, written out")
    starred = name == "count" and len(given) == 1 and isinstance(given[0], exp.Star)
    wanted = 0 if name in COUNTED else 1
    if len(given) != wanted:
        return builder.wrong(source, f"{name} takes {'no argument' if wanted == 0 else 'one argument'}")
    operand = builder.node(given[0]) if given and not starred else None
    partition = tuple(builder.node(part) for part in source.args.get("partition_by") or ())
    order = _order(builder, source)
    last = order[-1][0] if order else None
    if name in COUNTED | STEPPED and last is None:
        builder.wrong(source, f"{name} needs order by")
    elif name in TIED and not (isinstance(last, Field | JoinField) and last.name == ROW):
        builder.wrong(source, f"{name} hangs on the order of equal rows: end order by with {ROW}")
    return Over(
        name=name, operand=operand, steps=steps, partition=partition, order=order,
        type=_type(builder, source, name, operand), at=offset(source),
    )  # fmt: skip


def _order(builder: "Builder", source: exp.Expr) -> tuple[tuple[Node, bool], ...]:
    given = source.args.get("order")
    return tuple(
        (builder.node(part.this), bool(part.args.get("desc"))) for part in (given.expressions if given else ())
    )


def _type(builder: "Builder", source: exp.Expr, name: str, operand: Node | None) -> Type:
    if name in COUNTED or operand is None:
        return INTEGER
    result = aggregate_type(name, operand.type) if name in SUMMED else operand.type
    if isinstance(result, str):
        builder.wrong(source, result)
        return UNKNOWN
    return result
