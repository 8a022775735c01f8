"""Keys, hosts, cookies, content security policy."""

import os
import secrets
from contextlib import suppress

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from cortx.settings import env
from cortx.settings.paths import APP_ENV, VAR_DIR


def development_key() -> str:
    """A key of this checkout's own, made once, so that no key is ever in the source."""
    file = VAR_DIR / "secret-key"
    if not file.exists():
        draft = VAR_DIR / f"secret-key-{secrets.token_hex(8)}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50))
        # Web, worker and beat may start at the same time: whoever links first decides, with a whole file.
        with suppress(FileExistsError):
            os.link(draft, file)
        draft.unlink()
    return file.read_text()


DEBUG = env.flag("DEBUG", False)
if DEBUG and APP_ENV == "prod":
    raise ImproperlyConfigured("DEBUG is on; its error pages show values, which APP_ENV prod refuses")
SECRET_KEY = env.secret("SECRET_KEY")
if not SECRET_KEY and APP_ENV == "prod":
    raise ImproperlyConfigured("SECRET_KEY is not set; it must be when APP_ENV is prod")
SECRET_KEY = SECRET_KEY or development_key()
# Former keys, separated by commas: they still read what they have encrypted and signed.
SECRET_KEY_FALLBACKS = [key for key in env.secret("SECRET_KEY_FALLBACKS").split(",") if key]

# Signs the checkpoints of the audit log: 32 bytes in base64. Where it is unset, `manage.py set_up` makes a file.
AUDIT_KEY = env.secret("AUDIT_KEY")
AUDIT_KEY_FILE = str(VAR_DIR / "audit-key")

ALLOWED_HOSTS = env.listing("ALLOWED_HOSTS", "" if APP_ENV == "prod" else "localhost,127.0.0.1,[::1],testserver")
CORS_ALLOWED_ORIGINS = env.listing("ALLOWED_ORIGINS")
CSRF_TRUSTED_ORIGINS = env.listing("TRUSTED_ORIGINS")

# Key for writes on the default tenant's record paths (contract 1.5); unset means open writes, never in prod.
API_KEY = env.secret("API_KEY")
if not API_KEY and APP_ENV == "prod":
    raise ImproperlyConfigured("API_KEY is not set; writes would be open, which APP_ENV prod refuses")
OPEN_WRITES = not API_KEY and APP_ENV == "dev"
# Slug of the tenant that unnamed callers of the API meet.
DEFAULT_TENANT = env.text("DEFAULT_TENANT", "default")

# Requests a minute, 0 for no limit: of a key, a browser session, an address without either, and a tenant in all.
RATE_LIMIT_KEY = env.integer("RATE_LIMIT_KEY", 1_200)
RATE_LIMIT_SESSION = env.integer("RATE_LIMIT_SESSION", 1_200)
RATE_LIMIT_ANONYMOUS = env.integer("RATE_LIMIT_ANONYMOUS", 600)
RATE_LIMIT_TENANT = env.integer("RATE_LIMIT_TENANT", 12_000)
# What a tenant's policy may raise them to, 0 for no ceiling.
RATE_CEILING_KEY = env.integer("RATE_CEILING_KEY", 6_000)
RATE_CEILING_SESSION = env.integer("RATE_CEILING_SESSION", 6_000)
RATE_CEILING_TENANT = env.integer("RATE_CEILING_TENANT", 60_000)

SESSION_ENGINE = "tenants.accounts.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = APP_ENV == "prod"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "cortx.errors.form_token_missing"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "connect-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}
