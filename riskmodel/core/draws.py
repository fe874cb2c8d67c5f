"""Keyed draws: every random number is a function of (seed, purpose, event, zone, draw).

Adding a county or a tier therefore leaves every other draw bit-equal, and serial, threaded and
distributed runs agree. The hash is the finaliser of SplitMix64 (Steele, Lea & Flood 2014,
doi 10.1145/2714064.2660195), applied once for each part of the key.
"""

from __future__ import annotations

import zlib

import numba as nb
import numpy as np

BELOW_ONE = 1.0 - 2.0**-53


@nb.njit(nb.uint64(nb.uint64, nb.uint64), cache=True, inline="always")
def mixed(state: np.uint64, part: np.uint64) -> np.uint64:
    """Mix one more part into the state of a key; for compiled code that draws many from one key."""
    z = state ^ (part + np.uint64(0x9E3779B97F4A7C15))
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@nb.njit(cache=True)
def uniform(seed: int, purpose: int, event: int, zone: int, draw: int) -> float:
    """Uniform number in (0, 1) for one key; callable from compiled code.

    Parameters
    ----------
    seed : int
        Seed of the run.
    purpose : int
        From `purpose_code`; keeps streams of different uses apart.
    event, zone, draw : int
        Event (or occurrence) number, zone or cell number, and index of the draw.
    """
    z = mixed(np.uint64(seed), np.uint64(purpose))
    z = mixed(z, np.uint64(event))
    z = mixed(z, np.uint64(zone))
    z = mixed(z, np.uint64(draw))
    # the largest hash would round up to 1.0
    return min((np.float64(z >> np.uint64(11)) + 0.5) * (1.0 / 9007199254740992.0), BELOW_ONE)


def key_state(seed: int, purpose: int) -> int:
    """State of a key after its seed and purpose, to be `mixed` with further parts."""
    return int(mixed(np.uint64(seed), np.uint64(purpose)))


def purpose_code(purpose: str) -> int:
    """Stable integer of a purpose's name (CRC-32), the `purpose` part of a key."""
    return zlib.crc32(purpose.encode())


def generator(seed: int, purpose: str, *keys: int) -> np.random.Generator:
    """Return a Generator for a coarse stream (one block, one source) keyed like `uniform`.

    A purpose must always take the same number of keys: a last key of 0 is not told from no key.
    """
    return np.random.Generator(np.random.Philox(seed=[seed, purpose_code(purpose), *keys]))
