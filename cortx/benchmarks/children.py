"""Parse and rules in children, one and two at once; one thread each, no database."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from cortx.benchmarks.limits import parse_and_rules


def two_children_gain(file: Path, scratch: Path, repeat: int) -> float:
    """How much more two children get done in a second than one; median of `repeat` pairs."""
    return median(2 * seconds_of(1, file, scratch) / seconds_of(2, file, scratch) for _ in range(repeat))


def seconds_of(children: int, file: Path, scratch: Path) -> float:
    """Seconds until all of so many children, started together, are done."""
    folders = [scratch / f"child{number}" for number in range(children)]
    began = time.perf_counter()
    with ThreadPoolExecutor(children) as pool:
        list(pool.map(lambda folder: parse_and_rules(file, folder), folders))
    took = time.perf_counter() - began
    for folder in folders:
        shutil.rmtree(folder)
    return took
