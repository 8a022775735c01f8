"""Delivered files and snapshots: Django's storage API, a local folder by default."""

from cortx.settings import env
from cortx.settings.paths import VAR_DIR

STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": env.text("STORAGE_ROOT", str(VAR_DIR / "storage"))},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# Uploads above this size go to a temporary file while they arrive.
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# A form or a JSON body. Lists answer many records at once, so a single one must not be large.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
UPLOAD_LIMIT_BYTES = env.integer("UPLOAD_LIMIT_BYTES", 2 * 1024**3, minimum=1)
# Seconds the next 16 KiB of a body, or what is left of it, may take.
BODY_PATIENCE_SECONDS = env.integer("BODY_PATIENCE_SECONDS", 10, minimum=1)
SCRATCH_DIR = env.text("SCRATCH_DIR", str(VAR_DIR / "scratch"))
