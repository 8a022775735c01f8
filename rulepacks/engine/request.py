"""What a run is asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rulepacks.engine.formats.reading import InputFile
from rulepacks.engine.limits import Limits


@dataclass(frozen=True)
class RunRequest:
    """Apply the pack in folder `pack` to delivered files and to inputs that are snapshots already.

    Everything the run makes is written below `out`, which must be empty or new. Findings of the rules named in
    `severities` are at least so severe. `without` names rules (and tables) that ended an earlier try, with the
    reasons; after such a try rules are judged `apart`, one by one.
    """

    pack: Path
    inputs: tuple[InputFile, ...]
    snapshots: Mapping[str, Path]
    parameters: Mapping[str, str]
    out: Path
    limits: Limits = field(default_factory=Limits)
    severities: Mapping[str, str] = field(default_factory=dict)
    without: Mapping[str, str] = field(default_factory=dict)
    apart: bool = False
