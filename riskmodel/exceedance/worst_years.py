"""The largest amounts in falling order, without sorting the rest.

Curves read only the worst N/T of N years. Their amounts are picked by the leading bits and sorted
by radix (Knuth 1998, *The Art of Computer Programming* 3, section 5.2.5), several times faster
than `np.sort` of all years; the result is the same number for number.
"""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
KeyArray = npt.NDArray[np.uint64]

BITS, DIGIT_BITS, DIGITS = 64, 12, 6  # six digits of twelve bits hold the 64 bits of a number
COARSE_DIGITS = 3  # from the first bit that differs; few numbers agree in these 36 bits
LEADING_BITS = 16  # sign, exponent and four bits of the mantissa: 16 steps for each doubling
SIGN = np.uint64(1 << 63)


@nb.njit(nogil=True, cache=True)
def _least_key(keys: KeyArray, count: int) -> np.uint64:
    """Smallest key with the leading bits of the last of the `count` largest."""
    shift = np.uint64(BITS - LEADING_BITS)
    found = np.zeros(1 << LEADING_BITS, np.uint32)
    for key in keys:
        found[key >> shift] += 1
    leading, held = found.size, 0
    while held < count:
        leading -= 1
        held += found[leading]
    return np.uint64(leading) << shift


@nb.njit(nogil=True, cache=True)
def _differing_bits(keys: KeyArray) -> int:
    """Count the bits from the first in which keys differ to the last."""
    seen = np.uint64(0)
    for key in keys:
        seen |= key ^ keys[0]
    bits = 0
    while bits < BITS and seen >> np.uint64(bits):
        bits += 1
    return bits


@nb.njit(nogil=True, cache=True)
def _sort(keys: KeyArray, target: KeyArray, lowest: int, digits: int) -> bool:
    """Order keys by the digits from bit `lowest` up; return whether they end in `target`."""
    mask = np.uint64((1 << DIGIT_BITS) - 1)
    places = np.zeros((digits, 1 << DIGIT_BITS), np.uint32)
    for key in keys:
        for digit in range(digits):
            places[digit, (key >> np.uint64(lowest + DIGIT_BITS * digit)) & mask] += 1
    source, moved = keys, False
    for digit in range(digits):
        place, shift = places[digit], np.uint64(lowest + DIGIT_BITS * digit)
        if place.max() == keys.size:  # all share this digit
            continue
        start = 0
        for value in range(place.size):
            start, place[value] = start + place[value], start
        for key in source:
            value = (key >> shift) & mask
            target[place[value]] = key
            place[value] += 1
        source, target, moved = target, source, not moved
    return moved


@nb.njit(nogil=True, cache=True)
def _insert(keys: KeyArray) -> bool:
    """Sort keys that are nearly in order; give up, and say so, where they are not."""
    moves = 0
    for i in range(1, keys.size):
        key, place = keys[i], i
        while place and keys[place - 1] > key:
            keys[place] = keys[place - 1]
            place -= 1
        keys[place] = key
        moves += i - place
        if moves > keys.size:
            return False
    return True


@nb.njit(nogil=True, cache=True)
def rank_keys(memory: KeyArray, held: int, count: int) -> tuple[KeyArray, KeyArray]:
    """Return the `count` largest keys (or all, if fewer) or some more, rising, in given memory.

    Parameters
    ----------
    memory : ndarray of uint64 (2, key)
        The keys in front of the first row, fewer than 2³² of them; both rows are overwritten.
        Amounts of at least zero are keys as they are stored.
    held, count : int
        How many keys there are, and how many are wanted.

    Returns
    -------
    The rising keys, a view of one of the rows, and the other row.
    """
    keys, spare = memory
    if count < held:
        given = keys[:held]
        least, held = _least_key(given, count), 0
        for key in given:
            keys[held] = key  # stays when it is large enough
            held += int(key >= least)
    lowest = max(_differing_bits(keys[:held]) - DIGIT_BITS * COARSE_DIGITS, 0)
    if _sort(keys[:held], spare[:held], lowest, COARSE_DIGITS):
        keys, spare = spare, keys
    if not _insert(keys[:held]) and _sort(keys[:held], spare[:held], 0, DIGITS):
        keys, spare = spare, keys
    return keys[:held], spare


@nb.njit(nogil=True, cache=True)
def _worst(amounts: FloatArray, count: int) -> FloatArray:
    memory, bits = np.empty((2, amounts.size), np.uint64), amounts.view(np.uint64)
    for i in range(bits.size):  # order of the keys = order of the numbers
        memory[0, i] = ~bits[i] if bits[i] & SIGN else bits[i] | SIGN
    rising, _ = rank_keys(memory, bits.size, count)
    falling = np.empty(min(count, amounts.size), np.uint64)
    for rank in range(falling.size):
        key = rising[rising.size - 1 - rank]
        falling[rank] = key ^ SIGN if key & SIGN else ~key
    return falling.view(np.float64)


def worst_first(amounts: npt.ArrayLike, count: int) -> FloatArray:
    """Return the `count` largest amounts, the largest first: ``np.sort(amounts)[::-1][:count]``.

    Parameters
    ----------
    amounts : array_like
        One amount a year (or an occurrence), in any order.
    count : int
        At most their number.

    Examples
    --------
    >>> worst_first([2.0, 9.0, 7.0, 9.0], 3).tolist()
    [9.0, 9.0, 7.0]
    """
    return _worst(np.ascontiguousarray(amounts, dtype=np.float64), count)
