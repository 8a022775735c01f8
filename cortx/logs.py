"""One JSON line an event, with the request's context, and without secrets, personal identifiers and delivered values.

Whatever a process says goes through the formatter, what nobody caught included.
"""

import json
import logging
import logging.config
import sys
import threading
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from tenants.context import bound_tenant_id, current_request_id
from tenants.redaction import redact, redact_error, redact_path, redact_quoted

OURS = frozenset({"cortx", "tenants", "records", "rulepacks"})

logger = logging.getLogger(__name__)


class JsonFormatter(logging.Formatter):
    """Fields: timestamp, level, service, message, module, function, line, request_id, tenant, and exception if any."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self.service = service

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
            "level": record.levelname,
            "service": self.service,
            "message": message_of(record),
            "module": record.module,
            "function": record.funcName or "",
            "line": record.lineno,
            # Django speaks about a refused request once more when the scope of its id has ended.
            "request_id": redact(current_request_id() or getattr(getattr(record, "request", None), "request_id", "")),
            "tenant": str(bound_tenant_id() or getattr(record, "tenant", None) or ""),
        }
        if record.exc_info and record.exc_info[1]:
            line["exception"] = traceback_of(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


class Handler(logging.StreamHandler[Any]):
    """A line that cannot be made is told of without its arguments, which logging itself would print."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging calls it so
        """Called inside of the `except` block."""
        error = sys.exc_info()[0]
        about = {"level": "ERROR", "message": "a log line could not be written", "module": record.module}
        sys.stderr.write(
            json.dumps({**about, "line": record.lineno, "exception": getattr(error, "__name__", "")}) + "\n"
        )


def message_of(record: logging.LogRecord) -> str:
    """What a line says. Of others' words nothing in quotes is kept, of an address only what leads to a thing."""
    said = redact_error(record.msg) if isinstance(record.msg, BaseException) else str(record.msg)
    values = record.args
    if isinstance(values, tuple):
        values = tuple(redact_error(value) if isinstance(value, BaseException) else value for value in values)
    if path := getattr(getattr(record, "request", None), "path", ""):
        said, values = str(said % values if values else said).replace(path, redact_path(path)), ()
    text = said % values if values else said
    return redact(text) if record.name.partition(".")[0] in OURS else redact_quoted(text)


def traceback_of(error: BaseException) -> str:
    """The error and those it came from, oldest first: lines of code, and what `redact_error` leaves of the words."""
    return "\n".join(told(error, frozenset()))


def told(error: BaseException, seen: frozenset[int]) -> Iterator[str]:
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen:
        yield from told(before, seen | {id(error)})
        yield "which led to"
    yield redact("".join(traceback.format_tb(error.__traceback__)).rstrip("\n"))
    yield f"{type(error).__module__}.{type(error).__qualname__}: {redact_error(error)}"


def configure(config: dict[str, Any]) -> None:
    """Set logging up, and have what nobody catches logged like everything else."""
    logging.config.dictConfig(config)
    sys.excepthook = uncaught
    threading.excepthook = uncaught_in_thread


def uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The end of a process. At a terminal, to whoever started it, in Python's own words."""
    if sys.stderr.isatty() or not issubclass(kind, Exception):
        sys.__excepthook__(kind, error, trace)
        return
    logger.critical("the process ends", exc_info=error)


def uncaught_in_thread(about: threading.ExceptHookArgs) -> None:
    """The end of a thread."""
    if about.exc_value and not isinstance(about.exc_value, SystemExit):
        logger.critical("a thread ends", exc_info=about.exc_value)
