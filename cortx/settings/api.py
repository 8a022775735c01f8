"""REST framework and its OpenAPI document."""

from cortx.settings.paths import APP_VERSION

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["tenants.access.authentication.CredentialAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["tenants.access.permissions.TenantPermission"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_RENDERER_CLASSES": ["tenants.exact_json.ExactJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["tenants.exact_json.ExactJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "tenants.negotiation.StrictNegotiation",
    "DEFAULT_SCHEMA_CLASS": "cortx.operations.Operations",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "tenants.http.problem_handler",
    "COERCE_DECIMAL_TO_STRING": True,
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "CORTX",
    "DESCRIPTION": "A tenant delivers data, a versioned pack judges it, people resolve what failed.",
    "VERSION": APP_VERSION,
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "RecordStatus": "records.states.RecordStatus",
        "RunStatus": "records.states.RunStatus",
        "Severity": "records.states.Severity",
        "PackVersionStatus": "rulepacks.catalog.models.PackVersion.Status",
    },
    "PREPROCESSING_HOOKS": ["cortx.openapi.listed_once"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "cortx.openapi.described_errors",
    ],
}
