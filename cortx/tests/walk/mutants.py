"""The product with one tenant filter left out, for every filter there is.

A filter is what confines rows to a tenant: a condition on the tenant in a query, or the person's in a query of their
memberships. Policies of the database are no filters; they are the wall behind them.
"""

import ast
import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType

ROOT = Path(__file__).resolve().parents[3]
APPS = ("cortx", "records", "rulepacks", "tenants")
NOT_SERVED = {"tests", "testing", "benchmarks", "samples", "migrations"}
QUERIES = {"filter", "exclude", "get", "get_or_create", "update_or_create"}
CONFINING = {"tenant", "tenant_id", "user"}
IN_SQL = re.compile(r"(?<!JOIN )tenant_id = %(?:s|\(tenant\)s)")


@dataclass(frozen=True)
class Mutant:
    """A file of the product with a change in the function `inside`."""

    file: str
    inside: str
    about: str
    text: str

    @property
    def place(self) -> str:
        """File and function."""
        return f"{self.file}: {self.inside}"

    def __str__(self) -> str:
        return f"{self.place}: {self.about}"

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Have the functions of the file in this process run the changed code for the length of the scope."""
        path = str(ROOT / self.file)
        import_module(self.file.removesuffix(".py").replace("/", "."))
        changed = {code.co_qualname: code for code in codes(compile(self.text, path, "exec"))}
        functions = [one for one in gc.get_objects() if type(one) is FunctionType]
        before = [(one, one.__code__) for one in functions if one.__code__.co_filename == path]
        assert self.inside in {code.co_qualname for _, code in before}
        try:
            for function, code in before:
                function.__code__ = changed[code.co_qualname]
            yield
        finally:
            for function, code in before:
                function.__code__ = code


def codes(code: CodeType) -> Iterator[CodeType]:
    """The code and all within it."""
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from codes(inner)


def served() -> list[Path]:
    """Every file whose code runs in the product."""
    files = (path for app in APPS for path in (ROOT / app).rglob("*.py"))
    return sorted(path for path in files if not NOT_SERVED & set(path.parts))


def filters() -> Iterator[Mutant]:
    """One mutant for each condition in a query, and for each in a text of SQL."""
    for path in served():
        text, file = path.read_text(), str(path.relative_to(ROOT))
        for name, function in functions_of(ast.parse(text)):
            for node in ast.walk(function):
                if isinstance(node, ast.Call):
                    yield from without_conditions(file, text, name, node)
                elif isinstance(node, ast.Constant) and IN_SQL.search(str(node.value)):
                    segment = str(ast.get_source_segment(text, node))
                    changed = text.replace(segment, IN_SQL.sub(r"(\g<0> OR true)", segment), 1)
                    yield Mutant(file, name, "condition in SQL", changed)


def functions_of(tree: ast.AST, inside: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions and methods with their qualified names; what is nested in a function counts as part of it."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from functions_of(node, f"{inside}{node.name}.")
        elif isinstance(node, ast.FunctionDef):
            yield f"{inside}{node.name}", node


def without_conditions(file: str, text: str, name: str, call: ast.Call) -> Iterator[Mutant]:
    if isinstance(call.func, ast.Attribute) and call.func.attr in QUERIES:
        for keyword in call.keywords:
            if confines(keyword):
                less = [one for one in call.keywords if one is not keyword]
                segment = str(ast.get_source_segment(text, call))
                changed = ast.unparse(ast.Call(call.func, call.args, less))
                yield Mutant(file, name, f"{keyword.arg} in {segment}", text.replace(segment, changed))


def confines(keyword: ast.keyword) -> bool:
    """Whether the condition is on a tenant or a person, or on what a person may configure."""
    return keyword.arg in CONFINING or "_configured_by" in ast.unparse(keyword.value)
