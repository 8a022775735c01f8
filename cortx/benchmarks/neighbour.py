"""What a tenant notices of another that floods the server: how long its requests take, in turn with and without it.

The server runs as it always does, with its limits in force; the flood comes from a process of its own. It is measured
beyond the flooding key's limit, where nearly all of it is refused, and within it, where all of it is due.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection
from itertools import cycle, islice
from statistics import median, quantiles

from django.conf import settings

from cortx.benchmarks.row_security import fill, scratch_database
from cortx.database import default_connection
from cortx.database_roles import database_url
from cortx.serving import web_command
from tenants.access.keys import key_issue
from tenants.accounts.models import Tenant

Figures = dict[str, float]
PATH = "/api/v1/records?limit=50"
RECORDS = 2_000
LIMIT = 100
"""Requests of a key a minute."""
RATE = 200
"""Requests of the flood a second: 120 times the limit of its key, and as many as a whole tenant may send."""
ASKED_EVERY_SECONDS = 0.05
PHASE_SECONDS, SETTLES_SECONDS = 2.0, 0.4
TURNS = 6
"""Phases of each kind in a round, one after another, so that what else the machine does comes upon all of them."""
FRESH_KEYS = 6
START_SECONDS = 60.0


def neighbour_figures(repeat: int, turns: int = TURNS, phase: float = PHASE_SECONDS) -> Figures:
    """95th percentiles in milliseconds, medians of the turns, and their ratios to those without a flood."""
    with scratch_database():
        (flooding, _), (asking, _) = fill(RECORDS), fill(RECORDS)
        mine = cycle(keys(asking, int(3 * repeat * turns * phase / ASKED_EVERY_SECONDS / LIMIT) + 2))
        fresh = iter(keys(flooding, repeat * turns * FRESH_KEYS))
        spent = keys(flooding, 1)
        with server() as port:
            flood_start(port, spent, 2.0).communicate()
            took = [
                (waits(port, mine, phase),
                 flooded(port, mine, spent, phase),
                 flooded(port, mine, list(islice(fresh, FRESH_KEYS)), phase))
                for _ in range(repeat * turns)
            ]  # fmt: skip
    quiet, beyond, within = (median(p95) for p95 in zip(*took, strict=True))
    return {
        "neighbour_quiet_p95_ms": quiet,
        "neighbour_beyond_limit_p95_ms": beyond,
        "neighbour_within_limit_p95_ms": within,
        "neighbour_beyond_limit / quiet": beyond / quiet,
        "neighbour_within_limit / quiet": within / quiet,
    }


def keys(tenant: Tenant, count: int) -> list[str]:
    """Texts of new keys."""
    return [key_issue(tenant=tenant, name="bench", scopes=["read"])[1] for _ in range(count)]


@contextmanager
def server() -> Iterator[int]:
    """Port of the web server over the database in use."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    here = database_url(settings.DATABASE_URL, str(default_connection().settings_dict["NAME"]))
    limits = {"RATE_LIMIT_KEY": str(LIMIT), "RATE_LIMIT_TENANT": str(60 * RATE)}
    environment = {**os.environ, "DATABASE_URL": here, "DATABASE_OWNER_URL": here, **limits}
    command = web_command(port)
    process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int) -> None:
    """Return when the server answers. Raises TimeoutError."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("the web server does not start")


def waits(port: int, mine: Iterator[str], phase: float) -> float:
    """The 95th percentile of what requests under these keys take, in milliseconds."""
    connection, took = HTTPConnection("127.0.0.1", port), []
    end = time.monotonic() + phase
    while (began := time.monotonic()) < end:
        connection.request("GET", PATH, headers={"X-API-Key": next(mine)})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != HTTPStatus.OK:
            raise RuntimeError(f"the neighbour is answered {answer.status}: {body!r}")
        took.append(1000 * (time.monotonic() - began))
        time.sleep(max(0.0, began + ASKED_EVERY_SECONDS - time.monotonic()))
    connection.close()
    return quantiles(took, n=20)[-1]


def flooded(port: int, mine: Iterator[str], theirs: Sequence[str], phase: float) -> float:
    """The same during a flood under their keys."""
    process = flood_start(port, theirs, phase + 2 * SETTLES_SECONDS)
    time.sleep(SETTLES_SECONDS)
    p95 = waits(port, mine, phase)
    process.communicate()
    time.sleep(SETTLES_SECONDS)
    return p95


def flood_start(port: int, theirs: Sequence[str], seconds: float) -> subprocess.Popen[str]:
    """The flood's own process."""
    given = {"port": port, "path": PATH, "keys": list(theirs), "rate": RATE, "seconds": seconds}
    return subprocess.Popen([sys.executable, "-m", "cortx.benchmarks.flood", json.dumps(given)],
                               cwd=settings.BASE_DIR, text=True, stdout=subprocess.PIPE)  # fmt: skip
