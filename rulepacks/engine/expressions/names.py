"""Names in expressions: fields, joins, parameters; and how an unknown one is reported."""

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlglot import exp

from rulepacks.engine.expressions.parse import offset
from rulepacks.engine.expressions.tree import Field, JoinField, Literal, Node, Parameter
from rulepacks.engine.expressions.types import UNKNOWN

if TYPE_CHECKING:
    from rulepacks.engine.expressions.build import Builder

IT = "it"
"""What a field is called in the condition of `all_of` and `any_of`."""

_REFUSALS: dict[type[exp.Expr], str] = {
    exp.Div: "/ is not exact; write divide(x, y, decimals)",
    exp.IntDiv: "// is not exact; write divide(x, y, decimals), floor_div(x, y) or ceil_div(x, y)",
    exp.Subquery: "a subquery is not part of the language",
    exp.Select: "a subquery is not part of the language",
    exp.Star: "* stands only in count(*)",
    exp.RegexpLike: "write matches(x, 'pattern')",
    exp.SimilarTo: "write matches(x, 'pattern')",
    exp.ILike: "write upper(x) like 'PATTERN'",
    exp.ByteString: "escapes are not part of the language",
    exp.Alias: "an operator is missing between two words",
}


def refusal(source: exp.Expr) -> str:
    """Why a construct is not accepted."""
    return _REFUSALS.get(type(source)) or f"{source.key} is not part of the language"


def unknown(what: str, word: str, known: Iterable[str]) -> str:
    """The message for an unknown name, with the nearest known one."""
    near = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.75)
    return f"unknown {what} {word}" + (f"; {near[0]} is known" if near else "")


def re2_message(error: Exception) -> str:
    reason = error.args[0] if error.args else "unknown"
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)


def column(builder: "Builder", source: exp.Expr) -> Node:
    """A field, or a column of a join."""
    if not isinstance(source.this, exp.Identifier):
        return builder.wrong(source, "* stands only in count(*)")
    word, table, at = source.name, source.args.get("table"), offset(source)
    if table is not None:
        return _join_column(builder, source, table.name, word)
    if word == IT and builder.it is not None:
        return builder.it
    kind = builder.scope.fields.get(word)
    if kind is None:
        return builder.wrong(source, unknown(builder.scope.what, word, builder.scope.fields))
    return grouped_field(builder, source, Field(name=word, type=kind, at=at), word)


def _join_column(builder: "Builder", source: exp.Expr, join: str, word: str) -> Node:
    columns = builder.scope.joins.get(join)
    if columns is None:
        return builder.wrong(source, unknown("join", join, builder.scope.joins))
    if word not in columns:
        return builder.wrong(source, unknown(f"column of {join}:", word, columns))
    return grouped_join(builder, source, JoinField(join=join, name=word, type=columns[word], at=offset(source)), join)


def grouped_field(builder: "Builder", source: exp.Expr, node: Node, word: str) -> Node:
    """The node, unless a field stands outside an aggregate without being grouped by."""
    scope = builder.scope
    if scope.aggregates and not builder.in_aggregate and word not in scope.grouped:
        return builder.wrong(source, f"{word} differs within a group: put it in by, or in sum(…), min(…), any(…)")
    return node


def grouped_join(builder: "Builder", source: exp.Expr, node: Node, join: str) -> Node:
    """The node, unless a join stands outside an aggregate and its key is not part of what is grouped by."""
    scope = builder.scope
    if scope.aggregates and not builder.in_aggregate and join not in scope.grouped_joins:
        return builder.wrong(source, f"{join} differs within a group: its key is not part of by")
    return node


def parameter(builder: "Builder", source: exp.Expr) -> Node:
    """`$name`. sqlglot keeps no position of it, so the first place of the text that says `$name` is taken."""
    word = str(source.this or "")
    at = builder.text.find(f"${word}")
    kind = builder.scope.parameters.get(word)
    if at < 0 or not word:
        return builder.wrong(source, "a parameter is written $name")
    if kind is None:
        node = builder.wrong(source, unknown("parameter", word, builder.scope.parameters))
        builder.mistakes[-1] = type(builder.mistakes[-1])(at, builder.mistakes[-1].message)
        return node
    return Parameter(name=word, type=kind, at=at) if kind.kind != "unknown" else Literal(value=None, type=UNKNOWN)
