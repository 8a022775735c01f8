"""How the delivered text of a cell becomes a value, the same for DuckDB and for Python.

A text of blanks only is NULL. Numbers are digits with an optional sign and point, nothing else: no exponent, no
separators, no decimals beyond the field's. What is not blank and not such a value is *unreadable*: NULL, and marked.
"""

from rulepacks.engine.expressions.letters import BLANKS_SQL
from rulepacks.engine.expressions.types import DATE, Type
from rulepacks.engine.spec import Field

DATE_PATTERNS = {
    "YYYY-MM-DD": (r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}", "%Y-%m-%d"),
    "YYYYMMDD": (r"[1-9][0-9]{3}[0-9]{2}[0-9]{2}", "%Y%m%d"),
    "MM/DD/YYYY": (r"[0-9]{2}/[0-9]{2}/[1-9][0-9]{3}", "%m/%d/%Y"),
    "DD.MM.YYYY": (r"[0-9]{2}\.[0-9]{2}\.[1-9][0-9]{3}", "%d.%m.%Y"),
    "DD-MM-YYYY": (r"[0-9]{2}-[0-9]{2}-[1-9][0-9]{3}", "%d-%m-%Y"),
    "DD/MM/YYYY": (r"[0-9]{2}/[0-9]{2}/[1-9][0-9]{3}", "%d/%m/%Y"),
}
"""Pattern of the whole text, and the format DuckDB parses it with. Years 1000 to 9999."""

_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
CLOCK_PATTERNS = {"hh:mm": (_CLOCK, "%H:%M"), "hh:mm:ss": (f"{_CLOCK}:[0-5][0-9]", "%H:%M:%S")}
"""Times of a day, after a date and a space; they are taken as UTC."""

_OFFSET = "(?:Z|[-+](?:0[0-9]|1[0-4]):?[0-5][0-9])"
MOMENT_PATTERN = rf"[1-9][0-9]{{3}}-[0-9]{{2}}-[0-9]{{2}}[T ]{_CLOCK}(?::[0-5][0-9](?:\.[0-9]{{1,6}}0*)?)?{_OFFSET}?"
"""A timestamp of ISO 8601 (RFC 3339, seconds and offset optional); without an offset it is UTC."""
DAY_CELL_PATTERN = rf"{DATE_PATTERNS['YYYY-MM-DD'][0]}(?:[T ]00:00(?::00(?:\.0+)?)?)?"
"""How a cell that is a date by itself (of Excel, of Parquet) stands in a snapshot: ISO 8601, perhaps with midnight. It
cannot be taken for another way to write a date, so it is read whatever a field says of its format."""
FIRST_MOMENT, AFTER_MOMENTS = "TIMESTAMP '1000-01-01'", "TIMESTAMP '10000-01-01'"

DEFAULT_DATE = "YYYY-MM-DD"
BLANKS_PATTERN = r"[ \t\n\v\f\r]*"

NORMALISE_SQL = {
    "trim": f"trim({{0}}, {BLANKS_SQL})",
    "upper": "upper({0})",
    "lower": "lower({0})",
    "collapse": r"regexp_replace({0}, '[ \t\r\n\f\v]+', ' ', 'g')",
    "strip_zeros": "ltrim({0}, '0')",
}


def number_pattern(kind: Type) -> str:
    """RE2 pattern of a number of a type; zeros in front, and behind the last decimal, change nothing."""
    whole = rf"0*[0-9]{{1,{kind.whole_digits}}}" if kind.whole_digits else "0+"
    decimals = rf"[0-9]{{1,{kind.scale}}}0*" if kind.scale else "0+"
    if kind.kind == "integer":
        return rf"[-+]?{whole}"
    return rf"[-+]?(?:{whole}(?:\.{decimals})?|\.{decimals})"


def typed_cell(field: Field, raw: str) -> str:
    """SQL of the value of a cell, given the SQL of its delivered text."""
    raw = _without_blanks(field, raw)
    if field.type.kind == "text":
        return _text_cell(field, raw)
    if field.type.numeric:
        # The cast skips blanks by itself, which is much cheaper than trimming every cell.
        return _number(field.type, raw, BLANKS_PATTERN, _written_alike(field.type, raw))
    text = f"trim({raw}, {BLANKS_SQL})"
    return parsed(field.type, text) if field.type.kind == "boolean" else _time_cell(field, text)


def _time_cell(field: Field, text: str) -> str:
    """A date or timestamp as its field has it written, or as a cell of its own type comes out of a workbook."""
    written = parsed(field.type, text, field.date_format)
    if field.type.kind == "timestamp":
        return f"coalesce({written}, {_moment(text, None)})" if field.date_format else written
    day = f"CASE WHEN regexp_full_match({text}, '{DAY_CELL_PATTERN}') THEN {parsed(DATE, f'left({text}, 10)')} END"
    return f"coalesce({written}, {day})"


def _without_blanks(field: Field, raw: str) -> str:
    """SQL of the text of a cell, NULL where it is one that stands for no value."""
    if not field.blanks:
        return raw
    listed = ", ".join("'" + text.replace("'", "''") + "'" for text in field.blanks)
    return f"CASE WHEN trim({raw}, {BLANKS_SQL}) NOT IN ({listed}) THEN {raw} END"


def _text_cell(field: Field, raw: str) -> str:
    value = raw
    for step in field.normalise:
        value = NORMALISE_SQL[step].format(value)
    if field.keep_blank:
        return value
    if field.normalise[:1] == ("trim",) and "strip_zeros" not in field.normalise:
        return f"nullif({value}, '')"
    return f"CASE WHEN trim({raw}, {BLANKS_SQL}) <> '' THEN {value} END"


def unreadable_cell(field: Field, raw: str, value: str) -> str:
    """SQL of whether a cell is unreadable, given the SQL of its text and of its value."""
    text = _without_blanks(field, raw)
    return f"(CASE WHEN {value} IS NULL AND {text} IS NOT NULL THEN trim({raw}, {BLANKS_SQL}) <> '' ELSE false END)"


def hashed_cell(field: Field, raw: str) -> str:
    """SQL of a text to hash in place of a cell's value: equal values have equal texts.

    Function calls only, which DuckDB works out once for each entry of a Parquet dictionary.
    """
    value = f"trim({_without_blanks(field, raw)}, {BLANKS_SQL})"
    for step in field.normalise:
        value = NORMALISE_SQL[step].format(value)
    return f"concat({value})"


def parsed(kind: Type, text: str, date_format: str | None = None) -> str:
    """SQL of a text strictly read as a type; NULL when it is not exactly such a value."""
    if kind.kind == "boolean":
        return f"CASE lower({text}) WHEN 'true' THEN true WHEN 'false' THEN false END"
    if kind.kind == "date":
        pattern, form = DATE_PATTERNS[date_format or DEFAULT_DATE]
        return f"CASE WHEN regexp_full_match({text}, '{pattern}') THEN CAST(try_strptime({text}, '{form}') AS DATE) END"
    if kind.kind == "timestamp":
        return _moment(text, date_format)
    return _number(kind, text, "")


def _moment(text: str, form: str | None) -> str:
    if form is not None:
        day, clock = (patterns[part] for patterns, part in zip(
            (DATE_PATTERNS, CLOCK_PATTERNS), form.split(" "), strict=True))  # fmt: skip
        pattern, given = f"{day[0]} {clock[0]}", f"{day[1]} {clock[1]}"
        return f"CASE WHEN regexp_full_match({text}, '{pattern}') THEN try_strptime({text}, '{given}') END"
    # With its offset in the text, and by way of its number of microseconds, no time zone of the machine has a say.
    aware = f"CASE WHEN regexp_matches({text}, '{_OFFSET}$') THEN {text} ELSE concat({text}, 'Z') END"
    moment = f"make_timestamp(epoch_us(TRY_CAST({aware} AS TIMESTAMPTZ)))"
    return f"CASE WHEN regexp_full_match({text}, '{MOMENT_PATTERN}') THEN {moments(moment)} END"


def moments(text: str) -> str:
    """SQL of a timestamp, NULL outside the years 1000 to 9999."""
    before = f"{FIRST_MOMENT} - to_microseconds(1)"
    return f"nullif(greatest(nullif(least({text}, {AFTER_MOMENTS}), {AFTER_MOMENTS}), {before}), {before})"


def _number(kind: Type, text: str, around: str, or_else: str = "") -> str:
    target = f"DECIMAL({kind.width},{kind.scale})" if kind.kind == "decimal" else "BIGINT"
    pattern = f"{around}{number_pattern(kind)}{around}"
    return f"CASE WHEN {or_else}regexp_full_match({text}, '{pattern}') THEN TRY_CAST({text} AS {target}) END"


def _written_alike(kind: Type, raw: str) -> str:
    """SQL, to stand before the pattern, of whether DuckDB writes the number as it was delivered, zeros in front aside.

    Most numbers are so, and casts are quicker than patterns: DuckDB casts each entry of a Parquet dictionary once.
    """
    if kind.width != kind.precision:
        return ""
    written = f"CAST(TRY_CAST({raw} AS DECIMAL({kind.width},{kind.scale})) AS VARCHAR)"
    return f"{written} = {raw} OR {written} = ltrim({raw}, '0') OR "
