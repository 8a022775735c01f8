"""The upload page: what the pack wants delivered, and what was wrong with what came."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from records.dashboards.formats import sentence, spoken
from records.dashboards.words import Words, words_of
from records.datasets.models import Batch, Dataset
from records.datasets.uploads import Upload
from tenants.problems import Refusal

FILE, PARAMETER = "file.", "param."
CONTROLS = {"integer": ("text", "numeric"), "decimal": ("text", "decimal"), "date": ("date", "")}


@dataclass(frozen=True)
class WantedInput:
    """A drop zone."""

    name: str
    title: str
    optional: bool
    note: str
    wrong: str


@dataclass(frozen=True)
class WantedParameter:
    """A form control: `value` is what was typed, else the dataset's default, else the pack's."""

    name: str
    title: str
    required: bool
    value: str
    control: str
    inputmode: str
    allowed: list[str]
    note: str
    wrong: str


@dataclass(frozen=True)
class Delivery:
    """What a form sent: files by input, parameters, and whether a repeat is wanted."""

    uploads: list[Upload] = field(default_factory=list)
    parameters: Mapping[str, str] = field(default_factory=dict)
    again: bool = False


def delivery(form: QueryDict, files: "MultiValueDict[str, UploadedFile]") -> Delivery:
    """Reads `file.<input>`, `param.<name>` and `again`."""
    uploads = [
        Upload(input=name.removeprefix(FILE), filename=file.name or "", content=file)
        for name in files
        if name.startswith(FILE)
        for file in files.getlist(name)
    ]
    parameters = {name.removeprefix(PARAMETER): str(form[name]) for name in form if name.startswith(PARAMETER)}
    return Delivery(uploads, parameters, form.get("again") == "1")


def upload_context(
    dataset: Dataset | None, sent: Delivery, refusal: Refusal | None, duplicate: Batch | None
) -> dict[str, Any]:
    """Everything the page shows for the dataset."""
    words = words_of(dataset.active_version if dataset else None)
    wrong = refusal.fields if refusal else {}
    defaults = dataset.parameters if dataset else {}
    parameters = [wanted_parameter(one, sent, defaults, wrong) for one in words.parameters]
    inputs = wanted_inputs(words, wrong)
    return {
        "dataset": dataset,
        "words": words,
        "inputs": inputs,
        "parameters": parameters,
        "fixed_width": any(one.get("fixed_width") for one in words.inputs),
        "duplicate": duplicate,
        "files_given": len(sent.uploads),
        "problems": problems(refusal, {one.name for one in inputs} | {one.name for one in parameters}),
    }


def wanted_inputs(words: Words, wrong: Mapping[str, str]) -> list[WantedInput]:
    """Inputs of the pack, in its order; without a pack one file of records."""
    if not words.inputs:
        return [
            WantedInput("records", "Records", False, "A CSV, Excel, NDJSON or Parquet file", wrong.get("records", ""))
        ]
    return [
        WantedInput(
            one["name"],
            words.input_title(one["name"]),
            bool(one.get("optional")),
            str(one.get("description") or columns_told(one)),
            wrong.get(one["name"], ""),
        )
        for one in words.inputs
    ]


def columns_told(wanted: Mapping[str, Any]) -> str:
    """The columns by name, as far as a line has room."""
    names = [one["name"] for one in wanted.get("fields", [])]
    told = ", ".join(names[:4])
    return f"{len(names)} columns: {told}" + (", …" if len(names) > 4 else "") if names else "Any columns"


def wanted_parameter(
    declared: Mapping[str, Any], sent: Delivery, defaults: Mapping[str, Any], wrong: Mapping[str, str]
) -> WantedParameter:
    """One control, filled with the best value known."""
    name = declared["name"]
    default = defaults.get(name, declared.get("default"))
    value = sent.parameters.get(name, "" if default is None else str(default))
    base = str(declared["type"]).partition("(")[0]
    value = value.lower() if base == "boolean" else value
    control, inputmode = CONTROLS.get(base, ("text", ""))
    allowed = [str(one) for one in declared.get("allowed", [])] or (["true", "false"] if base == "boolean" else [])
    note = str(declared.get("description") or "")
    if name in defaults:
        note = f"{note.rstrip('.')}. Default of the dataset" if note else "Default of the dataset"
    title = sentence(spoken(name))
    required = bool(declared.get("required"))
    return WantedParameter(name, title, required, value, control, inputmode, allowed, note, wrong.get(name, ""))


def problems(refusal: Refusal | None, shown: set[str]) -> list[str]:
    """What is not said beside a control already; all of it when nothing is."""
    if refusal is None:
        return []
    elsewhere = [text for name, text in refusal.fields.items() if name not in shown]
    beside = [text for name, text in refusal.fields.items() if name in shown]
    return elsewhere + beside or [refusal.detail]
