"""What the findings page is asked for. The URL is the state: every link of the page is this with one thing changed."""

from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import urlencode

from django.http import QueryDict

from records.states import Severity

FILTERS = ("severity", "stage", "type", "unit", "rule")
GROUPINGS = ("rule", "unit", "flat")
EVERY_BATCH = "all"
MAX_VALUES = 40
MAX_TEXT = 200


@dataclass(frozen=True)
class Asked:
    """Filters (values of one are alternatives), text, batch, grouping, groups turned, open finding, cursor.

    `batch` is empty for the newest batch of each subject, `all`, or a number like `B-12`. `turned` holds the groups
    that are the other way round than they would be by themselves.
    """

    severity: tuple[str, ...] = ()
    stage: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    unit: tuple[str, ...] = ()
    rule: tuple[str, ...] = ()
    text: str = ""
    batch: str = ""
    group: str = "rule"
    turned: tuple[str, ...] = ()
    open: str = ""
    after: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> Self:
        """From the query; what is unknown is left out."""
        values: dict[str, Any] = {name: tuple(query.getlist(name)[:MAX_VALUES]) for name in FILTERS}
        values["severity"] = tuple(value for value in values["severity"] if value in Severity.values)
        group = query.get("group", "")
        return cls(
            **{name: clean(found) for name, found in values.items()},
            text=query.get("q", "").strip()[:MAX_TEXT].replace("\0", ""),
            batch=query.get("batch", "").strip()[:30].replace("\0", ""),
            group=group if group in GROUPINGS else "rule",
            turned=clean(tuple(query.getlist("turned")[:MAX_VALUES])),
            open=query.get("open", ""),
            after=query.get("after", ""),
        )

    @property
    def narrowed(self) -> bool:
        """Whether any filter is set."""
        return bool(self.text or self.batch or any(getattr(self, name) for name in FILTERS))

    def pairs(self) -> list[tuple[str, str]]:
        """As query parameters, in a steady order."""
        found = [(name, value) for name in FILTERS for value in getattr(self, name)]
        found += [("batch", self.batch)] if self.batch else []
        found += [("q", self.text)] if self.text else []
        found += [("group", self.group)] if self.group != "rule" else []
        found += [("turned", value) for value in self.turned]
        found += [(name, getattr(self, name)) for name in ("open", "after") if getattr(self, name)]
        return found

    def url(self, **changes: Any) -> str:
        """The page with these things changed; a changed filter starts at the top again."""
        changed = replace(self, **changes)
        if set(changes) - {"open", "turned", "after"}:
            changed = replace(changed, after="")
        return f"?{urlencode(changed.pairs())}"

    def toggled(self, name: str, value: str) -> str:
        """The page with one value of a filter added or taken away."""
        values = getattr(self, name)
        changed = tuple(one for one in values if one != value) if value in values else (*values, value)
        return self.url(**{name: changed})


def clean(values: tuple[str, ...]) -> tuple[str, ...]:
    """Without repeats, overlong ones and characters no database takes."""
    return tuple(dict.fromkeys(value for value in values if value and len(value) <= MAX_TEXT and "\0" not in value))
