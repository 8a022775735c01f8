"""A pack's folder -> its spec. Everything wrong with it is reported at once."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from rulepacks.engine.expressions.scope import Scope
from rulepacks.engine.expressions.tree import Node
from rulepacks.engine.expressions.types import BOOLEAN, TEXT
from rulepacks.engine.limits import PackLimits
from rulepacks.engine.loading import schema
from rulepacks.engine.loading.cache import LoadedPacks
from rulepacks.engine.loading.calendar import read_calendar
from rulepacks.engine.loading.checks import check_pack
from rulepacks.engine.loading.context import ALL, Context
from rulepacks.engine.loading.document import Document, read_document
from rulepacks.engine.loading.files import counts
from rulepacks.engine.loading.inputs import read_derived, read_inputs
from rulepacks.engine.loading.joins import read_joins
from rulepacks.engine.loading.lists import read_lists
from rulepacks.engine.loading.mending import mend_pack
from rulepacks.engine.loading.outputs import finding_words, read_outputs
from rulepacks.engine.loading.parameters import read_parameters
from rulepacks.engine.loading.rules import read_rules
from rulepacks.engine.loading.sizes import check_sizes
from rulepacks.engine.loading.tables import read_tables
from rulepacks.engine.loading.unused import advise_unused
from rulepacks.engine.problems import PackError, Place, Problem
from rulepacks.engine.spec import Pack, Rule, Stage, StatusRule

PACK_FILE = "pack.yaml"
DEFAULTS = PackLimits()
LOADED = LoadedPacks()


def load_pack(folder: Path, limits: PackLimits = DEFAULTS) -> Pack:
    """Read a pack; one with the same content is not read twice. Raises PackError with every problem found."""
    content = content_hash(folder, limits)
    known = LOADED.get(content, limits)
    if known is None:
        known = read_pack(Context(folder, limits), content)
        # A file may have changed since it was hashed, and what was read is then not what the hash says.
        if content_hash(folder, limits) == content:
            LOADED.put(known, limits)
    return known


def read_pack(context: Context, content: str) -> Pack:
    """The pack of a folder with a content, read into a fresh context. Raises PackError with every problem found."""
    try:
        return _pack(context, content)
    except RecursionError:
        raise PackError([Problem(PACK_FILE, 1, 1, "", "nested too deeply")]) from None


def _pack(context: Context, content: str) -> Pack:
    document, rule_files = _documents(context)
    data = cast("dict[str, Any]", document.data)
    _read_sections(context, document, data)
    rules = read_rules(context, [document, *rule_files])
    as_of = None
    if "as_of" in data:
        as_of = context.expression(document, ("as_of",), Scope(parameters=context.parameter_types))
    statuses, outputs = _statuses(context, document, data, rules), read_outputs(context, document, data, rules)
    check_pack(context, document, rules, outputs, as_of)
    context.problems.raise_if_any()
    advise_unused(context, document, rules, outputs, as_of)
    return Pack(
        name=data["pack"], kind=data.get("kind", "rulepack"), version=data["version"], title=data["title"],
        description=data.get("description", ""), labels=data.get("labels", {}),
        severity_labels=data.get("severity_labels", {}), parameters=context.parameters, inputs=context.inputs,
        lists=context.lists, joins=context.joins, tables=context.tables, stages=tuple(context.stages.values()),
        rules=rules, statuses=statuses, outputs=outputs, as_of=as_of, content_hash=content,
        advice=tuple(sorted(context.advice)),
    )  # fmt: skip


def _documents(context: Context) -> tuple[Document, list[Document]]:
    """pack.yaml and the files of rules, without what is not written as it must be. Raises PackError."""
    folder = context.folder
    if not (folder / PACK_FILE).is_file():
        raise PackError([Problem(PACK_FILE, 1, 1, "", f"no {PACK_FILE} in {folder.name or folder}")])
    document = read_document(folder / PACK_FILE, PACK_FILE, context.problems, context.limits)
    rule_files = _rule_files(context)
    if document.whole and not isinstance(document.data, dict):
        context.problems.add(Place(PACK_FILE, 1, 1), "keys and values are expected")
    if not document.whole or not isinstance(document.data, dict):
        raise PackError(context.problems.all)
    if complaints := schema.check_pack(document, context.problems):
        mend_pack(context, document.data, complaints)
        if not schema.fits("pack", document.data):
            raise PackError(context.problems.all)
    before = len(context.problems)
    check_sizes(context, document, document.data)
    if len(context.problems) > before:
        raise PackError(context.problems.all)
    return document, rule_files


def content_hash(folder: Path, limits: PackLimits = DEFAULTS) -> str:
    """SHA-256 (hex) over the sorted relative paths and bytes of a pack's files. Raises PackError when too large."""
    files = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if counts(path))
    if problem := _unusable(folder, files, limits):
        raise PackError([problem])
    digest = hashlib.sha256()
    for name, path in files:
        content = path.read_bytes()
        digest.update(f"{len(name.encode())}:{name}{len(content)}:".encode())
        digest.update(content)
    return digest.hexdigest()


def _unusable(folder: Path, files: list[tuple[str, Path]], limits: PackLimits) -> Problem | None:
    """Why the files of a folder cannot be a pack; None when they can."""
    size, home = sum(path.stat().st_size for _, path in files), folder.resolve()
    for limit, value, what in (
        ("files", len(files), "more than {} files"),
        ("folder_bytes", size, "more than {} bytes"),
    ):
        if value > getattr(limits, limit):
            return Problem(PACK_FILE, 1, 1, "", limits.said(limit, what))
    for name, path in files:
        if not name.isprintable():
            return Problem(PACK_FILE, 1, 1, "", f"the name of a file cannot be shown: {name!a}")
        if home not in path.resolve().parents:
            return Problem(name, 1, 1, "", "leads outside the pack")
    return None


def _rule_files(context: Context) -> list[Document]:
    documents = []
    for path in sorted(filter(counts, (context.folder / "rules").glob("*.yaml"))):
        document = read_document(path, f"rules/{path.name}", context.problems, context.limits)
        data = document.data
        if not document.whole:
            context.broken.add(("rule", ALL))
        elif not (isinstance(data, dict) and set(data) == {"rules"} and isinstance(data["rules"], list)):
            context.problems.add(Place(document.file, 1, 1), "one key is expected: rules, with a list")
        elif odd := [index for index, rule in enumerate(data["rules"]) if not isinstance(rule, dict)]:
            context.problems.add(document.place(("rules", odd[0])), "a rule is keys and values")
        else:
            documents.append(document)
    return documents


def _read_sections(context: Context, document: Document, data: dict[str, Any]) -> None:
    joins = data.get("joins", {})
    read_parameters(context, document, data.get("parameters", {}))
    read_inputs(context, document, data["inputs"])
    read_lists(context, document, data.get("lists", {}))
    read_calendar(context, document, data.get("calendar"))
    first = next(iter(context.inputs))
    context.looks = {
        name: (given.get("from", first), given["input"]) for name, given in joins.items() if "input" in given
    }
    read_derived(context, document, data["inputs"], joins)
    read_joins(context, document, joins, tables=False)
    read_tables(context, document, data.get("tables", {}))
    read_joins(context, document, joins, tables=True)
    _read_stages(context, document, data.get("stages", ["rules"]))


def _read_stages(context: Context, document: Document, data: list[Any]) -> None:
    for index, raw in enumerate(data):
        given = {"name": raw} if isinstance(raw, str) else raw
        name, after = given["name"], given.get("after", tuple(context.stages))
        after = (after,) if isinstance(after, str) else tuple(after)
        place = document.place(("stages", index))
        for earlier in after:
            if earlier not in context.stages:
                context.problems.add(place, f"stage {name} cannot be reached: {earlier} is no earlier stage")
        if name in context.stages:
            context.problems.add(place, f"stage {name} is given twice")
        gate = given.get("gate") == "unit"
        if gate and (not after or not next(iter(context.inputs.values())).unit):
            context.problems.add(place, "a gate needs an earlier stage, and unit in the first input")
        context.stages[name] = Stage(name, given.get("title", name), after, gate)


def _statuses(
    context: Context, document: Document, data: dict[str, Any], rules: Sequence[Rule]
) -> tuple[StatusRule, ...]:
    scope = Scope(
        fields=dict.fromkeys(("rule", "stage", "severity", "label"), TEXT), aggregates=True, what="word",
        domains=finding_words(context, rules),
    )  # fmt: skip
    given, statuses = data.get("statuses", []), []
    for index, status in enumerate(given):
        node: Node | None = None
        if "when" in status:
            node = context.expression(document, ("statuses", index, "when"), scope, BOOLEAN)
        elif index < len(given) - 1:
            context.problems.add(
                document.place(("statuses", index + 1)), "cannot be reached: the one before always holds"
            )
        statuses.append(StatusRule(status["status"], node))
    if statuses and statuses[-1].when is not None:
        context.problems.add(document.place(("statuses", len(given) - 1)), "the last status must hold always")
    return tuple(statuses)
