"""Everything that can be written to the audit log, declared once by the app that does it (`<app>/actions.py`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter


@dataclass(frozen=True)
class Action:
    """`name` is stored; `label` is shown in filters; `sentence` may use {actor}, {object} and the event's facts."""

    name: str
    label: str
    sentence: str

    def tell(self, actor: str, target: str, facts: Mapping[str, object]) -> str:
        """The event as a sentence. A fact that an older event lacks shows as an ellipsis."""
        values = {"actor": actor, "object": target, **facts}
        parts = Formatter().parse(self.sentence)
        return "".join(text + (told(values.get(name, "…")) if name else "") for text, name, _, _ in parts)


def told(value: object) -> str:
    """A fact within a sentence; counts with their thousands apart."""
    return f"{value:,}" if type(value) is int else str(value)


_actions: dict[str, Action] = {}


def declare(name: str, label: str, sentence: str) -> Action:
    """Register an action. A name is declared once: raises ValueError for a second time."""
    if name in _actions:
        raise ValueError(f"action {name!r} is declared twice")
    return _actions.setdefault(name, Action(name, label, sentence))


def action_named(name: str) -> Action:
    """Raises LookupError for a name that no app declares."""
    try:
        return _actions[name]
    except KeyError:
        raise LookupError(f"action {name!r} is not declared in any actions.py") from None


def actions() -> tuple[Action, ...]:
    """All of them, by name."""
    return tuple(sorted(_actions.values(), key=lambda action: action.name))
