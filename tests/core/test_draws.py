"""Keyed draws: the published hash, uniform, independent, the same however they are made."""

from __future__ import annotations

import itertools

import numba as nb
import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from riskmodel.core.draws import generator, purpose_code, uniform

MASK = 2**64 - 1
GAMMA, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
KEY = (20221, purpose_code("test of draws"), 3, 5, 7)


def finalised(z: int) -> int:
    """SplitMix64's finaliser in whole numbers, as published."""
    z = (z ^ (z >> 30)) * FIRST & MASK
    z = (z ^ (z >> 27)) * SECOND & MASK
    return z ^ (z >> 31)


def unfinalised(z: int) -> int:
    """Inverse of the finaliser."""

    def unshifted(value: int, by: int) -> int:
        found = value
        for _ in range(64 // by + 1):
            found = value ^ (found >> by)
        return found

    z = unshifted(z, 31) * pow(SECOND, -1, 2**64) & MASK
    z = unshifted(z, 27) * pow(FIRST, -1, 2**64) & MASK
    return unshifted(z, 30)


def state(*key: int) -> int:
    z = key[0]
    for part in key[1:]:
        z = finalised(z ^ ((part + GAMMA) & MASK))
    return z


@nb.njit(parallel=True)
def _in_parallel(key: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.float64]:
    drawn = np.empty(count)
    for event in nb.prange(count):
        drawn[event] = uniform(key[0], key[1], event, key[3], key[4])
    return drawn


@nb.njit
def _along(key: npt.NDArray[np.int64], part: int, count: int) -> npt.NDArray[np.float64]:
    drawn = np.empty(count)
    for i in range(count):
        key[part] += 1
        drawn[i] = uniform(key[0], key[1], key[2], key[3], key[4])
    return drawn


def along(part: int, count: int = 40_000) -> npt.NDArray[np.float64]:
    """Draws whose keys are neighbours in one part."""
    return _along(np.array(KEY), part, count)


def test_the_reference_hash_is_splitmix64() -> None:
    # first output of SplitMix64 seeded with 0, from the reference implementation
    assert finalised(GAMMA) == 0xE220A8397B1DCDAF


def test_draws_are_the_hash_of_the_key() -> None:
    for key in itertools.product((0, 20221), (1, 2**32 - 1), (0, 9), (0, 330302), (0, 4)):
        assert uniform(*key) == ((state(*key) >> 11) + 0.5) * 2.0**-53


@pytest.mark.parametrize(("hashed", "drawn"), [(0, 2.0**-54), (MASK, 1.0 - 2.0**-53)])
def test_draws_never_reach_zero_or_one(hashed: int, drawn: float) -> None:
    before = state(*KEY[:4])
    draw = ((unfinalised(hashed) ^ before) - GAMMA) & MASK
    assert state(*KEY[:4], draw) == hashed
    assert uniform(*KEY[:4], np.uint64(draw)) == drawn


@pytest.mark.parametrize("part", range(5))
def test_draws_along_each_part_of_the_key_are_uniform(part: int) -> None:
    assert stats.kstest(along(part), "uniform").pvalue > 1e-3


@pytest.mark.parametrize("part", range(5))
@pytest.mark.parametrize("lag", [1, 2, 64])
def test_neighbouring_keys_are_independent(part: int, lag: int) -> None:
    drawn = along(part)
    table, _, _ = np.histogram2d(drawn[:-lag], drawn[lag:], bins=8, range=[(0, 1), (0, 1)])
    assert stats.chisquare(table.ravel()).pvalue > 1e-4


def test_parts_of_the_key_do_not_commute() -> None:
    drawn = [uniform(1, *parts) for parts in itertools.permutations((2, 3, 4, 5))]
    assert len(set(drawn)) == 24


@pytest.mark.parametrize("threads", [1, nb.config.NUMBA_NUM_THREADS])
def test_serial_and_parallel_draws_are_the_same(threads: int) -> None:
    before = nb.get_num_threads()
    nb.set_num_threads(threads)
    try:
        parallel = _in_parallel(np.array(KEY), 5000)
    finally:
        nb.set_num_threads(before)
    assert parallel.tolist() == [uniform(KEY[0], KEY[1], e, KEY[3], KEY[4]) for e in range(5000)]


def test_purpose_code_is_the_crc_of_the_name() -> None:
    # check value of CRC-32, in every description of it
    assert purpose_code("123456789") == 0xCBF43926


def test_generators_are_keyed() -> None:
    def first(seed: int, purpose: str, *keys: int) -> tuple[float, ...]:
        return tuple(generator(seed, purpose, *keys).random(4))

    keys = [(1, "tracks", 0), (2, "tracks", 0), (1, "rain", 0), (1, "tracks", 1)]
    streams = [first(*key) for key in keys]
    assert streams == [first(*key) for key in keys]
    assert len(set(streams)) == len(keys)


def test_streams_of_neighbouring_blocks_are_uncorrelated() -> None:
    a, b = (generator(1, "tracks", block).standard_normal(20_000) for block in (0, 1))
    assert abs(np.corrcoef(a, b)[0, 1]) < 4 / np.sqrt(20_000)
