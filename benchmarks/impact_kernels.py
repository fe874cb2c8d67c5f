"""The case of `impact` by hand-written kernels that only look up and add, given intensities."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numba as nb
import numpy as np

from benchmarks.impact_peers import EVENTS, KNOTS, matrix_by_event, read_case
from benchmarks.side import Outcome


def by_event(work: Path) -> Callable[[], Outcome]:
    """Go through the matrix that CLIMADA reads, event after event."""
    case = read_case(work)
    matrix, density = matrix_by_event(case), (KNOTS - 1) / case["knots"][-1]
    arguments = (
        matrix.indices, matrix.data, case["kind"], case["value"], case["ratio"], density,
    )  # fmt: skip
    _by_event(matrix.indptr[:3], *arguments)

    def run() -> Outcome:
        return {"at_event": _by_event(matrix.indptr, *arguments)}

    return run


@nb.njit(parallel=True)
def _by_event(
    pointer: np.ndarray, point: np.ndarray, intensity: np.ndarray, kind: np.ndarray,
    value: np.ndarray, ratio: np.ndarray, density: float,
) -> np.ndarray:  # fmt: skip
    events, last = pointer.size - 1, ratio.shape[1] - 1
    sums = np.empty(events)
    for e in nb.prange(events):
        total = 0.0
        for k in range(pointer[e], pointer[e + 1]):
            curve, amount = ratio[kind[point[k]]], value[point[k]]
            at = min(intensity[k] * density, last - 1e-6)
            low = int(at)
            total += amount * (curve[low] + (at - low) * (curve[low + 1] - curve[low]))
        sums[e] = total
    return sums


def by_point(work: Path) -> Callable[[], Outcome]:
    """Go through pairs point after point, as ours are stored: the fastest way we know."""
    case = read_case(work)
    arguments = (
        case["pointer"], case["occurrence"], case["intensity"], case["kind"], case["value"],
        case["ratio"], (KNOTS - 1) / case["knots"][-1], EVENTS,
    )  # fmt: skip
    _by_point(case["pointer"][:3], *arguments[1:])

    def run() -> Outcome:
        return {"at_event": _by_point(*arguments)}

    return run


@nb.njit(parallel=True)
def _by_point(
    pointer: np.ndarray, occurrence: np.ndarray, intensity: np.ndarray, kind: np.ndarray,
    value: np.ndarray, ratio: np.ndarray, density: float, events: int,
) -> np.ndarray:  # fmt: skip
    parts = nb.get_num_threads()
    sums = np.zeros((parts, events))
    points, last = pointer.size - 1, ratio.shape[1] - 1
    for part in nb.prange(parts):
        own = sums[part]
        for c in range(part * points // parts, (part + 1) * points // parts):
            curve, amount = ratio[kind[c]], value[c]
            for k in range(pointer[c], pointer[c + 1]):
                at = min(intensity[k] * density, last - 1e-6)
                low = int(at)
                rise = curve[low + 1] - curve[low]
                own[occurrence[k]] += amount * (curve[low] + (at - low) * rise)
    return sums.sum(axis=0)
