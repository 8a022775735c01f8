"""The admin's look: colours of the app, the groups of its side bar, where to go from here."""

from typing import Any

from django.urls import reverse_lazy

PLATFORM_STAFF = "tenants.console.access.is_platform_staff"
CONFIGURING = "tenants.console.access.may_configure"


def screen(title: str, icon: str, model: str, permission: str = CONFIGURING) -> dict[str, Any]:
    """An entry of the side bar."""
    return {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{model}_changelist"), "permission": permission}


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "CORTX",
    "SITE_HEADER": "CORTX",
    "SITE_SUBHEADER": "cortx.console.tenant_name",
    "SITE_URL": "cortx.console.app_url",
    "SITE_SYMBOL": "tune",
    "SITE_DROPDOWN": "cortx.console.places",
    "ENVIRONMENT": "cortx.console.environment",
    "DASHBOARD_CALLBACK": "cortx.console.dashboard",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    "COLORS": {
        "primary": {
            "50": "#EEF3FF",
            "100": "#DFE8FF",
            "200": "#C3D2FF",
            "300": "#9DB4FF",
            "400": "#7390F5",
            "500": "#4B6CE6",
            "600": "#2A50D0",
            "700": "#2446B8",
            "800": "#1F3A94",
            "900": "#1C3375",
            "950": "#131F47",
        },
    },
    "ACCOUNT": {
        "navigation": [
            {"title": "Second factor", "link": reverse_lazy("mfa_index")},
            {"title": "Change password", "link": reverse_lazy("account_change_password")},
        ]
    },
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {"items": [{"title": "Overview", "icon": "monitor_heart", "link": reverse_lazy("admin:index")}]},
            {
                "title": "Operate",
                "items": [
                    screen("Datasets", "database", "records_dataset"),
                    screen("Batches", "inventory_2", "records_batch"),
                    screen("Runs", "play_circle", "records_run"),
                    screen("Findings", "flag", "records_finding"),
                    screen("Units", "account_balance", "records_unitstatus"),
                    screen("Records", "table_rows", "records_record"),
                ],
            },
            {
                "title": "Govern",
                "items": [
                    screen("RulePacks", "rule", "rulepacks_pack"),
                    screen("Versions", "history", "rulepacks_packversion"),
                    screen("Audit log", "receipt_long", "tenants_auditevent"),
                ],
            },
            {
                "title": "Platform",
                "items": [
                    screen("Members", "group", "tenants_membership"),
                    screen("API keys", "key", "tenants_apikey"),
                    screen("Tenants", "domain", "tenants_tenant", "tenants.console.access.may_enter"),
                    screen("Accounts", "person", "tenants_user", PLATFORM_STAFF),
                    screen("Work", "pending_actions", "tenants_work", PLATFORM_STAFF),
                    screen("Celery results", "task", "django_celery_results_taskresult", PLATFORM_STAFF),
                ],
            },
        ],
    },
}
