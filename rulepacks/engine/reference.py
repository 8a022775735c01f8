"""The reference of the pack format as Markdown, made from its JSON Schema and the registries of functions."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rulepacks.engine.expressions.functions import REFUSED, THEMES
from rulepacks.engine.expressions.over import USAGE
from rulepacks.engine.expressions.windows import WINDOWS
from rulepacks.engine.loading.schema import SCHEMA
from rulepacks.engine.rules import rule_types

HEAD = """# Reference of the pack format

Made from `engine/schema/` and the functions themselves by `python -m rulepacks.engine reference`.
How to write a pack stands in [README.md](README.md).
"""
AGGREGATES = (
    ("sum(x)", "Sum; 0 over no rows."),
    ("count(*), count(x), count(distinct x)", "How many rows; how many with x; how many different x."),
    ("min(x), max(x)", "Least and greatest; NULL over no rows."),
    ("any(condition), every(condition)", "Whether some row, or every row, fulfils it."),
    ("… filter (where condition)", "After any of these: only rows that fulfil the condition."),
)
OPERATORS = (
    (
        "+ - * %",
        "Exact arithmetic; % takes whole numbers only. / is refused: divide(x, y, decimals) says how many decimals are "
        "kept.",
    ),
    ("= <> < <= > >=", "Comparison; NULL when a side is NULL."),
    ("is distinct from, is not distinct from", "Comparison in which NULLs are equal."),
    ("is null, is not null, is true, is false", "Tests that are never NULL."),
    ("and, or, not", "Three-valued logic."),
    ("x between a and b", "x >= a and x <= b."),
    ("x in (a, b), x in ($list)", "Whether x equals one of them."),
    ("x like 'A%'", "% stands for any text, _ for one character."),
    ("matches(x, 'pattern')", "Whether the whole text matches the RE2 pattern."),
    ("case when … then … else … end", "The first branch whose condition is true."),
    (
        "cast(x as type), date '2025-01-31'",
        "Text to number or date is strict: anything else breaks the rule for the row.",
    ),
    ("x || y", "Two texts joined."),
    ("raw(field)", "The cell as it was delivered."),
    ("join.column, found(join)", "A column of the matching row, and whether there is one."),
    ("$parameter", "A parameter of the run."),
    ("each('cpe_*')", "As an argument: all fields whose names match."),
    (
        "all_of('cpe_*', it > 0), any_of(…)",
        "Whether every, or some, field of such a name fulfils the condition about `it`.",
    ),
)


def reference() -> str:
    """The whole reference."""
    pack, rule, cases = (_read(name) for name in ("pack", "rule", "cases"))
    parts = [HEAD, "## pack.yaml", *_keys(pack, pack["$defs"])]
    parts += ["## Every rule", rule["description"], *_keys(rule, rule["$defs"])]
    for kind in rule_types():
        own = _read(f"rules/{kind}")
        parts += [f"## Rule type `{kind}`", own["description"], *_keys(own, {**rule["$defs"], **own.get("$defs", {})})]
    parts += ["## cases/CODE.yml", cases["description"], *_keys(cases, cases["$defs"])]
    parts += ["## Expressions", _table("written", "meaning", OPERATORS)]
    parts += ["### Over the rows of a group", _table("written", "meaning", AGGREGATES)]
    parts += ["### Over the rows around a row (type `sequence`)",
              _table("written", "meaning", ((one.usage, one.meaning) for one in WINDOWS.values()))]  # fmt: skip
    parts += ["### Over the rows of a query (type `query`, among its columns)", _table("written", "meaning", USAGE)]
    for theme, functions in THEMES.items():
        rows = ((one.usage, one.meaning) for one in functions.values())
        parts += [f"### {theme}", _table("written", "meaning", rows)]
    parts += ["### Refused", _table("written", "why", ((f"{name}(…)", why) for name, why in REFUSED.items()))]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SCHEMA / f"{name}.json").read_text(encoding="utf-8"))
    return found


def _keys(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> list[str]:
    """The table of an object's keys, nested ones with the way to them."""
    return [_table("key", "meaning", _rows(schema, definitions, "", frozenset()))]


def _rows(
    schema: Mapping[str, Any], definitions: Mapping[str, Any], way: str, above: frozenset[str]
) -> Iterator[tuple[str, str]]:
    required = set(schema.get("required", ()))
    for key, value in schema.get("properties", {}).items():
        path = f"{way}{key}"
        yield path, _said(value, definitions) + (" Required." if key in required else "")
        yield from _below(value, definitions, path, above)
    anything = schema.get("additionalProperties")
    if isinstance(anything, dict):
        yield from _below(anything, definitions, f"{way}NAME", above)


def _below(
    value: Mapping[str, Any], definitions: Mapping[str, Any], path: str, above: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """The keys below a key, in whichever of its forms they stand."""
    named = str(value.get("$ref", "")).rpartition("/")[2]
    if named in above:
        return
    inner = definitions.get(named, value)
    inside = above | ({named} if named else set())
    for one in (inner, *inner.get("oneOf", ())):
        if "$ref" in one and one is not inner:
            yield from _below(one, definitions, path, inside)
            continue
        if "items" in one:
            yield from _below(one["items"], definitions, f"{path}[]", inside)
        yield from _rows(one, definitions, f"{path}.", inside)


def _said(value: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    named = str(value.get("$ref", "")).rpartition("/")[2]
    inner = definitions.get(named, value)
    said = str(value.get("description") or inner.get("description", ""))
    unsaid = [str(option) for option in inner.get("enum", ()) if str(option) not in said]
    return f"{said} One of {', '.join(unsaid)}." if unsaid else said


def _table(first: str, second: str, rows: Any) -> str:
    lines = [f"| {first} | {second} |", "|---|---|"]
    for name, meaning in rows:
        shown = str(meaning).replace("|", "\\|")
        lines.append(f"| `{name.replace('|', chr(92) + '|')}` | {shown} |")
    return "\n".join(lines)
