"""Rules judged by a statement of their own, whose failing rows or keys are kept in a table."""

from dataclasses import dataclass

from rulepacks.engine.bodies import QueryBody
from rulepacks.engine.compile_sql import quoted, text_literal
from rulepacks.engine.evaluation.findings import Shown, Writer
from rulepacks.engine.evaluation.state import UNIT_HITS, State
from rulepacks.engine.spec import Rule


@dataclass(frozen=True)
class Hits:
    """The findings of one rule: a table, and what is shown of its rows."""

    rule: Rule
    name: str
    shown: Shown

    @property
    def by_row(self) -> bool:
        """Whether they are about rows of the rule's input."""
        return isinstance(self.rule.body, QueryBody) and self.rule.body.by_row


def hits_name(rule: Rule) -> str:
    """Name of the table of a rule's findings."""
    return quoted(f"hits:{rule.code}")


def count_hits(state: State, hits: Hits) -> None:
    """Count the findings of a rule by unit and severity."""
    rule, shown = hits.rule, hits.shown
    state.session.run(
        f"INSERT INTO {UNIT_HITS} SELECT {shown.unit}, {text_literal(rule.code)}, {text_literal(rule.stage)}, "
        f"{shown.severity}, {text_literal(rule.label)}, count(*) FROM {shown.source} GROUP BY ALL"
    )


def show_hits(hits: Hits, writer: Writer) -> None:
    """Write the findings of a rule."""
    writer.write(hits.rule, hits.shown)
