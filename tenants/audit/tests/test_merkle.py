"""The tree against the published vectors of RFC 6962's reference implementation, and against the RFC's own words."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.audit import merkle
from tenants.audit.merkle import EMPTY_ROOT, Frontier, consistency_ranges, hash_leaf, hash_node, hash_range

# Certificate Transparency, merkletree/merkle_tree_test.cc (Apache-2.0): eight leaves and the roots over the first n.
LEAVES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): INCLUSION[0, 8],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
SIZES = st.integers(1, 1500)


def tree_head(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, word for word, over hashed leaves."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hash_node(tree_head(leaves[:half]), tree_head(leaves[half:]))


def grown(hashes: list[bytes]) -> tuple[Frontier, Callable[[int, int], bytes]]:
    """A tree grown leaf by leaf, and what a log would have stored of it."""
    tree, stored = Frontier(), {(0, place): leaf for place, leaf in enumerate(hashes)}
    for leaf in hashes:
        stored |= {(level, place): hashed for level, place, hashed in tree.append(leaf)}
    return tree, lambda level, place: stored[level, place]


def numbered(size: int) -> list[bytes]:
    return [hash_leaf(b"%d" % number) for number in range(size)]


@given(st.lists(st.integers(0, 700), max_size=4))
def test_a_tree_grown_in_parts_is_the_one_grown_leaf_by_leaf(parts: list[int]) -> None:
    one, other = Frontier(), Frontier()
    for number, size in enumerate(parts):
        leaves = [hash_leaf(b"%d %d" % (number, place)) for place in range(size)]
        finished = [node for leaf in leaves for node in one.append(leaf)]
        assert sorted(other.extend(leaves)) == sorted(finished)
        assert (other.size, other.hashes) == (one.size, one.hashes)


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_reference_implementation(size: int) -> None:
    tree, _ = grown([hash_leaf(leaf) for leaf in LEAVES[:size]])
    assert tree.root().hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_inclusion_paths_are_those_of_the_reference_implementation(index: int, size: int) -> None:
    _, stored = grown([hash_leaf(leaf) for leaf in LEAVES])
    found = [hash_range(*part, stored).hex() for part in merkle.inclusion_ranges(index, size)]
    assert found == INCLUSION[index, size]


@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_consistency_proofs_are_those_of_the_reference_implementation(old: int, new: int) -> None:
    _, stored = grown([hash_leaf(leaf) for leaf in LEAVES])
    assert [hash_range(*part, stored).hex() for part in consistency_ranges(old, new)] == CONSISTENCY[old, new]


@given(SIZES)
def test_a_tree_grown_leaf_by_leaf_has_the_root_of_the_definition(size: int) -> None:
    leaves = numbered(size)
    tree, stored = grown(leaves)
    assert tree.root() == tree_head(leaves) == hash_range(0, size, stored)
    assert Frontier(tree.size, tree.hashes).root() == tree.root()


@given(SIZES, st.data())
def test_each_hash_of_a_proof_is_the_root_over_what_it_covers(size: int, data: st.DataObject) -> None:
    leaves = numbered(size)
    _, stored = grown(leaves)
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    for first, last in [*merkle.inclusion_ranges(index, size), *consistency_ranges(old, size)]:
        assert hash_range(first, last, stored) == tree_head(leaves[first:last])


@given(SIZES, st.data())
def test_an_inclusion_path_covers_every_other_leaf_once(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    covered = [place for first, last in merkle.inclusion_ranges(index, size) for place in range(first, last)]
    assert sorted([*covered, index]) == list(range(size))


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_a_leaf_outside_the_tree_has_no_path(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="not in a tree"):
        merkle.inclusion_ranges(index, size)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3)])
def test_only_a_shorter_log_is_a_beginning(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="no beginning"):
        consistency_ranges(old, new)


def test_a_frontier_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="2 perfect subtrees"):
        Frontier(3, [b""])
