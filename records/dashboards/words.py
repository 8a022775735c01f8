"""A pack's own words and units, read from the summary of its version. Pages know no domain: it speaks from here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from records.dashboards.formats import plural, sentence
from records.states import Severity
from rulepacks.models import PackVersion

NOUNS = {"record": "record", "unit": "unit", "batch": "batch"}


@dataclass(frozen=True)
class Words:
    """Nouns, severity words, the unit of amounts, and what is known about inputs, parameters and rules."""

    version: str = ""
    pack: str = ""
    title: str = ""
    nouns: Mapping[str, str] = field(default_factory=lambda: NOUNS)
    severities: Mapping[str, str] = field(default_factory=dict)
    amount_unit: str = ""
    has_units: bool = False
    inputs: tuple[Mapping[str, Any], ...] = ()
    parameters: tuple[Mapping[str, Any], ...] = ()
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    stages: Mapping[str, str] = field(default_factory=dict)

    def noun(self, name: str, number: int = 1) -> str:
        """`noun("unit", 2)` is `accounts` when the pack calls its unit `account`."""
        return plural(number, self.nouns.get(name, name))

    def severity(self, name: str, label: str = "") -> str:
        """The rule's own label, else the pack's word, else ours."""
        return label or self.severities.get(name) or Severity(name).label

    def rule(self, code: str) -> Mapping[str, Any]:
        """What the pack says about the rule; nothing for the built-in ones."""
        return self.rules.get(code, {})

    def input(self, name: str) -> Mapping[str, Any]:
        """What the pack says about the input."""
        return next((one for one in self.inputs if one["name"] == name), {})

    def input_title(self, name: str) -> str:
        """Title of the input, or its name as words."""
        return str(self.input(name).get("title") or sentence(name.replace("_", " ")))

    def input_with(self, field_name: str) -> str:
        """Title of the only input that declares the field, nothing when none or several do."""
        found = [one["name"] for one in self.inputs if any(each["name"] == field_name for each in one["fields"])]
        return self.input_title(found[0]) if len(found) == 1 else ""

    def field_unit(self, input_name: str, field_name: str) -> str:
        """The unit a field of an input declares, e.g. cents."""
        fields = self.input(input_name).get("fields", [])
        return next((str(one.get("unit") or "") for one in fields if one["name"] == field_name), "")

    def stage(self, name: str) -> str:
        """Title of the stage, or its name as words."""
        return self.stages.get(name) or sentence(name.replace("_", " "))


def words_of(version: PackVersion | None) -> Words:
    """Words of a version; plain ones without a version."""
    if version is None:
        return Words()
    summary = version.summary
    inputs = tuple(summary.get("inputs", ()))
    return Words(
        version=version.version,
        pack=version.pack.name,
        title=summary.get("title", ""),
        nouns={**NOUNS, **summary.get("labels", {})},
        severities=summary.get("severity_labels", {}),
        amount_unit=amount_unit(inputs),
        has_units=bool(inputs and inputs[0].get("unit")),
        inputs=inputs,
        parameters=tuple(summary.get("parameters", ())),
        rules={rule["code"]: rule for rule in summary.get("rules", ())},
        stages={stage["name"]: stage.get("title") or "" for stage in summary.get("stages", ())},
    )


def amount_unit(inputs: tuple[Mapping[str, Any], ...]) -> str:
    """The one unit all amounts of the pack's records share; none when they have several."""
    fields = inputs[0].get("fields", []) if inputs else []
    units = {one.get("unit") or "" for one in fields if str(one.get("type", "")).startswith("decimal")}
    return units.pop() if len(units) == 1 else ""
