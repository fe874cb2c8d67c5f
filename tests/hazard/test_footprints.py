"""Imported footprint sets: what is read, and what is refused with its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.errors import CatalogueError, UnitsError
from riskmodel.core.schema import check
from riskmodel.hazard.footprints import FOOTPRINTS, read_footprints
from tests.hazard.conftest import CELLS, COLUMNS, ROWS

Y = 27.85 - 0.3 * np.arange(ROWS)
X = 120.1 + 0.25 * np.arange(COLUMNS)
EVENTS = 3
VALUES = np.arange(EVENTS * CELLS.size, dtype=float).reshape(EVENTS, CELLS.size)


@pytest.fixture(scope="module")
def placed(census: xr.DataTree) -> xr.DataTree:
    """The tiny census with coordinates and units; its last node belongs to no zone."""
    units = {"wind": "m s-1", "flood": "m"}
    nodes = {
        p: census[p].to_dataset().assign_coords(y=Y, x=X).assign_attrs(units=unit)
        for p, unit in units.items()
    }
    zones = census["zones"].to_dataset().isel(cell=slice(0, 11))
    tree = xr.DataTree.from_dict({**nodes, "zones": zones})
    tree.attrs["perils"] = list(nodes)
    return tree


def listed() -> xr.Dataset:
    """Three events at the eleven cells, numbered, with rates."""
    kind = {"quantity": "intensity", "units": "m s-1"}
    return xr.Dataset(
        {
            "wind": (("event", "cell"), VALUES[:, :11].copy(), kind),
            "rate": ("event", [0.1, 0.02, 0.5]),
        },
        {"event": [7, 3, 9], "cell": np.arange(11)},
        {"parent_event": "storm"},
    )  # fmt: skip


def gridded() -> xr.Dataset:
    """The same events on the grid of the census."""
    grid = VALUES.reshape(EVENTS, ROWS, COLUMNS).copy()
    data = listed().drop_vars(["wind", "cell"]).assign_coords(y=Y, x=X)
    return data.assign(wind=(("event", "y", "x"), grid, listed()["wind"].attrs))


def read(tmp_path: Path, data: xr.Dataset, census: xr.DataTree) -> xr.Dataset:
    data.to_netcdf(tmp_path / "set.nc")
    return read_footprints(tmp_path / "set.nc", census)


def test_a_list_of_cells_is_read_by_number(tmp_path: Path, placed: xr.DataTree) -> None:
    chosen = listed().isel(cell=[5, 2, 10])
    found = check(read(tmp_path, chosen, placed), FOOTPRINTS)
    assert found["event"].values.tolist() == [7, 3, 9]
    assert found["cell"].values.tolist() == [5, 2, 10]
    np.testing.assert_array_equal(found["wind"].values, VALUES[:, [5, 2, 10]])
    assert found["wind"].attrs == {"quantity": "intensity", "units": "m s-1"}
    assert found["rate"].values.tolist() == [0.1, 0.02, 0.5]
    assert found.attrs["perils"] == ["wind"]
    assert found.attrs["parent_event"] == "storm"
    assert found.attrs["source"] == "imported footprints set.nc"


def test_coordinates_go_before_numbers(tmp_path: Path, placed: xr.DataTree) -> None:
    zones = placed["zones"].to_dataset().isel(cell=[4, 8])
    data = listed().isel(cell=[0, 1]).assign(
        latitude=("cell", zones["latitude"].values.astype(np.float32)),
        longitude=("cell", zones["longitude"].values + 5e-5),
    )  # fmt: skip
    assert read(tmp_path, data, placed)["cell"].values.tolist() == [4, 8]


@pytest.mark.parametrize("names", [("y", "x"), ("latitude", "longitude")])
def test_a_grid_is_read_by_coordinate_whatever_its_order(
    names: tuple[str, str], tmp_path: Path, placed: xr.DataTree
) -> None:
    data = gridded().isel(y=[2, 0], x=[3, 1, 0]).transpose("x", "event", "y")
    found = read(tmp_path, data.rename(dict(zip("yx", names, strict=True))), placed)
    assert found["wind"].dims == ("event", "cell")
    # node (2, 3) is the one outside the zones
    assert found["cell"].values.tolist() == [9, 8, 3, 1, 0]
    np.testing.assert_array_equal(found["wind"].values, VALUES[:, [9, 8, 3, 1, 0]])
    assert found.attrs["cells_outside_zones"] == 1


def test_a_missing_value_outside_the_zones_is_no_matter(
    tmp_path: Path, placed: xr.DataTree
) -> None:
    data = gridded()
    data["wind"].values[:, 2, 3] = np.nan
    found = read(tmp_path, data, placed)
    np.testing.assert_array_equal(found["wind"].values, VALUES[:, :11])


def test_events_without_numbers_are_numbered_in_order(tmp_path: Path, placed: xr.DataTree) -> None:
    found = read(tmp_path, listed().drop_vars("event"), placed)
    assert found["event"].values.tolist() == [0, 1, 2]


def test_quantity_and_units_may_be_of_the_whole_file(tmp_path: Path, placed: xr.DataTree) -> None:
    data = listed().assign_attrs(quantity="index", units="mm")
    data["wind"].attrs = {}
    data["flood"] = 2.0 * data["wind"]
    found = read(tmp_path, data, placed)
    assert found.attrs["perils"] == ["wind", "flood"]
    for peril in ("wind", "flood"):
        assert found[peril].attrs == {"quantity": "index", "units": "mm"}


def dated() -> xr.Dataset:
    """The set with simulated years, dates and names in place of rates."""
    return listed().drop_vars("rate").assign_attrs(years=50).assign(
        year=("event", [50, 1, 9]), start=("event", [10.0, 1.0, 300.0]),
        end=("event", [12.0, 1.0, 301.0]), name=("event", ["a", "b", "c"]),
    )  # fmt: skip


def test_years_dates_and_names_are_kept(tmp_path: Path, placed: xr.DataTree) -> None:
    found = read(tmp_path, dated(), placed)
    assert found["year"].values.tolist() == [50, 1, 9]
    assert found["start"].values.tolist() == [10.0, 1.0, 300.0]
    assert found["name"].values.tolist() == ["a", "b", "c"]
    assert found.attrs["years"] == 50


def test_a_rate_beside_the_year_must_be_that_of_the_years(
    tmp_path: Path, placed: xr.DataTree
) -> None:
    found = read(tmp_path, dated().assign(rate=("event", [0.02] * 3)), placed)
    assert "rate" not in found
    with pytest.raises(CatalogueError, match=r"set.nc, rate, event 3: .*found 0.1; expected 0.02,"):
        read(tmp_path, dated().assign(rate=("event", [0.02, 0.1, 0.02])), placed)


def with_value(value: float) -> xr.Dataset:
    data = listed()
    data["wind"].values[1, 4] = value
    return data


def without(attribute: str) -> xr.Dataset:
    data = listed()
    data["wind"].attrs.pop(attribute)
    return data


def with_attribute(**attributes: str) -> xr.Dataset:
    data = listed()
    data["wind"].attrs.update(attributes)
    return data


def rates(*values: float) -> xr.Dataset:
    return listed().assign(rate=("event", list(values)))


def years(*values: float) -> xr.Dataset:
    return dated().assign(year=("event", list(values)))


def dates(start: float, end: float) -> xr.Dataset:
    return dated().assign(start=("event", [1.0, start, 1.0]), end=("event", [2.0, end, 2.0]))


REFUSED: dict[str, tuple[Callable[[], xr.Dataset], str]] = {
    "NaN": (lambda: with_value(np.nan), r"set.nc, wind, event 3, cell 4: a missing value"),
    "infinite": (lambda: with_value(np.inf), r"event 3, cell 4: a missing value"),
    "negative": (lambda: with_value(-1.0), r"wind, event 3, cell 4: a negative.*found -1.0.*to do"),
    "unknown cell": (
        lambda: listed().assign_coords(cell=[*range(10), 11]),
        r"set.nc, cell: a cell that the census lacks.*found 11;.*to do: bring the footprints",
    ),
    "texts for cells": (
        lambda: listed().assign_coords(cell=[f"c{number}" for number in range(11)]),
        r"set.nc, cell: .*another shape or kind.*expected numbers over cell; to do: correct the",
    ),
    "texts for places": (
        lambda: listed().assign(
            latitude=("cell", ["27.85"] * 11), longitude=("cell", np.full(11, 120.1))
        ),
        r"set.nc, latitude: .*another shape or kind.*to do: correct the file",
    ),
    "one place": (
        lambda: listed().assign(latitude=27.85, longitude=("cell", np.full(11, 120.1))),
        r"set.nc, latitude: .*another shape or kind.*numbers over cell",
    ),
    "texts for a grid": (
        lambda: gridded().assign_coords(x=[f"{x:g}" for x in X]),
        r"set.nc, x: .*another shape or kind.*expected numbers over x; to do: correct the file",
    ),
    "half a cell": (
        lambda: listed().assign_coords(cell=np.arange(11) + 0.5),
        r"set.nc, cell: .*\(11 in all\)",
    ),
    "unknown place": (
        lambda: listed().assign(
            latitude=("cell", np.full(11, 27.85)), longitude=("cell", 120.1 + 0.2 * np.arange(11))
        ),
        r"set.nc, latitude and longitude: .*found \[27.85, 120.3\]",
    ),
    "no place": (
        lambda: listed().drop_vars("cell"), r"neither coordinates nor numbers.*to do: write which"
    ),
    "missing place": (
        lambda: listed().assign(
            latitude=("cell", np.full(11, np.nan)), longitude=("cell", np.full(11, 120.1))
        ),
        r"\(11 in all\)",
    ),
    "shifted grid": (
        lambda: gridded().assign_coords(x=X + 0.125),
        r"set.nc, x: .*off its grid.*found 120.225.*to do: bring the footprints to the grid",
    ),
    "bare grid": (lambda: gridded().drop_vars("y"), r"set.nc, y: the grid has no coordinates"),
    "outside": (lambda: gridded().isel(y=[2], x=[3]), r"set.nc: no cell of the census"),
    "cell twice": (
        lambda: listed().assign_coords(cell=[*range(10), 4]), r"set.nc, cell, cell 4: comes twice"
    ),
    "row twice": (lambda: gridded().isel(y=[0, 1, 1]), r"set.nc, cell, cell 4: comes twice \(4"),
    "event twice": (
        lambda: listed().assign_coords(event=[7, 3, 7]), r"set.nc, event, event 7: comes twice"
    ),
    "event names": (
        lambda: listed().assign_coords(event=["a", "b", "c"]), r"event: .*to do: number the events"
    ),
    "no event": (lambda: listed().isel(event=slice(0)), r"set.nc: an empty set"),
    "no cell": (lambda: listed().isel(cell=slice(0)), r"set.nc: an empty set"),
    "no peril": (lambda: listed().drop_vars("wind"), r"set.nc: an empty set.*to do: export"),
    "other peril": (
        lambda: listed().rename(wind="hail"), r"set.nc, hail: not a peril of the census.*to do"
    ),
    "a node that is no peril": (
        lambda: listed().rename(wind="zones"),
        r"set.nc, zones: not a peril of the census; expected \['wind', 'flood'\]; to do: name",
    ),
    "other layout": (
        lambda: listed().rename(cell="place"), r"another layout.*expected event × cell, or event"
    ),
    "two layouts": (
        lambda: listed().assign(flood=gridded()["wind"]), r"another layout.*the same for all"
    ),
    "text": (lambda: listed().assign(rate=("event", list("abc"))), r"rate: .*another shape"),
    "one rate": (lambda: listed().assign(rate=0.1), r"set.nc, rate: .*numbers over event"),
    "no quantity": (
        lambda: without("quantity"), r"set.nc, wind: the quantity is missing.*to do: write the"
    ),
    "other quantity": (lambda: with_attribute(quantity="gust"), r"set.nc, wind: .*found 'gust'"),
    "no parent": (
        lambda: listed().assign_attrs(parent_event=""), r"set.nc: parent_event is missing"
    ),
    "no rate": (lambda: listed().drop_vars("rate"), r"without rate or year.*to do: say"),
    "rate zero": (lambda: rates(0.1, 0.0, 0.1), r"rate, event 3: .*found 0.0; expected > 0"),
    "rate negative": (lambda: rates(0.1, 0.1, -2.0), r"set.nc, rate, event 9: .*found -2.0"),
    "rate NaN": (lambda: rates(np.nan, 0.1, 0.1), r"set.nc, rate, event 7"),
    "rate huge": (lambda: rates(20.0, 20.0, 11.0), r"set.nc, rate: more events.*to do: check the"),
    "rate infinite": (lambda: rates(0.1, np.inf, 0.1), r"set.nc, rate, event 3"),
    "years missing": (
        lambda: dated().assign_attrs(years="many"), r"set.nc, years: .*to do: write the attribute"
    ),
    "years of no event": (
        lambda: listed().assign_attrs(years=50),
        r"set.nc, years: years, but no event has its year; found 50.*to do: write year",
    ),
    "year zero": (lambda: years(1, 0, 3), r"year, event 3: .*whole numbers 1 … 50"),
    "year beyond": (lambda: years(1, 2, 51), r"set.nc, year, event 9: .*found 51"),
    "half a year": (lambda: years(1.5, 2.0, 3.0), r"set.nc, year, event 7"),
    "too many": (
        lambda: listed().isel(event=np.zeros(51, int)).drop_vars(["rate", "event"]).assign(
            year=("event", np.ones(51))
        ).assign_attrs(years=1),
        r"set.nc, year: more events a year",
    ),
    "one date": (lambda: dated().drop_vars("end"), r"set.nc, start: one date alone"),
    "start outside": (lambda: dates(366.0, 367.0), r"set.nc, start, event 3: .*found 366.0"),
    "start on no day": (lambda: dates(0.5, 2.0), r"set.nc, start, event 3: .*days from 1, the"),
    "end before": (lambda: dates(20.0, 19.0), r"set.nc, end, event 3: .*found 19.0"),
    "end missing": (lambda: dates(20.0, np.inf), r"set.nc, end, event 3"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_broken_set_is_refused_with_its_place(
    name: str, tmp_path: Path, placed: xr.DataTree
) -> None:
    made, message = REFUSED[name]
    with pytest.raises(CatalogueError, match=message):
        read(tmp_path, made(), placed)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: without("units"), r"set.nc, wind: .*expected 'm s-1'|m s-1"),
        (lambda: with_attribute(units="km h-1"), r"wind: .*found 'km h-1'.*to do: convert"),
        (lambda: with_attribute(units="", quantity="index"), r"wind: .*unit of the physical index"),
    ],
)
def test_a_wrong_unit_is_refused(
    made: Callable[[], xr.Dataset], message: str, tmp_path: Path, placed: xr.DataTree
) -> None:
    with pytest.raises(UnitsError, match=message):
        read(tmp_path, made(), placed)


def test_what_is_no_netcdf_is_refused(tmp_path: Path, placed: xr.DataTree) -> None:
    (tmp_path / "set.nc").write_text("event,cell,wind\n")
    with pytest.raises(CatalogueError, match=r"set.nc: not a NetCDF file.*to do: check the path"):
        read_footprints(tmp_path / "set.nc", placed)
    with pytest.raises(CatalogueError, match=r"none.nc: not a NetCDF file"):
        read_footprints(tmp_path / "none.nc", placed)


def test_a_truncated_file_is_refused(tmp_path: Path, placed: xr.DataTree) -> None:
    listed().to_netcdf(tmp_path / "whole.nc")
    whole = (tmp_path / "whole.nc").read_bytes()
    (tmp_path / "part.nc").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CatalogueError, match=r"part.nc: not a NetCDF file"):
        read_footprints(tmp_path / "part.nc", placed)
