"""How access tokens are signed: one algorithm, one key, one issuer, one audience."""

import hashlib
import hmac

from django.core.exceptions import ImproperlyConfigured

from cortx.settings import env
from cortx.settings.security import SECRET_KEY

JWT_ALGORITHM = env.choice("JWT_ALGORITHM", "hs256", ("hs256", "hs384", "hs512")).upper()
JWT_ISSUER = env.text("JWT_ISSUER", "cortx")
JWT_AUDIENCE = "cortx-api"
# Derived when none is given: whoever learns the one key shall not know the other.
JWT_SECRET_KEY = env.secret("JWT_SECRET_KEY") or hmac.new(SECRET_KEY.encode(), b"jwt", hashlib.sha512).hexdigest()
if len(JWT_SECRET_KEY) < 32:
    raise ImproperlyConfigured("JWT_SECRET_KEY is shorter than 32 characters")
