"""Zones on their own: the same entries, values and maps as in the whole; other divisions add up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.census.read import OUTSIDE, load_census
from riskmodel.census.selection import Pieces, rezoned, select_zones
from riskmodel.core.errors import CensusError
from riskmodel.hazard.intensity import cell_maps
from tests.census.conftest import Draft

PERILS = ("typhoon_wind", "rain_flood")


@pytest.fixture
def census(draft: Draft, tmp_path: Path) -> xr.DataTree:
    return load_census(draft.write(tmp_path / "census"))


def test_a_zone_alone_has_what_it_has_in_the_whole(census: xr.DataTree) -> None:
    part = select_zones(census, ["990002"])
    zones, whole = part["zones"].to_dataset(), census["zones"].to_dataset()
    own = np.flatnonzero(whole["entry_zone"].values == 1)
    assert zones["zone"].values.tolist() == ["990002"]
    assert zones["entry_zone"].values.tolist() == [0] * own.size
    for name in ("cell_share", "zone_share"):
        assert zones[name].values.tolist() == whole[name].values[own].tolist()
    cells = zones["whole_cell"].values
    assert cells[zones["entry_cell"].values].tolist() == whole["entry_cell"].values[own].tolist()
    exposure, every = part["exposure"].to_dataset(), census["exposure"].to_dataset()
    assert exposure["value"].values.tolist() == every["value"].values[own].tolist()
    assert exposure["total"].values.tolist() == every["total"].values[1:].tolist()
    for peril in PERILS:
        expected = cell_maps(census, peril).values[:, cells]
        np.testing.assert_array_equal(cell_maps(part, peril).values, expected)


def test_maps_are_cut_and_what_is_not_of_the_zone_is_outside(census: xr.DataTree) -> None:
    part = select_zones(census, ["990001"])
    for peril in PERILS:
        grid, zones = part[peril].to_dataset(), part["zones"].to_dataset()
        inside = np.zeros(grid["state"].shape, bool)
        inside[zones["row"].values, zones["column"].values] = True
        assert ((grid["state"].values != OUTSIDE) == inside).all()
        row, column = zones["row"].values, zones["column"].values
        np.testing.assert_allclose(grid["x"].values[column], zones["longitude"].values)
        np.testing.assert_allclose(grid["y"].values[row], zones["latitude"].values)
    # the first county ends at 120.7, in the third column of six; one column more is kept
    assert part["typhoon_wind"].sizes["x"] == 4
    assert (census["typhoon_wind"]["state"].values != OUTSIDE).sum() > inside.sum()


def test_all_zones_are_the_whole_and_order_is_that_of_the_census(census: xr.DataTree) -> None:
    part = select_zones(census, ["990002", "990001"])
    assert part["zones"]["zone"].values.tolist() == ["990001", "990002"]
    xr.testing.assert_identical(part["exposure"].to_dataset(), census["exposure"].to_dataset())
    assert part["zones"]["whole_cell"].values.tolist() == list(range(census["zones"].sizes["cell"]))


def test_the_part_knows_the_whole(census: xr.DataTree) -> None:
    exposure = census["exposure"].to_dataset()
    named = census.copy()
    renamed = exposure.assign_coords(exposure_class=["homes", "population"])
    named["exposure"] = xr.DataTree(renamed)
    part = select_zones(named, ["990002"])
    assert part.attrs["whole_zones"] == ["990001", "990002"]
    assert part.attrs["population_share"] == pytest.approx(77_777 / 177_780)
    assert select_zones(census, ["990002"]).attrs["population_share"] is None


@pytest.mark.parametrize("codes", [["990003"], ["990001", "330302"], []])
def test_unknown_zones_are_refused(census: xr.DataTree, codes: list[str]) -> None:
    with pytest.raises(CensusError, match=r"census\.zones.*some of 990001, 990002"):
        select_zones(census, codes)


def small_census(entries: int, cells: int) -> xr.DataTree:
    """Entries over few cells, in one zone, with two classes."""
    random = np.random.default_rng(entries)
    zones = xr.Dataset(
        {
            "entry_cell": ("entry", random.integers(0, cells, entries)),
            "entry_zone": ("entry", np.zeros(entries, np.int16)),
            "row": ("cell", np.arange(cells)), "column": ("cell", np.arange(cells)),
            "name_zh": ("zone", ["甲"]), "name_en": ("zone", ["A"]),
        },
        {"zone": ["330381"]},
    )  # fmt: skip
    value = xr.DataArray(random.uniform(1, 9, (entries, 2)), dims=("entry", "exposure_class"))
    exposure = xr.Dataset({"value": value}, {"exposure_class": ["a", "b"]})
    tree = xr.DataTree.from_dict({"zones": zones, "exposure": exposure, "wind": xr.Dataset()})
    tree.attrs["perils"] = ["wind"]
    return tree


@given(st.data(), st.integers(2, 12), st.integers(1, 5))
def test_another_division_conserves_value(data: st.DataObject, entries: int, zones: int) -> None:
    """Each entry is cut into as many shares as there are zones; nothing is lost or made."""
    census = small_census(entries, 4)
    cut = data.draw(
        st.lists(
            st.lists(st.floats(0.05, 1.0), min_size=zones, max_size=zones),
            min_size=entries, max_size=entries,
        )
    )  # fmt: skip
    share = np.array(cut) / np.array(cut).sum(axis=1, keepdims=True)
    names = [f"{n}" for n in range(zones)]
    entry, zone = np.divmod(np.arange(entries * zones), zones)
    made = rezoned(census, Pieces(entry, zone, share.ravel(), names, names, names))
    value = census["exposure"]["value"].values
    np.testing.assert_allclose(made["exposure"]["total"].values.sum(axis=0), value.sum(axis=0))
    whole = made["zones"]["whole_cell"].values[made["zones"]["entry_cell"].values]
    assert whole.tolist() == census["zones"]["entry_cell"].values[entry].tolist()
