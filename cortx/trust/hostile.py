"""P7: a hostile pack or delivery cannot read, write, reach out or exhaust."""

import gzip
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from django.conf import settings

from cortx.trust.ground import PACK, Ground
from cortx.trust.promise import Measured, Promise
from rulepacks.catalog.limits import run_limits
from rulepacks.engine.formats.reading import InputFile
from rulepacks.engine.limits import MIB
from rulepacks.engine.problems import PackError
from rulepacks.engine.progress import silent
from rulepacks.engine.refusals import BadInput, ChildFailed
from rulepacks.engine.request import RunRequest
from rulepacks.engine.sandbox import run_in_child
from rulepacks.engine.summary import Summary

EXPRESSIONS = {
    "a file": "read_text('/etc/passwd') is null",
    "the environment": "getenv('HOME') = line",
    "another table": "exists (select 1 from duckdb_settings())",
    "text that is run": "query('select 1') = line",
    "the network": "line in (select * from 'http://example.invalid/x.parquet')",
    "a second statement": "true; attach 'x.db'",
    "an extension": "install httpfs",
    "time without end": "pg_sleep(1000) is null",
    "chance": "random() < 1",
    "depth": f"{'(' * 500}amount{')' * 500} > 1",
}
WORKBOOK = {
    "[Content_Types].xml": "<Types/>",
    "xl/workbook.xml": '<workbook><sheets><sheet name="s" r:id="r1" xmlns:r="r"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": "<Relationships>"
    '<Relationship Id="r1" Type="/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    "xl/worksheets/sheet1.xml": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><worksheet>&a;</worksheet>',
}
SLACK = 64 * MIB
"""Between two looks at the child's memory."""
RUN_SECONDS = 20.0


def workbook() -> bytes:
    """A workbook whose sheet names a file of the machine."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in WORKBOOK.items():
            archive.writestr(name, text)
    return buffer.getvalue()


REFUSED: dict[str, tuple[str, Callable[[], bytes]]] = {
    "an archive that unpacks to very much more": (
        "lines.csv.gz", lambda: gzip.compress(b"line,amount\n" + b"0" * 80 * MIB, 1, mtime=0),
    ),
    "a workbook that names a file": ("lines.xlsx", workbook),
    "a footer beyond its file": ("lines.parquet", lambda: b"PAR1" + b"\xff" * 100 + b"\xff\xff\xff\x7fPAR1"),
    "a program": ("lines.csv", lambda: b"\x7fELF\x02\x01"),
}  # fmt: skip
NESTED = b"[" * 100_000 + b"]" * 100_000
ACCOUNTED: dict[str, tuple[str, Callable[[], bytes], int]] = {
    "NUL, no text, too short, a formula": ("lines.csv", lambda: b"line,amount\n1,\0\n2,\xff\n3\n=1+1,1\n", 4),
    "values in values without end": (
        "lines.ndjson",
        lambda: b'{"line": "1", "amount": "1"}\n{"line": ' + NESTED + b"}\n",
        2,
    ),
}
"""Files of which each row has to be accepted or rejected."""


def measure(ground: Ground) -> Measured:
    """Expressions and files through a real child process, then a sound file."""
    root = Path(settings.SCRATCH_DIR)
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root) as scratch:
        through = [*expressions_through(Path(scratch)), *files_through(Path(scratch))]
        sound = judged(Path(scratch) / "sound", "lines.csv", b"line,amount\n1,1\n2,-1\n")
    files = len(REFUSED) + len(ACCOUNTED)
    whole = isinstance(sound, Summary) and sound.findings["error"] == 1
    faults = [f"not stopped: {', '.join(through)}" if through else "", "" if whole else "a sound file was not judged"]
    reason = "; ".join(fault for fault in faults if fault)
    figure = f"{len(through)} of {len(EXPRESSIONS) + files} got through ({len(EXPRESSIONS)} expressions, {files} files)"
    return Measured(figure, not reason, reason)


def expressions_through(folder: Path) -> Iterator[str]:
    """Expressions that were not refused when their pack was loaded."""
    sound = (PACK / "pack.yaml").read_text(encoding="utf-8")
    for number, (title, expression) in enumerate(EXPRESSIONS.items()):
        pack = folder / f"pack-{number}"
        pack.mkdir()
        written = sound.replace('"amount >= 0"', json.dumps(expression))
        (pack / "pack.yaml").write_text(written, encoding="utf-8")
        if not isinstance(judged(folder / f"expression-{number}", "lines.csv", b"line\n1\n", pack), PackError):
            yield title


def files_through(folder: Path) -> Iterator[str]:
    """Files that were not refused, did not account for each row, or took more memory than there is for a run."""
    for title, (name, content) in REFUSED.items():
        if not isinstance(judged(folder / title, name, content()), BadInput):
            yield title
    for title, (name, content, rows) in ACCOUNTED.items():
        summary = judged(folder / title, name, content())
        if not (isinstance(summary, Summary) and is_accounted(summary, rows)):
            yield title


def is_accounted(summary: Summary, rows: int) -> bool:
    """Whether every row was accepted or rejected, in bounded memory."""
    read = summary.inputs["lines"]
    bounded = summary.peak_memory_bytes <= run_limits().memory_bytes + SLACK
    return bounded and (read.rows_read, read.accepted + read.rejected) == (rows, rows)


def judged(folder: Path, name: str, content: bytes, pack: Path = PACK) -> Summary | PackError | BadInput | ChildFailed:
    """How a run in a child of its own ended."""
    folder.mkdir()
    (folder / name).write_bytes(content)
    given = InputFile("lines", folder / name, name)
    request = RunRequest(pack, (given,), {}, {}, folder / "out", replace(run_limits(), seconds=RUN_SECONDS))
    try:
        return run_in_child(request, on_progress=silent, cancelled=lambda: False)
    except (PackError, BadInput, ChildFailed) as refusal:
        return refusal


PROMISE = Promise(
    key="P7",
    name="A hostile pack or delivery cannot read, write, reach out or exhaust",
    tried="Expressions and files that mean harm through the child process that judges, then a sound file",
    target="0 get through; every row accounted for; memory within the limit",
    measure=measure,
)
