"""Parts of a pack that are not written as they must be, taken out, so that the rest can be looked at as well."""

from typing import Any

from rulepacks.engine.loading.context import ALL, Context
from rulepacks.engine.loading.document import Path_
from rulepacks.engine.loading.schema import Complaint

ENTRIES = {"parameters": "parameter", "lists": "list", "joins": "join", "tables": "table"}
STAND_INS: dict[str, object] = {"cortx": 1, "pack": "x", "version": "0.0.0", "title": "x"}
OF_RULES: dict[str, object] = {"code": "X", "severity": "info", "title": "x", "authority": "x"}
ITEMS: dict[str, dict[str, object]] = {"outputs": {"name": "x", "format": "csv", "from": "findings"}, "rules": {}}
"""What stands in place of an item that is passed over."""


def mend_pack(context: Context, data: dict[str, Any], complaints: list[Complaint]) -> None:
    """Take what is complained of out of pack.yaml, and keep the names of what others may refer to."""
    for complaint in complaints:
        _take_out(context, data, complaint)
    for key, value in STAND_INS.items():
        data.setdefault(key, value)


def mended_rule(data: dict[str, Any], path: Path_, complaints: list[Complaint]) -> dict[str, Any]:
    """The rule at a path without the keys complained of, and with something for what every rule must have."""
    wrong = {complaint.path[len(path)] for complaint in complaints if len(complaint.path) > len(path)}
    kept = {key: value for key, value in data.items() if key not in wrong}
    return {**{key: value for key, value in OF_RULES.items() if key != "code" or "codes" not in kept}, **kept}


def _take_out(context: Context, data: dict[str, Any], complaint: Complaint) -> None:
    match complaint.path:
        case path if complaint.unknown_key:
            _without(data, path)
        case ("inputs", str(name), "fields" | "derive" as part, str(field), *_):
            data["inputs"][name][part][field] = "text"
            context.broken.add(("field", f"{name}.{field}"))
        case (
            () | ("inputs", _, "fields", *_) | ("inputs", _) | ("inputs" | "parameters" | "lists" | "joins" | "tables",)
        ):
            return
        case ("inputs", name, key, *_):
            data["inputs"][name].pop(key, None)
        case ("outputs" | "rules" as section, int(index), *_):
            data[section][index] = ITEMS[section]
            context.broken.add((section, str(index)))
        case (section, name, *_) if section in ENTRIES:
            data[section].pop(name, None)
            context.broken.add((ENTRIES[section], str(name)))
        case (section, *_):
            data.pop(str(section), None)
            context.broken.add((str(section), ALL))


def _without(data: Any, path: Path_) -> None:
    """Take out what stands at the path, unless an earlier complaint took out or replaced what it stood in."""
    try:
        for step in path[:-1]:
            data = data[step]
    except (KeyError, TypeError):
        return
    if isinstance(data, dict):
        data.pop(path[-1], None)
