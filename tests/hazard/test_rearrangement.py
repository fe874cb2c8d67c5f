"""Rearranged catalogues keep every cell's yearly lists and change only which years meet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, permutations, product
from math import comb

import numba as nb
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from riskmodel.core.errors import CatalogueError
from riskmodel.core.schema import check
from riskmodel.hazard.catalogue import OCCURRENCES, PAIRS
from riskmodel.hazard.fidelity import fidelity, summary
from riskmodel.hazard.rearrangement import Case, rearranged_blocks
from riskmodel.loss.compilation import compile_table
from riskmodel.loss.occurrence_table import occurrence_table
from tests.hazard.conftest import CELLS, curves_of
from tests.loss.conftest import UNITS, make_city, small_items
from tests.loss.dense import block_results

CASES: tuple[Case, Case] = ("comonotone", "independent")
PERILS = ("wind", "flood")
YEARS, BLOCKS = 2000, 3  # of the catalogue in conftest.py
Lists = list[dict[int, list[int]]]  # for each cell the positions by year


def lists_of(catalogue: xr.DataTree, peril: str, block: int = 0) -> Lists:
    """Positions by cell and year, in the order in which they are stored."""
    table = catalogue.to_dataset()
    pairs = catalogue[f"block_{block:02d}/{peril}"].to_dataset()
    first = block * int(catalogue.attrs["years_per_block"])
    year = table["year"].values[table["block"].values == block] - first
    pointer = pairs["pointer"].values
    made: Lists = [{} for _ in range(pointer.size - 1)]
    for cell, found in enumerate(made):
        run = slice(pointer[cell], pointer[cell + 1])
        numbers, positions = (pairs[n].values[run].tolist() for n in ("occurrence", "position"))
        for number, position in zip(numbers, positions, strict=True):
            found.setdefault(int(year[number]), []).append(position)
    return made


def multisets(lists: Lists) -> list[Counter[tuple[int, ...]]]:
    return [Counter(tuple(sorted(run)) for run in cell.values()) for cell in lists]


def maxima(lists: Lists, years: int = YEARS) -> np.ndarray:
    """Annual maxima (cell, year); zero in a year without any."""
    made = np.zeros((len(lists), years))
    for cell, found in enumerate(lists):
        made[cell, list(found)] = [max(run) for run in found.values()]
    return made


def by_hand(lists: dict[str, Lists], years: int) -> xr.DataTree:
    """Catalogue of one block: occurrence = 3 x year + place in the year's list."""
    nodes = {}
    for peril, cells in lists.items():
        rows = [
            (cell, 3 * year + place, position)
            for cell, found in enumerate(cells)
            for year in sorted(found)
            for place, position in enumerate(found[year])
        ]
        cell, occurrence, position = np.array(rows, np.int64).reshape(-1, 3).T
        pairs = {
            "pointer": ("edge", np.searchsorted(cell, np.arange(len(cells) + 1))),
            "occurrence": ("pair", occurrence.astype(np.uint32)),
            "position": ("pair", position.astype(np.uint16)),
        }
        nodes[f"block_00/{peril}"] = xr.Dataset(pairs, attrs={"peril": peril, "shift": 0.3})
    table = {
        "block": ("occurrence", np.zeros(3 * years, np.int16)),
        "year": ("occurrence", np.repeat(np.arange(years), 3)),
    }
    root = xr.Dataset(table, attrs={"blocks": 1, "years_per_block": years})
    return xr.DataTree.from_dict({"/": root, **nodes})


def only(catalogue: xr.DataTree, case: Case, seed: int = 5) -> xr.DataTree:
    (made,) = rearranged_blocks(catalogue, case, seed=seed)
    return made


@pytest.fixture(scope="module")
def rearranged(catalogue: xr.DataTree) -> dict[Case, list[xr.DataTree]]:
    return {case: list(rearranged_blocks(catalogue, case, seed=5)) for case in CASES}


# --- what is kept -------------------------------------------------------------------------------


def test_every_cell_keeps_its_yearly_lists(
    catalogue: xr.DataTree, rearranged: dict[Case, list[xr.DataTree]]
) -> None:
    for case in CASES:
        assert len(rearranged[case]) == BLOCKS
        for block, made in enumerate(rearranged[case]):
            for peril in PERILS:
                base, moved = lists_of(catalogue, peril, block), lists_of(made, peril)
                assert multisets(moved) == multisets(base)
                assert moved != base


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), years=st.integers(1, 12), wet=st.floats(0.0, 1.0))
def test_lists_are_kept_whatever_they_are(seed: int, years: int, wet: float) -> None:
    """From catalogues without any pair to storms in every year; few positions, so many ties."""
    random = np.random.default_rng(seed)
    lists = {
        peril: [
            {
                year: random.integers(1, 4, random.integers(1, 4)).tolist()
                for year in range(years)
                if random.random() < wet
            }
            for _ in range(3)
        ]
        for peril in PERILS
    }
    for case in CASES:
        made = only(by_hand(lists, years), case, seed)
        for peril in PERILS:
            moved = lists_of(made, peril)
            assert multisets(moved) == multisets(lists[peril])
            assert all(run == sorted(run, reverse=True) for cell in moved for run in cell.values())


@pytest.mark.parametrize("case", CASES)
def test_the_census_is_given_back(
    case: Case, rearranged: dict[Case, list[xr.DataTree]], census: xr.DataTree
) -> None:
    for made in rearranged[case]:
        checks = {
            peril: fidelity(made, census, {peril: curves_of(census, peril)}, peril=peril)
            for peril in PERILS
        }
        assert summary(checks) == {"bracketed_share": 1.0, "max_year_count_error": 0.0}


@pytest.mark.parametrize("peril", UNITS)
def test_aal_of_one_peril_is_kept_by_the_engine(peril: str) -> None:
    city = make_city(7)
    for block, other in product(range(2), UNITS):
        city.catalogue[f"block_{block:02d}/{other}"].attrs.update(peril=other, shift=0.3)
    items = [
        replace(i, responses={peril: i.responses[peril]})
        for i in small_items()
        if peril in i.responses
    ]
    compiled = compile_table(city.census, {peril: city.curves[peril]}, items, depth_spread=0.6)
    base = list(block_results(city.catalogue, compiled))
    for case in CASES:
        for block, made in enumerate(rearranged_blocks(city.catalogue, case, seed=5)):
            ((mean, beyond),) = block_results(made, compiled)
            expected = [part.sum(axis=1) for part in base[block]]  # by zone and column
            assert (expected[0].sum(axis=0) > 0).all()
            np.testing.assert_allclose(mean.sum(axis=1), expected[0], rtol=1e-12)
            np.testing.assert_allclose(beyond.sum(axis=1), expected[1], rtol=1e-12)
            table = occurrence_table(made, compiled)
            total = table["mean"].values.sum(axis=0) / table.attrs["years"]
            np.testing.assert_allclose(total, expected[0].sum(axis=(0, 2)) / 200, rtol=1e-12)


# --- layout -------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_layout_is_that_of_a_catalogue_of_one_block(
    case: Case, rearranged: dict[Case, list[xr.DataTree]], catalogue: xr.DataTree
) -> None:
    for block, made in enumerate(rearranged[case]):
        table = check(made.to_dataset(), OCCURRENCES)
        lists = [lists_of(catalogue, peril, block) for peril in PERILS]
        slots = max(len(run) for cells in lists for cell in cells for run in cell.values())
        assert slots > 1
        assert (made.attrs["blocks"], made.attrs["years_per_block"]) == (1, YEARS)
        np.testing.assert_array_equal(table["year"], np.arange(YEARS * slots) // slots)
        assert not table["block"].values.any()
        assert np.isnan(table["start"]).all() and np.isnan(table["end"]).all()
        assert set(table["parent_event"].values.tolist()) == {"rearranged"}
        for peril in PERILS:
            pairs = check(made[f"block_00/{peril}"].to_dataset(), PAIRS)
            stored = catalogue[f"block_{block:02d}/{peril}"].to_dataset()
            kinds = {n: v.dtype for n, v in stored.items()}
            assert {n: v.dtype for n, v in pairs.items()} == kinds | {"occurrence": np.uint32}
            assert pairs.attrs["shift"] == stored.attrs["shift"]
            np.testing.assert_array_equal(pairs["pointer"], stored["pointer"])
            number = pairs["occurrence"].values.astype(np.int64)
            inside = np.repeat(CELLS, np.diff(pairs["pointer"].values))
            assert (np.diff(number)[np.diff(inside) == 0] > 0).all()
            slot = number % slots
            opens = np.append(True, (np.diff(number // slots) != 0) | (np.diff(inside) != 0))
            assert (slot[opens] == 0).all()
            assert (np.diff(slot)[~opens[1:]] == 1).all()
            falling = np.diff(pairs["position"].values.astype(np.int64)) <= 0
            assert falling[~opens[1:]].all()


def test_the_base_is_left_alone(catalogue: xr.DataTree) -> None:
    before = catalogue.copy(deep=True)
    for case in CASES:
        list(rearranged_blocks(catalogue, case, seed=5))
    assert catalogue.identical(before)


# --- comonotone ---------------------------------------------------------------------------------


def test_comonotone_by_hand() -> None:
    wind: Lists = [
        {0: [5], 1: [2, 9], 3: [9, 4, 1]},  # nine twice: year 1 before year 3
        {},
        {2: [3, 3], 4: [8]},
    ]
    made = only(by_hand({"wind": wind, "flood": [{}, {3: [7]}, {}]}, years=5), "comonotone")
    assert lists_of(made, "wind") == [{0: [9, 2], 1: [9, 4, 1], 2: [5]}, {}, {0: [8], 1: [3, 3]}]
    assert lists_of(made, "flood") == [{}, {0: [7]}, {}]
    # three slots a year, set by the longest list of wind; flood shares occurrence 0 with wind
    pairs = made["block_00/wind"].to_dataset()
    assert pairs["occurrence"].values.tolist() == [0, 1, 3, 4, 5, 6, 0, 3, 4]
    assert pairs["pointer"].values.tolist() == [0, 6, 6, 9]
    assert made["block_00/flood"].to_dataset()["occurrence"].values.tolist() == [0]
    assert made.sizes["occurrence"] == 15


def test_comonotone_maxima_fall_with_the_reference_year(
    rearranged: dict[Case, list[xr.DataTree]],
) -> None:
    for made in rearranged["comonotone"]:
        for peril in PERILS:
            for cell, found in zip(
                maxima(lists_of(made, peril)), lists_of(made, peril), strict=True
            ):
                assert sorted(found) == list(range(len(found)))
                assert (np.diff(cell) <= 0).all()


def test_comonotone_bounds_every_stop_loss_premium_of_the_maxima(
    catalogue: xr.DataTree, rearranged: dict[Case, list[xr.DataTree]]
) -> None:
    """Convex order: E(S - d)+ is largest when comonotone, for every retention d."""
    weight = 1.0 + CELLS[:, None] % 5
    for block in range(BLOCKS):
        sums = [
            (weight * (maxima(lists_of(tree, "wind", at)) / 1e4) ** 3).sum(axis=0)
            for tree, at in (
                (rearranged["independent"][block], 0),
                (catalogue, block),
                (rearranged["comonotone"][block], 0),
            )
        ]
        np.testing.assert_allclose([s.mean() for s in sums], sums[0].mean(), rtol=1e-12)
        retentions = np.quantile(sums[1], [0.5, 0.8, 0.9, 0.99, 0.999])[:, None]
        premiums = np.array([np.maximum(s - retentions, 0.0).mean(axis=1) for s in sums])
        assert (np.diff(premiums, axis=0) > 0).all()


# --- independent --------------------------------------------------------------------------------


def test_every_placement_is_equally_likely() -> None:
    """4,000 cells with the same three lists in five years: 60 placements, chi-square."""
    cells: Lists = [{0: [10], 1: [20], 4: [30, 5]} for _ in range(4000)]
    lists = lists_of(only(by_hand({"wind": cells}, years=5), "independent"), "wind")
    found = Counter(tuple(sorted(cell, key=lambda y: cell[y][0])) for cell in lists)
    counts = [found[placement] for placement in permutations(range(5), 3)]
    assert sum(counts) == 4000
    assert 0.001 < stats.chisquare(counts).pvalue < 0.999


def shared_years(rows: np.ndarray, others: np.ndarray) -> float:
    """Standard score of the number of wet years in common; hypergeometric when independent."""
    law = stats.hypergeom(rows.size, np.count_nonzero(rows), np.count_nonzero(others))
    return float((np.count_nonzero((rows > 0) & (others > 0)) - law.mean()) / law.std())


def dependence(tree: xr.DataTree, block: int) -> tuple[list[float], list[float]]:
    """Standard scores of shared years and of rank correlation between cells, then perils."""
    wind, flood = (maxima(lists_of(tree, peril, block)) for peril in PERILS)
    wind, flood = wind[wind.any(axis=1)], flood[flood.any(axis=1)]
    rows = [*combinations(wind, 2), *combinations(flood, 2), *zip(wind, flood, strict=False)]
    ranks = [stats.spearmanr(a, b).statistic * np.sqrt(YEARS - 1) for a, b in rows]
    return [shared_years(a, b) for a, b in rows], ranks


def test_cells_and_perils_are_independent(
    catalogue: xr.DataTree, rearranged: dict[Case, list[xr.DataTree]]
) -> None:
    """Scores have mean 0 and variance 1 within four standard errors; in the base they do not."""
    for scores in dependence(rearranged["independent"][1], 0):
        count = len(scores)
        assert count > comb(12, 2)
        assert abs(np.mean(scores)) < 4 / np.sqrt(count)
        assert abs(np.var(scores) - 1.0) < 4 * np.sqrt(2 / count)
        assert np.abs(scores).max() < 4.5
    assert all(np.min(scores) > 5 for scores in dependence(catalogue, 1))


# --- keyed --------------------------------------------------------------------------------------


def trees(first: xr.DataTree, second: xr.DataTree) -> Iterator[bool]:
    for peril in PERILS:
        yield first[f"block_00/{peril}"].equals(second[f"block_00/{peril}"])


def test_same_seed_same_years_another_seed_others(catalogue: xr.DataTree) -> None:
    first, again, other = (
        next(rearranged_blocks(catalogue, "independent", seed=seed)) for seed in (5, 5, 6)
    )
    assert first.identical(again)
    assert not any(trees(first, other))


def test_a_block_repeated_is_drawn_anew(catalogue: xr.DataTree) -> None:
    root = catalogue.to_dataset()
    part = root.isel(occurrence=root["block"].values == 0)
    again = part.assign(block=part["block"] + 1, year=part["year"] + YEARS)
    twice = xr.concat([part, again], "occurrence").assign_attrs(blocks=2)
    nodes = {f"block_{b:02d}/{p}": catalogue[f"block_00/{p}"] for b in range(2) for p in PERILS}
    tree = xr.DataTree.from_dict({"/": twice, **{k: v.to_dataset() for k, v in nodes.items()}})
    first, second = rearranged_blocks(tree, "independent", seed=5)
    assert not any(trees(first, second))
    first, second = rearranged_blocks(tree, "comonotone", seed=5)
    assert all(trees(first, second))


def test_cells_perils_and_blocks_are_drawn_apart(
    catalogue: xr.DataTree, rearranged: dict[Case, list[xr.DataTree]]
) -> None:
    """Fewer cells, one peril and fewer blocks: what is left falls in the same years."""
    nodes = {path.strip("/") or "/": node for path, node in catalogue.to_dict().items()}
    pairs = nodes["block_01/wind"]
    last = int(pairs["pointer"][8])
    few = pairs.isel(edge=slice(0, 9), pair=slice(0, last))
    kept = (few["pointer"].values[3], few["pointer"].values[4])  # and cell 3 stores nothing
    pointer = few["pointer"].values - np.where(np.arange(9) > 3, kept[1] - kept[0], 0)
    few = few.isel(pair=np.delete(np.arange(last), np.arange(*kept)))
    few = few.assign(pointer=("edge", pointer))
    root = nodes["/"].assign_attrs(blocks=2)
    part = {"/": root, "block_00/wind": nodes["block_00/wind"], "block_01/wind": few}
    _, made = rearranged_blocks(xr.DataTree.from_dict(part), "independent", seed=5)
    found, expected = lists_of(made, "wind"), lists_of(rearranged["independent"][1], "wind")
    assert found == [{} if cell == 3 else expected[cell] for cell in range(8)]


@pytest.mark.parametrize("case", CASES)
def test_threads_do_not_matter(
    case: Case, catalogue: xr.DataTree, rearranged: dict[Case, list[xr.DataTree]]
) -> None:
    before = nb.get_num_threads()
    try:
        nb.set_num_threads(1)
        assert next(rearranged_blocks(catalogue, case, seed=5)).identical(rearranged[case][0])
    finally:
        nb.set_num_threads(before)


# --- refused ------------------------------------------------------------------------------------


def test_an_unknown_case_is_refused_at_once(catalogue: xr.DataTree) -> None:
    with pytest.raises(CatalogueError, match=r"rearranged_blocks.*name one of the two cases") as e:
        rearranged_blocks(catalogue, "countermonotone", seed=5)  # type: ignore[arg-type]
    assert e.value.found == "countermonotone"


@pytest.mark.parametrize("case", CASES)
def test_occurrences_stored_in_two_bytes_move_as_those_in_four(case: Case) -> None:
    """A year of four storms gives each of 21,000 years four numbers: more than two bytes hold."""
    lists: dict[str, Lists] = {p: [{0: [9, 8, 7, 6], 20_999: [5]}] for p in PERILS}
    catalogue = by_hand(lists, 21_000)
    catalogue["year"][3] = 0  # the fourth storm of the first year
    short = catalogue.copy()
    for peril in PERILS:
        pairs = catalogue[f"block_00/{peril}"].to_dataset()
        short[f"block_00/{peril}"] = xr.DataTree(
            pairs.assign(occurrence=pairs["occurrence"].astype(np.uint16))
        )
    found, expected = only(short, case), only(catalogue, case)
    for peril in PERILS:
        pairs = found[f"block_00/{peril}"].to_dataset()
        xr.testing.assert_equal(pairs, expected[f"block_00/{peril}"].to_dataset())
        assert int(pairs["occurrence"].max()) < found.sizes["occurrence"]
