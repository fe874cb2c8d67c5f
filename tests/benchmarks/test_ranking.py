"""The plain ranking of the benchmark agrees with the kernel, and its judge can fail."""

from __future__ import annotations

import numpy as np

from benchmarks.ranking import judge, rank_plainly
from riskmodel.core.draws import generator
from riskmodel.hazard.ranking import Interpolation, Pool, Ranks, rank_block

PAIRS = {
    "count": np.array([2, 1]),
    "occurrence": np.array([0, 3, 1], dtype=np.uint32),
    "position": np.array([9000, 7000, 8000], dtype=np.uint16),
    "rank_index": np.array([[30.0], [25.0]], dtype=np.float32),
}


def judged(**changes: np.ndarray) -> bool:
    return judge(PAIRS, PAIRS | changes)[0]


def test_judge_allows_one_position_step_and_no_other_difference() -> None:
    assert judged(position=np.array([9000.9, 7000.0, 8000.0]))
    assert not judged(position=np.array([9000.0, 7000.0, 8001.5]))
    assert not judged(count=np.array([1, 2]))
    assert not judged(occurrence=np.array([0, 3, 2]))
    assert not judged(rank_index=np.array([[30.0], [25.1]]))


def test_plain_ranking_agrees_with_the_kernel() -> None:
    """Years of none, one and several storms, the first and the last year among the empty ones."""
    random = generator(3, "storms of a benchmark's test")
    storms_of_year = np.concatenate([[0], random.poisson(2.0, 298), [0]])
    pointer = np.append(0, np.cumsum(storms_of_year)).astype(np.int64)
    index = random.gumbel(20.0, 8.0, (4, pointer[-1])).clip(0.0).astype(np.float32)
    pool = Pool(index, np.arange(pointer[-1], dtype=np.uint32), pointer)
    grid = Interpolation(np.array([[0, 1, 2, 3]], np.int32), np.array([[0.4, 0.3, 0.2, 0.1]]))
    positions = np.linspace(30_000, 2_000, 300).astype(np.uint16)
    ranks = Ranks(positions, 90, np.array([0, 10, 89]))
    [kernel] = rank_block(pool, grid, np.array([0]), ranks, key=(1, 0), peril="wind")
    value = grid.weight[0] @ index
    storms, plain, knots = rank_plainly(value, pool, ranks)
    assert storms.size > 90  # second storms too
    np.testing.assert_array_equal(kernel.occurrence, storms)
    assert np.abs(kernel.position - plain).max() <= 1
    np.testing.assert_allclose(kernel.rank_index[0], knots, rtol=1e-6)
