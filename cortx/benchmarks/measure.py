"""Every part measured, repeated, and put beside what it is measured against."""

import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import pyarrow.parquet
from django.db import connection

from cortx.benchmarks import large
from cortx.benchmarks.audit import measure_audit
from cortx.benchmarks.children import two_children_gain
from cortx.benchmarks.limits import load_json_rows, load_thin_rows, parse_and_rules, seconds
from cortx.benchmarks.line import bench_tenant, deliver_and_judge
from cortx.benchmarks.memory import TreeMemory
from cortx.benchmarks.neighbour import neighbour_figures
from cortx.benchmarks.records import record_microseconds
from cortx.benchmarks.row_security import row_security_costs
from cortx.benchmarks.rules import rule_costs
from cortx.benchmarks.subject import INPUT, PACK, generate
from rulepacks.catalog.services import pack_install
from rulepacks.models import PackVersion
from tenants.accounts.models import Tenant
from tenants.context import tenant_scope

Figures = dict[str, float]
MIB = 1024 * 1024
LINE = ("read", "snapshot", "rules", "parse_and_rules", "store", "end_to_end", "load_thin_rows", "load_json_rows")
"""Seconds of the line and of what it is measured against."""


def measure_line(file: Path, repeat: int) -> Figures:
    """A delivery received, judged and committed, beside the child alone and rows loaded with nothing else."""
    tenant = bench_tenant()
    with tenant_scope(tenant.id):
        version = pack_install(folder=PACK)
    rounds = [line_once(file, tenant, version) for _ in range(repeat)]
    took = {name: median(one[name] for one in rounds) for name in LINE}
    return {
        **{f"{name}_seconds": took[name] for name in LINE},
        "end_to_end / parse_and_rules": median(one["parse_and_rules"] / one["end_to_end"] for one in rounds),
        "end_to_end / load_json_rows": median(one["load_json_rows"] / one["end_to_end"] for one in rounds),
        "end_to_end / load_thin_rows": median(one["load_thin_rows"] / one["end_to_end"] for one in rounds),
        "line_rows_per_second": rounds[0]["rows"] / took["end_to_end"],
        "child_tree_mib": max(one["child_tree"] for one in rounds) / MIB,
        "line_tree_mib": max(one["line_tree"] for one in rounds) / MIB,
    }


def line_once(file: Path, tenant: Tenant, version: PackVersion) -> Figures:
    alone = file.with_name("alone")
    began = time.perf_counter()
    with TreeMemory() as child_tree:
        summary = parse_and_rules(file, alone)
    parsed = time.perf_counter() - began
    shutil.rmtree(alone)
    rows = summary.inputs[INPUT].rows_read
    with TreeMemory() as line_tree:
        whole = deliver_and_judge(tenant, version, file)
    return {
        "rows": rows,
        **{name: summary.seconds[name] for name in ("read", "snapshot", "rules")},
        "parse_and_rules": parsed,
        "store": whole.store,
        "end_to_end": whole.receive + whole.judge_and_store,
        "load_thin_rows": seconds(partial(load_thin_rows, rows)),
        "load_json_rows": seconds(partial(load_json_rows, file)),
        "child_tree": child_tree.peak,
        "line_tree": line_tree.peak,
    }


def measure_rules(file: Path, repeat: int) -> Figures:
    """The engine beside a query written by hand, and what one more rule costs."""
    out = file.with_name("snapshot")
    parse_and_rules(file, out)
    snapshot = out / "snapshot" / f"{INPUT}.parquet"
    rows = pyarrow.parquet.read_metadata(snapshot).num_rows
    return rule_costs(snapshot, rows, file.with_name("rules"), repeat)


def measure_record(file: Path, repeat: int) -> Figures:
    """One record through the rules about single lines."""
    return {"record_microseconds": median(record_microseconds(file) for _ in range(repeat))}


def measure_children(file: Path, repeat: int) -> Figures:
    """Two children at once beside one."""
    return {"two_children / one": two_children_gain(file, file.parent, repeat)}


def measure_large(file: Path, repeat: int) -> Figures:
    """A pack of 235 rules of all types made ready."""
    folder = large.write(file.with_name("large"))
    return {"large_pack_seconds": median(large.ready_seconds(folder) for _ in range(repeat))}


def measure_row_security(file: Path, repeat: int) -> Figures:
    """Reads and writes under row security beside the same without it; only PostgreSQL has it."""
    return row_security_costs(repeat) if connection.vendor == "postgresql" else {}


def measure_neighbour(file: Path, repeat: int) -> Figures:
    """A tenant's requests beside a flood of another's; the server is given a database of its own on PostgreSQL."""
    return neighbour_figures(repeat) if connection.vendor == "postgresql" else {}


PARTS: dict[str, Callable[[Path, int], Figures]] = {
    "line": measure_line,
    "rules": measure_rules,
    "record": measure_record,
    "children": measure_children,
    "large": measure_large,
    "row_security": measure_row_security,
    "audit": measure_audit,
    "neighbour": measure_neighbour,
}
AT_LEAST: Figures = {
    "end_to_end / parse_and_rules": 0.5,
    "end_to_end / load_json_rows": 1.5,
    "query / engine": 0.9,
    "two_children / one": 1.8,
    "audit_verify_events_per_second": 100_000,
    "audit_appends / chained": 3,
}
AT_MOST: Figures = {
    "row_rule_nanoseconds": 20,
    "unique_rule / row_rule": 20,
    "record_microseconds": 20,
    "large_pack_seconds": 2,
    "child_tree_mib": 1024,
    "line_tree_mib": 1024,
    "row_security_list_percent": 5,
    "row_security_insert_percent": 5,
    "row_security_bulk_percent": 10,
    "audit_share_of_ingest_percent": 10,
    "audit_seal_lag_p99_seconds": 2,
    "neighbour_beyond_limit / quiet": 1.2,
    "neighbour_within_limit / quiet": 1.2,
}


def measure(folder: Path, rows: int, repeat: int, parts: list[str]) -> dict[str, object]:
    """Figures of the parts over a delivery of about so many rows, made in `folder`: medians of `repeat` rounds."""
    warm_up(folder / "small")
    file = generate(folder / "given", rows)
    figures: Figures = {}
    for part in parts:
        figures |= PARTS[part](file, repeat)
    return {
        "database": connection.vendor,
        "rows": rows,
        "repeat": repeat,
        "figures": {name: round(value, 3) for name, value in figures.items()},
        "at_least": {name: bound for name, bound in AT_LEAST.items() if name in figures},
        "at_most": {name: bound for name, bound in AT_MOST.items() if name in figures},
    }


def warm_up(folder: Path) -> None:
    """Start the clean parent once: a worker has it when work comes."""
    parse_and_rules(generate(folder, 500), folder / "out")
