"""Rules: the keys every type knows, and the hand-over to the type."""

import re
from collections.abc import Mapping
from typing import Any, cast

from rulepacks.engine.bodies import Body, ParseBody
from rulepacks.engine.expressions.build import build
from rulepacks.engine.expressions.scope import Scope
from rulepacks.engine.expressions.tree import Literal, Logical, Node
from rulepacks.engine.expressions.types import BOOLEAN
from rulepacks.engine.loading import schema
from rulepacks.engine.loading.context import Context
from rulepacks.engine.loading.document import Data, Document, Path_
from rulepacks.engine.loading.draft import Draft
from rulepacks.engine.loading.mending import mended_rule
from rulepacks.engine.problems import Place
from rulepacks.engine.rules import rule_types
from rulepacks.engine.spec import PARSE, MessagePart, Rule, Severity, SeveritySpec

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"\$?[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?")
_SLOTS = {"left", "right", "difference", "tolerance"}
NOTHING = ParseBody({})
"""Body of a rule that is read no further than to tell what is wrong with it."""


def read_rules(context: Context, documents: list[Document]) -> tuple[Rule, ...]:
    """The rules of all files in their order, pack.yaml first; problems go to the context."""
    rules: list[Rule] = []
    for document in documents:
        data = document.data if isinstance(document.data, dict) else {}
        for index, raw in enumerate(cast("list[Data]", data.get("rules", []))):
            if document is documents[0] and context.is_broken("rules", str(index)):
                continue
            rules.extend(_rule(context, document, ("rules", index), cast("dict[str, Any]", raw), len(rules)))
            if len(rules) > context.limits.rules:
                problem = context.limits.said("rules", "more than {} rules")
                context.problems.add(document.place(("rules", index)), problem)
                return tuple(rules)
    _refuse_repeats(context, rules)
    built_in = _parse_rule(context)
    return (*built_in, *rules)


def _rule(context: Context, document: Document, path: Path_, data: dict[str, Any], order: int) -> list[Rule]:
    """The rules of an entry; one that could not be read judges nothing, or is left out."""
    codes = _codes(data)
    for code in codes:
        context.codes.setdefault(code, document.place(path))
    rules = [rule for rule in _read_rule(context, document, path, data, order) if rule.code in codes]
    context.broken |= {
        ("rule", code) for code in codes if all(rule.code != code or rule.body == NOTHING for rule in rules)
    }
    return rules


def _read_rule(context: Context, document: Document, path: Path_, data: dict[str, Any], order: int) -> list[Rule]:
    code, kind = "/".join(_codes(data)), str(data.get("type", ""))
    if kind not in rule_types():
        place = document.place((*path, "type"))
        known = ", ".join(sorted(rule_types()))
        context.problems.add(place, f"type is one of {known}" + (f", not {kind}" if kind else ""), code)
        return []
    if complaints := schema.check_rule(kind, data, document, path, context.problems, code):
        data = mended_rule(data, path, complaints)
        if not schema.fits(kind, data):
            return []
    source = data.get("input", next(iter(context.inputs)))
    if not context.known("input", source, context.inputs, document.place((*path, "input")), code):
        return []
    draft = Draft(context, document, path, data, code, source)
    reading = rule_types()[kind].read(draft)
    if reading.scope is None:
        return []
    # Without a body the keys every rule knows are still read, for what is wrong with them.
    parts = reading.parts or (({"code": code}, NOTHING),)
    return [_finish(draft, reading.scope, reading.guard, overrides, body, order + index)
            for index, (overrides, body) in enumerate(parts)]  # fmt: skip


def _codes(data: Mapping[str, Any]) -> list[str]:
    codes = data.get("codes")
    if "code" in data or not isinstance(codes, dict):
        return [str(data.get("code", ""))]
    return [str(part.get("code", "") if isinstance(part, dict) else part) for part in codes.values()]


def _finish(
    draft: Draft, scope: Scope, guard: Node | None, overrides: Mapping[str, Any], body: Body, order: int
) -> Rule:
    given: dict[str, Any] = {**draft.data, **overrides}
    stage = given.get("stage", next(iter(draft.context.stages), ""))
    if not draft.context.is_broken("stages", stage):
        draft.context.known("stage", stage, draft.context.stages, draft.place("stage"), draft.code)
    if given["type"] == "reconcile" and given.get("when") is not None:
        draft.problem("when has no meaning here; put the condition in where of a side", "when")
    when = None if given["type"] == "reconcile" else draft.optional("when", scope, BOOLEAN)
    if guard is not None:
        when = guard if when is None else Logical(op="and", operands=(guard, when), at=when.at)
    return Rule(
        code=str(given["code"]), type=given["type"], order=order, stage=stage, input=draft.input, title=given["title"],
        label=given.get("label", ""), authority=given["authority"], description=given.get("description", ""),
        severity=_severity(draft, scope, overrides), when=when, on_null=given.get("on_null", "fail"),
        needs=tuple(given.get("needs", ())), about=_about(draft, scope),
        message=_message(draft, scope, str(given.get("message", ""))), effective=_effective(draft),
        aliases=tuple(given.get("aliases", ())), tolerance=draft.tolerance(), body=body,
        place=draft.place(), text=draft.document.source(draft.path),
    )  # fmt: skip


def _severity(draft: Draft, scope: Scope, overrides: Mapping[str, Any]) -> SeveritySpec:
    given = overrides.get("severity", draft.data["severity"])
    if isinstance(given, str):
        return SeveritySpec(cast("Severity", given))
    branches = tuple(
        (cast("Severity", word), draft.expression("severity", word, scope=scope, wanted=BOOLEAN))
        for word in given if word != "otherwise"
    )  # fmt: skip
    return SeveritySpec(given["otherwise"], branches)


def _about(draft: Draft, scope: Scope) -> tuple[tuple[str, Node], ...]:
    return tuple((name, draft.expression("about", name, scope=scope)) for name in draft.data.get("about", {}))


def _effective(draft: Draft) -> tuple[Node | None, Node | None]:
    given = draft.data.get("effective", {})
    scope = Scope(parameters=draft.context.parameter_types)
    ends = [draft.expression("effective", end, scope=scope) if end in given else None for end in ("from", "until")]
    return ends[0], ends[1]


def _message(draft: Draft, scope: Scope, template: str) -> tuple[MessagePart, ...]:
    parts: list[MessagePart] = []
    last = 0
    for match in _PLACEHOLDER.finditer(template):
        if match.start() > last:
            parts.append(MessagePart(text=template[last : match.start()]))
        last = match.end()
        word = match[1].strip()
        if word in _SLOTS and word not in scope.fields:
            parts.append(MessagePart(slot=word))
            continue
        node, mistakes = build(word, scope) if _NAME.fullmatch(word) else (Literal(value=None, type=BOOLEAN), None)
        if mistakes is None:
            draft.problem(f"{{{word}}} is not a name", "message")
        for mistake in mistakes or ():
            draft.problem(f"{{{word}}}: {mistake.message}", "message")
        parts.append(MessagePart(node=node))
    if template[last:]:
        parts.append(MessagePart(text=template[last:]))
    return tuple(parts)


def _refuse_repeats(context: Context, rules: list[Rule]) -> None:
    seen: dict[str, Rule] = {}
    for rule in rules:
        for code in (rule.code, *rule.aliases):
            if code.upper() == PARSE.upper():
                context.problems.add(rule.place, f"{PARSE} is the code of the built-in rule", rule.code)
            elif code in seen and (code == rule.code or seen[code].place != rule.place):
                first = seen[code].place
                context.problems.add(rule.place, f"code {code} is already used at {first.file}:{first.line}", rule.code)
            seen.setdefault(code, rule)


def _parse_rule(context: Context) -> list[Rule]:
    fields = {
        name: tuple(field.name for field in source.fields.values()
                    if field.type.kind != "text" and field.unreadable is None)
        for name, source in context.inputs.items()
    }  # fmt: skip
    fields = {name: names for name, names in fields.items() if names}
    if not fields or not context.stages:
        return []
    return [Rule(
        code=PARSE, type=PARSE, order=-1, stage=next(iter(context.stages)), input=next(iter(context.inputs)),
        title="Cell can be read as its type", label="", authority="Declared type of the field", description="",
        severity=SeveritySpec("fatal"), when=None, on_null="fail", needs=(), about=(), message=(),
        effective=(None, None), aliases=(), tolerance=None, body=ParseBody(fields), place=Place("pack.yaml", 1, 1),
    )]  # fmt: skip
