"""What is blanked out, and what only looks as if it should be."""

import pytest

from tenants.redaction import (
    LONGEST,
    mask_secret,
    redact,
    redact_error,
    redact_path,
    redact_pii,
    redact_quoted,
    redact_value,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("key cortx_ab12cd34_abcdefghijklmnopqrstuvwx used", "key cortx_ab12cd34_[hidden] used"),
        ("Authorization: Bearer abcdef.123456", "Authorization: Bearer [hidden]"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "[hidden]"),
        ("postgresql://app:pa55@db/cortx", "postgresql://app:[hidden]@db/cortx"),
        ("password=hunter2&x=1", "password=[hidden]&x=1"),
        ('{"api_key": "12345"}', '{"api_key": "[hidden]"}'),
        ("mail analyst@demo.example now", "mail [e-mail] now"),
        ("ssn 123-45-6789.", "ssn [identifier]."),
        ("card 4111 1111 1111 1111", "card [card]"),
        ("card 4111-1111-1111-1111", "card [card]"),
        ("card 3782 822463 10005", "card [card]"),
        ("redis://:pa55@cache:6379/0", "redis://:[hidden]@cache:6379/0"),
        ("postgresql://app:p/a@5:5@db/cortx", "postgresql://app:[hidden]@db/cortx"),
        ("GET /t/demo/?q=Given+Name&x=1 HTTP/1.1", "GET /t/demo/?[hidden] HTTP/1.1"),
        ("Cookie: sessionid=abc; csrftoken=def", "Cookie: [hidden]"),
        ("Idempotency-Key: 2026-11-20/1", "Idempotency-Key: [hidden]"),
        ("otpauth://totp/CORTX:a?secret=ABC", "[hidden]"),
        ("recovery_code=ab12cd34", "recovery_code=[hidden]"),
        ("AUDIT_KEY=c2VjcmV0", "AUDIT_KEY=[hidden]"),
        ("-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----.", "[hidden]."),
        ("mail analyst%40demo.example", "mail [e-mail]"),
    ],
)
def test_secrets_and_identifiers_are_blanked_out(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "amount 4111111111111111",
        "account 010-X-1234-000",
        "070-1234-0001",
        "4111 1111 1111 1112",
        "2026-11-20",
        "000-12-3456",
        "rows 1-2",
        "3782 822463 10006",
        "-123 456.78",
        "is B-2418/17 the same as B-2418/18?",
    ],
)
def test_amounts_and_account_symbols_are_left_alone(text: str) -> None:
    assert redact_pii(text) == text


def test_a_value_is_blanked_out_by_its_name_at_any_depth() -> None:
    given = {"rows": 3, "login": {"Password": "x", "hosts": ["a", ("b", None)]}, "access_token": ["t"]}
    assert redact_value(given) == {
        "rows": 3,
        "login": {"Password": "[hidden]", "hosts": ["a", ["b", None]]},
        "access_token": "[hidden]",
    }


def test_of_a_long_secret_found_by_its_name_the_end_is_kept_but_of_no_password() -> None:
    long = "abcdefghijklmnop"
    assert redact_value({"token": long, "password": long}) == {"token": "…mnop", "password": "[hidden]"}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("invalid literal for int() with base 10: 'Given'"), "invalid literal for int() with base 10"),
        (ValueError("unconverted data remains: Given"), "unconverted data remains"),
        (KeyError("Given"), "[hidden]"),
        (LookupError("unknown encoding: Given"), "unknown encoding"),
        (RuntimeError('value "Given O\'Name" is out of range\nDETAIL: Given'), "value [hidden] is out of range"),
        (RuntimeError('violates unique constraint "one_batch"'), 'violates unique constraint "one_batch"'),
        (RuntimeError('constraint "Given Name"'), "constraint [hidden]"),
        (
            TypeError("f() got an unexpected keyword argument 'Given'"),
            "f() got an unexpected keyword argument [hidden]",
        ),
        (AttributeError("'Run' object has no attribute 'batch'"), "[hidden] object has no attribute 'batch'"),
        (RuntimeError("can't take b'Given' or “Given”"), "can't take [hidden] or [hidden]"),
        (RuntimeError(), ""),
    ],
    ids=str,
)
def test_an_error_says_what_is_wrong_but_not_with_which_value(error: Exception, expected: str) -> None:
    assert redact_error(error) == expected


def test_quoted_words_are_hidden_together_with_secrets() -> None:
    assert redact_quoted("'Given' from token=abc") == "[hidden] from token=[hidden]"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/v1/records/0193a1b2-0000-7000-8000-000000000001/process", None),
        ("/t/agency/batches/B-2418/outputs/lines.csv", None),
        ("/t/agency/packs/us.gtas/1.0.0/", None),
        ("/Given Name/123-45-6789/x", "/[hidden]/[identifier]/x"),
        ("/accounts/invitation/0a1b/", "/accounts/invitation/[hidden]/"),
    ],
)
def test_of_an_address_ids_numbers_and_names_of_things_are_kept(path: str, expected: str | None) -> None:
    assert redact_path(path) == (expected or path)


def test_of_a_long_secret_the_last_four_characters_may_be_shown() -> None:
    assert mask_secret("abcdefghijklmnop") == "…mnop"
    assert mask_secret("abcdefgh") == "[hidden]"


@pytest.mark.parametrize(
    "part",
    [
        "x",
        "a.",
        "1-",
        "x@a.",
        "secret",
        "password=",
        "token ",
        "eyJaaaaaaaa-",
        "a://b:",
        "/?a",
        "cortx_",
        "\\'",
        "“",
        "bru",
    ],
)
def test_what_is_long_takes_no_longer_for_each_sign_of_it(part: str) -> None:
    """Patterns that try again from every sign would be at this for minutes, and the whole server with them."""
    text = part * (60_000 // len(part))
    assert redact(f"{text} a@b.example") == f"{redact(text)} [e-mail]"
    assert len(redact_quoted(text)) <= 2 * LONGEST
