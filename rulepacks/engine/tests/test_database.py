from pathlib import Path

import duckdb
import pytest

from rulepacks.engine.database import open_database
from rulepacks.engine.limits import Limits

secret = [("not for rules",)]


@pytest.fixture
def connection(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    (tmp_path / "outside.csv").write_text("a\n1\n", encoding="utf-8")
    (tmp_path / "given.csv").write_text("a\n2\n", encoding="utf-8")
    (tmp_path / "out").mkdir()
    return open_database(tmp_path / "out", Limits(), [tmp_path / "given.csv"])


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('{folder}/outside.csv')",
        "SELECT * FROM read_csv('{folder}/out/../outside.csv')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_text('/proc/self/environ')",
        "SELECT * FROM glob('/*')",
        "COPY (SELECT 1) TO '{folder}/stolen.csv'",
        "ATTACH '{folder}/other.db'",
        "EXPORT DATABASE '{folder}/dump'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')",
        "SELECT * FROM secret",
        "SET threads = 64",
        "SET enable_external_access = true",
        "RESET memory_limit",
        "PRAGMA enable_profiling",
    ],
)
def test_statements_reach_no_other_file_no_network_no_variable_and_no_setting(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, statement: str
) -> None:
    with pytest.raises(duckdb.Error):
        connection.execute(statement.replace("{folder}", str(tmp_path))).fetchall()


def test_given_files_can_be_read_and_the_output_folder_written(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    assert connection.execute(f"SELECT * FROM read_csv('{tmp_path}/given.csv')").fetchall() == [(2,)]
    connection.execute(f"COPY (SELECT 7 AS a) TO '{tmp_path}/out/made.parquet'")
    assert connection.execute(f"SELECT * FROM read_parquet('{tmp_path}/out/made.parquet')").fetchall() == [(7,)]


def test_a_division_by_zero_is_an_error_and_not_infinity(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.Error):
        connection.execute("SELECT 1 / 0 > 1").fetchall()


def test_memory_beyond_the_limit_goes_to_disk_and_beyond_that_is_an_error(tmp_path: Path) -> None:
    limits = Limits(engine_memory_bytes=30_000_000, spill_bytes=20_000_000)
    with open_database(tmp_path, limits) as connection, pytest.raises(duckdb.OutOfMemoryException):
        connection.execute("CREATE TABLE t AS SELECT range AS a, md5(range::VARCHAR) AS b FROM range(5_000_000)")
