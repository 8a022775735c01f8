"""Line and limits measured one after the other, repeated, and put beside each other."""

import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from django.conf import settings
from django.db import connection

from cortx.benchmarks.limits import load_json_rows, load_thin_rows, parse_and_rules, seconds
from cortx.benchmarks.line import bench_tenant, deliver_and_judge
from rulepacks.catalog.selectors import pack_folder
from rulepacks.catalog.services import shipped_packs_install
from rulepacks.samples.demo import FILES, PACK
from tenants.context import tenant_scope

PARAMETERS = {"fiscal_year": "2025", "period": "9"}
PARTS = {
    "read": "Child: delivered bytes to rows",
    "snapshot": "Child: rows to Parquet",
    "rules": "Child: all rules, findings and tables",
    "parse_and_rules": "Child alone, nothing stored",
    "store": "Files kept; records, findings and counters committed",
    "end_to_end": "Received, judged and committed",
    "load_thin_rows": "Limit: thin rows loaded, nothing else",
    "load_json_rows": "Limit: JSON rows loaded, nothing else",
}
RATIOS = {
    "end_to_end / parse_and_rules": ("parse_and_rules", "end_to_end"),
    "end_to_end / load_thin_rows": ("load_thin_rows", "end_to_end"),
    "end_to_end / load_json_rows": ("load_json_rows", "end_to_end"),
}


def generate(folder: Path, rows: int) -> None:
    """Make the delivery in a process of its own, so that its memory does not count as ours."""
    command = [sys.executable, "-m", "rulepacks.samples.trial_balance", "--rows", str(rows), "--out", str(folder)]
    subprocess.run(command, cwd=settings.BASE_DIR, check=True, stdout=subprocess.DEVNULL)


def measure(folder: Path, repeat: int) -> dict[str, Any]:
    """Rows per second of each part (medians), the ratios of rates, and peak memory, for the delivery in `folder`."""
    inputs = {name: folder / file for name, file in FILES.items()}
    tenant = bench_tenant()
    with tenant_scope(tenant.id):
        version = next(version for version in shipped_packs_install() if version.pack.name == PACK)
        pack = pack_folder(version)
    warm_up(pack, folder)
    taken: dict[str, list[float]] = {part: [] for part in PARTS}
    memory = {"child": 0, "worker": 0}
    rows = 0
    for _ in range(repeat):
        began = time.perf_counter()
        alone = parse_and_rules(pack, inputs, PARAMETERS, folder / "alone")
        taken["parse_and_rules"].append(time.perf_counter() - began)
        shutil.rmtree(folder / "alone")
        rows = next(iter(alone.inputs.values())).rows_read
        for part in ("read", "snapshot", "rules"):
            taken[part].append(alone.seconds[part])
        whole = deliver_and_judge(tenant, version, inputs, PARAMETERS)
        taken["end_to_end"].append(whole.receive + whole.judge_and_store)
        taken["store"].append(whole.store)
        memory["child"] = max(memory["child"], alone.peak_memory_bytes, whole.run.peak_memory)
        memory["worker"] = max(memory["worker"], whole.worker_memory)
        taken["load_thin_rows"].append(seconds(partial(load_thin_rows, rows)))
        taken["load_json_rows"].append(seconds(partial(load_json_rows, inputs["trial_balance"])))
    return result(rows, repeat, {part: median(times) for part, times in taken.items()}, memory)


def warm_up(pack: Path, folder: Path) -> None:
    """Start the clean parent once: a worker has it when work comes."""
    generate(folder / "small", 500)
    inputs = {name: folder / "small" / file for name, file in FILES.items()}
    parse_and_rules(pack, inputs, PARAMETERS, folder / "small" / "out")


def result(rows: int, repeat: int, taken: dict[str, float], memory: dict[str, int]) -> dict[str, Any]:
    return {
        "database": connection.vendor,
        "rows": rows,
        "repeat": repeat,
        "seconds": {part: round(taken[part], 3) for part in PARTS},
        "rows_per_second": {part: round(rows / taken[part]) for part in PARTS if taken[part]},
        "ratios": {name: round(taken[limit] / taken[whole], 3) for name, (limit, whole) in RATIOS.items()},
        "peak_memory_bytes": memory,
    }
