"""SQL of the group rules that share an input and a set of grouping fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rulepacks.engine.bodies import GroupBody
from rulepacks.engine.compile_sql import Compiler, aggregate, aggregate_fault, quoted
from rulepacks.engine.evaluation.masks import KINDS, Bit, Decision, bits, errors, failed_condition, mask_columns, masks
from rulepacks.engine.evaluation.reads import (
    BLOCKED,
    blockers,
    blocking,
    either,
    faults_of,
    marks,
    row_nodes,
    rule_nodes,
    rule_where,
    said,
    shown_nodes,
)
from rulepacks.engine.evaluation.source import Source, column
from rulepacks.engine.evaluation.state import State
from rulepacks.engine.evaluation.work import Work, unmet
from rulepacks.engine.expressions.tree import Aggregate, Field, Found, JoinField, Node, narrowed, walk
from rulepacks.engine.loading.draft import difference_node
from rulepacks.engine.spec import Rule

Key = tuple[Node | None, Aggregate]


@dataclass
class GroupQuery:
    """One GROUP BY for several rules: the keys, every aggregate once, and the outcomes as masks."""

    state: State
    work: Work
    by: Sequence[str]
    rules: Sequence[Rule]
    names: dict[Key, str] = field(default_factory=dict)
    faults: dict[Key, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.source = Source(self.state.session, self.work.input, self.state.joins)
        self.places: Mapping[str, Bit] = bits(rule.code for rule in self.rules)
        # Rules that look at the same rows need no filter of their own beside the WHERE.
        unsure = [text for rule in self.rules for text in (self._misread(rule), self._miscomputed(rule)) if text]
        self.one_where = len({rule_where(rule) for rule in self.rules}) == 1 and not unsure
        for rule in self.rules:
            for node in rule_nodes(rule) + shown_nodes(rule):
                for part in walk(node):
                    if isinstance(part, Aggregate):
                        self.names.setdefault((self._filter(rule), part), f"agg:{len(self.names)}")

    def _misread(self, rule: Rule) -> str:
        """SQL of "`where` reads what cannot be read": which rows it means is not known then; '' when that cannot be."""
        where = rule_where(rule)
        return " OR ".join(blocking(self.state.session.pack, self.work.input, [where] if where is not None else []))

    def _miscomputed(self, rule: Rule) -> str:
        """SQL of "`where` faults"; '' when it never does."""
        where = rule_where(rule)
        return (self.source.compiler().fault(where) or "") if where is not None else ""

    def _filter(self, rule: Rule) -> Node | None:
        return None if self.one_where else rule_where(rule)

    def table(self) -> str:
        """SELECT of all groups: `by`, aggregates, columns of joins, `rows:code` where it matters, masks."""
        columns: list[str] = []
        decided: dict[str, Decision] = {}
        grouped = self._grouped()
        for rule in self.rules:
            decided[rule.code] = self._decide(rule)
            columns += [
                f"({text}) AS {quoted(f'{kind}:{rule.code}')}"
                for kind in KINDS
                if (text := decided[rule.code].part(kind))
            ]
        left_out = ", ".join(text.rsplit(" AS ", 1)[1] for text in columns)
        joined, values = self._joins()
        sql = f"SELECT l.*{''.join(f', {value}' for value in values)} FROM ({grouped}) l {joined}"
        inner = f"SELECT *, {', '.join(columns)} FROM ({sql})"
        return f"SELECT * EXCLUDE ({left_out}), {', '.join(mask_columns(decided, self.places))} FROM ({inner})"

    def failing(self, table: str) -> str:
        """SELECT of the failing groups of a table, with all that their findings show."""
        failed = " OR ".join(f"fail{number} <> 0" for number in range(masks(self.places))) or "false"
        return f"{self.shown(table)} WHERE {failed}"

    def shown(self, table: str) -> str:
        """SELECT of all groups of a table, with all that findings about them show."""
        shown = [text for rule in self.rules for text in self._shown(rule)]
        return f"SELECT *{''.join(f', {text}' for text in shown)} FROM {table}"

    def present(self, rule: Rule) -> str:
        """SQL of whether a group has rows the rule looks at."""
        if self.one_where:
            return "true"
        unclear = f" OR {quoted(f'blocked:{rule.code}')}" if self._misread(rule) else ""
        unclear += f" OR {quoted(f'broken:{rule.code}')}" if self._miscomputed(rule) else ""
        return f"({quoted(f'rows:{rule.code}')} > 0{unclear})"

    def _grouped(self) -> str:
        to = self.source.compiler()
        columns = [quoted(name) for name in self.by]
        for (where, node), name in self.names.items():
            fewer = narrowed(node, where)
            columns.append(f"{aggregate(to, fewer)} AS {quoted(name)}")
            if fault := aggregate_fault(to, fewer):
                self.faults[where, node] = quoted(f"fault:{name}")
                columns.append(f"{fault} AS {quoted(f'fault:{name}')}")
        columns += [item for rule in self.rules for item in self._presence(rule, to)]
        wheres = [
            text
            for rule in self.rules
            for text in (self._picked(rule, to), self._misread(rule), self._miscomputed(rule))
            if text
        ]
        picked = "" if "true" in wheres else f" WHERE {' OR '.join(dict.fromkeys(wheres))}"
        # HAVING: no rows are no group, also when all rows make one.
        return f"SELECT {', '.join(columns)} FROM {self.work.name}{picked} GROUP BY ALL HAVING count(*) > 0"

    def _presence(self, rule: Rule, to: Compiler) -> list[str]:
        """Whether the group has rows of the rule, and whether one of them keeps the rule from being judged."""
        picked = "true" if self.one_where else self._picked(rule, to)
        columns = [] if self.one_where else [f"count(*) FILTER (WHERE {picked}) AS {quoted(f'rows:{rule.code}')}"]
        for name, row, unclear in (
            ("blocked", self._blocked(rule), self._misread(rule)),
            ("broken", self._broken(), self._miscomputed(rule)),
        ):
            if row or unclear:
                cause = either([unclear] if unclear else [], picked, [row] if row else [])
                columns.append(f"coalesce(bool_or({cause}), false) AS {quoted(f'{name}:{rule.code}')}")
        return columns

    def _broken(self) -> str:
        """SQL, over rows, of "the key could not be computed"; '' when it always can."""
        by = [Field(name=name, type=self.work.input.type_of(name)) for name in self.by]
        return " OR ".join(faults_of(self.source.compiler(), by))

    @staticmethod
    def _picked(rule: Rule, to: Compiler) -> str:
        where = rule_where(rule)
        return to.shown(where) if where is not None else "true"

    def _blocked(self, rule: Rule) -> str:
        """SQL, over rows, of what keeps a rule from being judged; '' when nothing can."""
        return " OR ".join(self.blockers(rule).values())

    def blockers(self, rule: Rule) -> dict[str, str]:
        """SQL, over rows, of each thing that keeps a rule from being judged, by what it is."""
        pack = self.state.session.pack
        return blockers(pack, self.work.input, row_nodes(pack, rule)) | unmet(self.state, self.work, rule)

    def _joins(self) -> tuple[str, list[str]]:
        """Joins whose key is part of the grouping, looked up once a group."""
        parts = joined_apart([node for rule in self.rules for node in deciding_nodes(rule) + shown_nodes(rule)])
        clauses, values = [], []
        for name in dict.fromkeys(part.join for part in parts):
            join = self.state.session.pack.joins[name]
            mine = [part for part in parts if part.join == name]
            columns = {part.name for part in mine if isinstance(part, JoinField)}.union(
                *(marks(self.state.session.pack, part) for part in mine)
            )
            more, joined = self.source.join(join, sorted(columns))
            values += more
            clauses += joined
        return " ".join(clauses), values

    def compiler(self, rule: Rule) -> Compiler:
        """A compiler for expressions of one rule over its groups."""
        where = self._filter(rule)

        def resolve(node: Node) -> str | None:
            return quoted(self.names[where, node]) if isinstance(node, Aggregate) else column(node)

        def resolve_fault(node: Node) -> str | None:
            if isinstance(node, Aggregate):
                return self.faults.get((where, node))
            # A group whose key could not be computed is broken as a whole.
            return None if isinstance(node, Field) else self.source.fault(node, to)

        to = Compiler(resolve, resolve_fault)
        return to

    def _decide(self, rule: Rule) -> Decision:
        assert isinstance(rule.body, GroupBody)
        to, present = self.compiler(rule), self.present(rule)
        blocked = self._kept_from(rule)
        value = to.value(rule.body.require)
        faults = [fault] if (fault := errors(to, rule.when, [rule.body.require])) else []
        if self._broken() or self._miscomputed(rule):
            faults.append(quoted(f"broken:{rule.code}"))
        broken = " OR ".join(faults) or "false"
        skipped = [f"({to.value(rule.when)}) IS NOT TRUE"] if rule.when is not None else []
        if rule.on_null == "skip":
            skipped.append(f"({value}) IS NULL")
        judged = f"{present} AND NOT {blocked} AND NOT ({broken})"
        skip = " OR ".join(skipped)
        return Decision(
            fail=f"{judged} AND {failed_condition(value, rule)}" + (f" AND NOT ({skip})" if skip else ""),
            na=f"{judged} AND ({skip})" if skip else "",
            ne=f"{present} AND {blocked}" if blocked != "false" else "",
            er=f"{present} AND NOT {blocked} AND ({broken})" if faults else "",
        )

    def _kept_from(self, rule: Rule) -> str:
        """SQL, over groups, of whether one cannot be judged: for its rows, or for rows that its joins gather."""
        own = [quoted(f"blocked:{rule.code}")] if self._blocked(rule) else []
        apart = [
            said(part.join, mark)
            for part in joined_apart(deciding_nodes(rule))
            for mark in marks(self.state.session.pack, part)
            if mark.startswith(BLOCKED)
        ]
        parts = own + list(dict.fromkeys(apart))
        return f"({' OR '.join(parts)})" if parts else "false"

    def _shown(self, rule: Rule) -> list[str]:
        """Columns for findings: sides, difference, and every value of about, message and severity."""
        assert isinstance(rule.body, GroupBody)
        body, code, to = rule.body, rule.code, self.compiler(rule)
        values: dict[str, Node] = {f"about:{code}:{name}": node for name, node in rule.about}
        if body.left is not None and body.right is not None:
            values |= {f"left:{code}": body.left, f"right:{code}": body.right}
            difference = difference_node(body.left, body.right)
            values |= {f"difference:{code}": difference} if difference is not None else {}
        for index, part in enumerate(rule.message):
            values |= {f"message:{code}:{index}": part.node} if part.node is not None else {}
        values |= {f"severity:{code}:{index}": node for index, (_, node) in enumerate(rule.severity.branches)}
        return [f"{to.shown(node)} AS {quoted(name)}" for name, node in values.items()]


def deciding_nodes(rule: Rule) -> list[Node]:
    """What decides a group: its guard and its condition."""
    where = rule_where(rule)
    return [node for node in rule_nodes(rule) if node is not where]


def joined_apart(nodes: Sequence[Node]) -> list[JoinField | Found]:
    """What expressions take of joins outside aggregates: looked up once a group."""
    return [part for node in nodes for part in outside(node) if isinstance(part, JoinField | Found)]


def outside(node: Node) -> list[Node]:
    """Nodes outside aggregates."""
    if isinstance(node, Aggregate):
        return []
    return [node, *(part for child in node.children for part in outside(child))]
