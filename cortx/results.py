"""Where Celery keeps how a task ended: in the database, without the values an error quotes."""

from typing import Any

from django_celery_results.backends.database import DatabaseBackend

from tenants.redaction import redact_error, redact_value


class Results(DatabaseBackend):
    """Results and errors pass the filter before they are stored; tracebacks and arguments are not stored at all."""

    def prepare_value(self, result: Any) -> Any:
        return redact_value(super().prepare_value(result))

    def prepare_exception(self, exc: BaseException, serializer: str | None = None) -> dict[str, Any]:
        """The parts by which Celery knows an exception."""
        kind = type(exc)
        return {"exc_type": kind.__qualname__, "exc_message": [redact_error(exc)], "exc_module": kind.__module__}
