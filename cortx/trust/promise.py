"""What a promise is to the check: what is tried on this installation, and the figure it has to reach."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cortx.trust.ground import Ground


@dataclass(frozen=True)
class Measured:
    """The figure, and whether it is the target. `reason` says what is wrong when it is not."""

    figure: str
    met: bool
    reason: str = ""


@dataclass(frozen=True)
class Promise:
    """One promise. `not_carried` names databases that cannot keep it, and why.

    `tried` and `target` are fixed texts, so that two reports differ in their figures only.
    """

    key: str
    name: str
    tried: str
    target: str
    measure: Callable[[Ground], Measured]
    not_carried: Mapping[str, str] = field(default_factory=dict)
