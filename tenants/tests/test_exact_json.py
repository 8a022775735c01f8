"""What the API takes as JSON, and that no digit is lost on the way in or out."""

from decimal import Decimal
from io import BytesIO

import pytest
from pytest_django import Settings

from tenants.exact_json import ExactJSONParser, ExactJSONRenderer, parse
from tenants.problems import TooLarge, ValidationProblem


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"amount": 12345678901234567.890}', {"amount": Decimal("12345678901234567.890")}),
        (b'[1, -2, 1e3, true, null, "\\u00e9"]', [1, -2, Decimal("1e3"), True, None, "é"]),
        (b"\xef\xbb\xbf{}", {}),
        (b'{"n": ' + b"9" * 4300 + b"}", {"n": int("9" * 4300)}),
        (b"[" * 64 + b"]" * 64, None),
    ],
)
def test_good_json_keeps_every_digit(text: bytes, value: object) -> None:
    found = parse(text)
    assert value is None or found == value


@pytest.mark.parametrize(
    ("text", "field", "reason"),
    [
        (b'{"a": NaN}', "a", "NaN is not a number in JSON"),
        (b'{"a": [1, -Infinity]}', "a.1", "-Infinity is not a number in JSON"),
        (b'{"a": {"b": "x\\u0000"}}', "a.b", "Null bytes not allowed"),
        (b'{"a\\u0000": 1}', "", "Null bytes not allowed in a name"),
        (b'{"a": "\\ud800"}', "a", "Lone surrogates not allowed"),
        (b'{"a": 1, "a": 2}', "a", "The name appears twice"),
        (b'{"a": ' + b"9" * 4301 + b"}", "a", "A number of more than 4300 digits"),
        (b'{"a": 0.' + b"9" * 4301 + b"}", "a", "A number of more than 4300 digits"),
        (b'{"a": 1e9999}', "a", "A number out of range"),
        (b"[" * 65 + b"]" * 65, ".".join("0" * 64), "Nested deeper than 64 levels"),
    ],
)
def test_unacceptable_content_is_named_with_its_place(text: bytes, field: str, reason: str) -> None:
    with pytest.raises(ValidationProblem) as refused:
        parse(text)
    assert refused.value.fields == {field: reason}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"{", "The body is not JSON: line 1, column 2"),
        (b"", "The body is not JSON: line 1, column 1"),
        (b'{"a": 1} x', "The body is not JSON: line 1, column 10"),
        (b'"\xff"', "The body is not UTF-8: byte 1"),
        (b"[" * 100_000, "The body is nested deeper than 64 levels"),
    ],
)
def test_what_is_not_json_is_refused_with_its_place(text: bytes, reason: str) -> None:
    with pytest.raises(ValidationProblem, match=reason):
        parse(text)


def test_a_body_is_read_up_to_the_limit_and_no_further(settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    assert ExactJSONParser().parse(BytesIO(b'{"a":  12}')) == {"a": 12}
    assert ExactJSONParser().parse(BytesIO(b" ")) == {}
    stream = BytesIO(b"[" + b"1," * 1000)
    with pytest.raises(TooLarge, match="larger than 10 bytes"):
        ExactJSONParser().parse(stream)
    assert stream.tell() == 11


def test_decimals_go_out_as_the_numbers_they_came_as() -> None:
    text = b'{"amount":1.10,"big":12345678901234567.89}'
    assert ExactJSONRenderer().render(parse(text)) == text
    assert ExactJSONRenderer().render(None) == b""
