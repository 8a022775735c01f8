"""What must not be found where it does not belong. None of it is real; each value is one of a kind."""

import json

PASSWORD = "Canary-Password-4711"
KEY_SECRET = "CanaryKeySecret0123456789abcdefghijklmnop"
API_KEY = f"cortx_cnrykeyz_{KEY_SECRET}"
BEARER = "eyJhbGciOiJIUzI1NiJ9.eyJDYW5hcnkiOiJiZWFyZXIifQ.Q2FuYXJ5QmVhcmVyU2lnbmF0dXJl"
REFRESH = f"cortxr_{'ca7a' * 16}_CanaryRefreshSecret"
RECOVERY_CODE = "ca7a9y01"
COOKIE = "canarysessioncanarysessioncanary"
DATABASE_URL = "postgresql://app:CanaryDatabasePass@db.internal/cortx"
REDIS_URL = "redis://:CanaryRedisPass@cache.internal:6379/0"
INVITATION = "/accounts/invitation/" + "ca7ab1ed" * 16 + "/"
RESET = "/accounts/password/reset/key/2a-canary1-ca7ab2edca7ab2edca7ab2edca7ab2ed/"
QUERY = "CanaryQueryValue"
EMAIL = "canary.person@mailbox.example"
SOCIAL_SECURITY = "123-45-6789"
CARD = "4111 1111 1111 1111"
NAME = "Given Familycanary"
IDEMPOTENCY_KEY = "canary-idempotency-key"
PACK_TEXT = "Canarypacktext"
FILE_NAME = f"{NAME} {SOCIAL_SECURITY} canaryfile.csv"

SECRETS = {
    "password": PASSWORD,
    "API key": KEY_SECRET,
    "bearer token": "Q2FuYXJ5QmVhcmVyU2lnbmF0dXJl",
    "refresh token": "CanaryRefreshSecret",
    "recovery code": RECOVERY_CODE,
    "cookie": COOKIE,
    "database password": "CanaryDatabasePass",
    "redis password": "CanaryRedisPass",
    "invitation link": "ca7ab1edca7ab1ed",
    "reset link": "ca7ab2edca7ab2ed",
    "query string": QUERY,
}
"""Credentials, by the part that makes them one: not even told to whoever sent them."""
PERSONAL = {
    "e-mail": "canary.person",
    "social security number": SOCIAL_SECURITY,
    "payment card": CARD,
    "personal name": "Familycanary",
    "idempotency key": IDEMPOTENCY_KEY,
    "pack text": PACK_TEXT,
    "file name": "canaryfile",
}
"""What a tenant delivers, and may see in its own rows."""
MARKS = {**SECRETS, **PERSONAL}

WORDS = (
    f"password={PASSWORD} key {API_KEY} Authorization: Bearer {BEARER} refresh {REFRESH} recovery_code={RECOVERY_CODE} "
    f"{DATABASE_URL} {REDIS_URL} https://cortx.example{INVITATION} https://cortx.example{RESET} "
    f"https://cortx.example/t/?q={QUERY} Cookie: sessionid={COOKIE}; mail {EMAIL} ssn {SOCIAL_SECURITY} card {CARD}"
)
"""Free text with everything in it that is known by its form. The name of a person is not."""

CELLS = {"line": NAME, "account": EMAIL, "side": SOCIAL_SECURITY, "amount": CARD, "note": WORDS}
RECORD = json.dumps({"source": "feed", "category": "ledger", "payload": CELLS}).encode()
LINES = f"line,account,side,amount\n{NAME},{EMAIL},{SOCIAL_SECURITY},{CARD}\n{NAME},{PASSWORD},D,{BEARER}\n".encode()
PACK = f"cortx: 1\npack: tests.canary\nversion: 1.0.0\ntitle: {PACK_TEXT} {NAME}\nnonsense: {PACK_TEXT}\n"
