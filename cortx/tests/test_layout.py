"""The shape of the house: sizes, names, and the few habits a linter does not know. Imports: see pyproject.toml."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ("cortx", "records", "rulepacks", "tenants")
TOP_LEVEL = {
    *APPS, "templates", "static", "manage.py", "requirements.txt", "README.md",
    # Tools look for these at the root.
    "pyproject.toml", "Makefile", "requirements.in", "requirements-dev.in", "requirements-dev.txt", "Dockerfile",
    "compose.yaml", ".dockerignore", ".env.example", ".pre-commit-config.yaml", ".ci", ".gitignore", "LICENSE",
    "CHANGELOG.md", "CONTRIBUTING.md",
    # Not under version control.
    ".git", ".venv", ".env", "var", "htmlcov", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".import_linter_cache",
    ".hypothesis", "__pycache__",
}  # fmt: skip

MAX_FILE, MAX_FUNCTION, MAX_TASK = 400, 60, 10
NAMELESS = {"utils", "helpers", "common", "misc", "util", "helper"}
# The only module loaded at its first use: it costs seconds and most installations never call a model.
LAZY = {"rulepacks/ai/providers.py"}
DJANGO_SIGNALS = {
    "django.dispatch", "django.db.models.signals", "django.core.signals", "django.contrib.auth.signals",
    "django.db.backends.signals", "allauth.account.signals",
}  # fmt: skip
# Knowledge of a trade lies in packs, as data; Python that knows one of these words belongs there.
DOMAIN_WORDS = {
    "treasury", "ussgl", "tas", "gtas", "fbwt", "sf133", "hipaa", "phi", "remittance", "payer", "diagnosis", "npi",
    "icd", "cpt", "landlord", "rent", "portfolio", "dividend", "grantee", "solicitation", "naics",
}  # fmt: skip
MACHINE_PATH = re.compile(r"""(?<![\w.*/>}])/(?:root|home|Users|work|tmp)/""")
TEXT_SUFFIXES = {".py", ".md", ".html", ".js", ".css", ".toml", ".yaml", ".yml", ".txt", ".json", ".in", ".csv"}


def python_files() -> list[Path]:
    found = [ROOT / "manage.py", *(file for app in APPS for file in (ROOT / app).rglob("*.py"))]
    return sorted(file for file in found if "migrations" not in file.parts)


FILES = {str(file.relative_to(ROOT)): file.read_text() for file in python_files()}
TREES = {name: ast.parse(text) for name, text in FILES.items()}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions() -> Iterator[tuple[str, Function]]:
    """Every function of the project, with "file:line name" to find it by."""
    for file, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, Function):
                yield f"{file}:{node.lineno} {node.name}", node


def lines(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def untyped(function: Function) -> bool:
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    bare = [one.arg for one in named if one is not None and one.annotation is None]
    return function.returns is None or bool(set(bare) - {"self", "cls"})


def imported(tree: ast.AST) -> set[str]:
    """Dotted names of all modules, and of what is taken from them."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def words(text: str) -> set[str]:
    """Lower-case words, taken apart at underscores and at capitals."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*", text)}


def test_the_top_level_holds_only_what_is_agreed() -> None:
    found = {entry.name for entry in ROOT.iterdir() if not entry.name.startswith(".coverage")}
    assert found - TOP_LEVEL == set()


def test_no_file_is_too_long() -> None:
    assert [file for file, text in FILES.items() if len(text.splitlines()) > MAX_FILE] == []


def test_no_function_is_too_long() -> None:
    assert [place for place, function in functions() if lines(function) > MAX_FUNCTION] == []


def test_tasks_only_lead_to_the_pipeline() -> None:
    tasks = [(place, function) for place, function in functions() if "/tasks.py:" in place]
    assert [place for place, function in tasks if lines(function) > MAX_TASK] == []


def test_every_function_is_typed() -> None:
    assert [place for place, function in functions() if untyped(function)] == []


def test_every_room_has_a_name() -> None:
    assert [file for file in FILES if set(Path(file).with_suffix("").parts) & NAMELESS] == []


def test_imports_stand_at_the_top() -> None:
    inside = [
        place
        for place, function in functions()
        if place.partition(":")[0] not in LAZY and any(imported(statement) for statement in function.body)
    ]
    assert inside == []


def test_nothing_happens_by_signal() -> None:
    trees = {file: tree for file, tree in TREES.items() if "tests" not in Path(file).parts}
    assert {file: names for file, tree in trees.items() if (names := imported(tree) & DJANGO_SIGNALS)} == {}


def test_saving_a_row_does_nothing_else() -> None:
    classes = [node for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    overriding = [one for one in classes if "save" in {part.name for part in one.body if isinstance(part, Function)}]
    assert [one.name for one in overriding] == []


def test_python_knows_no_trade() -> None:
    code = {file: text for file, text in FILES.items() if not {"tests", "samples"} & set(Path(file).parts)}
    assert {file: found for file, text in code.items() if (found := words(text) & DOMAIN_WORDS)} == {}


def test_no_text_names_a_folder_of_one_machine() -> None:
    folders = [ROOT / name for name in (*APPS, "templates", "static", ".ci")]
    files = [
        file for folder in folders for file in folder.rglob("*") if file.suffix in TEXT_SUFFIXES or folder.name == ".ci"
    ]
    texts = {file: file.read_text(errors="replace") for file in files if file.is_file()}
    assert [str(file.relative_to(ROOT)) for file, text in texts.items() if MACHINE_PATH.search(text)] == []
