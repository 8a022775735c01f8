"""Sign-in: by e-mail and password through allauth; nobody signs up by themselves."""

AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "tenants.accounts.adapter.AccountAdapter"
# Wrong passwords and codes in a quarter of an hour before no more are looked at, whether the account exists or not.
ACCOUNT_RATE_LIMITS = {"login_failed": "30/900s/ip,5/900s/key"}
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
# The people concerned are told by mail when their password or second factor changes.
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = "CORTX: "
MFA_ADAPTER = "tenants.accounts.second_factor.SecondFactorAdapter"
# Nobody signs up by themselves, so nobody can lock the owner of an address out of it.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "tenants.accounts.second_factor.CodeForm",
    "reauthenticate": "tenants.accounts.second_factor.CodeAgainForm",
}
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "CORTX"
# A clock may be half a minute off.
MFA_TOTP_TOLERANCE = 1
