"""Query parameters of the lists of this room."""

import django_filters as filters

from records.runs.models import Run
from records.states import RunStatus, Severity
from tenants.filtering import StrictFilterSet, Texts


class RunFilter(StrictFilterSet):
    """`GET /api/v1/runs`."""

    batch = filters.UUIDFilter(field_name="batch_id")
    dataset = filters.CharFilter(field_name="dataset__name", strip=False, help_text="Name of a dataset.")
    status = filters.ChoiceFilter(choices=RunStatus.choices)
    kind = filters.ChoiceFilter(choices=Run.Kind.choices)


class UnitFilter(StrictFilterSet):
    """`GET /api/v1/runs/{id}/units`."""

    status = filters.CharFilter(help_text="In the pack's own word.")


class FindingParameters(StrictFilterSet):
    """`GET /api/v1/findings`. Repeated values are alternatives.

    Without `run`, `batch` or `record`: of each batch's run in force.
    """

    run = filters.UUIDFilter()
    batch = filters.UUIDFilter(help_text="Of its run in force.")
    record = filters.UUIDFilter()
    severity = filters.MultipleChoiceFilter(choices=Severity.choices)
    rule = Texts(help_text="A rule's code.")
    stage = Texts()
    unit = Texts()
    input = Texts(help_text="Name of an input.")
