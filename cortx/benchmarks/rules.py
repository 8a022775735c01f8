"""What rules cost: the engine beside a query written by hand, and packs with more rules beside the pack.

All over one snapshot, in this process, with one thread and the memory a child has.
"""

import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

import yaml

from cortx.benchmarks.subject import HAND_WRITTEN, PACK, PARAMETERS
from rulepacks.engine.database import open_database
from rulepacks.engine.evaluate import evaluate
from rulepacks.engine.limits import Limits
from rulepacks.engine.loader import load_pack
from rulepacks.engine.progress import silent

MORE_ROW_RULES, MORE_UNIQUE_RULES = 20, 3
ABOVE_ALL = 10**20
ROW_RULES = (
    "amount < {0}", "length(symbol) < {0}", "line < {0}", "account <> '{0}'",
    "case when begin_end = 'B' then cents < {0} else cents > -{0} end",
)  # fmt: skip
UNIQUE_KEYS = (["line", "document"], ["document", "line", "debit_credit"], ["line", "symbol", "document"])


def rule_costs(snapshot: Path, rows: int, folder: Path, repeat: int) -> dict[str, float]:
    """Seconds of the pack and of the query, nanoseconds a row of one more rule; medians of `repeat` rounds."""
    folder.mkdir()
    more_rows = [row_rule(number) for number in range(MORE_ROW_RULES)]
    more_unique = [unique_rule(number) for number in range(MORE_UNIQUE_RULES)]
    work: dict[str, Callable[[], float]] = {
        "engine": engine(PACK, snapshot, folder),
        "query": lambda: by_hand(snapshot, folder),
        "row": engine(with_rules(folder / "row", more_rows), snapshot, folder),
        "unique": engine(with_rules(folder / "unique", more_unique), snapshot, folder),
    }
    rounds = [{name: run() for name, run in work.items()} for _ in range(repeat + 1)][1:]

    def added(name: str, rules: int) -> float:
        return median(one[name] - one["engine"] for one in rounds) / rules / rows * 1e9

    return {
        "engine_seconds": median(one["engine"] for one in rounds),
        "query_seconds": median(one["query"] for one in rounds),
        "query / engine": median(one["query"] / one["engine"] for one in rounds),
        "row_rule_nanoseconds": added("row", MORE_ROW_RULES),
        "unique_rule_nanoseconds": added("unique", MORE_UNIQUE_RULES),
        "unique_rule / row_rule": added("unique", MORE_UNIQUE_RULES) / added("row", MORE_ROW_RULES),
    }


def row_rule(number: int) -> dict[str, object]:
    """A rule that every row passes, unlike all others, or DuckDB would work it out only once."""
    require = ROW_RULES[number % len(ROW_RULES)].format(ABOVE_ALL + number)
    return {"code": f"X{number}", "type": "row", "require": require, **rule_words()}


def unique_rule(number: int) -> dict[str, object]:
    return {"code": f"Y{number}", "type": "unique", "key": UNIQUE_KEYS[number], **rule_words()}


def rule_words() -> dict[str, str]:
    return {"severity": "error", "title": "One more", "authority": "None"}


def with_rules(folder: Path, rules: list[dict[str, object]]) -> Path:
    """The pack with more rules, in `folder`."""
    shutil.copytree(PACK, folder)
    (folder / "rules").mkdir()
    (folder / "rules" / "more.yaml").write_text(yaml.safe_dump({"rules": rules}), encoding="utf-8")
    return folder


def engine(folder: Path, snapshot: Path, scratch: Path) -> Callable[[], float]:
    """Seconds of all rules of a pack over the snapshot, findings and states written; loading is not counted."""
    pack = load_pack(folder)

    def run() -> float:
        out = scratch / "out"
        out.mkdir()
        with open_database(out, Limits(), [snapshot]) as connection:
            relations = {"lines": f"read_parquet('{snapshot}')"}
            began = time.process_time()
            evaluate(connection, pack, relations, PARAMETERS, out, silent)
            took = time.process_time() - began
        shutil.rmtree(out)
        return took

    return run


def by_hand(snapshot: Path, scratch: Path) -> float:
    """Seconds of the query over the same snapshot, what it finds written too."""
    out = scratch / "out"
    out.mkdir()
    lists = PACK / "lists"
    with open_database(out, Limits(), [snapshot, lists / "accounts.csv", lists / "agencies.csv"]) as connection:
        for name, relation in relations(snapshot, lists).items():
            connection.execute(f"CREATE VIEW {name} AS FROM {relation}")
        began = time.process_time()
        connection.execute(f"COPY ({HAND_WRITTEN.read_text(encoding='utf-8')}) TO '{out / 'found.parquet'}'")
        took = time.process_time() - began
    shutil.rmtree(out)
    return took


def relations(snapshot: Path, lists: Path) -> Mapping[str, str]:
    return {
        "lines": f"read_parquet('{snapshot}')",
        "accounts": f"read_csv('{lists / 'accounts.csv'}', all_varchar = true)",
        "agencies": f"read_csv('{lists / 'agencies.csv'}', all_varchar = true)",
    }
