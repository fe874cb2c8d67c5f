"""Perils added to a catalogue: earlier draws stay, rare maps and classes are given back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.draws import generator
from riskmodel.core.errors import CatalogueError
from riskmodel.hazard.build import build_catalogue
from riskmodel.hazard.catalogue import block_names
from riskmodel.hazard.fidelity import fidelity, summary
from riskmodel.hazard.intensity import Reading, cell_maps, intensity_curves
from riskmodel.hazard.source import Source, SourceBlock, only
from tests.hazard.conftest import (
    CELLS,
    GRID,
    PERIODS,
    POISSON,
    STORAGE,
    gumbel_wind,
    make_census,
    make_settings,
    make_source,
    shallow_flood,
    storm_block,
)

YEARS = 400
QUAKES = (50.0, 475.0, 2475.0)
CLASSES = (200.0, 500.0, 1000.0, 2000.0)


def rain_source(years: int) -> Source:
    """The storms of the tests, whose rain also makes slides."""
    whole = make_source(years)

    def block(number: int) -> SourceBlock:
        made = whole.block(number)
        return SourceBlock(made.occurrences, {**made.indices, "slide": made.indices["flood"]})

    return replace(whole, index_units={**whole.index_units, "slide": "mm"}, block=block)


def other_source(years: int) -> Source:
    """Events of another kind: they cause fires and shaking, and nothing that storms do."""

    def block(number: int) -> SourceBlock:
        made = storm_block(years, number, seed=77)
        random = generator(9, "other events", number)
        count, nodes = made.occurrences.sizes["occurrence"], GRID.rows * GRID.columns
        index = random.gamma(2.0, 1.0, (nodes, count)).astype(np.float32)
        return SourceBlock(made.occurrences, {"fire": index, "shaking": index[::-1].copy()})

    units = {"fire": "1", "shaking": "m s-2"}
    return Source(GRID, units, "other", f"other {years}", block)


def census_of(maps: Mapping[str, tuple[np.ndarray, tuple[float, ...]]]) -> xr.DataTree:
    """Census whose perils have return periods of their own."""
    trees = {p: make_census({p: values}, periods) for p, (values, periods) in maps.items()}
    first = next(iter(trees.values()))
    nodes = {p: tree[p].to_dataset() for p, tree in trees.items()}
    tree = xr.DataTree.from_dict({**nodes, "zones": first["zones"].to_dataset()})
    tree.attrs["perils"] = list(nodes)
    return tree


def classes() -> np.ndarray:
    """Class by cell, four of them and one that never burns: steps at 200 to 2,000 years."""
    one = CELLS % 5
    burned = np.array([0.2, 0.15, 0.1, 0.05, 0.0])[one]
    starts = np.array([200.0, 500.0, 1000.0, 2000.0, np.inf])[one]
    return np.where(np.array(CLASSES)[:, None] >= starts, burned, 0.0)


@pytest.fixture(scope="module")
def census() -> xr.DataTree:
    shaking = np.outer([1.0, 3.0, 5.7], 1.0 + 0.01 * CELLS)
    return census_of(
        {
            "wind": (gumbel_wind(), PERIODS),
            "flood": (shallow_flood(), PERIODS),
            "slide": (shallow_flood() / 100.0, PERIODS),
            "fire": (classes(), CLASSES),
            "shaking": (shaking, QUAKES),
        }
    )


@pytest.fixture(scope="module")
def both(census: xr.DataTree, tmp_path_factory: pytest.TempPathFactory) -> list[xr.DataTree]:
    """Catalogue of two perils, and of five with one source more."""
    more = STORAGE | {"slide": 0.3, "fire": 0.02, "shaking": 0.03}
    cases = [(STORAGE, [make_source(YEARS)]), (more, [rain_source(YEARS), other_source(YEARS)])]
    folder = tmp_path_factory.mktemp("added")
    return [
        build_catalogue(
            folder / str(number), census, sources, make_settings(YEARS, storage_rate=rates)
        ).load()
        for number, (rates, sources) in enumerate(cases)
    ]


@pytest.mark.parametrize("peril", ["wind", "flood"])
def test_adding_perils_leaves_earlier_draws_bit_equal(both: list[xr.DataTree], peril: str) -> None:
    less, more = both
    table = more.to_dataset()
    storms = table.isel(occurrence=table["parent_event"].values == "storm")
    for name in ("year", "start", "end", "block"):
        assert (storms[name].values == less.to_dataset()[name].values).all(), name
    for number, name in enumerate(block_names(less)):
        before, after = (tree[f"{name}/{peril}"].to_dataset() for tree in both)
        assert (before["pointer"].values == after["pointer"].values).all()
        assert (before["position"].values == after["position"].values).all()
        own = table["parent_event"].values[table["block"].values == number] == "storm"
        renumbered = np.flatnonzero(own)[before["occurrence"].values]
        assert (renumbered == after["occurrence"].values).all()
    kept = [tree[f"rank_function/{peril}"].to_dataset() for tree in both]
    assert kept[0].identical(kept[1])


def test_rain_and_its_slides_are_of_one_storm(both: list[xr.DataTree]) -> None:
    """One index and one storage rate rank alike: where a slide is stored, so is its flood."""
    tree = both[1]
    for name in block_names(tree):
        flood, slide = (tree[f"{name}/{p}"].to_dataset() for p in ("flood", "slide"))
        wet = np.flatnonzero(np.diff(slide["pointer"].values) > 0)
        assert wet.size
        for cell in wet:
            runs = [
                dict(
                    zip(
                        *(d[n].values[slice(*d["pointer"].values[cell : cell + 2])]
                          for n in ("occurrence", "position")),
                        strict=True,
                    )
                )
                for d in (flood, slide)
            ]  # fmt: skip
            assert runs[1].items() <= runs[0].items()


@pytest.mark.parametrize(
    ("peril", "reading"),
    [
        ("slide", Reading("loglinear_to_zero_at", 3.9, "gumbel", 1.0, "loglinear")),
        ("fire", Reading("zero_below", None, "flat", 1.0, "step_at_wet")),
        ("shaking", Reading("loglinear_to_zero_at", 40.0, "gumbel", 10.0, "loglinear")),
    ],
)
def test_rare_maps_and_classes_are_given_back_by_short_blocks(
    both: list[xr.DataTree], census: xr.DataTree, peril: str, reading: Reading
) -> None:
    rates = dict(zip(both[1].attrs["perils"], both[1].attrs["storage_rate"], strict=True))
    curves = intensity_curves(
        cell_maps(census, peril), reading, POISSON, storage_rate=rates[peril], peril=peril
    )
    found = fidelity(both[1], census, {peril: curves}, peril=peril)
    assert summary({peril: found}) == {"bracketed_share": 1.0, "max_year_count_error": 0.0}
    # and a map that is not the census's is told
    wrong = replace(curves, left=curves.left * 1.2, right=curves.right * 1.2)
    assert summary({peril: fidelity(both[1], census, {peril: wrong}, peril=peril)}) != summary(
        {peril: found}
    )


def test_a_source_keeps_its_draws_whatever_is_asked_of_it() -> None:
    whole = rain_source(50)
    less = only(whole, ["flood", "fire"])
    assert less.index_units == {"flood": "mm"}
    assert less.block(1).occurrences.identical(whole.block(1).occurrences)
    assert list(less.block(1).indices) == ["flood"]
    assert (less.block(1).indices["flood"] == whole.block(1).indices["flood"]).all()


def test_a_source_of_nothing_that_is_asked_for_is_refused() -> None:
    told = r"hazard\.sources\.storm: a source of perils.*found \['flood', 'slide', 'wind'\].*null"
    with pytest.raises(CatalogueError, match=told):
        only(rain_source(50), ["drought"])


def test_a_peril_without_source_is_refused(census: xr.DataTree, tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="peril shaking: a peril needs one physical index"):
        build_catalogue(
            tmp_path, census, [make_source(YEARS)],
            make_settings(YEARS, storage_rate=STORAGE | {"shaking": 0.03}),
        )  # fmt: skip
