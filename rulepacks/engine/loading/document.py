"""YAML files read with the place of every value, under the YAML 1.2 core schema.

Words such as on, yes and no are text; so are numbers with a leading zero, a point or an exponent (an exact decimal
keeps its digits), and dates. Anchors, aliases, tags and repeated keys are refused: nothing in a pack expands.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from rulepacks.engine.limits import PackLimits
from rulepacks.engine.loading.characters import hidden
from rulepacks.engine.problems import Place, ProblemList

DEFAULTS = PackLimits()

Data = None | bool | int | str | list["Data"] | dict[str, "Data"]
Path_ = tuple[str | int, ...]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_WORDS: dict[str, None | bool] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


@dataclass(frozen=True)
class Mark:
    """Where a value begins; `style` is how a scalar was quoted (None when plain)."""

    line: int
    column: int
    end_line: int
    style: str | None = None
    end_column: int = 0


@dataclass
class Document:
    """A parsed file: its data, and where each value (by its path) and each key stands.

    It is `whole` when nothing is left out of the data but what a repeated key replaces.
    """

    file: str
    data: Data = None
    whole: bool = False
    marks: dict[Path_, Mark] = field(default_factory=dict)
    keys: dict[Path_, Mark] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def place(self, path: Path_, *, key: bool = False) -> Place:
        """The place of a value (or of its key); of the nearest value around it when it does not exist."""
        found = self.keys.get(path) if key else self.marks.get(path)
        while found is None and path:
            path = path[:-1]
            found = self.marks.get(path)
        return Place(self.file, found.line, found.column) if found else Place(self.file, 1, 1)

    def within(self, path: Path_, at: int, text: str) -> Place:
        """The place of a character of a text value."""
        mark = self.marks.get(path)
        if mark is None or mark.style == ">":
            return self.place(path)
        before = text[:at]
        if mark.style == "|":
            line = mark.line + 1 + before.count("\n")
            source = self.lines[line - 1] if line <= len(self.lines) else ""
            indent = len(source) - len(source.lstrip(" "))
            return Place(self.file, line, indent + 1 + len(before) - (before.rfind("\n") + 1))
        if mark.end_line != mark.line:
            return self.place(path)
        extra = 1 + before.count("'") if mark.style == "'" else int(mark.style == '"')
        return Place(self.file, mark.line, mark.column + extra + at)

    def source(self, path: Path_) -> str:
        """The lines a value was written in."""
        mark = self.marks[path]
        return "\n".join(line.rstrip() for line in self.lines[mark.line - 1 : mark.end_line]).strip()


def read_document(path: Path, file: str, problems: ProblemList, limits: PackLimits = DEFAULTS) -> Document:
    """Read one YAML file; problems go to the list, and the data is then None or partial."""
    document = Document(file)
    start = Place(file, 1, 1)
    try:
        raw = path.read_bytes()
    except OSError as error:
        problems.add(start, f"cannot be read: {error.strerror}")
        return document
    if len(raw) > limits.file_bytes:
        problems.add(start, limits.said("file_bytes", "larger than {} bytes"))
        return document
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problems.add(Place(file, line, 1), "not UTF-8 text")
        return document
    return parse_document(text, document, problems, limits)


def parse_document(text: str, document: Document, problems: ProblemList, limits: PackLimits = DEFAULTS) -> Document:
    """Fill a document from text."""
    document.lines = text.splitlines()
    reader = _Reader(document, problems, limits)
    try:
        reader.read(yaml.parse(text, Loader=_LOADER))
        document.whole = not reader.left_out
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = Place(document.file, mark.line + 1, mark.column + 1) if mark else Place(document.file, 1, 1)
        reason = getattr(error, "problem", None) or "a character that is not allowed"
        problems.add(where, f"not YAML: {reason}")
    except _RefusedError as refused:
        problems.add(Place(document.file, refused.line, refused.column), str(refused))
    return document


_Open = tuple[list[Data] | dict[str, Data], Path_, list[str | None]]
"""A container being read: its data, its path, and the key that waits for a value."""


class _RefusedError(Exception):
    """A file that is not read to its end: nested too deeply, too many values, characters that are not seen."""

    def __init__(self, problem: str, mark: Mark | None = None) -> None:
        super().__init__(problem)
        self.line, self.column = (mark.line, mark.column) if mark else (1, 1)


class _Reader:
    """Builds plain data from YAML events, without recursion."""

    def __init__(self, document: Document, problems: ProblemList, limits: PackLimits) -> None:
        self.document = document
        self.problems = problems
        self.limits = limits
        self.nodes = 0
        self.left_out = False

    def read(self, events: Iterator[yaml.Event]) -> None:
        stack: list[_Open] = []
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._wrong(event, "one document a file")
                    return
            elif isinstance(event, yaml.AliasEvent):
                self._wrong(event, "aliases are not allowed")
                self._put(stack, None, event)
            elif isinstance(event, yaml.ScalarEvent):
                self._scalar(stack, event)
            elif isinstance(event, yaml.CollectionStartEvent):
                self._open(stack, event)
            elif isinstance(event, yaml.CollectionEndEvent):
                _, path, _ = stack.pop()
                mark, stop = self.document.marks[path], _mark(event)
                # A block ends where the next one begins: that line is the block's own only if text stands before it.
                line, column, lines = stop.end_line - 1, stop.end_column - 1, self.document.lines
                end = line + (line < len(lines) and bool(lines[line][:column].strip()))
                self.document.marks[path] = Mark(mark.line, mark.column, max(mark.line, end))

    def _open(self, stack: list[_Open], event: yaml.CollectionStartEvent) -> None:
        if len(stack) >= self.limits.depth:
            raise _RefusedError(self.limits.said("depth", "nested deeper than {}"))
        self._refuse_properties(event)
        data: list[Data] | dict[str, Data] = [] if isinstance(event, yaml.SequenceStartEvent) else {}
        if stack and isinstance(stack[-1][0], dict) and stack[-1][2][0] is None:
            self._wrong(event, "a key must be a word")
        path = self._put(stack, data, event)
        stack.append((data, path, [None]))

    def _scalar(self, stack: list[_Open], event: yaml.ScalarEvent) -> None:
        self._refuse_properties(event)
        if stack and isinstance(stack[-1][0], dict) and stack[-1][2][0] is None:
            self._key(stack[-1], event)
            return
        plain = not event.style
        value: Data = event.value
        if plain and event.value in _WORDS:
            value = _WORDS[event.value]
        elif plain and _INTEGER.fullmatch(event.value):
            value = int(event.value)
        self._put(stack, value, event)

    def _key(self, top: _Open, event: yaml.ScalarEvent) -> None:
        data, path, waiting = top
        if isinstance(data, dict) and event.value in data:
            self._add(event, f"{event.value} is given twice")
        waiting[0] = event.value
        self.document.keys[(*path, event.value)] = _mark(event)

    def _put(self, stack: list[_Open], value: Data, event: yaml.Event) -> Path_:
        self.nodes += 1
        if self.nodes > self.limits.values:
            raise _RefusedError(self.limits.said("values", "more than {} values"))
        path: Path_ = ()
        if not stack:
            self.document.data = value
        else:
            parent, parent_path, waiting = stack[-1]
            if isinstance(parent, list):
                path = (*parent_path, len(parent))
                parent.append(value)
            else:
                key = waiting[0] if waiting[0] is not None else ""
                path = (*parent_path, key)
                parent[key] = value
                waiting[0] = None
        self.document.marks[path] = _mark(event)
        return path

    def _refuse_properties(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.anchor is not None:
            self._wrong(event, "anchors are not allowed")
        if event.tag is not None and event.tag != "!":
            self._wrong(event, "tags are not allowed")
        if isinstance(event, yaml.ScalarEvent) and (problem := hidden(event.value)):
            raise _RefusedError(problem, _mark(event))

    def _wrong(self, event: yaml.Event, message: str) -> None:
        self.left_out = True
        self._add(event, message)

    def _add(self, event: yaml.Event, message: str) -> None:
        mark = _mark(event)
        self.problems.add(Place(self.document.file, mark.line, mark.column), message)


def _mark(event: yaml.Event) -> Mark:
    start, end = event.start_mark, event.end_mark
    assert start is not None
    assert end is not None
    style = (event.style or None) if isinstance(event, yaml.ScalarEvent) else None
    return Mark(start.line + 1, start.column + 1, end.line + 1, style, end.column + 1)
