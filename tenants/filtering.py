"""Query parameters of lists: declared once with django-filter, checked strictly, described for OpenAPI from there."""

from collections.abc import Iterable
from typing import Any, TypeVar

import django_filters
from django import forms
from django.core.validators import ProhibitNullCharactersValidator
from django.db.models import Model, QuerySet
from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers

from tenants.pagination import DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET
from tenants.problems import ValidationProblem

Row = TypeVar("Row", bound=Model)
LIMIT = OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT}, default=DEFAULT_LIMIT)
OFFSET = OpenApiParameter("offset", {"type": "integer", "minimum": 0, "maximum": MAX_OFFSET}, default=0)
CURSOR = OpenApiParameter("cursor", {"type": "string"}, description="`next_cursor` of the page before.")
KEYSET = (LIMIT, CURSOR)
SCHEMAS: dict[type[django_filters.Filter], dict[str, Any]] = {
    django_filters.NumberFilter: {"type": "integer", "minimum": 0},
    django_filters.UUIDFilter: {"type": "string", "format": "uuid"},
    django_filters.IsoDateTimeFilter: {"type": "string", "format": "date-time"},
    django_filters.DateFilter: {"type": "string", "format": "date"},
    django_filters.CharFilter: {"type": "string"},
}


class AnyText(forms.MultipleChoiceField):
    """Any texts, as many as are given."""

    default_validators = [ProhibitNullCharactersValidator()]

    def valid_value(self, value: str) -> bool:
        """Each text by itself."""
        self.run_validators(value)
        return True


class Texts(django_filters.Filter):
    """A filter that may be repeated: its values are alternatives."""

    field_class = AnyText


class StrictFilterSet(django_filters.FilterSet):
    """Refuses what it does not know: a misspelt filter would otherwise answer with everything."""

    @classmethod
    def values(cls, query: QueryDict, found: QuerySet[Any, Any], others: Iterable[str] = ()) -> dict[str, Any]:
        """The cleaned value of each filter, None or empty when it is not given. Raises `ValidationProblem`.

        `others` are parameters that somebody else reads, such as those of the pages.
        """
        return dict(cls._checked(query, found, others).form.cleaned_data)

    @classmethod
    def narrow(cls, query: QueryDict, found: QuerySet[Row, Row], others: Iterable[str] = ()) -> QuerySet[Row, Row]:
        """The rows of `found` that the query asks for. Raises `ValidationProblem`."""
        narrowed: QuerySet[Row, Row] = cls._checked(query, found, others).qs
        return narrowed

    @classmethod
    def _checked(cls, query: QueryDict, found: QuerySet[Any, Any], others: Iterable[str]) -> "StrictFilterSet":
        filters = cls(data=query, queryset=found)
        problems = {name: "unknown parameter" for name in query if name not in {*cls.base_filters, *others}}
        if not filters.is_valid():
            problems |= {name: " ".join(errors) for name, errors in filters.form.errors.items()}
        refuse(problems)
        return filters

    @classmethod
    def parameters(cls) -> list[OpenApiParameter]:
        """The filters as OpenAPI parameters."""
        return [described(name, each) for name, each in cls.base_filters.items()]


def refuse(problems: dict[str, str]) -> None:
    """Raises `ValidationProblem` when there are any, by parameter."""
    if problems:
        raise ValidationProblem("; ".join(f"{name}: {text}" for name, text in problems.items()), fields=problems)


def nothing_else(query: QueryDict, allowed: Iterable[str] = ()) -> None:
    """Raises `ValidationProblem` for a parameter that is not allowed."""
    refuse({name: "unknown parameter" for name in query if name not in set(allowed)})


def described(name: str, each: django_filters.Filter) -> OpenApiParameter:
    """One filter for OpenAPI: its type by its class, its values when they are a choice."""
    choices = each.extra.get("choices", ())
    schema = next((SCHEMAS[kind] for kind in type(each).__mro__ if kind in SCHEMAS), {"type": "string"})
    if values := [str(value) for value, _ in getattr(choices, "choices", choices)]:
        schema = {"type": "string", "enum": values}
    if isinstance(each, django_filters.MultipleChoiceFilter | Texts):
        schema = {"type": "array", "items": schema}
    return OpenApiParameter(name, schema, description=each.extra.get("help_text", ""))


def page_of(shape: type[serializers.BaseSerializer]) -> serializers.BaseSerializer:
    """What a list by keyset answers, for OpenAPI."""
    fields = {
        "results": shape(many=True),
        "limit": serializers.IntegerField(),
        "next_cursor": serializers.CharField(allow_null=True),
    }
    return inline_serializer(f"{shape.__name__.removesuffix('Shape')}Page", fields)
