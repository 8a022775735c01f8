"""Query parameters of lists: declared once with django-filter, checked strictly, described for OpenAPI from there."""

import re
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
from tenants.problems import ValidationProblem, unexpected

Row = TypeVar("Row", bound=Model)
LIMIT = OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT}, default=DEFAULT_LIMIT)
OFFSET = OpenApiParameter("offset", {"type": "integer", "minimum": 0, "maximum": MAX_OFFSET}, default=0)
CURSOR = OpenApiParameter("cursor", {"type": "string"}, description="`next_cursor` of the page before.")
KEYSET = (LIMIT, CURSOR)
SCHEMAS: dict[type[django_filters.Filter], dict[str, Any]] = {
    django_filters.NumberFilter: {"type": "integer"},
    django_filters.UUIDFilter: {"type": "string", "format": "uuid"},
    django_filters.IsoDateTimeFilter: {"type": "string", "format": "date-time"},
    django_filters.DateFilter: {"type": "string", "format": "date"},
    django_filters.CharFilter: {"type": "string"},
}

WORDS: dict[type[django_filters.Filter], str] = {
    django_filters.UUIDFilter: "a UUID",
    django_filters.IsoDateTimeFilter: "a time like 2026-09-30T14:30:00Z",
    django_filters.DateFilter: "a day like 2026-09-30",
}
BOUNDS = {"min_value": "minimum", "max_value": "maximum", "max_length": "maxLength"}
DIGITS = re.compile(r"[0-9]{1,18}")


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


class WholeNumber(forms.IntegerField):
    """ASCII digits and nothing else."""

    def to_python(self, value: Any) -> int | None:
        """Raises Django's `ValidationError`."""
        if value and not DIGITS.fullmatch(str(value)):
            raise forms.ValidationError("Not a whole number")
        return super().to_python(value)


class WholeNumberFilter(django_filters.NumberFilter):
    """A filter by a number people write without a point."""

    field_class = WholeNumber


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
        wrong = set() if filters.is_valid() else set(filters.form.errors)
        # What is only blank would otherwise be taken for no filter at all.
        wrong |= {name for name in cls.base_filters if query.get(name) and not filters.form.cleaned_data.get(name)}
        problems |= {
            name: unexpected(", ".join(query.getlist(name)), expectation(cls.base_filters[name]))
            for name in sorted(wrong)
        }
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
    schema = dict(next((SCHEMAS[kind] for kind in type(each).__mro__ if kind in SCHEMAS), {"type": "string"}))
    schema |= {name: each.extra[at] for at, name in BOUNDS.items() if at in each.extra}
    if values := allowed_values(each):
        schema = {"type": "string", "enum": values}
    if isinstance(each, django_filters.MultipleChoiceFilter | Texts):
        schema = {"type": "array", "items": schema}
    return OpenApiParameter(name, schema, description=each.extra.get("help_text", ""))


def expectation(each: django_filters.Filter) -> str:
    """What a filter takes, in words."""
    if values := allowed_values(each):
        return f"one of {', '.join(values)}"
    if isinstance(each, WholeNumberFilter):
        return f"a whole number from {each.extra['min_value']} to {each.extra['max_value']}"
    words = next((WORDS[kind] for kind in type(each).__mro__ if kind in WORDS), "a text without NUL")
    return f"{words} of at most {each.extra['max_length']} characters" if "max_length" in each.extra else words


def allowed_values(each: django_filters.Filter) -> list[str]:
    """The values of a choice; none for everything else."""
    choices = each.extra.get("choices", ())
    return [str(value) for value, _ in getattr(choices, "choices", choices)]


def page_of(
    shape: type[serializers.BaseSerializer], **further: serializers.BaseSerializer
) -> serializers.BaseSerializer:
    """What a list by keyset answers, for OpenAPI; `further` is what stands beside the page."""
    fields = {
        "results": shape(many=True),
        "limit": serializers.IntegerField(),
        "next_cursor": serializers.CharField(allow_null=True),
        **further,
    }
    return inline_serializer(f"{shape.__name__.removesuffix('Shape')}Page", fields)
