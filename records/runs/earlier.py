"""The same rule and unit in earlier batches for the same dataset."""

from typing import Any

from django.urls import reverse

from records.dashboards.formats import amount
from records.dashboards.words import words_of
from records.datasets.models import Batch
from records.runs.models import Finding, UnitStatus

LOOKED_AT = 3


def earlier_findings(finding: Finding, slug: str) -> list[dict[str, Any]]:
    """How the rule fared for the unit in the last few batches before this one; those without the unit are left out."""
    batch = finding.run.batch
    if batch is None or not finding.unit:
        return []
    before = Batch.objects.filter(dataset=batch.dataset, id__lt=batch.id, current_run__isnull=False)
    batches = list(before.order_by("-id")[:LOOKED_AT])
    runs = [one.current_run_id for one in batches]
    if not runs:
        return []
    present = set(UnitStatus.objects.filter(run__in=runs, unit=finding.unit).values_list("run", flat=True))
    found: dict[Any, list[Finding]] = {}
    for one in Finding.objects.filter(run__in=runs, rule=finding.rule, unit=finding.unit).order_by("id")[:50]:
        found.setdefault(one.run_id, []).append(one)
    unit = words_of(finding.run.pack_version).amount_unit
    return [
        told(one, found.get(one.current_run_id, []), unit, slug) for one in batches if one.current_run_id in present
    ]


def told(batch: Batch, findings: list[Finding], unit: str, slug: str) -> dict[str, Any]:
    """`B-11: 720.00 off`, `B-10: passed`."""
    if not findings:
        url = reverse("batch", args=[slug, batch.number])
        return {"kind": "pass", "label": batch.label, "text": "Passed", "url": url}
    first = findings[0]
    text = f"{amount(first.difference, unit)} off" if first.difference else first.message
    more = f" and {len(findings) - 1} more" if len(findings) > 1 else ""
    url = reverse("finding", args=[slug, first.id])
    return {"kind": first.severity, "label": batch.label, "text": text + more, "url": url}
