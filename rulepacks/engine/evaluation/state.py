"""What the stages of one evaluation leave for later stages and for the findings."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rulepacks.engine.compile_sql import text_literal
from rulepacks.engine.evaluation.session import Session
from rulepacks.engine.evaluation.source import JoinTable
from rulepacks.engine.spec import Stage

UNIT_HITS = '"unit:hits"'


@dataclass(frozen=True)
class Base:
    """A working table with all rows of an input, for later stages to look at."""

    name: str
    columns: frozenset[str]
    has_unit: bool


@dataclass(frozen=True)
class Made:
    """A table `table:<name>` that outputs are made from; `order` and `unit` are SQL over it."""

    columns: tuple[str, ...]
    order: str
    unit: str


@dataclass
class State:
    """Names of temporary tables by what they hold.

    `failed_rows` gives for each rule about rows the SELECT of the row numbers it is not satisfied for, `unmet_rows`
    the same with those it was not evaluated for, where rules of the stage are judged one by one.
    """

    session: Session
    failed_rows: dict[str, str] = field(default_factory=dict)
    unmet_rows: dict[str, str] = field(default_factory=dict)
    gates: dict[str, str] = field(default_factory=dict)
    joins: dict[str, list[JoinTable]] = field(default_factory=dict)
    tables: dict[str, Made] = field(default_factory=dict)
    bases: dict[str, "Base"] = field(default_factory=dict)

    def open(self) -> None:
        """Make the table of findings counted by unit."""
        self.session.run(
            f"CREATE OR REPLACE TEMP TABLE {UNIT_HITS} "
            "(unit VARCHAR, rule VARCHAR, stage VARCHAR, severity VARCHAR, label VARCHAR, n BIGINT)"
        )

    def gate(self, stage: Stage) -> str:
        """The table of units left out of a stage, made when first asked for; '' when the stage has no gate."""
        if not stage.gate_unit:
            return ""
        name = f'"gate:{stage.name}"'
        if stage.name not in self.gates:
            stages = ", ".join(map(text_literal, self._before(stage)))
            self.session.run(
                f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT DISTINCT unit FROM {UNIT_HITS} "
                f"WHERE severity = 'fatal' AND stage IN ({stages}) AND unit IS NOT NULL"
            )
            self.gates[stage.name] = name
        return name

    def _before(self, stage: Stage) -> set[str]:
        """The stages a gate looks back to, and those they follow in turn."""
        by_name = {other.name: other for other in self.session.pack.stages}
        found = set(stage.after)
        for name in stage.after:
            found |= self._before(by_name[name])
        return found


def add_counts(session: Session, code: str, counts: Mapping[str, int]) -> None:
    """Add outcome counts to a rule's tally."""
    tally = session.tallies[code]
    for name, count in counts.items():
        setattr(tally, name, getattr(tally, name) + count)
