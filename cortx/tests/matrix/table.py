"""What each route asks of its caller, by method, written down apart from the code. A method not listed is refused."""

from tenants.access.roles import Permission

P = Permission
Methods = dict[str, Permission]

READ: Methods = {"GET": P.READ}


def api(**writes: Permission) -> Methods:
    """A resource of the API, written to as told."""
    return {**READ, "HEAD": P.READ, **writes}


def command(permission: Permission) -> Methods:
    """An address of the API that is only written to."""
    return {"POST": permission}


POLICY: Methods = dict.fromkeys(("GET", "HEAD"), P.READ_POLICY)
PEOPLE: Methods = dict.fromkeys(("GET", "HEAD"), P.CONFIGURE_PEOPLE)
AUDIT: Methods = dict.fromkeys(("GET", "HEAD"), P.READ_AUDIT)

COMPATIBLE: dict[str, Methods] = {
    "records": api(POST=P.UPLOAD),
    "record": api(),
    "record-process": command(P.PROCESS),
    "summary": api(),
}
CANONICAL: dict[str, Methods] = {
    **COMPATIBLE,
    "datasets": api(POST=P.ACTIVATE),
    "dataset": api(),
    "dataset-activate": command(P.ACTIVATE),
    "batches": api(POST=P.UPLOAD),
    "batch": api(),
    "batch-rejected": api(),
    "batch-rerun": command(P.RERUN),
    "runs": api(),
    "run": api(),
    "run-cancel": command(P.CANCEL),
    "run-output": api(),
    "run-units": api(),
    "findings": api(),
    "finding": api(),
    "rulepacks": api(POST=P.DRAFT),
    "rulepack": api(),
    "rulepack-versions": api(),
    "rulepack-version": api(),
    "rulepack-version-submit": command(P.DRAFT),
    "rulepack-version-approve": command(P.APPROVE),
    "rulepack-version-return": command(P.APPROVE),
    "rulepack-version-publish": command(P.ACTIVATE),
    "rulepack-approvals": api(),
    "approvals": api(),
    "trust": api(),
    **dict.fromkeys(("audit-events", "audit-event", "audit-event-proof", "audit-checkpoints"), AUDIT),
    "members": PEOPLE,
    "member": {**PEOPLE, "PATCH": P.CONFIGURE_PEOPLE, "DELETE": P.CONFIGURE_PEOPLE},
    "invitations": {**PEOPLE, "POST": P.CONFIGURE_PEOPLE},
    "invitation-withdraw": command(P.CONFIGURE_PEOPLE),
    "keys": dict.fromkeys(("GET", "HEAD", "POST"), P.CONFIGURE_KEYS),
    "key-rotate": command(P.CONFIGURE_KEYS),
    "key-revoke": command(P.CONFIGURE_KEYS),
    "policy": {**POLICY, "PUT": P.CONFIGURE_TENANT},
    "policy-versions": POLICY,
    **dict.fromkeys(("audit-consistency", "audit-export"), AUDIT),
}
API = {f"api-{name}": row for name, row in CANONICAL.items()} | {
    f"compatible-{name}": row for name, row in COMPATIBLE.items()
}

PAGES: dict[str, Methods] = {
    "overview": READ,
    "samples": READ,
    "jump": READ,
    "theme": {"POST": P.READ},
    "batches": READ,
    "upload": {"GET": P.UPLOAD, "POST": P.UPLOAD},
    "batch": READ,
    "batch_live": READ,
    "run_cancel": {"POST": P.CANCEL},
    "run_again": {"POST": P.RERUN},
    "run_output": READ,
    "batch_rejects": READ,
    "findings": READ,
    "finding": READ,
    "finding_explained": {"GET": P.READ, "POST": P.READ},
    "record": READ,
    "trust": READ,
    "packs": READ,
    "pack_upload": {"POST": P.DRAFT},
    "pack": READ,
    "pack_submit": {"POST": P.DRAFT},
    "pack_approve": {"POST": P.APPROVE},
    "pack_return": {"POST": P.APPROVE},
    "pack_publish": {"POST": P.ACTIVATE},
    "members": {"GET": P.CONFIGURE_PEOPLE, "POST": P.CONFIGURE_PEOPLE},
    "member_role": {"POST": P.CONFIGURE_PEOPLE},
    "member_remove": {"POST": P.CONFIGURE_PEOPLE},
    "invitation_end": {"POST": P.CONFIGURE_PEOPLE},
    "keys": {"GET": P.CONFIGURE_KEYS, "POST": P.CONFIGURE_KEYS},
    "key_replace": {"POST": P.CONFIGURE_KEYS},
    "key_end": {"POST": P.CONFIGURE_KEYS},
    "policy": {"GET": P.READ_POLICY, "POST": P.CONFIGURE_TENANT},
    "audit": {"GET": P.READ_AUDIT},
    "audit_event": {"GET": P.READ_AUDIT},
    "audit_export": {"GET": P.READ_AUDIT},
    "audit_verifier": {"GET": P.READ_AUDIT},
    "audit_verify": {"POST": P.READ_AUDIT},
}

LOOK: dict[str, Permission] = {"changelist": P.CONFIGURE_TENANT, "change": P.CONFIGURE_TENANT}
EDIT = {**LOOK, "add": P.CONFIGURE_TENANT}
MEMBERS = dict.fromkeys(("changelist", "change", "delete"), P.CONFIGURE_PEOPLE)
KEYS = dict.fromkeys(("changelist", "change", "add"), P.CONFIGURE_KEYS)
SCREENS: dict[str, dict[str, Permission]] = {
    "records_dataset": {**EDIT, "activate": P.CONFIGURE_TENANT},
    "records_batch": LOOK,
    "records_record": LOOK,
    "records_run": LOOK,
    "records_finding": LOOK,
    "records_unitstatus": LOOK,
    "rulepacks_pack": LOOK,
    "rulepacks_packversion": LOOK,
    "tenants_auditevent": dict.fromkeys(LOOK, P.READ_AUDIT),
    "tenants_membership": MEMBERS,
    "tenants_apikey": KEYS,
    "tenants_tenant": LOOK,
}
"""Screens of the admin about the bound tenant; entering at all takes `configure_tenant`."""
PLATFORM_SCREENS = {"tenants_user", "tenants_work", "django_celery_results_taskresult"}
"""Screens for platform staff, whatever their role in a tenant."""

NOBODYS = {
    "health": "tells whether the service works",
    "service_health": "tells whether the service works",
    "version": "tells what runs",
    "openapi": "describes the API",
    "docs": "describes the API",
    "api-login": "asks for a password",
    "api-refresh": "asks for a refresh token",
    "api-logout": "asks for a refresh token",
    "home": "leads to the caller's own tenant, or to the sign-in page",
    "trust_home": "leads to the caller's own tenant; platform staff without one see the report",
    "styleguide": "in debug only",
    "select_tenant": "asks which tenants are the caller's own",
}
"""Routes that no role is asked for, and why. Those of `accounts/` are about whoever signs in."""
