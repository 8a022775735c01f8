"""Tags and filters of every template: icons, formats, and the drawings that need arithmetic."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import template
from django.template import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from records.dashboards import formats
from records.dashboards.words import Words

register = template.Library()

register.filter("amount", formats.amount)
register.filter("is_zero", formats.is_zero)
register.filter("count", formats.count)
register.filter("size", formats.size)
register.filter("duration", formats.duration)
register.filter("short_hash", formats.short_hash)
register.filter("spoken", formats.spoken)
register.filter("spoken_status", formats.spoken_status)
register.filter("sentence", formats.sentence)

BAR = 1000
NARROWEST = 5
CHART_HEIGHT, CHART_WIDTH, AXIS, FOOT, TOP = 196, 440, 40, 24, 10
WORST_FIRST = ("fatal", "error", "warning", "info")


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """A line icon; decorative, since words always stand beside it or label it."""
    return drawing(name, f"icon {classes}".strip())


@register.simple_tag
def mark(kind: str) -> SafeString:
    """The shape of a severity or state. The word stands beside it."""
    return drawing(kind, f"mark mark-{kind}")


def drawing(name: str, classes: str) -> SafeString:
    source = static("img/icons.svg")
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>', classes, source, name
    )


@register.simple_tag(takes_context=True)
def when(context: Context, value: datetime | None) -> SafeString | str:
    """A time on the tenant's clock, the whole of it on hover, UTC for machines."""
    return timed(value, formats.moment(value, context["zone"], timezone.now()), context) if value else ""


@register.simple_tag(takes_context=True)
def when_clock(context: Context, value: datetime | None) -> SafeString | str:
    """The time of day to the second."""
    return timed(value, formats.clock(value, context["zone"]), context) if value else ""


def timed(value: datetime, text: str, context: Context) -> SafeString:
    full = formats.moment_full(value, context["zone"])
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), full, text)


@register.simple_tag
def severity_word(words: Words, severity: str, label: str = "") -> str:
    """Fatal, or the pack's word for it."""
    return words.severity(severity, label)


@register.simple_tag
def noun(words: Words, name: str, number: int = 1) -> str:
    """The pack's noun in the number asked for."""
    return words.noun(name, number)


@register.simple_tag
def noun_capital(words: Words, name: str, number: int = 1) -> str:
    """The pack's noun at the start of a sentence."""
    return formats.sentence(words.noun(name, number))


@register.simple_tag
def percent(part: int, whole: int) -> str:
    """Share in words, rounded toward the middle."""
    return formats.percent(part, whole)


@register.filter
def initials(name: str) -> str:
    """Two letters for a name, an address or a tenant."""
    words = [word for word in name.replace("@", " ").replace(".", " ").replace("-", " ").split() if word]
    letters = words[0][:2] if len(words) == 1 else "".join(word[0] for word in words[:2])
    return letters.upper()


@register.filter
def entry(values: Mapping[str, Any], name: str) -> Any:
    """`values[name]`, or nothing."""
    return values.get(name)


@register.simple_tag
def state_bar(parts: Iterable[tuple[str, int]], classes: str = "") -> SafeString:
    """Stacked bar. A part that is not zero is at least 3 px wide, whatever its share."""
    drawn = widths([(kind, number) for kind, number in parts if number])
    rects = format_html_join(
        "",
        # The line does not scale with the bar: it is what keeps the smallest part visible at any width.
        '<rect class="fill-{0}" x="{1}" width="{2}" height="10"></rect>'
        '<path class="line-{0}" d="M{3} 0v10" vector-effect="non-scaling-stroke"></path>',
        ((kind, x, wide, x + wide // 2) for kind, x, wide in drawn),
    )
    return format_html(
        '<svg class="bar {}" viewBox="0 0 {} 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="fill-track" width="{}" height="10"></rect>{}</svg>',
        classes, BAR, BAR, rects,
    )  # fmt: skip


def widths(parts: Sequence[tuple[str, int]]) -> list[tuple[str, int, int]]:
    """(kind, x, width) filling the bar; what small parts gain is taken from the largest."""
    total = sum(number for _, number in parts)
    sizes = [max(NARROWEST, number * BAR // total) for _, number in parts]
    if sizes:
        sizes[sizes.index(max(sizes))] += BAR - sum(sizes)
    starts = [sum(sizes[:at]) for at in range(len(sizes))]
    return [(kind, start, wide) for (kind, _), start, wide in zip(parts, starts, sizes, strict=True)]


@register.simple_tag
def progress_bar(done: int, total: int | None, kind: str = "running", classes: str = "thin") -> SafeString:
    """How far something is. Under way is never drawn full, nor begun as nothing."""
    share = 0 if not total else min(BAR, max(NARROWEST if done else 0, done * BAR // total))
    return format_html(
        '<svg class="bar {}" viewBox="0 0 {} 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="fill-track" width="{}" height="10"></rect>'
        '<rect class="fill-{}" width="{}" height="10"></rect></svg>',
        classes, BAR, BAR, kind, share,
    )  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column of a chart: its name, what it links to, and a height for each severity, fatal at the baseline."""

    name: str
    link: str
    values: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.values.values())


@register.simple_tag
def column_chart(columns: Sequence[Column], label: str) -> SafeString:
    """Stacked columns with an axis from 0; numbers stand in the table beside it."""
    top = nice_top(max((column.total for column in columns), default=0))
    plot = CHART_HEIGHT - FOOT - TOP
    step = (CHART_WIDTH - AXIS) / max(len(columns), 8)
    lines = [(at, TOP + plot - round(at * plot / top)) for at in ticks(top)]
    grid = format_html_join(
        "",
        '<line x1="{}" x2="{}" y1="{}" y2="{}"></line><text x="{}" y="{}" text-anchor="end">{}</text>',
        ((AXIS, CHART_WIDTH, y, y, AXIS - 8, y + 4, formats.count(at)) for at, y in lines),
    )
    bars = format_html_join("", "{}", ((stack(at, column, step, plot, top),) for at, column in enumerate(columns)))
    return format_html(
        '<svg class="columns" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>',
        CHART_WIDTH, CHART_HEIGHT, label, grid, bars,
    )  # fmt: skip


def stack(at: int, column: Column, step: float, plot: int, top: int) -> SafeString:
    x, y, wide = AXIS + at * step + step * 0.15, float(TOP + plot), step * 0.7
    rects = []
    for severity in WORST_FIRST:
        high = max(2.0, column.values[severity] * plot / top) if column.values.get(severity) else 0.0
        y -= high
        if high:
            rects.append((severity, f"{x:.1f}", f"{y:.1f}", f"{wide:.1f}", f"{high:.1f}"))
    drawn = format_html_join("", '<rect class="fill-{}" x="{}" y="{}" width="{}" height="{}"></rect>', rects)
    every = max(1, round(44 / step))
    name = column.name if at % every == 0 else ""
    middle = f"{x + wide / 2:.1f}"
    foot = format_html('<text x="{}" y="{}" text-anchor="middle">{}</text>', middle, CHART_HEIGHT - 6, name)
    return format_html("<g><title>{}: {}</title>{}{}</g>", column.name, formats.count(column.total), drawn, foot)


def nice_top(highest: int) -> int:
    """The smallest of 1, 2, 3, 4, 6, 8 times a power of ten that is not below, so that thirds or quarters are round."""
    size = 1
    while True:
        for lead in (4, 6, 8, 12, 20, 30):
            if lead * size >= highest:
                return lead * size
        size *= 10


def ticks(top: int) -> list[int]:
    """Four or five round steps from 0."""
    parts = 3 if top % 3 == 0 else 4
    return [top * at // parts for at in range(parts + 1)]
