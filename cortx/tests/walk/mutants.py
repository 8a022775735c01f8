"""The source with one tenant filter left out, for every filter there is.

A filter is what confines rows to a tenant: a condition on the tenant in a query, the tenant's or the person's condition
in a query of the tables that have no policy, and each table's policy.
"""

import ast
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
APPS = ("cortx", "records", "rulepacks", "tenants")
NOT_SERVED = {"tests", "testing", "benchmarks", "samples"}
QUERIES = {"filter", "exclude", "get", "get_or_create"}
CONFINING = {"tenant", "tenant_id", "user"}
"""Names of conditions; a person's memberships are confined by `user`."""
IN_SQL = re.compile(r"(?<!JOIN )tenant_id = %(?:s|\(tenant\)s)")


@dataclass(frozen=True)
class Mutant:
    """A file of the source with a change in it."""

    file: str
    about: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}: {self.about}"

    def apply(self, tree: Path) -> None:
        """Write the changed file into a copy of the source."""
        (tree / self.file).write_text(self.text)


def filters() -> Iterator[Mutant]:
    """One for each condition in a query."""
    for path in served():
        text, file = path.read_text(), str(path.relative_to(ROOT))
        yield from without_keywords(file, text)
        for found in IN_SQL.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            changed = f"{text[: found.start()]}({found[0]} OR true){text[found.end() :]}"
            yield Mutant(file, f"SQL of line {line}", changed)


def policies() -> Iterator[Mutant]:
    """One for each table whose migration asks for a policy."""
    for path in sorted(path for app in APPS for path in (ROOT / app / "migrations").glob("*.py")):
        text, file = path.read_text(), str(path.relative_to(ROOT))
        for call in calls(text):
            if name_of(call) == "row_security":
                for table in call.args:
                    less = [one for one in call.args if one is not table]
                    yield Mutant(file, f"policy of {ast.unparse(table)}", replaced(text, call, less, call.keywords))


def without_keywords(file: str, text: str) -> Iterator[Mutant]:
    for call in calls(text):
        if isinstance(call.func, ast.Attribute) and call.func.attr in QUERIES:
            for keyword in call.keywords:
                if confines(keyword):
                    less = [one for one in call.keywords if one is not keyword]
                    about = f"{keyword.arg} of line {keyword.value.lineno}"
                    yield Mutant(file, about, replaced(text, call, call.args, less))


def confines(keyword: ast.keyword) -> bool:
    """Whether the condition is on a tenant or a person, or on what a person may configure."""
    return keyword.arg in CONFINING or "_configured_by" in ast.unparse(keyword.value)


def calls(text: str) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]


def name_of(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def replaced(text: str, call: ast.Call, args: list[ast.expr], keywords: list[ast.keyword]) -> str:
    """The text with other arguments in the call."""
    changed = ast.unparse(ast.Call(call.func, args, keywords))
    lines = text.splitlines(keepends=True)
    start = sum(map(len, lines[: call.lineno - 1])) + column(lines[call.lineno - 1], call.col_offset)
    last = (call.end_lineno or call.lineno) - 1
    end = sum(map(len, lines[:last])) + column(lines[last], call.end_col_offset or 0)
    return text[:start] + changed + text[end:]


def column(line: str, offset: int) -> int:
    """Characters before a place that the parser counts in bytes."""
    return len(line.encode()[:offset].decode())


def served() -> list[Path]:
    """Every file whose code runs in the product."""
    files = (path for app in APPS for path in (ROOT / app).rglob("*.py"))
    return sorted(path for path in files if not NOT_SERVED & set(path.parts) and "migrations" not in path.parts)


def copied(into: Path) -> Path:
    """A copy of the source."""
    unwanted = shutil.ignore_patterns(".*", "var", "__pycache__", "htmlcov")
    return Path(shutil.copytree(ROOT, into / "source", ignore=unwanted))


def without_row_security(tree: Path) -> None:
    """Take every policy from a copy of the source, so that the filters stand alone."""
    with (tree / "tenants" / "scoping.py").open("a") as file:
        file.write("\n\ndef row_security(*tables: str) -> list[PostgresOnly]:\n    return []\n")
