"""Deliveries over HTTP: a multipart form with a part per input, or one raw body. Neither is held in memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ParamSpec

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from rest_framework.exceptions import PermissionDenied
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request

from records import commands
from records.datasets.models import Dataset
from records.datasets.uploads import Received, Receiver, Upload
from rulepacks.catalog.selectors import version_named
from rulepacks.models import PackVersion
from tenants.access.identity import Identity
from tenants.access.roles import Permission
from tenants.exact_json import text_fault
from tenants.filtering import refuse
from tenants.problems import StateConflict, UnknownReference, ValidationProblem, unexpected

Given = ParamSpec("Given")

PARAMETER = "param."
FIELDS = {"dataset", "pack", "source", "again", "filename"}
FORMATS = {
    "application/x-ndjson": "ndjson",
    "text/csv": "csv",
    "application/vnd.apache.parquet": "parquet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "excel",
}
"""What a raw body may be, by its media type."""
ONLY_INPUT = "records"
"""The input's name where no pack names one."""


class RawParser(BaseParser):
    """Leaves the body unread: it is streamed to storage."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return stream


def raw_parser(media_type: str) -> type[BaseParser]:
    """A parser that leaves a body of this type unread."""
    return type("RawBodyParser", (RawParser,), {"media_type": media_type})


PARSERS: tuple[type[BaseParser], ...] = (MultiPartParser, *map(raw_parser, FORMATS))


@dataclass(frozen=True)
class Sent:
    """What came: files by input, the form's fields, and the pack's parameters as text."""

    uploads: list[Upload] = field(default_factory=list)
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, str]:
        """`param.period=6` as `{"period": "6"}`."""
        return {
            name.removeprefix(PARAMETER): value for name, value in self.fields.items() if name.startswith(PARAMETER)
        }

    def text(self, name: str) -> str:
        return self.fields.get(name, "")


def receive(request: HttpRequest, receiver: Receiver) -> None:
    """Put the files of a delivery, which has arrived, into storage, where `sent` finds them. Raises `TooLarge`."""
    if (request.content_type or "").lower() in FORMATS:
        request.received = receiver.store(ONLY_INPUT, request)  # type: ignore[attr-defined, arg-type]
        return
    for name, files in request.FILES.lists():
        stored: list[UploadedFile] = [receiver.store(file.name or "", file) for file in files]
        request.FILES.setlist(name, stored)


def takes_files(view: Callable[Given, HttpResponseBase]) -> Callable[Given, HttpResponseBase]:
    """Says of a page that files are delivered to it, so that they are received before its transaction begins."""
    vars(view)["takes_files"] = True
    return view


def received_body(request: HttpRequest) -> Received | None:
    """The raw body of a delivery, as it lies in storage."""
    return getattr(request, "received", None)


def sent(request: Request) -> Sent:
    """Reads the request. Raises `ValidationProblem` for unknown fields."""
    fields = {name: str(value) for name, value in request.query_params.items()}
    media_type = str(request.content_type).partition(";")[0].strip().lower()
    if raw := FORMATS.get(media_type):
        checked(fields)
        filename = fields.get("filename") or f"{ONLY_INPUT}.{raw}"
        body = received_body(request._request)
        return Sent([Upload("", filename, body, raw)] if body else [], fields)
    form: QueryDict = request.data  # type: ignore[assignment]
    fields |= {name: str(value) for name, value in form.items() if name not in request.FILES}
    checked(fields)
    uploads = [Upload(name, file.name or "", file) for name in request.FILES for file in request.FILES.getlist(name)]
    return Sent(uploads, fields)


def checked(fields: Mapping[str, str]) -> None:
    known = {name for name in fields if name in FIELDS or name.startswith(PARAMETER)}
    problems = {name: "unknown field" for name in fields if name not in known}
    problems |= {name: fault for name, value in fields.items() if (fault := text_fault(name + value))}
    if fields.get("again", "1") not in {"0", "1"}:
        problems["again"] = unexpected(fields["again"], "0 or 1")
    if len(fields.get("source", "")) > 120:
        problems["source"] = unexpected(fields["source"], "at most 120 characters")
    refuse(problems)


def received(identity: Identity, delivery: Sent) -> commands.Receipt:
    """Hand the delivery to its dataset, which is made when it is new."""
    dataset = dataset_of(identity, delivery)
    return commands.batch_receive(
        dataset=dataset,
        uploads=[named(upload, dataset) for upload in delivery.uploads],
        parameters=delivery.parameters,
        source=delivery.text("source") or identity.actor.label[:120],
        again=delivery.text("again") == "1",
    )


def named(upload: Upload, dataset: Dataset) -> Upload:
    """A raw body is the pack's first input."""
    inputs = dataset.active_version.summary["inputs"] if dataset.active_version else []
    first = inputs[0]["name"] if inputs else ONLY_INPUT
    return Upload(upload.input or first, upload.filename, upload.content, upload.format)


def dataset_of(identity: Identity, delivery: Sent) -> Dataset:
    """The dataset named; without a name, that of the pack's name. A pack named has to be the one that judges it."""
    pack, _, number = delivery.text("pack").partition("@")
    name = delivery.text("dataset") or pack
    if not name:
        raise ValidationProblem("dataset: required", fields={"dataset": "required"})
    version = wanted_version(pack, number) if pack else None
    dataset = commands.dataset_for_category(name)
    if version is not None:
        judged_by(identity, dataset, version, exactly=bool(number))
    return dataset


def wanted_version(pack: str, number: str) -> PackVersion:
    try:
        return version_named(pack, number)
    except UnknownReference as unknown:
        raise ValidationProblem(f"pack: {unknown.detail}", fields={"pack": unknown.detail}) from unknown


def judged_by(identity: Identity, dataset: Dataset, version: PackVersion, *, exactly: bool) -> None:
    """Activate the version for a dataset that has none. Raises `StateConflict` for a dataset that has another."""
    active = dataset.active_version
    if active is None:
        if not identity.may(Permission.ACTIVATE):
            raise PermissionDenied(f"{dataset.name} has no active pack, and this account may not activate one")
        commands.dataset_activate(dataset=dataset, version=version)
    elif active.pack_id != version.pack_id or (exactly and active.id != version.id):
        raise StateConflict(f"{dataset.name} is judged by {active}")
