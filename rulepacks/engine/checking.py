"""Everything wrong with the folder of a pack at once, its cases included."""

from dataclasses import dataclass
from pathlib import Path

from rulepacks.engine.cases import Case, read_cases
from rulepacks.engine.loader import content_hash, read_pack
from rulepacks.engine.loading.context import Context
from rulepacks.engine.problems import PackError, Problem, ProblemList
from rulepacks.engine.spec import Pack


@dataclass(frozen=True)
class Checked:
    """What a folder holds: the pack, unless its files are wrong, its cases, and all that is wrong with either."""

    pack: Pack | None
    cases: tuple[Case, ...]
    problems: tuple[Problem, ...]


def check_folder(folder: Path) -> Checked:
    """Read a pack and its cases; of a pack that is refused the cases are held against what could be read of it."""
    context, pack = Context(folder), None
    refused: tuple[Problem, ...] = ()
    try:
        pack = read_pack(context, content_hash(folder))
    except PackError as error:
        refused = error.problems
    problems = ProblemList()
    cases = read_cases(context, problems)
    return Checked(pack, cases, tuple(sorted({*refused, *problems.all})))
