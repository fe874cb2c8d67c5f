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

DIGIT_BITS, DIGITS = 12, 6  # six digits of twelve bits hold the 64 bits of a number
COARSE_DIGITS = 4  # few numbers agree in these, down to 28 bits of the mantissa
LEADING_BITS = 16  # sign, exponent and four bits of the mantissa: 16 steps for each doubling
SIGN = np.uint64(1 << 63)


@nb.njit(inline="always")
def _key(bits: np.uint64) -> np.uint64:
    """Order of the keys = order of the numbers."""
    return ~bits if bits & SIGN else bits | SIGN


@nb.njit(nogil=True, cache=True)
def _least_key(bits: KeyArray, count: int) -> np.uint64:
    """Smallest key with the leading bits of the last of the `count` largest."""
    shift = np.uint64(64 - LEADING_BITS)
    found = np.zeros(1 << LEADING_BITS, np.uint32)
    for number in bits:
        found[_key(number) >> shift] += 1
    leading, held = found.size, 0
    while held < count:
        leading -= 1
        held += found[leading]
    return np.uint64(leading) << shift


@nb.njit(nogil=True, cache=True)
def _sort(keys: KeyArray, target: KeyArray, digits: int) -> tuple[KeyArray, KeyArray]:
    """Keys in the order of their leading digits, and the array that they are not in."""
    mask, lowest = np.uint64((1 << DIGIT_BITS) - 1), DIGITS - digits
    places = np.zeros((DIGITS, 1 << DIGIT_BITS), np.uint32)
    for key in keys:
        for digit in range(lowest, DIGITS):
            places[digit, (key >> np.uint64(DIGIT_BITS * digit)) & mask] += 1
    source = keys
    for digit in range(lowest, DIGITS):
        place, shift = places[digit], np.uint64(DIGIT_BITS * digit)
        if place.max() == keys.size:  # all share this digit
            continue
        start = 0
        for value in range(place.size):
            start, place[value] = start + place[value], start
        for key in source:
            value = (key >> shift) & mask
            target[place[value]] = key
            place[value] += 1
        source, target = target, source
    return source, target


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
def rank_within(amounts: FloatArray, count: int, keys: KeyArray, spare: KeyArray) -> FloatArray:
    """Return the `count` largest amounts (or all, if fewer), the largest first, in given memory.

    Parameters
    ----------
    amounts : ndarray
        Contiguous, fewer than 2³² of them.
    count : int
        How many.
    keys, spare : ndarray of uint64, at least as long as the amounts
        Overwritten; the result is a view of one of them. `keys` may be the memory of the amounts.
    """
    bits, held = amounts.view(np.uint64), 0
    least = _least_key(bits, count) if count < bits.size else np.uint64(0)
    for number in bits:
        key = _key(number)
        keys[held] = key  # stays when it is large enough
        held += int(key >= least)
    rising, falling = _sort(keys[:held], spare[:held], COARSE_DIGITS)
    if not _insert(rising):
        rising, falling = _sort(rising, falling, DIGITS)
    kept = min(count, held)
    for rank in range(kept):
        key = rising[held - 1 - rank]
        falling[rank] = key ^ SIGN if key & SIGN else ~key
    return falling[:kept].view(np.float64)


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
    given = np.ascontiguousarray(amounts, dtype=np.float64)
    keys, spare = np.empty((2, given.size), np.uint64)
    return rank_within(given, count, keys, spare)
