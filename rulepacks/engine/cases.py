"""Cases: a pack's own tests, read from cases/<code>.yml."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from rulepacks.engine.bodies import ParseBody
from rulepacks.engine.loading import schema
from rulepacks.engine.loading.context import Context
from rulepacks.engine.loading.document import Document, read_document
from rulepacks.engine.problems import Place, ProblemList
from rulepacks.engine.spec import Pack

Row = Mapping[str, str | None]


@dataclass(frozen=True)
class Case:
    """One example of one rule. `expect` is empty for examples that must give no finding."""

    rule: str
    title: str
    parameters: Mapping[str, object]
    given: Mapping[str, tuple[Row, ...]]
    outcome: str
    expect: tuple[Mapping[str, Any], ...]
    place: Place


def load_cases(folder: Path, pack: Pack) -> tuple[Case, ...]:
    """All cases of a pack. Raises PackError for unreadable ones, and for rules that lack passing or failing ones."""
    problems = ProblemList()
    codes = {rule.code: rule.place for rule in pack.rules if not isinstance(rule.body, ParseBody)}
    cases = read_cases(Context(folder, inputs=dict(pack.inputs), codes=codes), problems)
    problems.raise_if_any()
    return cases


def read_cases(context: Context, problems: ProblemList) -> tuple[Case, ...]:
    """The cases of a pack as far as it has been read; of a pack that has no codes only how they are written counts."""
    base = _base(context.folder, problems)
    cases: list[Case] = []
    unread: set[str] = set()
    for path in sorted((context.folder / "cases").glob("*.y*ml")):
        if path.stem == "base":
            continue
        document = _document(path, problems)
        if document is None:
            unread.add(path.stem)
        elif path.stem in context.codes:
            cases += _cases(context.inputs, document, path.stem, base, problems)
        elif context.codes and not context.is_broken("rule", path.stem):
            problems.add(Place(document.file, 1, 1), f"the pack has no rule {path.stem}")
    for code in context.codes.keys() - unread:
        _refuse_untested(code, context.codes[code], cases, problems)
    return tuple(cases)


def _base(folder: Path, problems: ProblemList) -> dict[str, Any]:
    path = next((folder / "cases").glob("base.y*ml"), None)
    document = _document(path, problems) if path else None
    return cast("dict[str, Any]", document.data) if document else {}


def _document(path: Path, problems: ProblemList) -> Document | None:
    before = len(problems)
    document = read_document(path, f"cases/{path.name}", problems)
    if len(problems) == before:
        schema.check_cases(document, problems)
    return document if len(problems) == before else None


def _refuse_untested(code: str, place: Place, cases: list[Case], problems: ProblemList) -> None:
    own = [case for case in cases if case.rule == code]
    for kind, found in (("passing", any(case.outcome == "pass" for case in own)),
                        ("failing", any(case.expect for case in own))):  # fmt: skip
        if not found:
            problems.add(place, f"has no {kind} case in cases/{code}.yml", code)


def _cases(
    inputs: Collection[str], document: Document, code: str, base: Mapping[str, Any], problems: ProblemList
) -> list[Case]:
    data = cast("dict[str, Any]", document.data)
    if "fail" in data and "pass" in data and list(data).index("fail") < list(data).index("pass"):
        problems.add(document.place(("fail",), key=True), "passing cases stand before failing ones", code)
    cases = []
    for kind in ("pass", "fail"):
        for index, given in enumerate(data.get(kind, [])):
            place = document.place((kind, index))
            rows = {**base.get("given", {}), **data.get("given", {}), **given.get("given", {})}
            for name in sorted(set(rows) - set(inputs)):
                problems.add(place, f"the pack has no input {name}", code)
            cases.append(Case(
                rule=code,
                title=given["title"],
                parameters={**base.get("parameters", {}), **data.get("parameters", {}), **given.get("parameters", {})},
                given={name: tuple(_row(name, row, base, data) for row in listed) for name, listed in rows.items()},
                outcome="fail" if kind == "fail" else given.get("outcome", "pass"),
                expect=tuple(given.get("expect", ())),
                place=place,
            ))  # fmt: skip
    return cases


def _row(name: str, row: Mapping[str, Any], base: Mapping[str, Any], data: Mapping[str, Any]) -> Row:
    filled = {**base.get("fill", {}).get(name, {}), **data.get("fill", {}).get(name, {}), **row}
    return {column: _text(value) for column, value in filled.items()}


def _text(value: object) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
