"""What joins reach: the rows they look in may ask further joins."""

from collections.abc import Container, Iterable, Sequence

from rulepacks.engine.bodies import QueryBody
from rulepacks.engine.evaluation.gathers import gather_nodes
from rulepacks.engine.evaluation.reads import Reads, read_of, table_nodes
from rulepacks.engine.evaluation.sequences import sequence_nodes
from rulepacks.engine.expressions.tree import Node
from rulepacks.engine.spec import JoinSpec, Pack, Rule


def reached(pack: Pack, reads: Reads, *, gated: bool = False) -> Reads:
    """The joins that are read, with those that their rows ask, and the columns asked of each."""
    found = Reads(joins=set(reads.joins), join_columns=set(reads.join_columns))
    while True:
        more = found
        for name in found.joins:
            more = more.merged(asked_by(pack, pack.joins[name], found.columns_of(name), gated=gated))
        if more.joins == found.joins and more.join_columns == found.join_columns:
            return found
        found = more


def asked_by(pack: Pack, join: JoinSpec, columns: Sequence[str], *, gated: bool) -> Reads:
    """What a join reads of the rows of an input it looks in."""
    if join.kind in {"list", "table"}:
        return Reads()
    target = pack.inputs[join.target]
    names = [key for key, _ in join.on]
    if join.sequence is not None:
        nodes = sequence_nodes(join.sequence)
    elif join.of_many:
        nodes = gather_nodes(join)
        names += ordered_columns(join, columns)
    else:
        nodes = [join.where] if join.where is not None else []
        names += [
            *(column.rpartition(":")[2] for column in columns),
            *((target.effective or ()) if join.as_of is not None else ()),
        ]
    unit = pack.first_input.unit
    names += unit if gated and unit and all(map(target.knows, unit)) else ()
    return Reads().add(pack, target, nodes).add_names(pack, target, names)


def ordered_columns(join: JoinSpec, columns: Sequence[str]) -> list[str]:
    """The columns asked of the row that comes first in an order."""
    return [name for name in columns if name in join.columns] if join.order else []


def inputs_read(pack: Pack, rule: Rule) -> set[str]:
    """Names of the inputs a rule needs."""
    parts, tables = read_of(pack, rule), rule.body.tables if isinstance(rule.body, QueryBody) else ()
    found = {name for name, _ in parts}.union(*(table_inputs(pack, name) for name in tables))
    return found.union(*(inputs_joined(pack, name, nodes) for name, nodes in parts))


def inputs_joined(pack: Pack, name: str, nodes: Iterable[Node]) -> set[str]:
    """Names of the inputs that expressions over an input look into by joins."""
    joins = [pack.joins[join] for join in reached(pack, Reads().add(pack, pack.inputs[name], nodes)).joins]
    tables = {join.target for join in joins if join.kind == "table"}
    return {join.target for join in joins if join.kind == "input"}.union(*(table_inputs(pack, one) for one in tables))


def is_absent(pack: Pack, join: JoinSpec, delivered: Container[str]) -> bool:
    """Whether a join looks in what was not delivered: it finds nothing then."""
    if join.kind == "table":
        return not all(name in delivered for name in table_inputs(pack, join.target))
    return join.kind == "input" and join.target not in delivered


def table_inputs(pack: Pack, name: str) -> set[str]:
    """Names of the inputs a table is made of."""
    table = pack.tables[name]
    return {table.source} | inputs_joined(pack, table.source, table_nodes(table, pack.inputs[table.source]))
