"""Ranking alone, beside the way one would write it with numpy and scipy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numba
import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from benchmarks.side import Outcome
from benchmarks.storms import census, ranking_case, stored_case, warm_up
from riskmodel.hazard.ranking import Pool, Ranks, rank_block

PERIL = "typhoon_wind"
SAMPLE = 2_000
Arrays = Mapping[str, np.ndarray]


def _sample(cells: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Cells evenly spread over those that the peril reaches."""
    return cells[np.linspace(0, cells.size - 1, SAMPLE).astype(np.int64)]


def ours(work: Path) -> Callable[[], Outcome]:
    """Rank the sample with the workbench's kernel, on one core like the alternative."""
    numba.set_num_threads(1)
    tree, (source, settings) = census(), stored_case(work)
    pool, interpolation, cells, ranks = ranking_case(source, settings, tree, PERIL)
    warm_up(source, settings, tree)

    def run() -> Outcome:
        parts = list(
            rank_block(
                pool, interpolation, _sample(cells), ranks, key=(settings.seed, 0), peril=PERIL
            )
        )
        names = ("count", "occurrence", "position", "rank_index")
        return {name: np.concatenate([getattr(p, name) for p in parts]) for name in names}

    return run


def plain(work: Path) -> Callable[[], Outcome]:
    """Rank the sample with numpy and scipy, a cell at a time."""
    tree, (source, settings) = census(), stored_case(work)
    pool, interpolation, cells, ranks = ranking_case(source, settings, tree, PERIL)

    def run() -> Outcome:
        parts = [
            rank_plainly(interpolation.weight[c] @ pool.index[interpolation.node[c]], pool, ranks)
            for c in _sample(cells)
        ]
        storms, positions, knots = zip(*parts, strict=True)
        return {
            "count": np.array([s.size for s in storms]),
            "occurrence": pool.number[np.concatenate(storms)],
            "position": np.concatenate(positions),
            "rank_index": np.stack(knots),
        }

    return run


def rank_plainly(
    value: npt.NDArray[np.float64], pool: Pool, ranks: Ranks
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Storms that one cell keeps, their positions, and the index at the knots."""
    storms_of_year = np.diff(pool.year_pointer)
    some = storms_of_year > 0
    maxima = np.zeros(some.size)
    maxima[some] = np.maximum.reduceat(value, pool.year_pointer[:-1][some])
    rank = rankdata(-maxima, method="ordinal")
    top = -np.sort(-maxima)[: ranks.stored]
    in_kept_year = np.repeat(rank <= ranks.stored, storms_of_year)
    storms = np.flatnonzero(in_kept_year & (value >= top[-1]))
    rising = ranks.positions[: ranks.stored][::-1].astype(np.float64)
    positions = np.interp(value[storms], top[::-1], rising)
    return storms, positions, top[ranks.knots]


def judge(one: Arrays, other: Arrays) -> tuple[bool, str]:
    """Whether both keep the same pairs, to one position step, and read the same indices."""
    same_pairs = all(np.array_equal(one[n], other[n]) for n in ("count", "occurrence"))
    apart = np.abs(one["position"] - other["position"]).max() if same_pairs else np.inf
    indices = np.allclose(one["rank_index"], other["rank_index"], rtol=1e-6)
    how = (
        f"{one['occurrence'].size} pairs of {SAMPLE} cells: the same cells and occurrences, "
        f"positions within one step (largest difference {apart:.3g}), indices to 1e-6"
    )
    return bool(same_pairs and apart <= 1 and indices), how
