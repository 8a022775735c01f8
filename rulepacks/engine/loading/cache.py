"""Packs that were read, by the hash of their content: a pack never changes, so it need not be read twice."""

from collections import OrderedDict
from threading import Lock

from rulepacks.engine.limits import PackLimits
from rulepacks.engine.spec import Pack

KEPT = 16
LARGE = 50_000
"""Rows of lists and tables from which a pack takes too much memory to be kept."""


class LoadedPacks:
    """The packs that were used last. Limits are part of the key: they decide whether a pack is in order."""

    def __init__(self) -> None:
        self._packs: OrderedDict[tuple[str, PackLimits], Pack] = OrderedDict()
        self._lock = Lock()

    def get(self, content_hash: str, limits: PackLimits) -> Pack | None:
        """The pack with this content, or None."""
        with self._lock:
            pack = self._packs.get((content_hash, limits))
            if pack is not None:
                self._packs.move_to_end((content_hash, limits))
            return pack

    def put(self, pack: Pack, limits: PackLimits) -> None:
        """Keep a pack, unless it is large; the one not used for longest makes room."""
        listed = sum(len(spec.rows) for spec in pack.lists.values())
        if listed + sum(len(table.rows) for table in pack.tables.values()) > LARGE:
            return
        with self._lock:
            self._packs[pack.content_hash, limits] = pack
            if len(self._packs) > KEPT:
                self._packs.popitem(last=False)
