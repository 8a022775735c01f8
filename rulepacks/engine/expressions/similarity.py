"""Jaro-Winkler similarity in Python: the twin of DuckDB's `jaro_winkler_similarity`, to the sixth decimal.

Source: M. A. Jaro, "Advances in Record-Linkage Methodology", JASA 84 (1989); W. E. Winkler, "String Comparator Metrics
and Enhanced Decision Rules", 1990. Variant: bytes of UTF-8 are compared; a common prefix of up to 4 counts with weight
0.1, only where the Jaro similarity is above 0.7.
"""

import math
from decimal import Decimal

from rulepacks.engine.expressions.types import decimal

SIMILARITY = decimal(7, 6)
BOOST = 0.7
WEIGHT = 0.1
PREFIX = 4
LONGEST = 1_000
"""Characters of a text that are compared: the work grows with the square."""
MILLION = 10**6


def jaro_winkler(left: str, right: str) -> Decimal:
    """The similarity from 0 to 1, rounded half up to six decimals."""
    first, second = left[:LONGEST].encode(), right[:LONGEST].encode()
    similarity = _jaro(first, second)
    if similarity > BOOST:
        similarity += _common_prefix(first, second) * WEIGHT * (1.0 - similarity)
    return Decimal(math.floor(similarity * MILLION + 0.5)).scaleb(-6)


def similarity_sql(left: str, right: str) -> str:
    """SQL of the same, not rounded."""
    return f'jaro_winkler_similarity("left"({left}, {LONGEST}), "left"({right}, {LONGEST}))'


def _jaro(first: bytes, second: bytes) -> float:
    """Matches are equal bytes no further apart than half the longer text, less one."""
    if not first or not second:
        return 0.0
    reach = max(0, max(len(first), len(second)) // 2 - 1)
    taken = bytearray(len(second))
    matched = bytearray()
    for at, letter in enumerate(first):
        for other in range(max(0, at - reach), min(len(second), at + reach + 1)):
            if not taken[other] and second[other] == letter:
                taken[other] = 1
                matched.append(letter)
                break
    if not matched:
        return 0.0
    common = len(matched)
    across = [letter for letter, used in zip(second, taken, strict=True) if used]
    swapped = sum(one != other for one, other in zip(matched, across, strict=True)) // 2
    return (common / len(first) + common / len(second) + (common - swapped) / common) / 3.0


def _common_prefix(first: bytes, second: bytes) -> int:
    pairs = list(zip(first[:PREFIX], second[:PREFIX], strict=False))
    return next((at for at, (one, other) in enumerate(pairs) if one != other), len(pairs))
