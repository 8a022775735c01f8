"""What an evaluation has to do without, because it breaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rulepacks.engine.spec import Pack, Rule

if TYPE_CHECKING:
    from rulepacks.engine.evaluation.plan import StagePlan


@dataclass
class Faulty:
    """Broken rules and tables with their reasons, and the stages whose rules break together but not by themselves."""

    rules: dict[str, str] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)
    apart: set[str] = field(default_factory=set)

    @classmethod
    def known(cls, pack: Pack, without: Mapping[str, str], *, apart: bool) -> Faulty:
        """What an earlier try died of; with `apart`, no rules are judged together any more."""
        stages = {stage.name for stage in pack.stages} if apart else set()
        return cls(rules=dict(without), tables=dict(without), apart=stages)

    def blame(self, part: StagePlan, reason: str) -> None:
        """Do without all that a part holds."""
        self.rules |= dict.fromkeys([rule.code for rule in part.rules], reason)
        self.tables |= dict.fromkeys([table.name for table in part.tables], reason)

    def learn(self, found: Faulty, stage: str) -> None:
        """Take in what a search through a stage found; nothing found means that its rules must be kept apart."""
        if found.rules or found.tables:
            self.rules |= found.rules
            self.tables |= found.tables
            self.apart.clear()
        else:
            self.apart.add(stage)

    def reason(self, rule: Rule, tables: set[str]) -> str:
        """Why a rule that reads these tables is broken; '' when it is not."""
        broken = next((name for name in sorted(tables) if name in self.tables), None)
        return self.rules.get(rule.code) or (f"the table {broken}: {self.tables[broken]}" if broken else "")
