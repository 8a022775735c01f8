"""A pack of 235 rules of all types, generated, and how long it takes to be ready to judge."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from rulepacks.engine.loader import load_pack
from rulepacks.engine.record import compile_record_rules

Rule = dict[str, object]
FIELDS = {
    "id": "text", "code": "text", "kind": "text", "name": "text", "other": "text", "amount": "decimal(21,2)",
    "count": "integer", "day": "date", "due": "date", "flag": "boolean",
}  # fmt: skip
PACK = {
    "cortx": 1,
    "pack": "cortx.benchmark.large",
    "version": "1.0.0",
    "title": "Many rules of all types",
    "parameters": {"limit": {"type": "integer", "default": 100}},
    "inputs": {
        "rows": {"key": ["id"], "unit": ["code"], "fields": FIELDS, "derive": {"twice": "amount * 2"}},
        "others": {"key": ["id"], "fields": {"id": "text", "code": "text", "amount": "decimal(21,2)", "paid": "date"}},
    },
    "lists": {"codes": {"file": "lists/codes.csv", "key": ["code"]}},
    "joins": {"code_row": {"list": "codes", "on": {"code": "code"}}},
}
CODES = "code,title\n" + "".join(f"C{number},Code {number}\n" for number in range(500))
CONDITIONS = (
    "amount > {n} and (kind is null or kind in ('A', 'B', 'K{n}'))",
    "case when kind = 'K{n}' then count <= $limit + {n} else coalesce(count, 0) >= 0 end",
    "matches(name, '[A-Z]{{1,9}}[0-9]{{{n}}}') or name like 'N{n}%'",
    "days_between(day, due) <= {n} + 30 and year(day) >= 2000",
    "found(code_row) and length(code_row.title) > {n} % 7",
    "abs(twice) < {n}0000.00 or flag is not true",
)
QUERY = "select rows.row_number as row from rows join others on others.code = rows.code where rows.count > {n}"
KINDS: dict[str, tuple[int, Callable[[int], Rule]]] = {
    "row": (150, lambda n: {"require": CONDITIONS[n % len(CONDITIONS)].format(n=n + 1)}),
    "unique": (15, lambda n: {"key": ["id", "code", f"right(name, {n + 1})"]}),
    "lookup": (10, lambda n: {"fields": ["code"], "in": "codes", "when": f"count > {n}"}),
    "group": (24, lambda n: {"by": ["code"], "where": f"count <> {n}", "left": "sum(amount)", "right": str(n)}),
    "exists": (8, lambda n: {"in": "others", "on": {"code": "code"}, "when": f"count > {n}"}),
    "reconcile": (8, lambda n: {
        "on": ["code"], "tolerance": n, "left": {"input": "rows", "where": f"count > {n}", "value": "sum(amount)"},
        "right": {"input": "others", "value": "sum(amount)"},
    }),
    "sequence": (8, lambda n: {
        "by": ["code"], "order": ["day"], "ties": "row_number", "require": f"coalesce(prev(count), {n}) <= count",
    }),
    "schedule": (4, lambda n: {
        "where": f"count > {n}", "in": "others", "on": {"code": "code"}, "match": "others.paid = expected_day",
        "dates": {"as": "expected_day", "first": "day", "last": "due", "every": {"months": n + 1}},
    }),
    "match": (4, lambda n: {"left": "upper(name)", "right": "upper(other)", "threshold": f"0.{90 + n}"}),
    "score": (2, lambda n: {
        "components": {"size": f"case when amount > {n} then 30 else 0 end", "kind": {"value": "count", "cap": 10}},
        "decisions": [{"decision": "GO", "from": 20}, {"decision": "STOP"}], "findings": ["STOP"],
    }),
    "query": (2, lambda n: {
        "query": QUERY.format(n=n),
    }),
}  # fmt: skip


def rules() -> Iterator[Rule]:
    """All 235."""
    for kind, (many, made) in KINDS.items():
        for number in range(many):
            words = {"code": f"{kind}_{number}", "type": kind, "title": f"{kind} {number}", "authority": "None"}
            yield {**words, "severity": "error", **made(number)}


def write(folder: Path) -> Path:
    """Make the pack in `folder`."""
    (folder / "lists").mkdir(parents=True)
    (folder / "lists" / "codes.csv").write_text(CODES, encoding="utf-8")
    pack = {**PACK, "rules": list(rules())}
    (folder / "pack.yaml").write_text(yaml.safe_dump(pack, sort_keys=False), encoding="utf-8")
    return folder


def ready_seconds(folder: Path) -> float:
    """Seconds to load the pack and to compile its rules for single records."""
    began = time.perf_counter()
    compile_record_rules(load_pack(folder))
    return time.perf_counter() - began
