"""How the web server is started, by `manage.py up`, tests and benchmarks alike; the container says the same."""

import sys
from collections.abc import Sequence

BLOCKING_THREADS = 512
"""Far more than run at once: a request that waits for its body or its turn holds a thread, and no connection."""


def web_command(port: int, *, host: str = "127.0.0.1", log_config: str = "") -> Sequence[str]:
    """One process; HTTP/1.1 alone, because HTTP/2 without TLS is spoken by nobody but attackers."""
    server = f"--interface wsgi --http 1 --host {host} --port {port} --workers 1".split()
    server += ["--blocking-threads", str(BLOCKING_THREADS), *(["--log-config", log_config] if log_config else [])]
    return [sys.executable, "-m", "granian", *server, "cortx.wsgi:application"]
