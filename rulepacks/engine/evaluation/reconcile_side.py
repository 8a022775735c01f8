"""SQL of one side of a reconciliation."""

from collections.abc import Sequence

from rulepacks.engine.bodies import Side
from rulepacks.engine.compile_sql import Compiler, aggregate, aggregate_fault, quoted
from rulepacks.engine.evaluation.reads import blockers, blocking, either, faults_of, side_nodes
from rulepacks.engine.evaluation.source import Source, column
from rulepacks.engine.evaluation.state import State
from rulepacks.engine.evaluation.work import Work, unmet
from rulepacks.engine.expressions.tree import Aggregate, Node, narrowed, walk
from rulepacks.engine.spec import Rule

MARKS = ("blocked", "broken")
"""Keys that cannot be judged, because of cells that cannot be read or rules that are needed, and keys that break."""


class SideQuery:
    """SQL of one side: its keys with their value, and whether they are `blocked` or `broken`."""

    def __init__(self, state: State, work: Work, side: Side, on: Sequence[str], rule: Rule) -> None:
        self.state, self.work, self.side, self.on, self.rule = state, work, side, on, rule
        self.over_rows = Source(state.session, work.input, state.joins).compiler()
        aggregates = dict.fromkeys(node for node in walk(side.value) if isinstance(node, Aggregate))
        self.names = {node: f"agg:{index}" for index, node in enumerate(aggregates)}
        self.faults: dict[Node, str] = {}
        where = [side.where] if side.where is not None else []
        self.unread = blocking(state.session.pack, work.input, where)
        self.lost = faults_of(self.over_rows, where)

    def select(self) -> str:
        """The SELECT: keys, value, marks, has."""
        to, grouped = Compiler(self._named, self._faulted), self._grouped()
        fault = to.fault(self.side.value)
        broken = f"broken OR {fault}" if fault else "broken"
        columns = [*map(quoted, self.on), f"{to.value(self.side.value)} AS value", "blocked", f"{broken} AS broken"]
        return f"SELECT {', '.join(columns)}, true AS has FROM ({grouped})"

    def blockers(self) -> dict[str, str]:
        """SQL, over rows, of each thing that keeps a key from being judged, by what it is."""
        needs = unmet(self.state, self.work, self.rule) if self.side.input == self.rule.input else {}
        return blockers(self.state.session.pack, self.work.input, side_nodes(self.side)) | needs

    def _named(self, node: Node) -> str | None:
        return quoted(self.names[node]) if isinstance(node, Aggregate) else column(node)

    def _faulted(self, node: Node) -> str | None:
        return self.faults.get(node) if isinstance(node, Aggregate) else None

    def _grouped(self) -> str:
        side, to = self.side, self.over_rows
        picked = to.shown(side.where) if side.where is not None else "true"
        unsure = [*self.unread, *self.lost]
        columns = [f"{to.shown(node)} AS {quoted(name)}" for node, name in zip(side.on, self.on, strict=True)]
        for node, name in self.names.items():
            fewer = narrowed(node, side.where) if unsure else node
            columns.append(f"{aggregate(to, fewer)} AS {quoted(name)}")
            if fault := aggregate_fault(to, fewer):
                self.faults[node] = quoted(f"fault:{name}")
                columns.append(f"{fault} AS {self.faults[node]}")
        blocked = [*self.blockers().values()]
        causes = either(self.unread, picked, blocked), either(self.lost, picked, faults_of(to, side.on))
        columns += [f"coalesce(bool_or({cause}), false) AS {mark}" for mark, cause in zip(MARKS, causes, strict=True)]
        where = "" if side.where is None else f" WHERE {' OR '.join([picked, *unsure])}"
        keys = ", ".join(str(index + 1) for index in range(len(self.on)))
        return f"SELECT {', '.join(columns)} FROM {self.work.name}{where} GROUP BY {keys}"
