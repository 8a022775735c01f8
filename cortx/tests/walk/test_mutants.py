"""Every tenant filter left out in turn: a test notices, or row security holds and one notices once it is gone too."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cortx.testing.figures import RecordFigure
from cortx.tests.walk.mutants import Mutant, copied, filters, policies, without_row_security

# The one who goes farthest: of the others the admin wants no more than that they sign in.
WALK = ("cortx/tests/walk/test_walk.py", "-k", "browser")
REGISTRY = "tenants/tests/test_row_security.py"
ACCESS = ("tenants/access/tests", "tenants/accounts/tests")
NEW_RUN = {"CORTX_TEST_RUN", "CORTX_VAR", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_ADDOPTS"}
HELD = {
    "records/runs/bulk.py": "the rows deleted are also confined to the ids of one batch",
}
"""Filters that nothing notices the absence of, and why nothing can come of it."""


def passes(tree: Path, *tests: str) -> bool:
    """Whether the tests pass in that source, against databases of their own on the servers of this run."""
    environment = {name: value for name, value in os.environ.items() if name not in NEW_RUN}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--no-cov", *tests]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=1800)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    return done.returncode == 0


def test_every_kind_of_filter_is_found() -> None:
    files = {mutant.file for mutant in (*filters(), *policies())}
    in_queries = {"tenants/scoping.py", "tenants/access/admin.py", "tenants/access/identity.py"}
    in_sql, in_migrations = "records/runs/bulk.py", "tenants/migrations/0006_effects.py"
    assert {*in_queries, in_sql, in_migrations} <= files


@pytest.mark.battery
def test_the_filters_alone_are_enough(tmp_path: Path) -> None:
    """Two walls: without row security the walk still finds nothing."""
    tree = copied(tmp_path)
    without_row_security(tree)
    assert passes(tree, *WALK)


@pytest.mark.battery
@pytest.mark.parametrize("mutant", [*filters()], ids=str)
def test_a_filter_left_out_is_noticed(mutant: Mutant, tmp_path: Path, record_figure: RecordFigure) -> None:
    tree = copied(tmp_path)
    mutant.apply(tree)
    if not (passes(tree, *WALK) and passes(tree, *ACCESS)):
        record_figure(str(mutant), "noticed")
        return
    without_row_security(tree)
    noticed = not passes(tree, *WALK)
    record_figure(str(mutant), "held by row security" if noticed else HELD[mutant.file])


@pytest.mark.battery
@pytest.mark.parametrize("mutant", [*policies()], ids=str)
def test_a_policy_left_out_is_noticed(mutant: Mutant, tmp_path: Path, record_figure: RecordFigure) -> None:
    tree = copied(tmp_path)
    mutant.apply(tree)
    assert not passes(tree, REGISTRY)
    record_figure(str(mutant), "noticed")
