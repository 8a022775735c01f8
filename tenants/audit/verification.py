"""Checking a log from its stored rows alone: every leaf recomputed, the tree rebuilt, every checkpoint compared.

Faults are found in the order of the log. The first one ends the check: what comes after it proves nothing any more.
"""

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from time import perf_counter

from tenants.audit.merkle import Finished, Frontier, hash_leaf
from tenants.audit.models import AuditCheckpoint
from tenants.audit.notes import BadNote, Checkpoint, base64_text, note_hash, note_open, origin
from tenants.audit.stored import (
    Place,
    log_ends,
    node_differing,
    place_content,
    stored_leaves,
    unsealed_stranger,
    waiting_count,
)
from tenants.context import current_tenant_id

WITNESSED = "the checkpoint kept outside"


@dataclass(frozen=True)
class Fault:
    """What is wrong from `position` on. Where only a batch can be named, `before` is the position after its last."""

    position: int
    reason: str
    before: int = 0

    def __str__(self) -> str:
        place = f"positions {self.position} to {self.before - 1}" if self.before > self.position + 1 else ""
        return f"{place or f'position {self.position}'}: {self.reason}"


@dataclass
class Report:
    """What a check found: how far it came, and the first fault, if there is one."""

    events: int = 0
    checkpoints: int = 0
    outside: int = 0
    waiting: int = 0
    seconds: float = 0.0
    root: str = ""
    fault: Fault | None = None


@dataclass(frozen=True)
class Witnessed:
    """What somebody outside kept: a checkpoint, and the leaf hashes before it from position `first` on, if any."""

    note: str
    first: int = 0
    leaves: Sequence[str] = field(default_factory=tuple)


class Broken(Exception):
    """The first fault was met."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def audit_verify(outside: Iterable[Witnessed] = ()) -> Report:
    """Check the whole log of the bound tenant, against what others kept of it too."""
    report, began = Report(), perf_counter()
    try:
        _check(report, list(outside))
    except Broken as broken:
        report.fault = broken.fault
    report.seconds = perf_counter() - began
    return report


def _check(report: Report, outside: list[Witnessed]) -> None:
    tenant, name = str(current_tenant_id()), origin(current_tenant_id())
    first, last, signed = log_ends()
    walk = _Walk(_Chain(name, signed), _Witness(name, outside))
    tree = walk.tree
    with closing(stored_leaves(min(first, 0), last)) as parts:
        for rows in parts:
            leaves, wrong = _sound(tenant, rows, tree.size)
            walk.take(leaves)
            if wrong:
                raise Broken(_wrong(tenant, wrong, tree.size))
    report.events, report.root = tree.size, tree.root().hex()
    walk.chain.end(tree)
    walk.witness.end(tree)
    report.checkpoints, report.outside = walk.chain.met, len(walk.witness.due)
    _strangers(walk.finished)
    report.waiting = waiting_count()


def _sound(tenant: str, places: Iterable[Place], first: int) -> tuple[list[bytes], Place | None]:
    """The leaf hashes of the events, computed, up to the first that is not what its place says; and that place."""
    found: list[bytes] = []
    for position, place in enumerate(places, first):
        content = place_content(tenant, place)
        computed = hash_leaf(content or b"")
        if place[0] != position or content is None or place[3] is not None or computed.hex() != place[2]:
            return found, place
        found.append(computed)
    return found, None


def _wrong(tenant: str, place: Place, position: int) -> Fault:
    """Why an event is not what its place says."""
    there, event, sealed, own, *_ = place
    if there < position:
        return Fault(position, f"an event is at {there}, before the first place")
    if there != position:
        return Fault(position, f"nothing is here; the next event is at {there}")
    content = place_content(tenant, place)
    if content is None:
        return Fault(position, f"the event {event} was deleted")
    computed = hash_leaf(content).hex()
    stored = sealed if own is None or sealed != computed else own
    return Fault(position, f"stored hash {stored}, computed {computed}")


def _strangers(finished: Sequence[Finished]) -> None:
    """Rows that the tree does not account for."""
    if stranger := unsealed_stranger():
        raise Broken(Fault(stranger.position, f"the event {stranger.id} {stranger.reason}"))
    if node := node_differing(finished):
        level, place, _ = node
        raise Broken(Fault(place << level, "a stored inner node differs from the events", (place + 1) << level))


class _Walk:
    """The tree, growing from one checkpoint to the next."""

    def __init__(self, chain: "_Chain", witness: "_Witness") -> None:
        self.chain, self.witness = chain, witness
        self.tree, self.finished = Frontier(), list[Finished]()

    def take(self, leaves: Sequence[bytes]) -> None:
        """Append the leaves, and compare what others say of the tree where they say it."""
        tree, taken = self.tree, 0
        while taken < len(leaves):
            due = [self.chain.due, *self.witness.due, tree.size + len(leaves) - taken]
            part = leaves[taken : taken + min(size for size in due if size > tree.size) - tree.size]
            self.witness.compare(tree.size, part)
            self.finished += tree.extend(part)
            taken += len(part)
            if tree.size == self.chain.due:
                self.chain.meet(tree)
            if tree.size in self.witness.due:
                self.witness.meet(tree)


class _Chain:
    """The stored checkpoints, met one after the other while the tree grows."""

    def __init__(self, name: str, newest: int) -> None:
        self.name, self.rows = name, AuditCheckpoint.objects.filter(size__lte=newest).order_by("size").iterator()
        self.met = self.agreed = 0
        self.previous = ""
        self.row = next(self.rows, None)

    @property
    def due(self) -> int:
        """Size of the next checkpoint, 0 after the last."""
        return self.row.size if self.row else 0

    def meet(self, tree: Frontier) -> None:
        """Compare the tree with the checkpoint of its size."""
        assert self.row is not None
        row, place = self.row, self.agreed
        said = _opened(row.note, self.name, f"the checkpoint at {row.size}", place)
        if said.previous != self.previous:
            raise Broken(Fault(place, f"the checkpoint at {row.size} does not follow the one at {place}", row.size))
        _same_root(said, tree, place, f"the checkpoint at {row.size}")
        if row.root != said.root.hex() or row.frontier != [one.hex() for one in tree.hashes]:
            raise Broken(Fault(place, f"the row of the checkpoint at {row.size} differs from its note", row.size))
        self.met, self.agreed, self.previous = self.met + 1, row.size, note_hash(row.note)
        self.row = next(self.rows, None)

    def end(self, tree: Frontier) -> None:
        """Every event is under a checkpoint, and no checkpoint promises more."""
        if self.row is not None:
            raise Broken(Fault(tree.size, f"the log ends; a checkpoint promises {self.row.size} events"))
        if tree.size != self.agreed:
            raise Broken(Fault(self.agreed, "the events have places and no checkpoint", tree.size))


class _Witness:
    """What was kept outside, compared while the tree grows."""

    def __init__(self, name: str, outside: Sequence[Witnessed]) -> None:
        opened = [_opened(one.note, name, WITNESSED) for one in outside]
        self.due = {one.size: one for one in opened}
        self.leaves = {one.first + place: leaf for one in outside for place, leaf in enumerate(one.leaves)}
        self.agreed = 0

    def compare(self, first: int, leaves: Sequence[bytes]) -> None:
        """Leaves from a position on."""
        for position, leaf in enumerate(leaves if self.leaves else (), first):
            if (kept := self.leaves.get(position, "")) not in {"", leaf.hex()}:
                raise Broken(Fault(position, f"hash kept outside {kept}, computed {leaf.hex()}"))

    def meet(self, tree: Frontier) -> None:
        """The checkpoint kept outside at this size."""
        _same_root(self.due[tree.size], tree, self.agreed, WITNESSED)
        self.agreed = tree.size

    def end(self, tree: Frontier) -> None:
        """Nothing that was promised outside is missing."""
        if (longest := max(self.due, default=0)) > tree.size:
            raise Broken(Fault(tree.size, f"the log ends; {WITNESSED} promises {longest} events"))


def _same_root(said: Checkpoint, tree: Frontier, agreed: int, what: str) -> None:
    if (said.size, said.root) != (tree.size, tree.root()):
        roots = f"root {base64_text(said.root)}, computed {base64_text(tree.root())}"
        raise Broken(Fault(agreed, f"{what} says {roots}", tree.size))


def _opened(note: str, name: str, what: str, place: int = 0) -> Checkpoint:
    try:
        return note_open(note, name)
    except BadNote as bad:
        raise Broken(Fault(place, f"{what} {bad}")) from bad
