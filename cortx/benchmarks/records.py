"""One record at a time: the rules of the pack about single lines, without its lookups."""

import csv
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path
from statistics import median

from cortx.benchmarks.subject import PACK, PARAMETERS
from rulepacks.engine.loader import load_pack
from rulepacks.engine.record import compile_record_rules

RECORDS = 5_000


def record_microseconds(file: Path) -> float:
    """Median microseconds to judge one line, cells read and rules decided, findings worded where there are any."""
    pack = load_pack(PACK)
    rules = compile_record_rules(replace(pack, rules=tuple(rule for rule in pack.rules if rule.type == "row")))
    with file.open(newline="", encoding="utf-8") as lines:
        payloads = list(islice(csv.DictReader(lines), RECORDS))
    times: list[int] = []
    for _ in range(2):
        times.clear()
        for payload in payloads:
            began = time.perf_counter_ns()
            rules.judge(payload, PARAMETERS)
            times.append(time.perf_counter_ns() - began)
    return median(times) / 1000
