"""What is kept outside of the tenants' tables: files in storage, and caches of a process."""

import ast
from collections.abc import Iterator
from pathlib import Path

from cortx.tests.walk.mutants import ROOT, served

CACHING = {
    "cortx/trust/asked.py": "the application, put together once; requests to it name their tenant",
    "records/packs/shown.py": "changes between versions, by the names of their archives, which begin with the tenant",
    "rulepacks/catalog/limits.py": "settings",
    "rulepacks/catalog/selectors.py": "compiled rules, by the name of their archive, which begins with the tenant",
    "rulepacks/engine/loading/schema.py": "the schema of packs",
    "rulepacks/engine/rules/__init__.py": "the types of rules",
    "tenants/audit/keys.py": "the installation's own key",
    "tenants/policies/selectors.py": "policy versions, which never change, by tenant and id",
    "tenants/rates/counters.py": "where to count; the counts themselves name the tenant",
}
"""Modules that keep something in the process, and why no tenant sees another's in it."""
KEYED = {
    "records/audit/last_check.py": "the last check of the tenant's log",
    "tenants/accounts/second_factor.py": "that a person has shown a code",
}
"""Modules that keep something in Django's cache, and what; the tenant stands in the key, or the person."""
STORING = {
    "records/datasets/api_batches.py": "reads what a batch of the tenant names",
    "records/datasets/uploads.py": "writes under the tenant",
    "records/files.py": "takes the names it is given",
    "records/pipeline.py": "writes under the tenant of the claim",
    "records/runs/api.py": "reads what a run of the tenant names",
    "records/runs/explaining.py": "reads and writes under the tenant",
    "records/runs/storing.py": "reads what this attempt wrote",
    "records/runs/views.py": "reads what a run or batch of the tenant names",
    "records/snapshots.py": "reads what a batch of the tenant names",
    "rulepacks/catalog/archives.py": "takes the names it is given, which its callers begin with the tenant",
}
"""Modules that read or write files in storage, and how they keep to the tenant's."""


def modules_with(*names: str) -> set[str]:
    """Files of the product in which one of the names is imported, as a decorator or a thing to call."""
    return {str(path.relative_to(ROOT)) for path in served() if set(names) & {*imported(path)}}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
            yield str(node.module)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_every_module_that_keeps_something_in_the_process_says_why_it_may() -> None:
    assert modules_with("functools.cache", "functools.lru_cache") == CACHING.keys()


def test_every_module_that_uses_storage_says_how_it_keeps_to_the_tenants() -> None:
    assert modules_with("django.core.files.storage") == STORING.keys()


def test_every_module_that_uses_djangos_cache_names_the_tenant_or_the_person_in_its_keys() -> None:
    assert modules_with("django.core.cache", "django.views.decorators.cache.cache_page") == KEYED.keys()
    assert [page for page in (ROOT / "templates").rglob("*.html") if "load cache" in page.read_text()] == []
