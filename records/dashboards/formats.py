"""How values are written for people. Amounts are decimal text from the data and stay exact: no float, no rounding."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal, InvalidOperation
from zoneinfo import ZoneInfo

MINUS = "\N{MINUS SIGN}"
# How many digits a unit puts after the point: 720000 cents are 7,200.00.
UNIT_SHIFT = {"cents": 2}
KILO = 1000
MINUTE, HOUR = 60, 3600
NEAR_WHOLE = Decimal(1)


def amount(text: str | int | Decimal | None, unit: str = "") -> str:
    """`"-720000"` in cents is `−7,200.00`. Keeps every digit; text that is no number comes back as it is."""
    if text is None or text == "":
        return ""
    try:
        value = text if isinstance(text, Decimal) else Decimal(str(text))
    except InvalidOperation:
        return str(text)
    if not value.is_finite():
        return str(text)
    sign, digits, point = plain(value)
    point += UNIT_SHIFT.get(unit, 0)
    digits = digits.rjust(point + 1, "0")
    whole, fraction = (digits[:-point], digits[-point:]) if point else (digits, "")
    return f"{sign}{int(whole):,}" + (f".{fraction}" if fraction else "")


def plain(value: Decimal) -> tuple[str, str, int]:
    """Sign, all digits, and how many of them stand after the point."""
    parts = value.as_tuple()
    exponent = int(parts.exponent)
    digits = "".join(map(str, parts.digits)) + "0" * max(exponent, 0)
    return (MINUS if parts.sign and value else ""), digits, max(-exponent, 0)


def is_zero(text: str | int | Decimal | None) -> bool:
    """Whether the text is a number equal to zero."""
    try:
        return text is not None and not Decimal(str(text))
    except InvalidOperation:
        return False


def count(value: int | str | None) -> str:
    """`412906` is `412,906`; what is missing in a template arrives as an empty text."""
    return "" if value is None or isinstance(value, str) else f"{value:,}".replace("-", MINUS)


def percent(part: int, whole: int) -> str:
    """Two decimals near 0 and 100, rounded toward the middle: 412,871 of 412,906 is 99.99%, never 100%."""
    if not whole:
        return ""
    share = Decimal(part) * 100 / whole
    if share in {0, 100}:
        return f"{int(share)}%"
    if NEAR_WHOLE <= share <= 100 - NEAR_WHOLE:
        return f"{share.to_integral_value(rounding=ROUND_HALF_UP)}%"
    toward_the_middle = ROUND_UP if share < NEAR_WHOLE else ROUND_DOWN
    return f"{share.quantize(Decimal('0.01'), rounding=toward_the_middle)}%"


def size(octets: int | None) -> str:
    """`61400000` is `61.4 MB`."""
    if octets is None:
        return ""
    value = Decimal(octets)
    for name in ("bytes", "KB", "MB", "GB"):
        if value < KILO or name == "GB":
            break
        value /= KILO
    return f"{value:.0f} {name}" if name == "bytes" else f"{value:.1f} {name}"


def duration(seconds: float | timedelta | None) -> str:
    """`0:31`, `2 h 14 min`; under ten seconds with a tenth, since most work ends there: `1.4 s`."""
    if seconds is None:
        return ""
    total = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
    if total < 10:
        return f"{total:.1f} s"
    whole = int(total)
    if whole < HOUR:
        return f"{whole // MINUTE}:{whole % MINUTE:02d}"
    return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"


def moment(value: datetime, zone: str, now: datetime) -> str:
    """`10:40` today, `Nov 16` this year, otherwise `Nov 16, 2026`, on the clock of `zone`."""
    local, today = value.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone))
    if local.date() == today.date():
        return f"{local:%H:%M}"
    day = f"{local:%b} {local.day}"
    return day if local.year == today.year else f"{day}, {local.year}"


def moment_full(value: datetime, zone: str) -> str:
    """`Nov 16, 2026, 10:40:31 EST`."""
    local = value.astimezone(ZoneInfo(zone))
    return f"{local:%b} {local.day}, {local:%Y, %H:%M:%S %Z}"


def clock(value: datetime, zone: str) -> str:
    """`10:40:31`."""
    return f"{value.astimezone(ZoneInfo(zone)):%H:%M:%S}"


def moment_exact(value: datetime, zone: str) -> str:
    """Day and time to the millisecond, for logs: `Nov 16, 10:31:44.207`."""
    local = value.astimezone(ZoneInfo(zone))
    return f"{local:%b} {local.day}, {local:%H:%M:%S}.{local.microsecond // 1000:03d}"


def short_hash(text: str) -> str:
    """First six and last four characters."""
    return f"{text[:6]}…{text[-4:]}" if len(text) > 12 else text


def spoken(name: str) -> str:
    """A name out of a pack as words: `fiscal_year` is `fiscal year`."""
    return name.replace("_", " ").strip()


def sentence(text: str) -> str:
    """With a capital first letter."""
    return text[:1].upper() + text[1:]


def spoken_status(name: str) -> str:
    """A status in capitals as words: `PASSED_WITH_WARNINGS` is `Passed with warnings`."""
    return sentence(spoken(name).lower()) if name.isupper() else sentence(spoken(name))


def plural(number: int, noun: str) -> str:
    """The noun for that many: English endings, as packs give one form only."""
    if number == 1:
        return noun
    if noun.endswith("y") and noun[-2:-1] not in {"a", "e", "i", "o", "u"}:
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"


@dataclass(frozen=True)
class Piece:
    """Part of a written amount; `differs` marks the digits in which two amounts are not the same."""

    text: str
    differs: bool


def compared(one: str, other: str) -> list[Piece]:
    """`one` in pieces, right-aligned against `other`: from the first digit that differs to the last."""
    width = max(len(one), len(other))
    left, right = one.rjust(width), other.rjust(width)
    unlike = [at for at in range(width) if left[at] != right[at]]
    if not unlike:
        return [Piece(one, False)]
    start, end = unlike[0], unlike[-1] + 1
    parts = ((left[:start], False), (left[start:end], True), (left[end:], False))
    return [Piece(text.strip(), differs) for text, differs in parts if text.strip()]
