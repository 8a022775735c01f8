"""The rule types: one module each, found by walking this folder; the file name is the type."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from rulepacks.engine.bodies import Body
from rulepacks.engine.expressions.scope import Scope
from rulepacks.engine.expressions.tree import Node
from rulepacks.engine.loading.draft import Draft


@dataclass(frozen=True)
class Reading:
    """What a rule type makes of a rule: for each code the overrides of common keys and the body.

    Without parts it is broken, and said to be so. `scope` is what messages, `about`, severities and `when` of the rule
    may name, None when that cannot be told; elsewhere than where `guard` is TRUE the rule does not apply.
    """

    parts: tuple[tuple[Mapping[str, Any], Body], ...]
    scope: Scope | None
    guard: Node | None = None


@dataclass(frozen=True)
class RuleType:
    """A rule type: `read` turns the checked YAML of a rule into bodies; problems go to the draft's context."""

    name: str
    read: Callable[[Draft], Reading]


@cache
def rule_types() -> Mapping[str, RuleType]:
    """All rule types by name."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        if not module.ispkg:
            found[module.name] = importlib.import_module(f"{__name__}.{module.name}").RULE_TYPE
    return found
