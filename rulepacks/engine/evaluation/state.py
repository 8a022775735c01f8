"""What the stages of one evaluation leave for later stages and for the findings."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rulepacks.engine.compile_sql import text_literal
from rulepacks.engine.evaluation.session import Session
from rulepacks.engine.evaluation.source import JoinTable
from rulepacks.engine.spec import Pack, Stage

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
            stages = ", ".join(map(text_literal, sorted(stages_before(self.session.pack, stage.name))))
            self.session.run(
                f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT DISTINCT unit FROM {UNIT_HITS} "
                f"WHERE severity = 'fatal' AND stage IN ({stages}) AND unit IS NOT NULL"
            )
            self.gates[stage.name] = name
        return name


def stages_before(pack: Pack, name: str) -> set[str]:
    """The stages that a stage follows, and those they follow in turn."""
    stage = next(stage for stage in pack.stages if stage.name == name)
    return {found for earlier in stage.after for found in (earlier, *stages_before(pack, earlier))}


def add_counts(session: Session, code: str, counts: Mapping[str, int]) -> None:
    """Add outcome counts to a rule's tally."""
    tally = session.tallies[code]
    for name, count in counts.items():
        setattr(tally, name, getattr(tally, name) + count)
