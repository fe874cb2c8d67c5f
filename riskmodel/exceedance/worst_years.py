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

DIGIT_BITS, DIGITS = 11, 6  # six digits of eleven bits hold the 64 bits of a number
LEADING_BITS = 16  # sign, exponent and four bits of the mantissa: 16 steps for each doubling
SIGN = np.uint64(1 << 63)


@nb.njit(nogil=True, cache=True)
def _leading_keys(keys: KeyArray, count: int) -> KeyArray:
    """Keys that hold the `count` largest: those whose leading bits are not below theirs."""
    shift = np.uint64(64 - LEADING_BITS)
    found = np.zeros(1 << LEADING_BITS, np.int64)
    for key in keys:
        found[key >> shift] += 1
    bucket, held = found.size, 0
    while held < count:
        bucket -= 1
        held += found[bucket]
    chosen, at = np.empty(held, np.uint64), 0
    for key in keys:
        if key >> shift >= bucket:
            chosen[at] = key
            at += 1
    return chosen


@nb.njit(nogil=True, cache=True)
def _sort(keys: KeyArray) -> KeyArray:
    """Keys in rising order, digit by digit from the last; `keys` are overwritten."""
    mask = np.uint64((1 << DIGIT_BITS) - 1)
    places = np.zeros((DIGITS, 1 << DIGIT_BITS), np.int64)
    for key in keys:
        for digit in range(DIGITS):
            places[digit, (key >> np.uint64(DIGIT_BITS * digit)) & mask] += 1
    source, target = keys, np.empty_like(keys)
    for digit in range(DIGITS):
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
    return source


@nb.njit(nogil=True, cache=True)
def rank_into(rising: FloatArray, amounts: FloatArray) -> None:
    """Fill `rising` with the largest amounts in rising order, and zeros where there are fewer.

    Parameters
    ----------
    rising : ndarray
        Filled from its end; as long as the number of amounts wanted.
    amounts : ndarray
        Contiguous; not negative where `rising` is longer.
    """
    bits = amounts.view(np.uint64)
    keys = np.empty(bits.size, np.uint64)
    for i in range(bits.size):  # order of the keys = order of the numbers
        keys[i] = ~bits[i] if bits[i] & SIGN else bits[i] | SIGN
    if rising.size < keys.size:
        keys = _leading_keys(keys, rising.size)
    keys = _sort(keys)
    kept = min(rising.size, keys.size)
    rising[: rising.size - kept] = 0.0
    tail = rising[rising.size - kept :].view(np.uint64)
    for i in range(kept):
        key = keys[keys.size - kept + i]
        tail[i] = key ^ SIGN if key & SIGN else ~key


def worst_first(amounts: npt.ArrayLike, count: int) -> FloatArray:
    """Return the `count` largest amounts in falling order, ties and all.

    Parameters
    ----------
    amounts : array_like
        One amount a year (or an occurrence), in any order.
    count : int
        At most their number.

    Returns
    -------
    ndarray (count), ``np.sort(amounts)[::-1][:count]`` number for number and in its memory order,
    on which the last bits of sums depend.

    Examples
    --------
    >>> worst_first([2.0, 9.0, 7.0, 9.0], 3).tolist()
    [9.0, 9.0, 7.0]
    """
    rising = np.empty(count)
    rank_into(rising, np.ascontiguousarray(amounts, dtype=np.float64))
    return rising[::-1]
