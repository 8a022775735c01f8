"""Query parameters of the lists of this room."""

from decimal import Decimal

import django_filters as filters
from django.db.models import QuerySet

from records.datasets.models import Batch
from records.states import RecordStatus, RunStatus
from tenants.filtering import StrictFilterSet, WholeNumberFilter

SORTABLE = ("created_at", "status", "category", "source")
ORDERS = ("asc", "desc")


class RecordFilter(StrictFilterSet):
    """`GET /records`. Times are inclusive, ISO 8601, to the millisecond."""

    status = filters.ChoiceFilter(choices=RecordStatus.choices)
    category = filters.CharFilter(max_length=120, strip=False, help_text="Name of a dataset.")
    created_after = filters.IsoDateTimeFilter(help_text="At or after this moment.")
    created_before = filters.IsoDateTimeFilter(help_text="At or before this moment.")
    sort_by = filters.ChoiceFilter(choices=[(name, name) for name in SORTABLE], help_text="`created_at` unless told.")
    sort_order = filters.ChoiceFilter(choices=[(name, name) for name in ORDERS], help_text="`desc` unless told.")


class SummaryFilter(StrictFilterSet):
    """`GET /reports/summary`. Days are UTC and inclusive."""

    status = filters.ChoiceFilter(choices=RecordStatus.choices)
    date_from = filters.DateFilter()
    date_to = filters.DateFilter()


class BatchFilter(StrictFilterSet):
    """`GET /api/v1/batches`."""

    dataset = filters.CharFilter(field_name="dataset__name", strip=False, help_text="Name of a dataset.")
    source = filters.CharFilter(strip=False)
    pack = filters.CharFilter(
        field_name="last_run__pack_version__pack__name", help_text="Name of the pack that judged."
    )
    status = filters.ChoiceFilter(
        field_name="last_run__status", choices=RunStatus.choices, help_text="Of the newest run."
    )
    number = WholeNumberFilter(method="numbered", min_value=1, max_value=10**15, help_text="17 for B-17.")

    def numbered(self, batches: QuerySet[Batch], name: str, value: Decimal) -> QuerySet[Batch]:
        """The batch that people call by this number."""
        return batches.filter(number=int(value))
