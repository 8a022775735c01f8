"""What families other than row rules need of the rows of an input, so that one scan of it serves all stages."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rulepacks.engine.bodies import GroupBody, ReconcileBody
from rulepacks.engine.compile_sql import quoted
from rulepacks.engine.evaluation.plan import StagePlan
from rulepacks.engine.evaluation.reads import (
    BLOCKED,
    FAULTED,
    Reads,
    inside,
    join_nodes,
    row_nodes,
    shown_nodes,
    side_nodes,
    table_nodes,
    unreadable_fields,
)
from rulepacks.engine.evaluation.source import Source, column
from rulepacks.engine.evaluation.state import State
from rulepacks.engine.expressions.tree import Field, Found, JoinField, Node, walk
from rulepacks.engine.spec import Input


@dataclass(frozen=True)
class Needed:
    """Columns of the working table, all that these come from, and the fields whose unreadable cells matter."""

    reads: Reads = field(default_factory=Reads)
    columns: frozenset[str] = frozenset()
    unreadable: frozenset[str] = frozenset()

    def merged(self, other: "Needed") -> "Needed":
        """Both together."""
        return Needed(self.reads.merged(other.reads), self.columns | other.columns, self.unreadable | other.unreadable)

    @property
    def all_columns(self) -> frozenset[str]:
        """Every column the working table must have for this."""
        return self.columns | {quoted(f"bad:{name}") for name in self.unreadable}


def needed_of(state: State, plan: StagePlan, source: Input) -> Needed:
    """What groups, reconciliations and tables of a stage need of the rows of an input."""
    nodes: list[Node] = []
    for rule in plan.rules:
        if isinstance(rule.body, GroupBody) and rule.input == source.name:
            nodes += [*row_nodes(state.session.pack, rule), *inside(shown_nodes(rule))]
        elif isinstance(rule.body, ReconcileBody):
            sides = [side for side in (rule.body.left, rule.body.right) if side.input == source.name]
            nodes += [node for side in sides for node in side_nodes(side)]
    for table in plan.tables:
        if table.source == source.name:
            nodes += table_nodes(table, source)
    return _needed(state, source, nodes)


def needed_ahead(state: State, plans: Iterable[StagePlan], source: Input) -> Needed:
    """What all stages need of the rows of an input, joins left out: those differ from stage to stage."""
    total = Needed()
    for plan in plans:
        needed = needed_of(state, plan, source)
        if not needed.reads.joins:
            total = total.merged(needed)
    return total


def _needed(state: State, source: Input, nodes: Sequence[Node]) -> Needed:
    pack = state.session.pack
    reads = Reads().add(pack, source, nodes)
    rows = Source(state.session, source, state.joins)
    asked = list(_asked(rows, nodes))
    columns = {name for node in asked if (name := column(node))}
    columns |= {quoted(f"fault:{node.name}") for node in asked if isinstance(node, Field) and rows.can_fault(node.name)}
    columns |= {quoted(f"j:{join}.{mark}") for join, mark in reads.join_columns if mark.startswith((BLOCKED, FAULTED))}
    return Needed(reads, frozenset(columns), frozenset(unreadable_fields(pack, source, nodes)))


def _asked(rows: Source, nodes: Iterable[Node]) -> Iterator[Node]:
    """Nodes whose value or fault is asked for: what looks something up by a key that can fault faults with the key."""
    for node in (part for tree in nodes for part in walk(tree)):
        yield node
        if isinstance(node, JoinField | Found) and rows.fault(node):
            yield from _asked(rows, join_nodes(rows.session.pack.joins[node.join]))
