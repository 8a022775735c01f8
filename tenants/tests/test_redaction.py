"""What is blanked out, and what only looks as if it should be."""

import pytest

from tenants.redaction import mask_secret, redact, redact_pii, redact_value


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


def test_of_a_long_secret_the_last_four_characters_may_be_shown() -> None:
    assert mask_secret("abcdefghijklmnop") == "…mnop"
    assert mask_secret("abcdefgh") == "[hidden]"
