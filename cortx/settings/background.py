"""Celery: Redis by URL, otherwise its file-system transport; the database keeps the work either way."""

from typing import Any

from redis.backoff import NoBackoff
from redis.retry import Retry

from cortx.settings import env
from cortx.settings.paths import VAR_DIR

REDIS_URL = env.secret("REDIS_URL")
BROKER_URL = env.secret("BROKER_URL", REDIS_URL)
EMBEDDED = not BROKER_URL

CELERY_BROKER_URL = BROKER_URL or "filesystem://"
if EMBEDDED:
    queue, control = VAR_DIR / "broker", VAR_DIR / "broker-control"
    queue.mkdir(parents=True, exist_ok=True)
    control.mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(queue),
        "data_folder_out": str(queue),
        "control_folder": str(control),
        "polling_interval": 0.05,
    }
else:
    # One more try, at once: who waits for the broker is a request, and the relay rings again anyway.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 3600,
        "socket_connect_timeout": 2,
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0,
    }

CELERY_RESULT_BACKEND = "cortx.results.Results"
CELERY_RESULT_EXTENDED = False
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TRACK_STARTED = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_SOFT_TIME_LIMIT = env.integer("TASK_SOFT_TIME_LIMIT", 3540, minimum=1)
CELERY_TASK_TIME_LIMIT = env.integer("TASK_TIME_LIMIT", 3600, minimum=1)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# For as long as it takes: a worker that gave up would have to be started again to do the same.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
# A bell still unheard after ten seconds is thrown away: a busy worker would find a row of them.
CELERY_BEAT_SCHEDULE = {
    "ring due work": {"task": "tenants.ring_due_work", "schedule": 5.0, "options": {"expires": 10.0}},
    "seal audit log": {"task": "tenants.seal_audit_log", "schedule": 1.0, "options": {"expires": 2.0}},
    "forget leftovers": {"task": "records.forget_leftovers", "schedule": 6 * 3600.0, "options": {"expires": 600.0}},
    "apply retention": {"task": "records.apply_retention", "schedule": 3600.0, "options": {"expires": 600.0}},
    "forget kept answers": {"task": "tenants.forget_answers", "schedule": 3600.0, "options": {"expires": 600.0}},
    "forget old tokens": {"task": "tenants.forget_tokens", "schedule": 3600.0, "options": {"expires": 600.0}},
}
# A queue of its own: sealing does not wait behind a run. One worker may serve both, with `-Q celery,seal`.
CELERY_TASK_ROUTES = {"tenants.seal_audit_log": {"queue": "seal"}}

# Seconds a worker may hold a unit of work without a sign of life.
WORK_LEASE_SECONDS = env.integer("WORK_LEASE_SECONDS", 30, minimum=2)
# Seconds a repeated request waits for the first one with its Idempotency-Key before it is told to come back.
IDEMPOTENCY_WAIT_SECONDS = env.integer("IDEMPOTENCY_WAIT_SECONDS", 10, minimum=1)
WORK_MAX_ATTEMPTS = env.integer("WORK_MAX_ATTEMPTS", 3, minimum=1)

if REDIS_URL:
    patience = {"socket_connect_timeout": 2, "retry": Retry(NoBackoff(), 1)}
    cache: dict[str, Any] = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": patience,
    }
else:
    cache = {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cortx_cache"}
CACHES = {"default": {**cache, "TIMEOUT": 300}}
