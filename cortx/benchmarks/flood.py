"""A flood of requests at a bounded rate, from a process of its own that costs little: bytes made beforehand, many
connections kept, answers counted and not read.

Prints one JSON object when its time is over: how many requests were answered, by status.
"""

import json
import selectors
import socket
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from itertools import cycle

AT_ONCE = 64
TICK_SECONDS = 0.01
STATUS = b"HTTP/1.1 "


def flood(port: int, requests: Iterator[bytes], rate: float, seconds: float) -> Counter[str]:
    """Send `rate` requests a second for so long, each on a connection that waits for no answer; statuses counted.

    A request for which no connection is free is not sent.
    """
    free, selector, answered = deque[socket.socket](), selectors.DefaultSelector(), Counter[str]()
    for _ in range(AT_ONCE):
        connected: socket.socket = socket.create_connection(("127.0.0.1", port))
        selector.register(connected, selectors.EVENT_READ, connected)
        free.append(connected)
    began, sent = time.monotonic(), 0
    while (elapsed := time.monotonic() - began) < seconds:
        while sent < elapsed * rate:
            sent += 1
            if free:
                free.popleft().sendall(next(requests))
        for ready, _ in selector.select(TICK_SECONDS):
            connected = ready.data
            got = connected.recv(1 << 20)
            if not got:
                selector.unregister(connected)
            elif got.startswith(STATUS):
                answered[got[9:12].decode()] += 1
                free.append(connected)
    return answered


def main() -> None:
    """Port, path, rate, seconds and keys come as JSON, in the first argument."""
    given = json.loads(sys.argv[1])
    heads = [
        f"GET {given['path']} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {key}\r\n\r\n".encode() for key in given["keys"]
    ]
    answered = flood(given["port"], cycle(heads), given["rate"], given["seconds"])
    sys.stdout.write(json.dumps(answered))


if __name__ == "__main__":
    main()
