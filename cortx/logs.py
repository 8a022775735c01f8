"""One JSON line an event, with the request's context, and without secrets and personal identifiers."""

import json
import logging
from datetime import UTC, datetime

from tenants.context import bound_tenant_id, current_request_id
from tenants.redaction import redact


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
            "message": redact(record.getMessage()),
            "module": record.module,
            "function": record.funcName or "",
            "line": record.lineno,
            # Django speaks about a refused request once more when the scope of its id has ended.
            "request_id": current_request_id() or getattr(getattr(record, "request", None), "request_id", ""),
            "tenant": str(bound_tenant_id() or getattr(record, "tenant", None) or ""),
        }
        if record.exc_info:
            line["exception"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)
