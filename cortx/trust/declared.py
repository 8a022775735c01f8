"""Constraints that the models declare and the database may have lost."""

from django.apps import apps
from django.db import connection, models

OURS = ("tenants", "rulepacks", "records")


def declared(kind: type[models.BaseConstraint]) -> dict[str, str]:
    """Every constraint of that kind by name, and its table."""
    owned = (model for label in OURS for model in apps.get_app_config(label).get_models())
    return {
        constraint.name: model._meta.db_table
        for model in owned
        for constraint in model._meta.constraints
        if isinstance(constraint, kind)
    }


def missing(kind: type[models.BaseConstraint]) -> list[str]:
    """Names of those that the database does not have."""
    found: set[str] = set()
    names = declared(kind)
    with connection.cursor() as cursor:
        for table in sorted(set(names.values())):
            found |= set(connection.introspection.get_constraints(cursor, table))
    return sorted(set(names) - found)
