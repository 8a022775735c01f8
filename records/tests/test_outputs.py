"""What a pack puts out is kept with the run, and a file that cannot be written is a line of its log."""

from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from records import commands
from records.datasets.models import Dataset
from records.runs.models import Run
from records.states import RunStatus
from records.tests.deliveries import BALANCED, csv, deliver, judge
from rulepacks.catalog.services import pack_install
from tenants.models import Tenant

LEDGER = Path(__file__).parent / "packs" / "ledger" / "pack.yaml"
OUTPUTS = """outputs:
  - {name: clean, format: csv, from: lines, where: record_status = 'processed', columns: [line, amount]}
  - {name: held, format: excel, from: lines, where: record_status <> 'processed'}
  - {name: bulk, format: fixed_width, layout: bulk.csv, from: lines}
  - {name: spent, format: json, from: budget}
"""


@pytest.fixture
def run(bound: Tenant, tmp_path: Path) -> Run:
    """A delivery with a held line, and with a line number that has no room in the bulk file."""
    (tmp_path / "pack.yaml").write_text(LEDGER.read_text() + OUTPUTS)
    (tmp_path / "bulk.csv").write_text("field,start,length\nline,1,2\n")
    dataset: Dataset = commands.dataset_create(name="ledger", title="Ledger", parameters={"year": 2026})
    commands.dataset_activate(dataset=dataset, version=pack_install(folder=tmp_path))
    return judge(deliver(dataset, csv((*BALANCED, "6,C,D,,2026", "1234,D,D,0.00,2026"))))


def test_a_clean_file_and_the_held_lines_are_kept(run: Run) -> None:
    assert run.status == RunStatus.COMPLETED
    assert {name for name in run.outputs if not name.startswith("tables/")} == {"clean.csv", "held.xlsx"}
    with default_storage.open(run.outputs["clean.csv"]) as file:
        assert file.read().decode().splitlines() == [
            "line,amount",
            "1,10.00",
            "2,10.00",
            "3,5.10",
            "4,5.10",
            "1234,0.00",
        ]


def test_a_file_that_was_not_written_is_a_line_of_the_log(run: Run) -> None:
    problems = [event.message for event in run.events.filter(level="problem")]
    assert problems == ["bulk.txt was not written: lines row 6: line '1234' has 4 characters; its field has 2"]
