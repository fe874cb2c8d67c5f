"""Ranking against an independent one in pandas, and by hand; ties, second storms, refusals."""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy import stats

from riskmodel.core.errors import CatalogueError
from riskmodel.hazard.position import position_of_rate, rank_positions, stored_ranks
from riskmodel.hazard.ranking import Interpolation, Pool, Ranks
from tests.hazard.conftest import (
    GRID,
    PERIODS,
    POISSON,
    BlockPairs,
    pool_from,
    ranked_whole,
    storm_block,
)

YEARS = 400
POSITIONS = rank_positions(YEARS, 0.3, PERIODS, POISSON)
STORED = stored_ranks(POSITIONS, 0.3)
ALL_RANKS = np.arange(STORED)


def direct(cells: int) -> Interpolation:
    """Each cell reads a node of its own."""
    node = np.repeat(np.arange(cells, dtype=np.int32)[:, None], 4, axis=1)
    return Interpolation(node, np.tile([1.0, 0.0, 0.0, 0.0], (cells, 1)))


def rank(
    indices: npt.NDArray[np.float32],
    year: npt.NDArray[np.int64],
    interpolation: Interpolation,
    *,
    positions: npt.NDArray[np.uint16] = POSITIONS,
    stored: int = STORED,
    cells: npt.NDArray[np.int64] | None = None,
    key: tuple[int, int] = (5, 0),
) -> BlockPairs:
    count = interpolation.node.shape[0]
    chosen = np.arange(count) if cells is None else cells
    ranks = Ranks(positions, stored, np.arange(stored))
    return ranked_whole(
        pool_from(indices, year, positions.size), interpolation, chosen, ranks, key=key
    )


def dense(pairs: BlockPairs, storms: int) -> npt.NDArray[np.int64]:
    """Stored positions (cell, storm); 0 where nothing is stored."""
    table = np.zeros((pairs.pointer.size - 1, storms), dtype=np.int64)
    cell = np.repeat(np.arange(pairs.pointer.size - 1), np.diff(pairs.pointer))
    table[cell, pairs.occurrence] = pairs.position
    return table


@pytest.fixture(scope="module")
def synthetic() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64], Interpolation]:
    block = storm_block(YEARS, 0)
    random = np.random.default_rng(1)
    lat, lon = random.uniform(27.0, 28.0, 12), random.uniform(120.0, 121.0, 12)
    return block.indices["wind"], block.occurrences["year"].values, GRID.interpolation(lat, lon)


# --- by hand ------------------------------------------------------------------------------------


def test_a_block_of_five_years_by_hand() -> None:
    # storms by year: 3 and 8 | none | 5 | 8.5 and 6.5 | 0; storage keeps the three rarest years
    index = np.array([[3.0, 8.0, 5.0, 8.5, 6.5, 0.0]], dtype=np.float32)
    year = np.array([0, 0, 2, 3, 3, 4])
    positions = np.array([9000, 7000, 4000, 2000, 1000], dtype=np.uint16)
    pairs = rank(index, year, direct(1), positions=positions, stored=3)
    # maxima 8.5, 8, 5; the second storm of year 3 lies halfway between 8 and 5
    assert pairs.occurrence.tolist() == [1, 2, 3, 4]
    assert pairs.position.tolist() == [7000, 4000, 9000, 5500]
    assert pairs.pointer.tolist() == [0, 4]
    assert pairs.rank_index.tolist() == [[8.5, 8.0, 5.0]]


def test_cells_that_no_map_reaches_store_nothing(synthetic: tuple) -> None:
    indices, year, interpolation = synthetic
    some = np.array([2, 5, 11])
    pairs = rank(indices, year, interpolation, cells=some)
    counts = np.diff(pairs.pointer)
    assert set(np.flatnonzero(counts)) == {2, 5, 11}
    whole = dense(rank(indices, year, interpolation), year.size)
    assert np.array_equal(dense(pairs, year.size)[some], whole[some])


def test_storms_keep_the_numbers_they_have_among_all_sources() -> None:
    # the pool holds occurrences 3, 4 and 9 of the block, in three years
    index = np.array([[3.0, 5.0, 8.0]], dtype=np.float32)
    pool = Pool(index, np.array([3, 4, 9], dtype=np.uint32), np.array([0, 1, 2, 3]))
    ranks = Ranks(np.array([9000, 7000, 4000], dtype=np.uint16), 2, np.array([0]))
    pairs = ranked_whole(pool, direct(1), np.array([0]), ranks)
    assert pairs.occurrence.tolist() == [4, 9]
    assert pairs.position.tolist() == [7000, 9000]


# --- an independent ranking ---------------------------------------------------------------------


def ranked_by_pandas(value: npt.NDArray[np.float64], year: npt.NDArray[np.int64]) -> pd.Series:
    """Expected position of each storm at one cell, as a real number; NaN where not stored."""
    storms = pd.DataFrame({"year": year, "value": value})
    maxima = storms.groupby("year")["value"].max().reindex(range(YEARS), fill_value=0.0)
    order = maxima.rank(ascending=False, method="first").astype(int)
    probability = (order - 0.3) / YEARS
    rate = -np.log1p(-probability)
    ladder = pd.Series((-np.log(rate) / 2.5e-4).to_numpy(), index=maxima).sort_index()
    lowest = maxima[rate <= 0.3].min()
    position = np.interp(storms["value"], ladder.index, ladder.to_numpy())
    return pd.Series(position).where(storms["value"] >= lowest)


def test_positions_agree_with_an_independent_ranking(synthetic: tuple) -> None:
    indices, year, interpolation = synthetic
    found = dense(rank(indices, year, interpolation), year.size)
    for cell in range(12):
        weight, node = interpolation.weight[cell], interpolation.node[cell]
        expected = ranked_by_pandas(weight @ indices[node].astype(np.float64), year)
        stored = found[cell] > 0
        assert np.array_equal(stored, expected.notna().to_numpy())
        # rounded, and snapped at mapped rates (half a step each); second storms are cut to integers
        assert np.abs(found[cell][stored] - expected[stored]).max() <= 2.0


def test_annual_maxima_take_every_stored_rank_once(synthetic: tuple) -> None:
    indices, year, interpolation = synthetic
    found = pd.DataFrame(dense(rank(indices, year, interpolation), year.size).T)
    largest = found.groupby(year).max()
    for cell in range(12):
        ranked = np.sort(largest[cell])[::-1][:STORED]
        assert np.array_equal(ranked, POSITIONS[:STORED])


def test_the_rank_function_is_the_sorted_maxima(synthetic: tuple) -> None:
    indices, year, interpolation = synthetic
    pairs = rank(indices, year, interpolation)
    for cell in range(12):
        value = interpolation.weight[cell] @ indices[interpolation.node[cell]].astype(np.float64)
        maxima = pd.Series(value).groupby(year).max().sort_values(ascending=False)
        np.testing.assert_allclose(pairs.rank_index[cell], maxima[:STORED], rtol=1e-6)


# --- ties ---------------------------------------------------------------------------------------


def tied(cells: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Few levels, so that most years tie; the same at every cell."""
    random = np.random.default_rng(8)
    year = np.repeat(np.arange(YEARS), 2)
    level = random.integers(1, 4, year.size).astype(np.float32)
    return np.tile(level, (cells, 1)), year


def test_tied_years_share_out_their_ranks() -> None:
    indices, year = tied(1)
    found = dense(rank(indices, year, direct(1)), year.size)[0]
    maxima = pd.Series(indices[0]).groupby(year).max().to_numpy()
    top = np.flatnonzero(maxima == 3.0)
    assert top.size > STORED  # more ties at the top than ranks that are kept
    positions = pd.Series(found).groupby(year).max().to_numpy()
    assert sorted(positions[top][positions[top] > 0]) == sorted(POSITIONS[:STORED].tolist())
    assert (positions[maxima < 3.0] == 0).all()


def test_ties_do_not_depend_on_the_order_of_storms_or_cells_or_threads() -> None:
    indices, year = tied(300)  # more than one chunk
    plain = dense(rank(indices, year, direct(300)), year.size)
    order = np.arange(year.size).reshape(YEARS, 2)[:, ::-1].ravel()
    reordered = np.ascontiguousarray(indices[:, order])
    swapped = dense(rank(reordered, year, direct(300)), year.size)
    by_year = plain.reshape(300, YEARS, 2).max(axis=2)
    assert np.array_equal(by_year, swapped.reshape(300, YEARS, 2).max(axis=2))
    one = np.array([299])
    assert np.array_equal(
        dense(rank(indices, year, direct(300), cells=one), year.size)[299], plain[299]
    )
    before = nb.get_num_threads()
    nb.set_num_threads(1)
    try:
        assert np.array_equal(dense(rank(indices, year, direct(300)), year.size), plain)
    finally:
        nb.set_num_threads(before)


def test_ties_are_drawn_by_seed_block_cell_and_year() -> None:
    indices, year = tied(300)

    def by_year(key: tuple[int, int]) -> npt.NDArray[np.int64]:
        found = dense(rank(indices, year, direct(300), key=key), year.size)
        return found.reshape(300, YEARS, 2).max(axis=2)

    plain = by_year((5, 0))
    assert not np.array_equal(plain, by_year((6, 0)))
    assert not np.array_equal(plain, by_year((5, 1)))
    assert not np.array_equal(plain[0], plain[1])
    # among years that tie at the top each is as likely to be kept: 300 cells are the trials
    top = np.flatnonzero(indices[0].reshape(YEARS, 2).max(axis=1) == 3.0)
    kept = (plain[:, top] > 0).sum(axis=0)
    assert kept.sum() == 300 * STORED
    share = STORED / top.size
    # draws without replacement: variance 300 p (1 - p), one degree of freedom less
    statistic = ((kept - 300 * share) ** 2).sum() / (300 * share * (1 - share))
    assert stats.chi2(top.size - 1).sf(statistic * (top.size - 1) / top.size) > 1e-3


def test_the_mean_rank_of_tied_years_is_even() -> None:
    indices, year = tied(300)
    found = dense(rank(indices, year, direct(300)), year.size).reshape(300, YEARS, 2).max(axis=2)
    top = np.flatnonzero(indices[0].reshape(YEARS, 2).max(axis=1) == 3.0)
    first, second = np.array_split(top, 2)
    rank_of = np.searchsorted(-POSITIONS.astype(int), -found.astype(int))
    early, late = (rank_of[:, part][found[:, part] > 0] for part in (first, second))
    assert stats.mannwhitneyu(early, late).pvalue > 1e-3


# --- second storms, zeros, refusals -------------------------------------------------------------


def test_a_second_storm_is_never_rarer_than_its_years_maximum(synthetic: tuple) -> None:
    indices, year, interpolation = synthetic
    found = dense(rank(indices, year, interpolation), year.size)
    for cell in range(12):
        value = interpolation.weight[cell] @ indices[interpolation.node[cell]].astype(np.float64)
        largest = pd.Series(value).groupby(year).idxmax().to_numpy()
        leader = dict(zip(year[largest], largest, strict=True))
        for storm in np.flatnonzero(found[cell]):
            assert found[cell, storm] <= found[cell, leader[year[storm]]]


def test_an_index_of_zero_is_never_stored() -> None:
    random = np.random.default_rng(4)
    year = np.repeat(np.arange(YEARS), 3)
    index = random.exponential(10.0, (5, year.size)) * (random.random((5, year.size)) < 0.2)
    found = dense(rank(index.astype(np.float32), year, direct(5)), year.size)
    assert (found > 0).any()
    assert (found[index == 0] == 0).all()


@pytest.mark.parametrize("positive", [STORED - 1, STORED])
def test_fewer_positive_years_than_the_storage_rate_needs_are_refused(positive: int) -> None:
    year = np.arange(YEARS)
    index = np.where(year < positive, 1.0 + year, 0.0).astype(np.float32)[None].repeat(2, axis=0)
    index[0] += 1.0  # cell 0 has enough
    if positive == STORED:
        assert np.diff(rank(index, year, direct(2)).pointer).tolist() == [STORED, STORED]
        return
    told = (
        "wind, block 0, cell 1: fewer positive years.*found '1 such cells among the 2 ranked "
        rf"together'.*{STORED} years.*to do: lower"
    )
    with pytest.raises(CatalogueError, match=told):
        rank(index, year, direct(2))


def test_what_is_kept_is_at_least_as_rare_as_the_storage_rate(synthetic: tuple) -> None:
    indices, year, interpolation = synthetic
    pairs = rank(indices, year, interpolation)
    assert pairs.position.min() >= position_of_rate(0.3)
    assert pairs.position.dtype == np.uint16
    for cell in range(12):
        run = pairs.occurrence[pairs.pointer[cell] : pairs.pointer[cell + 1]]
        assert (np.diff(run.astype(np.int64)) > 0).all()
