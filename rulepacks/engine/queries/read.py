"""Text of a query -> tree, or the mistakes in it. What is not named here is refused."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from sqlglot import exp

from rulepacks.engine.expressions.build import Builder
from rulepacks.engine.expressions.parse import Mistake, offset, parse_query
from rulepacks.engine.expressions.scope import Scope
from rulepacks.engine.expressions.size import too_large
from rulepacks.engine.expressions.tree import Aggregate, Field, JoinField, Node, Over, walk
from rulepacks.engine.expressions.types import BOOLEAN, Type, common, fits
from rulepacks.engine.limits import PackLimits
from rulepacks.engine.queries.tree import Joined, JoinKind, Query, Relation, Select, Union

Columns = Mapping[str, Type]
_NAME = re.compile("[a-z_][a-z0-9_]{0,62}")
_KINDS: dict[tuple[str, str], JoinKind] = {
    ("", ""): "", ("", "INNER"): "", ("LEFT", ""): "left", ("LEFT", "OUTER"): "left",
    ("", "SEMI"): "semi", ("LEFT", "SEMI"): "semi", ("", "ANTI"): "anti", ("LEFT", "ANTI"): "anti",
}  # fmt: skip
_WORDS = {
    "order": "rows have no order here; findings come in the order of their key",
    "limit": "limit would leave out findings",
    "qualify": "qualify is not part of the language; name the value in a WITH and test it there",
}
_SELECT = {"expressions", "distinct", "from_", "joins", "where", "group", "having", "with_", "kind", "hint"}


def read_query(
    text: str, relations: Mapping[str, Columns], broken: Iterable[str], scope: Scope, limits: PackLimits
) -> tuple[Query | None, list[Mistake]]:
    """The tree of a query over relations, and everything wrong with it; `scope` gives parameters and holidays.

    Without a tree and without mistakes the query reads one of those that are `broken`: what is wrong there is known.
    """
    parsed = parse_query(text, limits)
    if isinstance(parsed, Mistake):
        return None, [parsed]
    reader = _Reader(text, dict(relations), set(broken), scope, limits)
    query = reader.query(parsed)
    return (None if reader.mistakes else query), reader.mistakes


class _Reader:
    """`broken` are relations of unknown columns: a SELECT that reads one is looked at no further."""

    def __init__(
        self, text: str, relations: dict[str, Columns], broken: set[str], scope: Scope, limits: PackLimits
    ) -> None:
        self.text, self.relations, self.broken, self.scope, self.limits = text, relations, broken, scope, limits
        self.mistakes: list[Mistake] = []
        self.selects = self.joins = 0

    def wrong(self, source: exp.Expr, message: str) -> None:
        self.mistakes.append(Mistake(offset(source), message))

    def query(self, source: exp.Expr) -> Query | None:
        withs = []
        given = source.args.get("with_")
        if given is not None and given.args.get("recursive"):
            self.wrong(given, "a query that reads itself is not part of the language")
        for part in given.expressions if given is not None else ():
            name = self.name(part, part.alias)
            if name in self.relations:
                self.wrong(part, f"{name} is already a relation")
            union = self.union(part.this)
            if union is None:
                self.broken.add(name)
            else:
                withs.append((name, union))
                self.relations[name] = union.columns
        body = self.union(source)
        return Query(tuple(withs), body) if body is not None else None

    def name(self, source: exp.Expr, name: str) -> str:
        if not _NAME.fullmatch(name):
            self.wrong(source, f"{name or 'a part'} needs a name of small letters, digits and _")
        return name

    def union(self, source: exp.Expr) -> Union | None:
        selects = [self.select(part) for part in self.parts(source)]
        parts = [part for part in selects if part is not None]
        if len(parts) < len(selects):
            return None
        columns = {name: node.type for name, node in parts[0].columns}
        for part in parts[1:]:
            columns = self.both(source, columns, part)
        return Union(tuple(parts), columns)

    def parts(self, source: exp.Expr) -> Iterator[exp.Expr]:
        if not isinstance(source, exp.Union):
            yield source
            return
        if source.args.get("distinct") is not False or type(source) is not exp.Union:
            self.wrong(source, "write union all")
        yield from self.parts(source.this)
        yield from self.parts(source.expression)

    def both(self, source: exp.Expr, columns: dict[str, Type], part: Select) -> dict[str, Type]:
        if len(part.columns) != len(columns):
            self.wrong(source, f"{len(columns)} columns, then {len(part.columns)}")
            return columns
        found = {}
        for (name, kind), (_, node) in zip(columns.items(), part.columns, strict=True):
            both = common(kind, node.type)
            if both is None:
                self.wrong(source, f"{name} is {kind} in one part and {node.type} in another")
            found[name] = both or kind
        return found

    def select(self, source: exp.Expr) -> Select | None:
        if not isinstance(source, exp.Select) or source.args.get("from_") is None:
            self.wrong(source, "select … from … is expected")
            return None
        self.selects += 1
        if self.selects > self.limits.query_selects:
            self.wrong(source, self.limits.said("query_selects", "more than {} selects"))
            return None
        for key, value in source.args.items():
            if value and key not in _SELECT:
                self.wrong(source, _WORDS.get(key, f"{key.strip('_')} is not part of the language"))
        return self.body(source)

    def body(self, source: exp.Select) -> Select | None:
        first = self.relation(source.args["from_"].this)
        given = [self.join(join) for join in source.args.get("joins") or ()]
        if first is None or None in given:
            return None
        joins = cast("list[tuple[JoinKind, Relation, exp.Expr]]", given)
        aliases = [first, *(relation for _, relation, _ in joins)]
        if len({one.alias for one in aliases}) < len(aliases):
            self.wrong(source, "two relations have one name; give one another with as")
            return None
        # Semi and anti joins only test: what they look at cannot be read.
        kept = [first, *(relation for kind, relation, _ in joins if kind in ("", "left"))]
        owners = self.owners(kept)
        scope = self.visible(kept, owners)
        joined = []
        for at, (kind, relation, on) in enumerate(joins):
            near = [one for one in aliases[: at + 1] if one in kept] + [relation]
            joined.append(Joined(kind, relation, self.condition(on, self.visible(near, self.owners(near)))))
        where = source.args.get("where")
        group, having = source.args.get("group"), source.args.get("having")
        if group is not None and any(value for key, value in group.args.items() if key != "expressions"):
            self.wrong(group, "group by takes expressions only")
        by = tuple(self.node(part, scope) for part in (group.expressions if group is not None else ()))
        for part, node in zip(group.expressions if group is not None else (), by, strict=True):
            if not any(isinstance(one, Field | JoinField) for one in walk(node)):
                self.wrong(part, "group by takes columns, not their places")
        columns = self.columns(source, scope)
        grouped = group is not None or any(_aggregates(node) for _, node in columns.values())
        tests = [having.this] if having is not None else []
        tested = self.condition(tests[0], self.grouping(scope)) if tests else None
        if grouped or tested is not None:
            self.check_grouped([*columns.values(), *((test, tested) for test in tests if tested)], by, owners)
        return Select(
            columns=tuple((name, node) for name, (_, node) in columns.items()),
            distinct=self.distinct(source), source=first, joins=tuple(joined),
            where=self.condition(where.this, scope) if where is not None else None,
            grouped=grouped or tested is not None, by=by, having=tested, owners=owners,
        )  # fmt: skip

    def distinct(self, source: exp.Select) -> bool:
        found = source.args.get("distinct")
        if found is not None and found.args.get("on"):
            self.wrong(found, "distinct on takes one row of many by chance; use distinct, or group by")
        return found is not None

    def relation(self, source: exp.Expr) -> Relation | None:
        if not isinstance(source, exp.Table) or not isinstance(source.this, exp.Identifier) or source.args.get("db"):
            self.wrong(source, "the name of an input, list, table or part of the query is expected")
            return None
        if any(value for key, value in source.args.items() if key not in {"this", "alias"}):
            self.wrong(source, "a name, and after as another, is all that stands here")
        if source.name in self.relations:
            return Relation(source.name, self.name(source, source.alias or source.name))
        if source.name not in self.broken:
            self.wrong(source, f"unknown relation {source.name}; known: {', '.join(sorted(self.relations)) or 'none'}")
        return None

    def join(self, source: exp.Join) -> tuple[JoinKind, Relation, exp.Expr] | None:
        self.joins += 1
        side, word = (str(source.args.get(key) or "").upper() for key in ("side", "kind"))
        relation, on = self.relation(source.this), source.args.get("on")
        others = any(value for key, value in source.args.items() if key not in {"this", "side", "kind", "on"})
        if (side, word) not in _KINDS or others:
            self.wrong(source, "join, left join, semi join and anti join with on are known")
        elif on is None:
            self.wrong(source, "a join needs on")
        elif self.joins > self.limits.query_joins:
            self.wrong(source, self.limits.said("query_joins", "more than {} joins"))
        elif relation is not None:
            return _KINDS[side, word], relation, on
        return None

    def owners(self, aliases: list[Relation]) -> dict[str, str]:
        """Columns that one relation alone has, with its alias."""
        found: dict[str, list[str]] = {}
        for one in aliases:
            for name in self.relations[one.name]:
                found.setdefault(name, []).append(one.alias)
        return {name: whose[0] for name, whose in found.items() if len(whose) == 1}

    def visible(self, aliases: list[Relation], owners: Mapping[str, str]) -> Scope:
        joins = {one.alias: self.relations[one.name] for one in aliases}
        return Scope(
            fields={name: joins[alias][name] for name, alias in owners.items()}, joins=joins,
            parameters=self.scope.parameters, holidays=self.scope.holidays, what="column",
        )  # fmt: skip

    @staticmethod
    def grouping(scope: Scope) -> Scope:
        """The scope with aggregates; which columns may stand outside them is checked afterwards."""
        return Scope(
            fields=scope.fields, joins=scope.joins, parameters=scope.parameters, holidays=scope.holidays,
            what=scope.what, aggregates=True, grouped=frozenset(scope.fields), grouped_joins=frozenset(scope.joins),
            over=True,
        )  # fmt: skip

    def columns(self, source: exp.Select, scope: Scope) -> dict[str, tuple[exp.Expr, Node]]:
        found: dict[str, tuple[exp.Expr, Node]] = {}
        for part in source.expressions:
            value = part.this if isinstance(part, exp.Alias) else part
            if isinstance(value, exp.Star) or (isinstance(value, exp.Column) and isinstance(value.this, exp.Star)):
                self.wrong(part, "* is not part of the language here; name the columns")
                continue
            name = part.alias if isinstance(part, exp.Alias) else value.name if isinstance(value, exp.Column) else ""
            if name in found:
                self.wrong(part, f"two columns are called {name}")
            node = self.node(value, self.grouping(scope))
            if node.type.kind == "list":
                self.wrong(part, "a list cannot be a column")
            found[self.name(part, name)] = (value, node)
        return found

    def node(self, source: exp.Expr, scope: Scope) -> Node:
        builder = Builder(scope, self.text, self.limits)
        node = builder.node(source)
        self.mistakes += builder.mistakes
        if not builder.mistakes and (problem := too_large(node, self.limits, scope.growths)):
            self.wrong(source, problem)
        return node

    def condition(self, source: exp.Expr, scope: Scope) -> Node:
        node = self.node(source, scope)
        if not fits(node.type, BOOLEAN):
            self.wrong(source, f"a condition is expected, not {node.type}")
        return node

    def check_grouped(
        self, given: list[tuple[exp.Expr, Node]], by: tuple[Node, ...], owners: Mapping[str, str]
    ) -> None:
        """Columns outside aggregates must be grouped by, and windows have no meaning over groups."""
        known = {_same(node, owners) for node in by}
        for source, node in given:
            if any(isinstance(part, Over) for part in walk(node)):
                self.wrong(source, "over(…) and group by do not go together; group in a WITH")
            for name in _loose(node, known, owners):
                self.wrong(source, f"{name} differs within a group: put it in group by, or in sum(…), min(…), any(…)")


def _aggregates(node: Node) -> bool:
    return any(isinstance(part, Aggregate) for part in walk(node))


def _same(node: Node, owners: Mapping[str, str]) -> Node:
    """A column with its alias; other nodes as they are."""
    if isinstance(node, Field) and node.name in owners:
        return JoinField(join=owners[node.name], name=node.name, type=node.type)
    return node


def _loose(node: Node, known: set[Node], owners: Mapping[str, str]) -> Iterator[str]:
    """Names of columns outside aggregates that are not grouped by."""
    if isinstance(node, Aggregate) or _same(node, owners) in known:
        return
    if isinstance(node, Field | JoinField):
        yield node.name
    for child in node.children:
        yield from _loose(child, known, owners)
