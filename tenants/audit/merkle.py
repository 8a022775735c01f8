"""The Merkle tree of RFC 6962, section 2.1: hashes, growth, and which subtrees a proof is made of. Knows no database.

A node is named by its level (0 for leaves) and its place in that level; it covers `2 ** level` leaves.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence

LEAF, INNER = b"\x00", b"\x01"
EMPTY_ROOT = hashlib.sha256().digest()
STORED_EVERY = 8
"""Of the inner nodes, those of every eighth level are stored: 1/255 of all, and any other is 128 hashes away."""

Range = tuple[int, int]
"""Leaves from the first up to, without, the second: what one hash of a proof covers."""
Node = tuple[int, int]
"""Level and place."""
Finished = tuple[int, int, bytes]
"""A node that will not change any more: level, place, hash."""


def hash_leaf(content: bytes) -> bytes:
    """Hash of a leaf."""
    return hashlib.sha256(LEAF + content).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return hashlib.sha256(INNER + left + right).digest()


def fold(hashes: Iterable[bytes]) -> bytes:
    """Root over perfect subtrees, largest first: the right edge of a tree of any size."""
    root: bytes | None = None
    for part in reversed(list(hashes)):
        root = part if root is None else hash_node(part, root)
    return EMPTY_ROOT if root is None else root


class Frontier:
    """A tree that grows: its size and the roots of its perfect subtrees, largest first. That is all growing needs."""

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size, self.hashes = size, list(hashes)
        if len(self.hashes) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} perfect subtrees")

    def append(self, leaf: bytes) -> list[Finished]:
        """Add the hash of a leaf; answers the nodes this finished that are worth storing."""
        finished, level, place = [], 0, self.size
        while place & 1:
            leaf = hash_node(self.hashes.pop(), leaf)
            level, place = level + 1, place >> 1
            if level % STORED_EVERY == 0:
                finished.append((level, place, leaf))
        self.hashes.append(leaf)
        self.size += 1
        return finished

    def extend(self, leaves: Sequence[bytes]) -> list[Finished]:
        """The same for many leaves, level by level, at half the time; the answer is in the order of levels."""
        nodes, level, place, left = list(leaves), 0, self.size, list[bytes]()
        finished: list[Finished] = []
        self.size += len(nodes)
        while nodes:
            if place & 1:
                nodes.insert(0, self.hashes.pop())
            if len(nodes) & 1:
                left.append(nodes.pop())
            nodes = [hash_node(one, other) for one, other in zip(nodes[::2], nodes[1::2], strict=True)]
            level, place = level + 1, place >> 1
            if level % STORED_EVERY == 0:
                finished += [(level, place + number, node) for number, node in enumerate(nodes)]
        self.hashes += reversed(left)
        return finished

    def root(self) -> bytes:
        """Root of the tree as it is now."""
        return fold(self.hashes)


def split(first: int, last: int) -> int:
    """Where RFC 6962 parts a tree in two: after the largest power of two leaves that leaves something over."""
    return first + (1 << (last - first - 1).bit_length() - 1)


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """What the hashes of `PATH(index, D[size])` cover, from the leaf up (section 2.1.1). Raises ValueError."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    found, first, last = [], 0, size
    while last - first > 1:
        middle = split(first, last)
        if index < middle:
            found.append((middle, last))
            last = middle
        else:
            found.append((first, middle))
            first = middle
    return found[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """What the hashes of `PROOF(old, D[new])` cover, from the bottom up (section 2.1.2). Raises ValueError."""
    if not 0 < old <= new:
        raise ValueError(f"a tree of {old} leaves is no beginning of one of {new}")
    found, first, last = [], 0, new
    while old != last:
        middle = split(first, last)
        if old <= middle:
            found.append((middle, last))
            last = middle
        else:
            found.append((first, middle))
            first = middle
    # The old tree's own root is known to whoever asks; a subtree of it is not.
    return [*([(first, last)] if first else []), *found[::-1]]


def perfect(first: int, last: int) -> Iterator[Node]:
    """The largest perfect subtrees that make up the range, from the left."""
    while first < last:
        level = (last - first).bit_length() - 1
        yield level, first >> level
        first += 1 << level


def stored_under(node: Node) -> tuple[int, int, int]:
    """The stored nodes that a node is computed from: their level, the first place, the place after the last."""
    level, place = node
    above = level % STORED_EVERY
    return level - above, place << above, (place + 1) << above


def hash_range(first: int, last: int, stored: Callable[[int, int], bytes]) -> bytes:
    """Hash over a range of a proof, from stored nodes: `stored(level, place)`."""
    return fold(hash_perfect(node, stored) for node in perfect(first, last))


def hash_perfect(node: Node, stored: Callable[[int, int], bytes]) -> bytes:
    """Hash of one node, from the stored ones below it."""
    level, first, last = stored_under(node)
    hashes = [stored(level, place) for place in range(first, last)]
    while len(hashes) > 1:
        hashes = [hash_node(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)]
    return hashes[0]


def outer_ranges(first: int, last: int, size: int) -> list[Range]:
    """The largest subtrees outside of some leaves, from the left: with the leaves they make up the root.

    For one leaf these are the ranges of its inclusion path in another order. Raises ValueError.
    """
    if not 0 <= first <= last <= size:
        raise ValueError(f"leaves {first} to {last} are not in a tree of {size}")
    found, open_parts = [], [(0, size)] if size else []
    while open_parts:
        begin, end = open_parts.pop()
        if end <= first or begin >= last:
            found.append((begin, end))
        elif not first <= begin < end <= last:
            middle = split(begin, end)
            open_parts += [(middle, end), (begin, middle)]
    return found
