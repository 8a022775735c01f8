"""Bad requests, some hundreds: each has to be refused, or answered as if nothing were wrong with it, and quickly.

A group is a function that yields attacks. `REFUSED` is what most of them may be answered with.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cortx.testing.web import Headers, Web, request
from tenants.models import User

REFUSED = frozenset({400, 401, 403, 404, 405, 406, 411, 412, 413, 414, 415, 422, 431})
OK, BAD, UNKNOWN, UNREADABLE = frozenset({200}), frozenset({400}), frozenset({404}), frozenset({415})
RECORDS, BATCHES = "/api/v1/records", "/api/v1/batches"
LINES = b"line,account,side,amount,year\na,100,D,1.00,2026\n"
GOOD = {"source": "feed", "category": "attack", "payload": {"a": 1}}


@dataclass(frozen=True)
class Attack:
    """What is sent, and the statuses it may be answered with."""

    name: str
    data: bytes
    statuses: frozenset[int] = REFUSED


@dataclass(frozen=True)
class Target:
    """Ids that exist, and credentials."""

    web: Web
    key: str
    owner: Headers
    ids: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, web: Web, person: User) -> "Target":
        judged = web.judged
        ids = {"batch": judged.batch.id, "run": judged.run.id, "record": judged.single.id}
        return cls(web, web.key(), web.cookies(person), {name: str(value) for name, value in ids.items()})

    def get(self, path: str | bytes, *headers: tuple[str, str | bytes]) -> bytes:
        return request("GET", path, [("X-API-Key", self.key), *headers])

    def post(
        self, path: str, body: bytes, media: str | bytes | None = "application/json", headers: Headers | None = None
    ) -> bytes:
        """By the key; as long as it is, and with no type for None."""
        named: Headers = [("X-API-Key", self.key)] if headers is None else list(headers)
        named += [("Content-Length", str(len(body)))]
        return request("POST", path, named + ([("Content-Type", media)] if media is not None else []), body)


Group = Callable[[Target], Iterator[Attack]]


def credentials(target: Target) -> Iterator[Attack]:
    wrong = frozenset({401})
    keys: dict[str, str | bytes] = {
        "not ascii": b"\xff\xfe", "latin": "é".encode("latin-1"), "empty": "", "blank": " ", "long": "x" * 20_000,
        "mark": "cortx_", "two marks": "cortx__", "sql": "cortx_abcdefgh_' or 1=1--", "near": target.key[:-1] + "~",
        "tab": "a\tb", "quoted": f'"{target.key}"',
    }  # fmt: skip
    for path in (RECORDS, "/records", "/reports/summary"):
        for name, value in keys.items():
            yield Attack(f"key {name} {path}", request("GET", path, [("X-API-Key", value)]), wrong)
    tokens: dict[str, str | bytes] = {
        "basic": "Basic YTpi", "empty": "Bearer ", "bare": "Bearer", "alg none": "Bearer eyJhbGciOiJub25lIn0.e30.",
        "not ascii": b"Bearer \xff", "no scheme": "x", "other scheme": f"Token {target.key}", "nothing": "",
    }  # fmt: skip
    for name, value in tokens.items():
        yield Attack(f"authorization {name}", request("GET", RECORDS, [("Authorization", value)]), wrong)
    yield Attack("two keys", request("GET", RECORDS, [("X-API-Key", target.key), ("X-API-Key", "wrong")]), wrong)
    tenants: dict[str, str | bytes] = {
        "garbage": "x", "not ascii": b"\xff", "empty": "", "other": "elsewhere", "long": "x" * 5000, "path": "../x",
    }  # fmt: skip
    for name, value in tenants.items():
        yield Attack(f"tenant {name}", target.get(RECORDS, ("X-Tenant", value)), UNKNOWN)
    cookies = {"garbage": "sessionid=x", "nul": "sessionid=%00", "many": ";".join(f"a{n}=b" for n in range(3000))}
    for name, value in cookies.items():
        yield Attack(f"cookie {name}", request("GET", RECORDS, [("Cookie", value)]), frozenset({200, 401}))


def paths(target: Target) -> Iterator[Attack]:
    run, batch = target.ids["run"], target.ids["batch"]
    unknown = [
        "/%00", "/%ff", "/api/v1/records/%00", "/api/v1/records/%ff%fe", "/api/v1/records/1", "//api/v1/records",
        f"/api/v1/records/{'0' * 32}", f"/api/v1/records/{run.upper()}", "/api/v1/../../etc/passwd",
        "/api/v1/%2e%2e/%2e%2e/etc/passwd", "/" + "a" * 5000, "/static/../manage.py", "/static/%2e%2e/manage.py",
        "/static/..%2f..%2fmanage.py", "/static/%00", "/api/v1/rulepacks/%00", "/api/v1/rulepacks/%ED%A0%80",
        "/api/v1/rulepacks/" + "x" * 3000, "/api/v1/rulepacks/tests.ledger/versions/%00", "/api/v1/datasets/%00",
        "/api/v1/rulepacks/tests.ledger/versions/1.0.0%27", f"/api/v1/runs/{run}/outputs/..%2f..%2fx",
        f"/api/v1/runs/{run}/outputs/%00", f"/api/v1/runs/{batch}", "/t/%00/", "/t/agency/batches/B-0/",
        f"/t/agency/batches/B-{'9' * 19}/", "/health/%00", "/health/nothing", "/docs/%00", "/.git/config",
        "/api/v1/records;x=1", "/api/v1/records%0d%0aX-Evil:1", "/accounts/confirm-email/%00/", "*",
    ]  # fmt: skip
    for number, path in enumerate(unknown):
        yield Attack(f"path {number} {path[:40]}", target.get(path), UNKNOWN)
    yield Attack("path too long", target.get("/" + "a" * 100_000))
    yield Attack("path not ascii", target.get("/é".encode("latin-1")))
    for method in ("TRACE", "CONNECT", "OPTIONS", "PUT", "PATCH", "DELETE", "PROPFIND", "FOO", "DISPATCH", "x" * 300):
        for path in (RECORDS, "/health", f"/api/v1/runs/{run}/outputs/lines.csv", f"/api/v1/runs/{run}/cancel"):
            sent = request(method, path, [("X-API-Key", target.key), ("Content-Length", "0")])
            yield Attack(f"method {method[:12]} {path[:30]}", sent, frozenset({400, 405}))


VALUES = {
    "nul": "%00", "ff": "%ff", "surrogate": "%ED%A0%80", "negative": "-1", "fraction": "1.5", "exponent": "1e5",
    "infinity": "inf", "huge": "9" * 5000, "arabic": "%D9%A1", "blank": "%20", "sql": "%27%20or%201=1--",
    "markup": "%3Cscript%3E", "emoji": "%F0%9F%98%80", "day": "2026-13-45", "zone": "2026-01-01T00:00:00%2B99:99",
}  # fmt: skip
TYPED = {
    RECORDS: "limit offset status created_after created_before sort_by sort_order",
    BATCHES: "status number limit cursor",
    "/api/v1/reports/summary": "status date_from date_to", "/api/v1/runs": "batch status kind limit cursor",
    "/api/v1/findings": "run batch record severity cursor", "/api/v1/datasets": "limit cursor",
    "/api/v1/rulepacks": "limit cursor",
}  # fmt: skip
FREE = {RECORDS: "category", BATCHES: "dataset source pack", "/api/v1/findings": "rule stage unit input"}


def queries(target: Target) -> Iterator[Attack]:
    for path, names in TYPED.items():
        for name in names.split():
            for what, value in VALUES.items():
                yield Attack(f"{path}?{name}={what}", target.get(f"{path}?{name}={value}"), BAD)
    for path, names in FREE.items():
        for name in names.split():
            for what, value in VALUES.items():
                yield Attack(f"{path}?{name}={what}", target.get(f"{path}?{name}={value}"), OK | BAD)
    for moment in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00%2B14:00"):
        yield Attack(f"created_after {moment}", target.get(f"{RECORDS}?created_after={moment}"), OK)
    odd = {
        "5,000": "&".join(f"a{number}=1" for number in range(5000)), "unknown": "x=1", "semicolon": "limit=1;offset=2",
        "nul in a name": "%00=1", "not utf-8": "%ff=1", "half a cursor": "limit=1&cursor=AAAA",
    }  # fmt: skip
    for name, query in odd.items():
        yield Attack(f"query {name}", target.get(f"{RECORDS}?{query}"), BAD)
    yield Attack("far away", target.get(f"{RECORDS}?offset=2147483647"), OK)
    for charset in ("utf-16", "idna", "nope", "utf-7"):
        typed = ("Content-Type", f"application/json; charset={charset}")
        yield Attack(f"query in {charset}", target.get(f"{RECORDS}?status=x%ff", typed), BAD)


def record(value: str) -> bytes:
    return f'{{"source":"a","category":"attack","payload":{{"a":{value}}}}}'.encode()


def said(**changes: object) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


JSON: dict[str, bytes] = {
    "cut": b'{"source":', "utf-16": json.dumps(GOOD).encode("utf-16"), "latin": '{"source":"é"}'.encode("latin-1"),
    "nul": b'{"source":"\0"}', "nul escaped": said(source="\0"), "nul in a name": said(payload={"\0": 1}),
    "surrogate": record('"\\ud800"'), "surrogate in a name": b'{"source":"a","category":"c","payload":{"\\udfff":1}}',
    "nan": record("NaN"), "infinity": record("-Infinity"), "1e99999": record("1e99999"), "1e-99999": record("1e-99999"),
    "no decimal": record("1e9999999999999999999"), "1e1001": record("1e1001"), "5,000 digits": record("9" * 5000),
    "100 deep": record("[" * 100 + "]" * 100), "100,000 deep": b"[" * 100_000, "objects deep": b'{"a":' * 50_000,
    "name twice": b'{"source":"a","source":"b","category":"c","payload":{}}', "name twice inside": record('1,"a":2'),
    "list": b"[]", "text": b'"x"', "null": b"null", "number": b"1", "more behind": said() + b"x", "two": said() * 2,
    "comment": b"/* x */" + said(), "blank": b"   ", "empty": b"", "control sign": b'{"source":"\x01"}',
    "single quotes": b"{'source':1}", "own tenant": said(tenant="x"), "own status": said(status="processed"),
    "own id": said(id="1"), "own role": said(role="owner"), "own score": said(score=1),
    "number for text": said(source=1),
    "null for text": said(source=None), "no text": said(source=""), "long text": said(source="x" * 121),
    "object for text": said(category={}), "list for object": said(payload=[]), "null for object": said(payload=None),
    "text for object": said(payload="x"), "nothing needed": b"{}", "prototype": b'{"__proto__":{}}',
    "not utf-8": b'{"source":"\xff"}', "overlong": b'{"source":"\xc0\x80"}',
}  # fmt: skip
HARMLESS = {
    "mark of order": b"\xef\xbb\xbf" + said(), "path": said(category="../../etc"), "markup": said(category="<script>"),
    "right to left": said(category="\u202e"), "formula": said(payload={"a": "=1+1"}),
    "4,300 digits": record("9" * 4300),
    "no name": said(payload={"": 1}), "minus zero": record("-0.0"),
}  # fmt: skip


def bodies(target: Target) -> Iterator[Attack]:
    run, batch, single = target.ids["run"], target.ids["batch"], target.ids["record"]
    for name, body in JSON.items():
        yield Attack(f"record {name}", target.post(RECORDS, body), BAD)
        if len(body) < 1000:
            for path in ("/api/v1/datasets", "/api/v1/datasets/ledger/activate"):
                yield Attack(f"{path} {name}", target.post(path, body, headers=target.owner), BAD)
    for name, body in HARMLESS.items():
        yield Attack(f"record {name}", target.post(RECORDS, body), frozenset({201}))
    yield Attack("record too large", target.post(RECORDS, said(payload={"a": "x" * 1_100_000})), frozenset({413}))
    for path in (f"{RECORDS}/{single}/process", f"/api/v1/runs/{run}/cancel", f"{BATCHES}/{batch}/rerun"):
        for body in (b'{"status":"processed"}', b"[]", b"{", b'"x"'):
            yield Attack(f"needs no body {path[-8:]} {body!r}", target.post(path, body), BAD)
    wrong: Sequence[tuple[str, dict[str, object], frozenset[int]]] = (
        ("datasets", {"name": "a", "parameters": {"a": "\0"}}, BAD), ("datasets", {"name": "a\0"}, BAD),
        ("datasets", {"name": "b", "parameters": {"a": [1]}}, BAD),
        ("datasets", {"name": "c", "title": "x" * 201}, BAD),
        ("datasets", {"name": "ledger"}, frozenset({409})), ("datasets/ledger/activate", {"pack": "nope"}, UNKNOWN),
        ("datasets/ledger/activate", {"pack": "tests.ledger", "version": "9.9.9"}, UNKNOWN),
        ("datasets/ledger/activate", {"pack": "\0"}, BAD), ("datasets/ledger/activate", {"pack": 1}, BAD),
        ("datasets/%00/activate", {"pack": "tests.ledger"}, UNKNOWN),
    )  # fmt: skip
    for path, body_of, statuses in wrong:
        sent = target.post(f"/api/v1/{path}", json.dumps(body_of).encode(), headers=target.owner)
        yield Attack(f"{path} {body_of}"[:80], sent, statuses)


def media_types(target: Target) -> Iterator[Attack]:
    types: dict[str, str | bytes | None] = {
        "xml": "text/xml", "none": None, "empty": "", "form": "application/x-www-form-urlencoded", "garbage": "///",
        "utf-16": "application/json; charset=utf-16", "no charset": "application/json; charset=nope", "any": "*/*",
        "not ascii": b"application/\xff", "long": "a/" + "b" * 10_000, "vendor": "application/vnd.api+json",
        "form of parts": "multipart/form-data", "text": "text/plain", "two": "application/json, text/xml",
        "unknown encoding": "application/json; charset*=nope''x",
        "odd encoding": "application/json; charset*=idna''%ff",
    }  # fmt: skip
    for name, media in types.items():
        yield Attack(f"record as {name}", target.post(RECORDS, said(), media), UNREADABLE)
        expected = BAD | UNREADABLE if name == "form of parts" else UNREADABLE
        yield Attack(f"batch as {name}", target.post(f"{BATCHES}?dataset=attack", LINES, media), expected)
    for encoding in ("gzip", "br", "identity, gzip", "\x7f"):
        sent: Headers = [("X-API-Key", target.key), ("Content-Encoding", encoding)]
        statuses = UNREADABLE | BAD if encoding == "\x7f" else UNREADABLE
        yield Attack(f"record in {encoding!r}", target.post(RECORDS, said(), headers=sent), statuses)
        batch = target.post(f"{BATCHES}?dataset=attack", LINES, "text/csv", sent)
        yield Attack(f"batch in {encoding!r}", batch, statuses)
    accepts: dict[str, str | bytes] = {
        "xml": "text/xml", "page": "text/html", "garbage": "///", "many": "a/b," * 5000, "problem": "image/png",
    }  # fmt: skip
    rejected, output = (
        f"{BATCHES}/{target.ids['batch']}/rejected",
        f"/api/v1/runs/{target.ids['run']}/outputs/lines.csv",
    )
    for path in (RECORDS, rejected, output):
        for name, accept in accepts.items():
            yield Attack(f"accept {name} {path[8:24]}", target.get(path, ("Accept", accept)), frozenset({406}))
    for path, accept in ((rejected, "application/x-ndjson"), (output, "text/csv"), (RECORDS, ""), (RECORDS, "*/*;q=x")):
        yield Attack(f"accept {accept} {path[8:24]}", target.get(path, ("Accept", accept)), OK)
