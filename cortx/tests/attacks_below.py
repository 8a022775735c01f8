"""More bad requests: broken forms, wrong lengths, bytes that are no HTTP, odd headers, and pages asked for nonsense."""

from collections.abc import Iterator, Sequence

from cortx.testing.web import Headers, request
from cortx.tests.attacks import BAD, BATCHES, LINES, OK, RECORDS, REFUSED, UNREADABLE, Attack, Target, said

FORM = "multipart/form-data; boundary=X"
TAKEN = frozenset({200, 202})
NEVER_SENT = 5_000
HUNG_UP = frozenset({0})


def form(*parts: tuple[bytes, bytes], end: bool = True) -> bytes:
    body = b"".join(b"--X\r\n" + head + b"\r\n\r\n" + content + b"\r\n" for head, content in parts)
    return body + b"--X--\r\n" if end else body


def value(name: str, content: str | bytes) -> tuple[bytes, bytes]:
    content = content if isinstance(content, bytes) else content.encode()
    return f'Content-Disposition: form-data; name="{name}"'.encode(), content


def file(name: str, filename: str | bytes, content: bytes = LINES) -> tuple[bytes, bytes]:
    filename = filename if isinstance(filename, bytes) else filename.encode()
    head = b'Content-Disposition: form-data; name="' + name.encode() + b'"; filename="' + filename + b'"'
    return head + b"\r\nContent-Type: text/csv", content


ANY, RECORD_FILE = value("dataset", "attack"), file("records", "a.csv")
FORMS: dict[str, tuple[bytes, frozenset[int]]] = {
    "no end": (form(ANY, RECORD_FILE, end=False), BAD),
    "cut": (form(ANY, RECORD_FILE)[:90], BAD),
    "garbage": (b"hello", BAD),
    "only the end": (b"--X--\r\n", BAD),
    "no disposition": (form((b"X: y", b"z")), BAD),
    "no name": (form((b"Content-Disposition: form-data", b"z")), BAD),
    "nul in a name": (form(value("data\0set", "x"), RECORD_FILE), BAD),
    "nul in a value": (form(value("dataset", "a\0b"), RECORD_FILE), BAD),
    "no utf-8": (form(value("dataset", b"\xff\xfe"), RECORD_FILE), BAD | TAKEN),
    "base64 that is none": (
        form(ANY, (file("records", "a.csv")[0] + b"\r\nContent-Transfer-Encoding: base64", b"!")),
        BAD,
    ),
    "large head": (form((b'Content-Disposition: form-data; name="dataset"; x="' + b"y" * 100_000 + b'"', b"z")), BAD),
    "2,000 fields": (form(*(value(f"f{number}", "v") for number in range(2000))), BAD),
    "2,000 files": (form(*(file(f"f{number}", "a.csv", b"a\n1\n") for number in range(2000))), BAD),
    "an input twice": (form(ANY, RECORD_FILE, file("records", "b.csv")), BAD),
    "an unknown input": (form(value("dataset", "ledger"), file("nope", "a.csv")), BAD),
    "no file": (form(value("dataset", "ledger")), BAD),
    "no dataset": (form(RECORD_FILE), BAD),
    "dataset as a file": (form(file("dataset", "a.csv")), BAD),
    "tenant": (form(ANY, value("tenant", "x"), RECORD_FILE), BAD),
    "again": (form(ANY, value("again", "yes"), RECORD_FILE), BAD),
    "long source": (form(ANY, value("source", "x" * 121), RECORD_FILE), BAD),
    "parameter with nul": (form(value("dataset", "ledger"), value("param.year", "\0"), file("lines", "a.csv")), BAD),
    "unknown parameter": (form(value("dataset", "ledger"), value("param.nope", "1"), file("lines", "a.csv")), BAD),
    "parameter of letters": (form(value("dataset", "ledger"), value("param.year", "x"), file("lines", "a.csv")), BAD),
    "parameter of 5,000": (form(value("dataset", "ledger"), value("param.year", "9" * 5000), file("lines", "a")), BAD),
    "unknown pack": (form(ANY, value("pack", "nope@1"), RECORD_FILE), BAD),
    "field of 2 MB": (form(value("dataset", "x" * 2_000_000)), frozenset({413})),
    "input as a path": (form(ANY, file("../../evil", "a.csv")), BAD),
    "input of dots": (form(ANY, file("..", "a.csv")), BAD),
    "input without a name": (form(ANY, file("", "a.csv")), BAD),
    "input with a long name": (form(ANY, file("n" * 400, "a.csv")), BAD),
    "filename as a path": (form(ANY, file("records", "../../../etc/passwd")), TAKEN),
    "filename with nul": (form(ANY, file("records", "a\0.csv")), TAKEN | BAD),
    "long filename": (form(ANY, file("records", "x" * 3000)), BAD),
    "filename no utf-8": (form(ANY, file("records", b"\xff.csv")), TAKEN | BAD),
    "nested": (
        form(ANY, (b'Content-Disposition: form-data; name="records"\r\nContent-Type: multipart/mixed', b"x")),
        BAD,
    ),
    "charset field": (form(ANY, value("_charset_", "nope"), RECORD_FILE), BAD),
}
BOUNDARIES: dict[str, str | bytes] = {
    "none": "multipart/form-data", "empty": "multipart/form-data; boundary=",
    "long": "multipart/form-data; boundary=" + "x" * 300, "odd": 'multipart/form-data; boundary="a b\\"',
    "not ascii": b"multipart/form-data; boundary=\xff", "mixed": "multipart/mixed; boundary=X",
    "idna": f"{FORM}; charset=idna", "utf-16": f"{FORM}; charset=utf-16", "base64": f"{FORM}; charset=base64",
}  # fmt: skip


def forms(target: Target) -> Iterator[Attack]:
    for name, (body, statuses) in FORMS.items():
        yield Attack(f"form {name}", target.post(BATCHES, body, FORM), statuses)
    for name, media in BOUNDARIES.items():
        yield Attack(f"boundary {name}", target.post(BATCHES, form(ANY, RECORD_FILE), media), BAD | UNREADABLE)


def chunks(*parts: bytes) -> bytes:
    return b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts)


def lengths(target: Target) -> Iterator[Attack]:
    large, no_length = frozenset({413}), frozenset({411})
    key, json, csv = ("X-API-Key", target.key), ("Content-Type", "application/json"), ("Content-Type", "text/csv")

    def sent(path: str, *headers: tuple[str, str | bytes], body: bytes = b"") -> bytes:
        return request("POST", path, headers, body)

    beyond = ("Content-Length", str(3 * 1024**3))
    yield Attack("3 GiB announced", sent(f"{BATCHES}?dataset=attack", key, csv, beyond), large)
    yield Attack(
        "3 GiB asked for", sent(f"{BATCHES}?dataset=attack", key, csv, beyond, ("Expect", "100-continue")), large
    )
    yield Attack("3 GiB by a stranger", sent(BATCHES, csv, beyond), frozenset({401}))
    yield Attack("3 GiB of another type", sent(RECORDS, key, csv, beyond), UNREADABLE)
    yield Attack("3 GiB of JSON", sent(RECORDS, key, json, beyond), large)
    yield Attack("3 GiB to sign in", sent("/accounts/login/", beyond, ("Content-Type", FORM)), large)
    yield Attack("3 GiB to nowhere", sent("/nowhere", key, json, beyond), frozenset({404}))
    for length in ("-1", "abc", "9" * 40, "+5", "1.5", "", "٣", "5, 5", "0x5"):
        yield Attack(f"length {length}", sent(RECORDS, key, json, ("Content-Length", length), body=said()), BAD)
    two = (("Content-Length", "5"), ("Content-Length", "50"))
    yield Attack("two lengths", sent(RECORDS, key, json, *two, body=said()), BAD)
    chunked = ("Transfer-Encoding", "chunked")
    for name, body in {
        "good": chunks(said()) + b"0\r\n\r\n", "no size": b"zz\r\n" + said(), "huge": b"f" * 18 + b"\r\n" + said(),
        "cut": chunks(said()), "11 MB": chunks(*[b"x" * 65_536] * 180),
    }.items():  # fmt: skip
        yield Attack(f"chunked {name}", sent(RECORDS, key, json, chunked, body=body), no_length)
        yield Attack(f"chunked file {name}", sent(f"{BATCHES}?dataset=attack", key, csv, chunked, body=body), no_length)
    both = sent(RECORDS, key, json, ("Content-Length", "5"), chunked, body=b"0\r\n\r\n")
    yield Attack("length and chunked", both, BAD | no_length)
    for coding in ("gzip", "chunked, identity", "chunked, chunked", "xchunked"):
        yield Attack(f"transfer by {coding}", sent(RECORDS, key, json, ("Transfer-Encoding", coding), body=said()))


def stalls(target: Target) -> Iterator[Attack]:
    """Bodies that stop arriving: each makes the server wait, so there are few."""
    late = frozenset({408})
    more = ("Content-Length", str(NEVER_SENT))
    key, json, csv = ("X-API-Key", target.key), ("Content-Type", "application/json"), ("Content-Type", "text/csv")
    again = ("Idempotency-Key", "stalled")
    yield Attack("JSON", request("POST", RECORDS, [key, json, more], said()), late)
    yield Attack("file", request("POST", f"{BATCHES}?dataset=attack", [key, csv, more], LINES), late)
    yield Attack("form", request("POST", BATCHES, [key, ("Content-Type", FORM), more], form(ANY)), late)
    yield Attack("with a key for repeats", request("POST", RECORDS, [key, json, again, more], said()), late)
    signing_in: Headers = [("Content-Type", "application/x-www-form-urlencoded"), more]
    yield Attack("sign-in", request("POST", "/accounts/login/", signing_in, b"a=b"), late)
    yield Attack("by a stranger", request("POST", RECORDS, [("X-API-Key", "wrong"), json, more]), frozenset({401}))


def wire(target: Target) -> Iterator[Attack]:
    raw = {
        "zeros": b"\0\1\2\r\n\r\n", "TLS": bytes.fromhex("16030100a5010000a10303") + b"\0" * 160 + b"\r\n\r\n",
        "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "no colon": b"GET / HTTP/1.1\r\nHost: localhost\r\nx\r\n\r\n",
        "folded": b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n c\r\n\r\n",
        "nul": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: \0\r\n\r\n",
        "bare return": b"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n",
    }  # fmt: skip
    for name, data in raw.items():
        yield Attack(f"wire {name}", data, BAD | HUNG_UP)
    for version in ("HTTP/0.9", "HTTP/2.0", "HTTP/9.9", "X"):
        yield Attack(f"version {version}", request("GET", RECORDS, version=version), BAD)
    hosts = (None, "", "evil.example", b"\xff", "localhost/../x", "[::1", "a@localhost", "a b", "localhost:99999:1")
    for host in hosts:
        for path in (RECORDS, "/accounts/login/", "/health", "/nowhere"):
            sent = request("GET", path, [("X-API-Key", target.key)], host=host)
            yield Attack(f"host {host!r} {path}", sent, BAD | (OK if path == "/health" else frozenset()))
    odd: Sequence[tuple[str, str | bytes]] = (
        ("Accept-Encoding", "gzip;q=x"), ("Accept-Encoding", "*"), ("Range", "bytes=9-1"), ("If-Match", b"\xff"),
        ("If-None-Match", "*"), ("If-Modified-Since", "yesterday"), ("X-HTTP-Method-Override", "DELETE"),
        ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-For", "x"), ("Origin", "%%%"), ("Referer", b"\xff"),
        ("Accept-Language", "x" * 1000), ("X-Request-ID", b"\xff"), ("HX-Request", "true"), ("Upgrade", "h2c"),
        ("HX-Current-URL", b"http://[bad"), ("Expect", "nonsense"), ("X-Long", "x" * 200_000), ("X_API_KEY", "x"),
    )  # fmt: skip
    for name, content in odd:
        yield Attack(f"header {name} {content[:20]!r}", target.get(RECORDS, (name, content)), OK | REFUSED)
    yield Attack("5,000 headers", target.get(RECORDS, *((f"X-H{number}", "v") for number in range(5000))))
    repeats: Sequence[str | bytes] = ("a b", b"\xff", "x" * 256, "", "a\tb")
    for repeat in repeats:
        sent = target.post(RECORDS, said(), headers=[("X-API-Key", target.key), ("Idempotency-Key", repeat)])
        yield Attack(f"key for repeats {repeat[:20]!r}", sent, BAD)
    tags: dict[str, str | bytes] = {"garbage": "garbage", "empty": "", "nul": "%00", "not ascii": b"\xff"}
    for name, seen in tags.items():
        headers: Headers = [*target.owner, ("If-Match", seen)]
        activate = target.post("/api/v1/datasets/ledger/activate", b'{"pack":"tests.ledger"}', headers=headers)
        yield Attack(f"If-Match {name}", activate, BAD)


NONSENSE = (
    "%00",
    "%ff",
    "-1",
    "9" * 5000,
    "%27",
    "%3Cscript%3E",
    "%F0%9F%98%80",
    "[]",
    "2026-13-45",
    "%D9%A1",
    "..%2f",
)
PAGES = {
    "/t/agency/": "period dataset", "/t/agency/batches/": "dataset status source from until before",
    "/t/agency/batches/new/": "dataset",
    "/t/agency/findings/": "severity stage type unit rule q batch group turned open after",
    "/t/agency/jump/": "q to", "/t/agency/batches/B-1/": "run tab outcome events after", "/accounts/login/": "next",
    "/admin/": "q", "/admin/records/batch/": "p o q e all", "/admin/tenants/auditevent/": "p o q e action",
    "/admin/records/finding/": "p o q severity",
}  # fmt: skip


def pages(target: Target) -> Iterator[Attack]:
    shown = OK | REFUSED | frozenset({302})
    for path, names in PAGES.items():
        for name in names.split():
            for number, nonsense in enumerate(NONSENSE):
                sent = request("GET", f"{path}?{name}={nonsense}", target.owner)
                yield Attack(f"{path}?{name} {number}", sent, shown)
    upload, typed = "/t/agency/batches/new/", "application/x-www-form-urlencoded"
    for name, (body, _) in FORMS.items():
        yield Attack(f"upload {name}", target.post(upload, body, FORM, target.owner), shown | {413})
    for path in (upload, "/t/agency/batches/B-1/cancel/", "/t/agency/theme/", "/accounts/login/", "/admin/tenant/"):
        for body in (b"", b"%00=%00", b"a=%ff", b"&" * 2000, b"a=1&" * 2000, b"dataset=ledger&param.year=%00"):
            yield Attack(f"post {path} {body[:12]!r}", target.post(path, body, typed, target.owner), shown)
            yield Attack(f"stranger {path} {body[:12]!r}", target.post(path, body, typed, []), shown)
