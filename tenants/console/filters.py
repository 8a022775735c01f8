"""Filters of the admin that need no index of their own."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter


class RowsOfParent(DropdownFilter):
    """Rows that belong to one parent, chosen by following a link from it; no list of parents is offered."""

    model: ClassVar[type[Model]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The parent in force. One choice at least, or Django leaves the filter out."""
        parent = self.parent(request.GET.get(self.parameter_name, ""))
        return [(str(parent.pk), str(parent))] if parent else [("", "Any")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """All rows without the parameter, none for a parent that does not exist."""
        if not self.value():
            return queryset
        parent = self.parent(self.value())
        return self.narrow(queryset, parent.pk) if parent else queryset.none()

    def parent(self, text: str) -> Model | None:
        """The parent of that id in the bound tenant."""
        try:
            found: Model | None = self.model._default_manager.filter(pk=UUID(text)).first() if text else None
        except ValueError as error:
            raise IncorrectLookupParameters from error
        return found

    def narrow(self, queryset: QuerySet[Any], parent_id: UUID) -> QuerySet[Any]:
        """The rows of this parent."""
        raise NotImplementedError
