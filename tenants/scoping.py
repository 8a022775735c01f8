"""What makes a table a tenant's own: the model base, the manager that refuses, the row-security migration steps.

`GLOBAL` and `THIRD_PARTY` name every table that has no tenant policy; a test allows no other.
"""

from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from uuid_utils.compat import uuid7

from tenants.context import current_tenant_id

GLOBAL = {
    "tenants_work": "queue rows: tenant id, kind and state, no content; the relay must see all due ones",
    "tenants_auditpending": "ids of events that wait to be sealed, no content; the sealer must see all tenants",
    "tenants_tenant": "the list of tenants itself",
    "tenants_user": "a person may belong to several tenants",
    "tenants_user_groups": "Django's join table of users and groups, unused",
    "tenants_user_user_permissions": "Django's join table of users and permissions, unused",
    "tenants_membership": "read to find out which tenant to bind",
    "tenants_apikey": "read to find out which tenant to bind; holds hashes only",
}
THIRD_PARTY = {
    "django_migrations": "names of migrations",
    "django_content_type": "names of models",
    "auth_group": "unused",
    "auth_group_permissions": "unused",
    "auth_permission": "names of permissions",
    "django_session": "opaque session data, read by its own key only",
    "django_admin_log": "admin's own log; platform staff only",
    "account_emailaddress": "addresses of users, who are global",
    "mfa_authenticator": "second factors of users, who are global; secrets encrypted",
    "account_emailconfirmation": "pending confirmations of those addresses",
    "django_celery_results_taskresult": "task ids and states; platform staff only",
    "django_celery_results_chordcounter": "task ids; unused",
    "django_celery_results_groupresult": "task ids; unused",
    "cortx_cache": "cached fragments, keyed by tenant",
}


def new_id() -> UUID:
    """A UUIDv7: sorts by creation time."""
    return uuid7()


class TenantManager(models.Manager[Any]):
    """Rows of the bound tenant only; raises `NoTenantBound` when there is none."""

    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().filter(tenant_id=current_tenant_id())


class TenantOwned(models.Model):
    """Base of every table that belongs to a tenant. Unique keys of such a table start with the tenant."""

    tenant = models.ForeignKey(
        "tenants.Tenant", on_delete=models.PROTECT, default=current_tenant_id, editable=False, related_name="+"
    )
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)

    objects: ClassVar[TenantManager] = TenantManager()

    class Meta:
        abstract = True


class BulkTenantOwned(models.Model):
    """Like `TenantOwned`, for tables of millions of rows: no foreign key is checked on them."""

    tenant = models.ForeignKey(
        "tenants.Tenant",
        on_delete=models.DO_NOTHING,
        default=current_tenant_id,
        editable=False,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)

    objects: ClassVar[TenantManager] = TenantManager()

    class Meta:
        abstract = True


class OnlyOn(Operation):
    """A migration step in SQL that has a meaning on one database only."""

    reduces_to_sql = True
    reversible = True

    def __init__(self, vendor: str, forwards: list[str], backwards: list[str]) -> None:
        self.vendor, self.forwards, self.backwards = vendor, forwards, backwards

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The models do not change."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        self._run(schema_editor, self.forwards)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        self._run(schema_editor, self.backwards)

    def _run(self, schema_editor: BaseDatabaseSchemaEditor, statements: list[str]) -> None:
        if schema_editor.connection.vendor == self.vendor:
            for statement in statements:
                # None: a `%` in the statement is not a placeholder.
                schema_editor.execute(statement, params=None)


class PostgresOnly(OnlyOn):
    """A step for PostgreSQL."""

    def __init__(self, forwards: list[str], backwards: list[str]) -> None:
        super().__init__("postgresql", forwards, backwards)


def row_security(*tables: str) -> list[PostgresOnly]:
    """Confine the tables to the tenant that `tenant_scope` handed over; no tenant means no rows."""
    # As a sub-select it is looked up once a statement; bare, once a row: a quarter of the time of a bulk insert.
    mine = "tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)"
    return [
        PostgresOnly(
            [
                f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
                f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
                f"CREATE POLICY {table}_tenant ON {table} USING ({mine}) WITH CHECK ({mine})",
            ],
            [
                f"DROP POLICY {table}_tenant ON {table}",
                f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
                f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
            ],
        )
        for table in tables
    ]


def tenant_references(table: str, **columns: str) -> list[PostgresOnly]:
    """Composite foreign keys (tenant, column): no row points into another tenant, or probes whether an id exists."""
    steps = []
    for column, target in columns.items():
        name = f"{table}_{column}_same_tenant"
        steps.append(
            PostgresOnly(
                [
                    f"CREATE UNIQUE INDEX IF NOT EXISTS {target}_tenant_id ON {target} (tenant_id, id)",
                    f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (tenant_id, {column}) "
                    f"REFERENCES {target} (tenant_id, id) DEFERRABLE INITIALLY DEFERRED",
                ],
                [f"ALTER TABLE {table} DROP CONSTRAINT {name}"],
            )
        )
    return steps


def tenant_first_key(table: str) -> PostgresOnly:
    """Make (tenant, id) the primary key of a bulk table: one index serves look-ups and keyset pages alike."""
    return PostgresOnly(
        [
            f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey",
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_pkey PRIMARY KEY (tenant_id, id)",
        ],
        [
            f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey",
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_pkey PRIMARY KEY (id)",
        ],
    )
