"""Where things lie on disk, and which kind of installation this is."""

from pathlib import Path

from cortx.settings import env

BASE_DIR = Path(__file__).resolve().parents[2]
VAR_DIR = Path(env.text("CORTX_VAR", str(BASE_DIR / "var"))).resolve()
VAR_DIR.mkdir(parents=True, exist_ok=True)

APP_ENV = env.choice("APP_ENV", "dev", ("dev", "staging", "prod"))
APP_VERSION = env.text("APP_VERSION", "0.1.0")
GIT_COMMIT = env.text("GIT_COMMIT", "unknown")
PROJECT_NAME = env.text("PROJECT_NAME", "workflow_service")
SERVICE_NAME = env.text("SERVICE_NAME", PROJECT_NAME)

# The only isolation there is: rows carry their tenant, PostgreSQL enforces it (architecture of the project).
TENANT_ISOLATION_MODE = env.choice("TENANT_ISOLATION_MODE", "row", ("row",))
