"""All tables of this app; each lives in its own room."""

from records.datasets.models import Batch, BatchInput, Dataset, NumberSeries, Record, RecordCount
from records.runs.models import Finding, RuleOutcome, Run, RunEvent, UnitStatus

__all__ = [
    "Batch",
    "BatchInput",
    "Dataset",
    "Finding",
    "NumberSeries",
    "Record",
    "RecordCount",
    "RuleOutcome",
    "Run",
    "RunEvent",
    "UnitStatus",
]
