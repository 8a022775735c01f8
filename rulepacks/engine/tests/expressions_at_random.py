"""Random expressions as text, by type, over the fields of `record_pack`; and random cells that are hard on them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping

from hypothesis import strategies as st

LITERAL_TEXTS = st.sampled_from(["", "a", "ab", "A", "É", "0012", "12", "x y", "ß", "%", "a_", "日本", "2024-02-29"])
WHOLE = st.sampled_from(["0", "1", "7", "12", "999999999999999999", "100"])
POINTS = st.sampled_from(["0.0", "1.50", "0.005", "12.25", "99999999.99"])
DATES = st.sampled_from(["2024-02-29", "2000-01-01", "2999-12-31"])
MOMENTS = st.sampled_from(["2024-02-29T23:59:59.5Z", "2000-01-01 00:00", "9999-12-31T23:59:59.999999Z"])
LIKES = st.sampled_from(["a%", "%a", "_", "a_%", "%", "", "é%", "%\n%", "a.b", "A"])
PATTERNS = st.sampled_from(
    [
        "[0-9]+",
        "a.b",
        ".*",
        "(?s).*",
        "a$",
        "^a",
        "[^a]*",
        r"\d{1,3}",
        r"\w+",
        "(?i)AB",
        "a|b",
        r"\pL+",
        "",
        "[[:alpha:]]+",
    ]
)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


Strategy = st.SearchStrategy[str]
COMPARE = st.sampled_from(["=", "<>", "<", "<=", ">", ">=", "is distinct from", "is not distinct from"])
LEAVES: dict[str, Strategy] = {
    "text": st.sampled_from(["t", "u", "kept", "folded", "raw(n)", "raw(t)", "side.name", "$word", "tail"])
    | LITERAL_TEXTS.map(quoted),
    "whole": st.sampled_from(["n", "big", "side.weight", "$count", "twice"]) | WHOLE,
    "point": st.sampled_from(["d", "wide", "rate"]) | POINTS,
    "day": st.sampled_from(["day", "$since"]) | DATES.map("date '{}'".format),
    "moment": st.just("seen") | MOMENTS.map("timestamp '{}'".format),
    "truth": st.sampled_from(["flag", "found(side)", "found(dated)", "true", "false"]),
    "compare": COMPARE,
    "like": LIKES.map(quoted),
    "pattern": PATTERNS.map(quoted),
}
SAME = ("({0} {compare} {0})", "({0} in ({0}, {0}, null))", "({0} not in ({0}, {0}))", "({0} between {0} and {0})")
TEMPLATES: dict[str, list[str]] = {
    "truth": [
        *(form.replace("{0}", f"{{{kind}}}") for kind in ("text", "whole", "point", "day", "moment") for form in SAME),
        *(f"({{{kind}}} is null)" for kind in ("text", "whole", "point", "day", "moment", "truth")),
        "({number} {compare} {number})", "({text} in ($words))", "({text} like {like})", "matches({text}, {pattern})",
        "contains({text}, {text})", "starts_with({text}, {text})", "ends_with({text}, {text})",
        "({truth} and {truth})", "({truth} or {truth} or {truth})", "(not {truth})",
        "(case when {truth} then {truth} when {truth} then {truth} end)", "has_word({text}, 'a')",
        "luhn_valid({text})", "luhn_alnum_valid({text})", "mod97_valid({text})", "mod10_alnum_valid({text})",
        "has_any(split({text}, ' '), split({text}, 'b'))", "has_all(split({text}, ' '), split({text}, 'b'))",
        "has_any($words, split({text}, ' '))", "has_start($words, {text})", "has_start(split({text}, ' '), {text})",
        "all_of('t*', it is null or it < {text})", "any_of('*d*', it is not null)", "is_business_day({day})",
    ],
    "text": [
        "lower({text})", "upper({text})", "trim({text})", "left({text}, 2)", "right({text}, 2)", "substr({text}, 2, 2)",
        "lpad({text}, 4, '0')", "replace({text}, 'a', 'é')", "concat_ws({text}, {text}, {text})", "({text} || {text})",
        "coalesce({text}, {text})", "nullif({text}, {text})", "(case when {truth} then {text} else {text} end)",
        "extract({text}, '([0-9]+)')", "greatest({text}, {text}, {text})",
        *(f"cast({{{kind}}} as text)" for kind in ("whole", "point", "number", "day", "moment", "truth")),
    ],
    "whole": [
        *(f"({{whole}} {sign} {{whole}})" for sign in "+-*%"), "(-{whole})", "abs({whole})", "zero_if_blank({whole})",
        "length({text})", "given({text}, {day}, {truth})", "year({day})", "month({day})", "day({day})",
        "sign({number})", "hour({moment})", "minute({moment})", "second({moment})",
        "floor({point})", "ceil({point})", "floor_div({whole}, {whole})",
        "ceil_div({whole}, {point})",
        "divide({whole}, {whole}, 0)", "weekday({day})",
        "business_days_between({day}, {day})", "days_between({day}, {day})", "months_between({day}, {day})",
        "years_between({day}, {day})", "calendar_months_between({day}, {day})", "list_length(split({text}, ' '))",
        "list_distinct_length(split({text}, 'a'))", "given(each('t*'))", "least({whole}, {whole})",
        "cast({text} as integer)", "coalesce({whole}, {whole})", "(case when {truth} then {whole} else {whole} end)",
    ],
    "point": [
        *(f"({{number}} {sign} {{point}})" for sign in "+-*"), "(-{point})", "abs({point})", "round({point}, 1)",
        "zero_if_blank({point})", "cast({text} as decimal(12,3))", "cast({whole} as decimal(38,4))",
        "divide(d, {point}, 2)", "divide({whole}, d, 6)", "seconds_between({moment}, {moment})",
        "similarity({text}, {text})",
        "closest(split({text}, ' '), names({text}, 'a', 'x b'))", "nearest(names({text}, ' ', 'ab'), $words)",
        "greatest({point}, d)",
        "nullif({point}, {number})", "(case when {truth} then {number} else {point} end)",
    ],
    "day": [
        "cast({text} as date)", "coalesce({day}, {day})", "add_days({day}, {whole})", "add_months({day}, {whole})",
        "add_years({day}, {whole})", "last_day({day})",
        "add_business_days({day}, {whole})", "date_of({whole}, {whole}, {whole})", "least({day}, {day})",
        "cast({moment} as date)",
    ],
    "moment": [
        "cast({text} as timestamp)", "cast({day} as timestamp)", "add_seconds({moment}, {whole})",
        "greatest({moment}, {moment})", "coalesce({moment}, {moment})",
    ],
}  # fmt: skip
_HOLE = re.compile(r"\{([a-z]+)\}")


def _filled(template: str, parts: Mapping[str, Strategy]) -> Strategy:
    """The template with every hole filled by a strategy of its name."""
    names, text = _HOLE.findall(template), _HOLE.sub("\0", template)
    return st.tuples(*(parts[name] for name in names)).map(
        lambda given: "".join(itertools.chain(*itertools.zip_longest(text.split("\0"), given, fillvalue="")))
    )


def expressions(depth: int = 3, fields: Mapping[str, Strategy] | None = None) -> dict[str, Strategy]:
    """Strategies for expressions of each type, nested at most `depth` deep; `fields` are more leaves of a type."""
    parts = LEAVES | {kind: LEAVES[kind] | more for kind, more in (fields or {}).items()}
    for _ in range(depth):
        parts["number"] = parts["whole"] | parts["point"]
        deeper = {
            kind: st.one_of(parts[kind], *(_filled(template, parts) for template in templates))
            for kind, templates in TEMPLATES.items()
        }
        parts |= deeper
    return parts


HARD_TEXTS = st.sampled_from(
    [
        "",
        " ",
        "a",
        "A",
        "ab",
        "a\nb",
        "a\n",
        "\nab",
        " ab ",
        "é",
        "É",
        "ß",
        "ẞ",
        "İ",
        "ı",
        "Σς",
        "ǆ",
        "日本",
        "👩‍👧",
        "e\u0301",
        "a\u0323\u0307",
        "a\u0307\u0323",
        "שלום",
        "\u202eab",
        "𝒳𐍈",
        "ab\r\n12",
        "'",
        '"',
        "%",
        "_",
        "\\",
        "0012",
        "12",
        "-5",
        "+5",
        "2024-02-29",
        "2023-02-29",
        "٣",
        "ﬀ",
        "true",
        "x\ty",
        "\u00a0",
        "12.345",
        "1e5",
        "\u2028",
        "00",
        "k1",
        "K1",
        "k2",
        "\x1f",
    ]
)
TEXTS = st.one_of(HARD_TEXTS, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5))
NUMBERS = st.one_of(
    st.sampled_from(
        [
            "",
            "0",
            "-0",
            "1",
            "007",
            "+5",
            "1.5",
            "1.50",
            "1.505",
            "99999999.99",
            "100000000",
            "-.5",
            ".5",
            "5.",
            "1e3",
            "1,000",
            " 12 ",
            "９",
            "-999999999999999999",
            "999999999999999999",
            "9223372036854775807",
            "9" * 38,
            "0" * 40 + "1",
            "1." + "0" * 40,
            "-" + "9" * 28 + "." + "9" * 10,
            "--1",
            "+",
            ".",
            "NaN",
            "1_000",
            "0.0000000001",
            "-0.00",
        ]
    ),
    st.integers(-(10**6), 10**6).map(str),
    st.decimals(-(10**6), 10**6, places=2).map(str),
)
DAYS = st.sampled_from(
    [
        "",
        "2024-02-29",
        "2023-02-29",
        "2024-2-9",
        "0999-01-01",
        "2999-12-31",
        "3000-01-01",
        "2024-13-01",
        "20240229",
        " 2000-01-01 ",
    ]
)
FLAGS = st.sampled_from(["", "true", "FALSE", "True", "yes", "1", " true "])
SEEN = st.sampled_from(
    [
        "",
        "2024-02-29T10:00:00Z",
        "2024-02-29 10:00",
        "2024-02-29T10:00:00.5+14:59",
        "2024-02-29T10:00:00.1234560-0530",
        "2024-02-29T10:00:00.1234567Z",
        "1000-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "2023-02-29T10:00Z",
        "2024-02-29T24:00Z",
        "2024-02-29T23:59:60Z",
        "2024-02-29T10:00+15:00",
        "2024-02-29",
        "2024-02-29t10:00z",
        " 2024-02-29T10:00:00Z ",
    ]
)
