"""`query`: the rule's own statement over typed rows."""

from collections.abc import Sequence

from rulepacks.engine.bodies import QueryBody
from rulepacks.engine.compile_sql import Compiler, quoted, text_literal
from rulepacks.engine.evaluation.findings import NOTHING, Shown, message_sql, severity_sql
from rulepacks.engine.evaluation.joins import gate_condition, joined_unit, unit_sql
from rulepacks.engine.evaluation.reads import BLOCKED, Reads, blocking, faults_of, fields_of
from rulepacks.engine.evaluation.source import Source
from rulepacks.engine.evaluation.state import State, add_counts
from rulepacks.engine.evaluation.statements import hits_name, list_relation
from rulepacks.engine.evaluation.watch import Broke
from rulepacks.engine.expressions.tree import Field, Node
from rulepacks.engine.loading.draft import difference_node
from rulepacks.engine.queries.sql import PREFIX, query_sql
from rulepacks.engine.spec import Rule

FOUND = '"query:found"'


class Query:
    """One rule: its relations, its statement, and what its findings show."""

    def __init__(self, state: State, rule: Rule) -> None:
        assert isinstance(rule.body, QueryBody)
        self.state, self.rule, self.body = state, rule, rule.body
        self.session = state.session
        self.input = self.session.pack.inputs[rule.input]
        stage = next(stage for stage in self.session.pack.stages if stage.name == rule.stage)
        self.gate = state.gate(stage)
        self.columns = rule.body.query.body.columns
        self.to = Compiler(lambda node: quoted(PREFIX + node.name) if isinstance(node, Field) else None)

    def run(self) -> None:
        """Make the table of what fails, and count outcomes."""
        unreadable = 0
        for name, names in self.body.reads.items():
            rows, bad = self.rows(name, names)
            if bad != "false":
                unreadable += int(self.session.one(f"SELECT count(*) FROM ({rows}) WHERE {bad}")[0])
        for name in self.body.tables:
            unreadable += int(self.session.one(f"SELECT count(*) FROM {_table(name)} WHERE {quoted(BLOCKED)}")[0])
        sql = query_sql(self.body.query, self.relations())
        self.session.run(f"CREATE OR REPLACE TEMP TABLE {FOUND} AS {sql}")
        self._keep()
        self._count(unreadable)

    def relations(self) -> dict[str, str]:
        """The SELECT of each relation the query reads; rows that cannot be read, or come of such rows, are left out."""
        relations = {}
        for name, names in self.body.reads.items():
            rows, bad = self.rows(name, names)
            relations[name] = f"SELECT * FROM ({rows}) WHERE NOT ({bad})"
        for name in self.body.lists:
            relations[name] = f"SELECT * FROM {list_relation(self.session, name)}"
        tables = {name: f"SELECT * FROM {_table(name)} WHERE NOT {quoted(BLOCKED)}" for name in self.body.tables}
        return relations | tables

    def rows(self, name: str, names: Sequence[str]) -> tuple[str, str]:
        """SELECT of the rows of an input, and SQL of whether one has cells that are read but unreadable."""
        pack, given = self.session.pack, self.session.pack.inputs[name]
        nodes = fields_of(given, names)
        reads = Reads().add(pack, given, nodes)
        gate = gate_condition(self.session, name, self.gate, reads)
        source = Source(self.session, given, self.state.joins)
        bad = [*blocking(pack, given, nodes), *faults_of(source.compiler(), nodes)]
        return f"SELECT * FROM ({source.select(reads)}) WHERE {gate or 'true'}", " OR ".join(bad) or "false"

    def _keep(self) -> None:
        """Keep what was found, with the key and unit of its rows."""
        name = hits_name(self.rule)
        if not self.body.by_row:
            unit = self.session.pack.first_input.unit
            known = bool(unit) and set(unit) <= set(self.body.key)
            joined = joined_unit([PREFIX + part for part in unit]) if known else NOTHING
            self.session.run(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT *, {joined} AS unit FROM {FOUND}")
            return
        pack, row = self.session.pack, quoted(f"{PREFIX}row")
        unit_text = unit_sql(self.session, self.input.name)
        names = [*self.input.key, *(pack.first_input.unit if unit_text else ())]
        reads = Reads().add_names(pack, self.input, names)
        source = Source(self.session, self.input, self.state.joins)
        keyed = source.select(reads, f"row_number IN (SELECT {row} FROM {FOUND})")
        listed = "".join(f", {quoted(key)}" for key in self.input.key)
        keyed = f"SELECT row_number{listed}, {unit_text or NOTHING} AS unit FROM ({keyed})"
        self.session.run(
            f"CREATE OR REPLACE TEMP TABLE {name} AS "
            f"SELECT f.*, k.* FROM {FOUND} f JOIN ({keyed}) k ON k.row_number = f.{row}"
        )
        found, kept = (int(self.session.one(f"SELECT count(*) FROM {table}")[0]) for table in (FOUND, name))
        if found != kept:
            raise Broke(f"{found - kept} of {found} results name no row of {self.input.name}")

    def _count(self, unreadable: int) -> None:
        """How many keys are right a query does not tell: without a finding it passes once, as a whole.

        A row fails once, however many findings it has.
        """
        name = hits_name(self.rule)
        what = "DISTINCT row_number" if self.body.by_row else "*"
        failed = int(self.session.one(f"SELECT count({what}) FROM {name}")[0])
        passed = int(failed == 0)
        if self.body.by_row:
            rows, bad = self.rows(self.input.name, self.body.reads[self.input.name])
            total = int(self.session.one(f"SELECT count(*) FROM ({rows}) WHERE NOT ({bad})")[0])
            passed = total - failed
        counts = {"passed": passed, "failed": failed, "not_evaluated": unreadable}
        add_counts(self.session, self.rule.code, counts)

    def shown(self) -> Shown:
        """What the findings show."""
        rule, body, to = self.rule, self.body, self.to
        own = {name: quoted(name) for name in self.input.key} if body.by_row else {}
        found = {name: quoted(PREFIX + name) for name in body.key}
        key = (own or found) | {name: to.value(node) for name, node in rule.about}
        slots = self._slots()
        values = {index: to.value(part.node) for index, part in enumerate(rule.message) if part.node is not None}
        fallback = text_literal(f"{rule.title}: not satisfied.")
        if "message" in self.columns:
            fallback = f"coalesce({quoted(f'{PREFIX}message')}, {fallback})"
        return Shown(
            source=hits_name(rule),
            key=key,
            fields=found,
            order=[*(["row_number"] if body.by_row else []), *(quoted(PREFIX + name) for name in self.columns)],
            severity=severity_sql(rule.severity, [to.value(node) for _, node in rule.severity.branches]),
            message=message_sql(rule, values, slots, fallback),
            input=rule.input,
            row="row_number" if body.by_row else "CAST(NULL AS BIGINT)",
            unit="unit",
            **slots,
        )

    def _slots(self) -> dict[str, str]:
        nodes: dict[str, Node] = {
            name: Field(name=name, type=self.columns[name])
            for name in ("left", "right", "difference") if name in self.columns
        }  # fmt: skip
        if "left" in nodes and "difference" not in nodes:
            difference = difference_node(nodes["left"], nodes["right"])
            nodes |= {"difference": difference} if difference is not None else {}
        texts = {name: f"CAST({self.to.value(node)} AS VARCHAR)" for name, node in nodes.items()}
        return {"left": NOTHING, "right": NOTHING, "difference": NOTHING} | texts


def _table(name: str) -> str:
    return quoted(f"table:{name}")
