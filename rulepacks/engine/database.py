"""The DuckDB connection rules run on: in memory, on a leash."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb

from rulepacks.engine.limits import Limits

# A rule that would nest deeper has been refused long before; this bounds what DuckDB itself builds.
MAX_EXPRESSION_DEPTH = 1000


def open_database(
    out: Path, limits: Limits, readable: Iterable[Path] = (), spill: Path | None = None
) -> duckdb.DuckDBPyConnection:
    """A connection that can write below `out`, read there and in the files `readable`, and nothing else.

    No other file, network, extension or Python variable can be reached, and no setting changed. Work that does not
    fit into `limits.engine_memory_bytes` goes to `spill` (by default a folder in `out`).
    """
    folder = spill or out / "spill"
    folder.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(":memory:")
    settings: dict[str, object] = {
        "python_enable_replacements": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "ieee_floating_point_ops": False,
        "preserve_insertion_order": False,
        "max_expression_depth": MAX_EXPRESSION_DEPTH,
        "threads": limits.threads,
        "memory_limit": f"{limits.engine_memory_bytes} B",
        "temp_directory": str(folder),
        "max_temp_directory_size": f"{limits.spill_bytes} B",
        "allowed_directories": [str(out)],
        "allowed_paths": [str(path) for path in readable],
        "enable_external_access": False,
        "lock_configuration": True,
    }
    for name, value in settings.items():
        connection.execute(f"SET {name} = {_literal(value)}")
    return connection


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(_literal(part) for part in value)}]"
    return "'" + str(value).replace("'", "''") + "'"
