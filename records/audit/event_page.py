"""What is shown of one event: its sentence, its facts, and a proof that the browser recomputes."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from tenants.audit.models import AuditEvent
from tenants.audit.notes import note_open, origin, text_of
from tenants.audit.proofs import inclusion_proof
from tenants.audit.selectors import audit_sentence, sealed_under
from tenants.context import current_tenant_id
from tenants.problems import StateConflict


@dataclass(frozen=True)
class Shown:
    """An event for people. `proof` is JSON for the script, and empty while the event waits for its place."""

    event: AuditEvent
    sentence: str
    facts: list[tuple[str, str]]
    content: str = ""
    size: int = 0
    root: str = ""
    steps: int = 0
    proof: str = ""


def event_context(event: AuditEvent) -> Shown:
    """The event, with its proof once it has one."""
    facts = [(name, told(value)) for name, value in event.facts.items()]
    shown = Shown(event, audit_sentence(event), facts)
    try:
        position, checkpoint = sealed_under(event.id)
    except StateConflict:
        return shown
    given = inclusion_proof(event, position, checkpoint)
    said = note_open(checkpoint.note, origin(current_tenant_id()))
    proof = {
        "leaf": given["leaf"],
        "leaf_hash": event.leaf_hash,
        "position": position,
        "path": given["path"],
        "size": said.size,
        "root": said.root.hex(),
        "text": text_of(checkpoint.note),
        "signature": signature_of(checkpoint.note),
        "key": given["key"].split("+", 2)[2],
    }
    return Shown(
        event,
        shown.sentence,
        facts,
        content=given["leaf"],
        size=said.size,
        root=said.root.hex(),
        steps=len(given["path"]),
        proof=json.dumps(proof),
    )


def signature_of(note: str) -> str:
    """The 64 bytes after the key's id, in base64."""
    return base64.b64encode(base64.b64decode(note.rsplit(" ", 1)[1])[4:]).decode()


def told(value: Any) -> str:
    """A fact as text."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
