"""Areal indices: the mean over what stands in a county, read off the pass that makes losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.errors import ParamError, SchemaError, TermsError
from riskmodel.cover.area_index import area_indices, area_items, check_census
from riskmodel.cover.index_readings import read_index
from riskmodel.cover.parametric import index_fraction
from riskmodel.cover.programme import Programme
from riskmodel.loss.compilation import compile_table
from riskmodel.loss.entries import FineCells
from riskmodel.loss.occurrence_table import occurrence_table
from tests.loss.conftest import BLOCKS, City, make_city

Load = Callable[[dict[str, Any]], Programme]
Content = Callable[..., dict[str, Any]]
ZONES = ["330302", "330303", "330304"]
SNOW = {"index": "snow_depth", "area": {"weight": "works"}, "unit": "cm", "payout": "linear",
        "attachment": 10, "exhaustion": 60}  # fmt: skip


@pytest.fixture(scope="module")
def city() -> City:
    """The city of the loss tests, its floods taken for snow."""
    made = make_city(20221)
    names = {"rain_flood": "cold_snow"}
    blocks = [f"block_{b:02d}" for b in range(BLOCKS)]
    pairs = {f"{b}/cold_snow": made.catalogue[f"{b}/rain_flood"].to_dataset() for b in blocks}
    catalogue = xr.DataTree.from_dict({"/": made.catalogue.to_dataset(), **pairs})
    census = made.census.copy()
    census["cold_snow"] = xr.DataTree(census["rain_flood"].to_dataset())
    return City(
        census, {names[p]: made.curves[p] for p in names}, catalogue,
        {names[p]: made.position[p] for p in names},
    )  # fmt: skip


@pytest.fixture
def programme(load: Load, programme_content: Content) -> Programme:
    return load(snow_programme(programme_content()))


def snow_programme(what: dict[str, Any]) -> dict[str, Any]:
    """Two covers on snow, over works and over people, in place of the pressure index."""
    works = what["covers"][1] | {"trigger": SNOW, "split": "equal"}
    people = works | {"cover": "people", "trigger": SNOW | {"area": {"weight": "persons"}}}
    what["covers"] = [what["covers"][0], works, people, *what["covers"][2:]]
    return what


def totals(census: xr.DataTree) -> xr.DataArray:
    zones, value = census["zones"].to_dataset(), census["exposure"].to_dataset()["value"]
    found = np.zeros((3, value.sizes["exposure_class"]))
    np.add.at(found, zones["entry_zone"].values, value.values)
    return xr.DataArray(
        found, {"zone": ZONES, "exposure_class": value["exposure_class"].values},
        ("zone", "exposure_class"),
    )  # fmt: skip


def tabulated(city: City, programme: Programme, fine: FineCells | None = None) -> xr.Dataset:
    table = compile_table(
        city.census, city.curves, area_items(programme), depth_spread=0.6, fine=fine
    )
    return occurrence_table(city.catalogue, table)


def test_it_is_the_mean_of_depths_weighed_by_what_stands_there(
    city: City, programme: Programme
) -> None:
    """Cell by cell in plain loops; a spread of water inside cells does not touch snow."""
    found = area_indices(programme, tabulated(city, programme), totals(city.census))["snow_depth"]
    depth = city.intensity("cold_snow")  # cell, occurrence
    assert 0.3 < depth.max() < 5.0
    zones, exposure = (city.census[n].to_dataset() for n in ("zones", "exposure"))
    for weight in ("works", "persons"):
        value = exposure["value"].sel(exposure_class=weight).values
        for z, code in enumerate(ZONES):
            own = np.flatnonzero(zones["entry_zone"].values == z)
            cells = zones["entry_cell"].values[own]
            mean = 100.0 * value[own] @ depth[cells] / value[own].sum()
            got = found.sel(zone=code, weight=weight).values
            np.testing.assert_allclose(got, mean, rtol=2e-6, atol=1e-6)
            assert (got <= 100.0 * depth[cells].max(axis=0) * (1.0 + 1e-6)).all()
    assert found.attrs["units"] == "cm"
    assert not np.allclose(found.sel(weight="works"), found.sel(weight="persons"))


def test_the_same_depth_everywhere_is_the_index_whatever_stands_where(
    city: City, programme: Programme
) -> None:
    """Fine cells too: two to a cell, with shares of their own, on the curve of the cell."""
    parent = np.repeat(np.arange(6), 2)
    part = np.linspace(0.1, 0.9, 6)
    share = xr.DataArray(np.stack([part, 1.0 - part], axis=1).ravel(), dims="fine")
    curves = city.curves["cold_snow"]
    doubled = {"cold_snow": type(curves)(
        **{f: np.repeat(getattr(curves, f), 2, axis=0) for f in ("left", "right")},
        **{f: getattr(curves, f) for f in curves.__slots__ if f not in ("left", "right")},
    )}  # fmt: skip
    coarse = area_indices(programme, tabulated(city, programme), totals(city.census))
    fine = tabulated(city, programme, FineCells(parent, share, doubled))
    refined = area_indices(programme, fine, totals(city.census))
    np.testing.assert_allclose(refined["snow_depth"], coarse["snow_depth"], rtol=1e-6)


def test_covers_read_the_weight_that_they_name(city: City, programme: Programme) -> None:
    triggers = area_indices(programme, tabulated(city, programme), totals(city.census))
    for cover in programme.covers[1:3]:
        index = read_index(cover, triggers, ZONES)
        named = triggers["snow_depth"].sel(weight=cover.trigger.area.weight)
        np.testing.assert_array_equal(index, named.transpose("occurrence", "zone"))
        paid = index_fraction(cover, index)
        np.testing.assert_allclose(paid, np.clip((index - 10.0) / 50.0, 0.0, 1.0))
        assert 0.0 < paid.max() <= 1.0


def test_a_county_without_what_is_weighed_is_refused(city: City, programme: Programme) -> None:
    total = totals(city.census)
    total.loc[{"zone": "330304", "exposure_class": "works"}] = 0.0
    triggers = area_indices(programme, tabulated(city, programme), total)
    assert np.isnan(triggers["snow_depth"].sel(zone="330304", weight="works")).all()
    with pytest.raises(TermsError, match=r"cover index: trigger\.area\.weight.*works.*330304"):
        read_index(programme.covers[1], triggers, ZONES)
    read_index(programme.covers[2], triggers, ZONES)


def test_a_table_without_the_columns_is_refused(city: City, programme: Programme) -> None:
    table = tabulated(city, programme)
    named = table.isel(column=np.flatnonzero(table["item"].values == "snow_depth.works"))
    with pytest.raises(SchemaError, match=r"snow_depth\.persons.*area_items"):
        area_indices(programme, named, totals(city.census))


def test_an_index_whose_peril_has_no_events_is_refused(programme: Programme) -> None:
    with pytest.raises(SchemaError, match=r"cover index: trigger\.index.*cold_snow.*snow_depth"):
        read_index(programme.covers[1], xr.Dataset(), ZONES)


CLASSES = ["works", "persons", "population", "ground_floor_households"]


def test_what_census_and_run_must_have(programme: Programme) -> None:
    check_census(programme, CLASSES, ["rain_flood", "cold_snow"], where="small.yml")
    with pytest.raises(ParamError, match=r"small\.yml: cover index: trigger\.index.*rain_flood"):
        check_census(programme, CLASSES, ["rain_flood"], where="small.yml")
    with pytest.raises(ParamError, match=r"small\.yml: cover people: trigger\.area\.weight.*works"):
        check_census(programme, [c for c in CLASSES if c != "persons"], ["cold_snow"],
                     where="small.yml")  # fmt: skip
    with pytest.raises(ParamError, match=r"cover basic: benefits\.contents\.exposure.*population"):
        check_census(programme, CLASSES[:3], ["cold_snow"], where="small.yml")
