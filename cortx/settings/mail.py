"""Mail: written to the console by default; `EMAIL_URL`, such as smtp+tls://user:password@host:587, sends it."""

from django.core.exceptions import ImproperlyConfigured
from environ import Env

from cortx.settings import env

try:
    _mailer = Env.email_url_config(env.secret("EMAIL_URL", "consolemail://"))
except KeyError as error:
    raise ImproperlyConfigured(
        f"EMAIL_URL begins with {error}, expected smtp, smtp+tls, smtp+ssl or consolemail"
    ) from error
EMAIL_BACKEND = _mailer["EMAIL_BACKEND"]
EMAIL_HOST = _mailer.get("EMAIL_HOST") or "localhost"
EMAIL_PORT = _mailer.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = _mailer.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = _mailer.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = bool(_mailer.get("EMAIL_USE_TLS"))
EMAIL_USE_SSL = bool(_mailer.get("EMAIL_USE_SSL"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "cortx@localhost")
