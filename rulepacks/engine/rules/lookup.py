"""`lookup`: fields in a list, or not in one. Becomes a row rule over a join of its own."""

from rulepacks.engine.bodies import RowBody
from rulepacks.engine.expressions.tree import Call, Found, Node, Unary
from rulepacks.engine.expressions.types import BOOLEAN, TEXT
from rulepacks.engine.expressions.typing import comparison_problem
from rulepacks.engine.loading.draft import Draft
from rulepacks.engine.loading.joins import check_join
from rulepacks.engine.rules import Reading, RuleType
from rulepacks.engine.spec import JoinSpec


def read(draft: Draft) -> Reading:
    """Read a lookup rule."""
    data, scope = draft.data, draft.row_scope()
    word = "in" if "in" in data else "not_in"
    if not draft.context.known("list", data[word], draft.context.lists, draft.place(word), draft.code):
        return Reading((), scope)
    target = draft.context.lists[data[word]]
    fields = [draft.expression("fields", index, scope=scope) for index in range(len(data["fields"]))]
    if len(fields) != len(target.key):
        draft.problem(f"{target.name} has the key {', '.join(target.key)}", "fields")
        return Reading((), scope)
    pairs: list[tuple[str, Node]] = []
    for index, (column, node) in enumerate(zip(target.key, fields, strict=True)):
        if problem := comparison_problem(target.columns[column], node.type):
            draft.problem(f"{column}: {problem}", "fields", index)
        folded = data.get("fold_case") and node.type == TEXT
        pairs.append((column, Call(name="upper", arguments=(node,), type=TEXT, at=node.at) if folded else node))
    join = JoinSpec(
        f"{draft.code}:", draft.input, "list", target.name, tuple(pairs), target.columns,
        draft.optional("as_of", scope), tuple(data.get("wildcard", ())), fold_case=bool(data.get("fold_case")),
    )  # fmt: skip
    if not check_join(draft.context, draft.document, draft.path, join, draft.code):
        return Reading((), scope)
    found = Found(join=draft.add_join(join))
    require = found if word == "in" else Unary(op="not", operand=found, type=BOOLEAN)
    return Reading((({}, RowBody(require)),), scope)


RULE_TYPE = RuleType("lookup", read)
