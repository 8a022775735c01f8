"""Every way in: what is sent to the web server, with something planted wherever a sender may put something."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from zipfile import ZipFile

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from cortx.testing.web import CSRF, Headers, Web, request
from cortx.tests.leaks.planted import (
    API_KEY,
    BEARER,
    CELLS,
    COOKIE,
    EMAIL,
    FILE_NAME,
    IDEMPOTENCY_KEY,
    INVITATION,
    LINES,
    NAME,
    PACK,
    PACK_TEXT,
    PASSWORD,
    QUERY,
    RECORD,
    RECOVERY_CODE,
    REFRESH,
    RESET,
    SOCIAL_SECURITY,
    WORDS,
)  # fmt: skip
from tenants.models import User
from tenants.tests.factories import PASSWORD as RIGHT_PASSWORD

ASKED = f"?q={QUERY}&password={PASSWORD}&token={BEARER}&email={EMAIL}&ssn={SOCIAL_SECURITY}"
LOUD: Headers = [
    ("User-Agent", WORDS), ("Referer", f"https://cortx.example/{ASKED}"), ("X-Request-ID", EMAIL),
    ("X-Forwarded-For", EMAIL), ("Accept-Language", PASSWORD),
]  # fmt: skip
Sent = tuple[str, bytes]


def cookies(client: Client) -> Headers:
    """Headers of the browser, with the token of its forms."""
    return [("Cookie", f"sessionid={client.cookies['sessionid'].value}; csrftoken={CSRF}"), ("X-CSRFToken", CSRF)]


@dataclass(frozen=True)
class Sender:
    """Who sends: a program with a key of the tenant, its owner's browser, somebody with recovery codes, strangers."""

    web: Web
    key: str
    owner: User
    careful: User
    codes: Sequence[str]

    def everything(self) -> Iterator[Sent]:
        """All requests, each with a name."""
        yield from self.strangers()
        yield from self.records()
        yield from self.files()
        yield from self.tokens()
        yield from self.accounts()
        yield from self.pages()
        yield from self.settings()

    def get(self, path: str, *headers: tuple[str | bytes, str | bytes]) -> Sent:
        return f"GET {path.partition('?')[0]}", request("GET", path, [*LOUD, *headers])

    def post(self, path: str, body: bytes, media: str, *headers: tuple[str | bytes, str | bytes]) -> Sent:
        named = [*LOUD, ("Content-Type", media), ("Content-Length", str(len(body))), *headers]
        return f"POST {path.partition('?')[0]}", request("POST", path, named, body)

    def json(self, path: str, body: object, *headers: tuple[str | bytes, str | bytes]) -> Sent:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.post(path, data, "application/json", *headers)

    def form(self, path: str, body: dict[str, object], *headers: tuple[str | bytes, str | bytes]) -> Sent:
        return self.post(path, encode_multipart(BOUNDARY, body), MULTIPART_CONTENT, *headers)

    @property
    def by_key(self) -> tuple[str, str]:
        return "X-API-Key", self.key

    @property
    def browser(self) -> Headers:
        """The owner's, a second factor shown."""
        return cookies(self.web.cast.browser(self.owner))

    @property
    def signed_in(self) -> Headers:
        """The owner's, a moment after the password was asked for once more."""
        client = Client()
        client.force_login(self.owner)
        client.post("/accounts/reauthenticate/", {"password": RIGHT_PASSWORD})
        return cookies(client)

    def strangers(self) -> Iterator[Sent]:
        for path in ("/health", "/version", "/api/v1/records", "/records", "/docs", "/accounts/login/", "/admin/"):
            yield self.get(path + ASKED)
        yield self.get(f"/api/v1/datasets/{NAME.replace(' ', '%20')}{ASKED}", self.by_key)
        yield self.get(f"/{NAME.replace(' ', '%20')}/{SOCIAL_SECURITY}/{EMAIL}{ASKED}")
        yield self.get(INVITATION)
        yield self.get(RESET)
        for header in (
            ("X-API-Key", API_KEY), ("Authorization", f"Bearer {BEARER}"), ("Authorization", f"Bearer {REFRESH}"),
            ("Authorization", f"Basic {PASSWORD}"), ("Cookie", f"sessionid={COOKIE}; csrftoken={COOKIE}"),
            ("X-Tenant", PASSWORD), ("X-Request-ID", API_KEY), ("Origin", f"https://{NAME}"),
        ):  # fmt: skip
            yield self.get("/api/v1/records", header)
        yield "GET by another name", request("GET", "/health", LOUD, host=f"{QUERY}.example")
        yield "GET by an address as a name", request("GET", "/health", LOUD, host=f"{PASSWORD}:{QUERY}")

    def records(self) -> Iterator[Sent]:
        once = ("Idempotency-Key", IDEMPOTENCY_KEY)
        for _ in range(2):
            yield self.json("/api/v1/records", RECORD, self.by_key, once)
        yield self.json("/api/v1/records", {"source": WORDS[:110], "category": "ledger", "payload": CELLS}, self.by_key)
        for wrong in (
            {"source": [WORDS], "category": NAME}, {"source": NAME, f"password={PASSWORD}": 1},
            {"category": WORDS}, {"payload": WORDS},
        ):  # fmt: skip
            whole = {"source": "feed", "category": "ledger", "payload": CELLS, **wrong}
            yield self.json("/api/v1/records", whole, self.by_key)
        yield self.json("/api/v1/records", f'{{"source": "{NAME}", "payload": {WORDS}'.encode(), self.by_key, once)
        yield self.post("/api/v1/records", WORDS.encode(), f"text/plain; token={QUERY}", self.by_key)
        single = f"/api/v1/records/{self.web.judged.single.id}"
        yield self.json(f"{single}/process", b"", self.by_key)
        yield self.get(single + ASKED, self.by_key)

    def files(self) -> Iterator[Sent]:
        zipped = BytesIO()
        with ZipFile(zipped, "w") as archive:
            archive.writestr("pack.yaml", PACK)
        files = {
            "csv": LINES, "ndjson": b'{"line": "' + NAME.encode() + b'", ' + WORDS.encode(), "xlsx": WORDS.encode(),
            "csv.gz": b"\x1f\x8b" + WORDS.encode(), "parquet": b"PAR1" + WORDS.encode(),
        }  # fmt: skip
        for ending, content in files.items():
            file = SimpleUploadedFile(f"{FILE_NAME}.{ending}", content)
            yield self.form("/api/v1/batches", {"dataset": "ledger", "lines": file, "source": EMAIL}, self.by_key)
        for body in (
            {"dataset": EMAIL},
            {"dataset": "ledger", NAME: WORDS},
            {"dataset": "ledger", "param.year": WORDS},
        ):
            file = SimpleUploadedFile(FILE_NAME, LINES)
            yield self.form("/api/v1/batches", {**body, "lines": file}, self.by_key)
        page = SimpleUploadedFile(FILE_NAME, LINES + b"\n" + WORDS.encode())
        yield self.form("/t/agency/batches/new/", {"dataset": "ledger", "file.lines": page}, *self.browser)
        for archive_bytes in (zipped.getvalue(), PACK_TEXT.encode() + WORDS.encode()):
            archive_file = SimpleUploadedFile(f"{FILE_NAME}.zip", archive_bytes, "application/zip")
            yield self.form("/api/v1/rulepacks", {"archive": archive_file}, *self.browser)

    def tokens(self) -> Iterator[Sent]:
        email = self.owner.email
        for body in (
            {"email": EMAIL, "password": PASSWORD}, {"email": email, "password": PASSWORD, "code": RECOVERY_CODE},
            {"email": email, "password": [PASSWORD]}, {"email": email, "password": RIGHT_PASSWORD, "tenant": "agency"},
        ):  # fmt: skip
            yield self.json("/api/v1/auth/login", body)
        careful = {"email": self.careful.email, "password": RIGHT_PASSWORD, "tenant": "agency"}
        for code in (self.codes[0], self.codes[0], RECOVERY_CODE):
            yield self.json("/api/v1/auth/login", {**careful, "code": code})
        yield self.json("/api/v1/auth/refresh", {"refresh": REFRESH})
        yield self.json("/api/v1/auth/logout", {"refresh": [REFRESH]})

    def accounts(self) -> Iterator[Sent]:
        token: Headers = [("Cookie", f"csrftoken={CSRF}; other={COOKIE}"), ("X-CSRFToken", CSRF)]
        yield self.form("/accounts/login/", {"login": EMAIL, "password": PASSWORD}, *token)
        yield self.form("/accounts/login/", {"login": self.owner.email, "password": PASSWORD}, *token)
        yield self.form("/accounts/login/", {"login": EMAIL, "password": PASSWORD})
        yield self.form("/accounts/password/reset/", {"email": EMAIL}, *token)
        yield self.form("/accounts/password/reset/", {"email": self.owner.email}, *token)
        yield self.form(INVITATION, {"name": NAME, "password": PASSWORD}, *token)
        yield self.form(RESET, {"password1": PASSWORD, "password2": PASSWORD}, *token)
        yield self.form("/accounts/2fa/authenticate/", {"code": RECOVERY_CODE}, *token)
        signed_in = self.signed_in
        yield self.form("/accounts/2fa/totp/activate/", {"code": RECOVERY_CODE}, *signed_in)
        yield self.get("/accounts/2fa/totp/activate/", *signed_in)

    def pages(self) -> Iterator[Sent]:
        browser = self.browser
        yield self.form("/admin/tenant/", {"tenant": "agency"}, *browser)
        for path in ("", "batches/", "findings/", "jump/", "packs/", "audit/", "settings/members/"):
            yield self.get(f"/t/agency/{path}{ASKED}", *browser)
        for model in ("records/record", "tenants/user", "tenants/work", "tenants/membership", "records/dataset"):
            yield self.get(f"/admin/{model}/?q={EMAIL}%20{QUERY}", *browser)
        yield self.form("/t/agency/settings/members/", {"email": EMAIL, "role": "auditor"}, *browser)
        yield self.form("/t/agency/settings/members/", {"email": NAME, "role": PASSWORD}, *browser)
        yield self.form("/t/agency/settings/keys/", {"name": "feed", "scopes": "read", "days": "90"}, *browser)
        yield self.form("/t/agency/settings/keys/", {"name": WORDS[:60], "scopes": NAME, "days": WORDS}, *browser)
        yield self.form("/admin/tenants/membership/add/", {"email": EMAIL, "role": "auditor"}, *browser)
        yield self.form(
            "/admin/records/dataset/add/", {"name": "canaries", "title": EMAIL, "parameters": WORDS}, *browser
        )

    def settings(self) -> Iterator[Sent]:
        """Members, invitations and keys by program, a key issued twice under one name of the request."""
        browser, once = self.browser, ("Idempotency-Key", f"{IDEMPOTENCY_KEY}-key")
        for role in ("auditor", PASSWORD):
            yield self.json("/api/v1/invitations", {"email": EMAIL, "role": role}, *browser)
        for _ in range(2):
            yield self.json("/api/v1/keys", {"name": "nightly", "scopes": ["read"]}, *browser, once)
        yield self.json("/api/v1/keys", {"name": WORDS, "scopes": [WORDS], "secret": PASSWORD}, *browser)
        yield self.json("/api/v1/keys", {"name": WORDS, "scopes": [NAME, PASSWORD], "expires_at": None}, *browser)
        for path in ("members", "invitations", "keys"):
            yield self.get(f"/api/v1/{path}{ASKED}", *browser)
