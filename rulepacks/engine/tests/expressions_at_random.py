"""Random expressions as text, by type, over the fields of `record_pack`; and random cells that are hard on them."""

from __future__ import annotations

from hypothesis import strategies as st

LITERAL_TEXTS = st.sampled_from(["", "a", "ab", "A", "É", "0012", "12", "x y", "ß", "%", "a_", "日本", "2024-02-29"])
WHOLE = st.sampled_from(["0", "1", "7", "12", "999999999999999999", "100"])
POINTS = st.sampled_from(["0.0", "1.50", "0.005", "12.25", "99999999.99"])
DATES = st.sampled_from(["2024-02-29", "2000-01-01", "2999-12-31"])
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


def _join(template: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(lambda given: template.format(*given))


def expressions(depth: int = 3) -> dict[str, st.SearchStrategy[str]]:
    """Strategies for expressions of each type, nested at most `depth` deep."""
    text: st.SearchStrategy[str] = st.one_of(
        st.sampled_from(["t", "u", "kept", "folded", "raw(n)", "raw(t)", "side.name", "$word", "tail"]),
        LITERAL_TEXTS.map(quoted),
    )
    whole: st.SearchStrategy[str] = st.one_of(st.sampled_from(["n", "big", "side.weight", "$count", "twice"]), WHOLE)
    point: st.SearchStrategy[str] = st.one_of(st.sampled_from(["d", "wide", "rate"]), POINTS)
    day: st.SearchStrategy[str] = st.sampled_from(["day", "$since"]) | DATES.map("date '{}'".format)
    truth: st.SearchStrategy[str] = st.sampled_from(["flag", "found(side)", "found(dated)", "true", "false"])
    for _ in range(depth):
        number = st.one_of(whole, point)
        same = [text, whole, point, day]
        compare = st.sampled_from(["=", "<>", "<", "<=", ">", ">=", "is distinct from", "is not distinct from"])
        truth = st.one_of(
            truth,
            *[_join("({} {} {})", kind, compare, kind) for kind in same],
            _join("({} {} {})", number, compare, number),
            *[_join("({} in ({}, {}, null))", kind, kind, kind) for kind in same],
            *[_join("({} not in ({}, {}))", kind, kind, kind) for kind in same],
            *[_join("({} between {} and {})", kind, kind, kind) for kind in same],
            *[_join("({} is null)", kind) for kind in [*same, truth]],
            _join("({} in ($words))", text),
            _join("({} like {})", text, LIKES.map(quoted)),
            _join("matches({}, {})", text, PATTERNS.map(quoted)),
            _join("contains({}, {})", text, text),
            _join("starts_with({}, {})", text, text),
            _join("ends_with({}, {})", text, text),
            _join("({} and {})", truth, truth),
            _join("({} or {} or {})", truth, truth, truth),
            _join("(not {})", truth),
            _join("(case when {} then {} when {} then {} end)", truth, truth, truth, truth),
        )
        text = st.one_of(
            text,
            *[_join(name + "({})", text) for name in ("lower", "upper", "trim")],
            _join("left({}, 2)", text),
            _join("right({}, 2)", text),
            _join("substr({}, 2, 2)", text),
            _join("lpad({}, 4, '0')", text),
            _join("replace({}, 'a', 'é')", text),
            _join("concat_ws({}, {}, {})", text, text, text),
            _join("({} || {})", text, text),
            _join("coalesce({}, {})", text, text),
            _join("nullif({}, {})", text, text),
            _join("(case when {} then {} else {} end)", truth, text, text),
            *[_join("cast({} as text)", kind) for kind in (whole, point, number, day, truth)],
        )
        whole = st.one_of(
            whole,
            *[_join("({} " + sign + " {})", whole, whole) for sign in "+-*%"],
            _join("(-{})", whole),
            _join("abs({})", whole),
            _join("zero_if_blank({})", whole),
            _join("length({})", text),
            _join("given({}, {}, {})", text, day, truth),
            *[_join(name + "({})", day) for name in ("year", "month", "day")],
            _join("cast({} as integer)", text),
            _join("coalesce({}, {})", whole, whole),
            _join("(case when {} then {} else {} end)", truth, whole, whole),
        )
        point = st.one_of(
            point,
            *[_join("({} " + sign + " {})", number, point) for sign in "+-*"],
            _join("(-{})", point),
            _join("abs({})", point),
            _join("round({}, 1)", point),
            _join("zero_if_blank({})", point),
            _join("cast({} as decimal(12,3))", text),
            _join("cast({} as decimal(38,4))", whole),
            _join("nullif({}, {})", point, number),
            _join("(case when {} then {} else {} end)", truth, number, point),
        )
        day = st.one_of(day, _join("cast({} as date)", text), _join("coalesce({}, {})", day, day))
    return {"text": text, "whole": whole, "point": point, "day": day, "truth": truth}


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
