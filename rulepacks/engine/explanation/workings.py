"""How the derived fields a rule reads came about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rulepacks.engine.bodies import ScoreBody
from rulepacks.engine.evaluation.reads import Reads
from rulepacks.engine.explanation.answers import Answers
from rulepacks.engine.explanation.outline import Splitter
from rulepacks.engine.explanation.trace import Working
from rulepacks.engine.expressions.tree import Field, Node
from rulepacks.engine.expressions.written import name as plain
from rulepacks.engine.expressions.written import written
from rulepacks.engine.spec import Input, Pack, Rule


@dataclass(frozen=True)
class Derivation:
    """A derived field, or a column of a score, before its value is known."""

    name: str
    text: str
    node: Node
    reads: Mapping[str, Node]

    def asked(self) -> Iterator[Node]:
        """The expressions whose values it shows."""
        yield self.node
        yield from self.reads.values()

    def worked(self, answers: Answers) -> Working:
        """With its values."""
        values = {name: answers[node].value for name, node in self.reads.items()}
        return Working(self.name, self.text, answers[self.node].value, values)


def derivations(pack: Pack, source: Input, rule: Rule, nodes: list[Node]) -> list[Derivation]:
    """The derived fields that expressions read, in turn, and the columns of a score, in the order they are computed."""
    splitter, read = Splitter(pack, source), Reads().add(pack, source, nodes).derived
    found = [
        Derivation(plain(name), written(node), Field(name=name, type=node.type), splitter.reads(node))
        for name, node in source.derived.items() if name in read
    ]  # fmt: skip
    columns = rule.body.columns if isinstance(rule.body, ScoreBody) else ()
    return [*found, *(Derivation(name, "", node, {}) for name, node in columns if not isinstance(node, Field))]
