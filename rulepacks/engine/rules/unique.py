"""`unique`: rows must differ in a key."""

from rulepacks.engine.bodies import UniqueBody
from rulepacks.engine.expressions.tree import Field, Node
from rulepacks.engine.loading.draft import Draft
from rulepacks.engine.rules import Reading, RuleType


def read(draft: Draft) -> Reading:
    """Read a uniqueness rule."""
    scope, given = draft.row_scope(), draft.data["key"]
    if isinstance(given, dict):
        key, names = _all_except(draft, given["all_except"])
    else:
        key = [draft.expression("key", index, scope=scope) for index in range(len(given))]
        names = [str(part) for part in given]
    if "tolerance" in draft.data:
        draft.problem("tolerance has no meaning here", "tolerance")
    body = UniqueBody(tuple(key), tuple(names), draft.data.get("report", "later"))
    return Reading((({}, body),), scope)


def _all_except(draft: Draft, left_out: list[str]) -> tuple[list[Node], list[str]]:
    fields = draft.context.inputs[draft.input].fields
    for index, name in enumerate(left_out):
        draft.context.known("declared field", name, fields, draft.place("key", "all_except", index), draft.code)
    kept = [field for field in fields.values() if field.name not in left_out]
    if not kept:
        draft.problem("no field is left", "key")
    return [Field(name=field.name, type=field.type) for field in kept], [field.name for field in kept]


RULE_TYPE = RuleType("unique", read)
