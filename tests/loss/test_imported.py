"""Imported footprints through the engine: each costs what its intensities cost, read directly."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.errors import CatalogueError
from riskmodel.core.schema import stamp
from riskmodel.hazard.footprints import FOOTPRINTS
from riskmodel.hazard.imported import footprint_catalogue
from riskmodel.loss.compilation import compile_table
from riskmodel.loss.occurrence_table import occurrence_table
from riskmodel.loss.response import Item
from tests.loss.conftest import BLOCKS, CELLS, ENTRIES, City, damage

DEPTHS = np.array([[0.0, 0.2, 0.4, 0.7, 1.0, 0.0], [1.4, 0.0, 0.9, 0.3, 0.0, 1.1]])


def test_an_imported_event_costs_what_its_intensities_cost(city: City) -> None:
    kind = {"quantity": "intensity", "units": "m"}
    data = xr.Dataset(
        {"rain_flood": (("event", "cell"), DEPTHS, kind), "year": ("event", [2, 1])},
        {"event": [0, 1], "cell": np.arange(CELLS)},
    )
    data = stamp(
        data, FOOTPRINTS, source="test", history="test",
        perils=["rain_flood"], parent_event="plum_rain", cells_outside_zones=0, years=2,
    )  # fmt: skip
    baseline = city.catalogue.copy()
    baseline.attrs |= {"perils": ["rain_flood"], "storage_rate": [0.3]}
    census = city.census.copy()
    census["zones"] = census["zones"].to_dataset().assign(row=("cell", np.arange(CELLS)))
    tree = footprint_catalogue(baseline, census, data, city.curves, years=2, seed=1)
    assert tree.attrs["pairs_at_last_position_rain_flood"] == 0
    flood = {"rain_flood": damage("rain_flood", 0.6)}
    items = [Item("residential", "loss", "CNY", "brick", flood, "complement", 1.0)]
    curves = {"rain_flood": city.curves["rain_flood"]}
    table = occurrence_table(tree, compile_table(city.census, curves, items, depth_spread=0.0))
    assert table.attrs["years"] == (1 + BLOCKS) * 2
    assert set(table["parent_event"].values) == {"plum_rain"}

    ratio = np.interp(DEPTHS[[1, 0]], [0.0, 0.7, 3.0], [0.0, 0.18, 0.6])  # in order of year
    value = city.census["exposure"]["value"].sel(exposure_class="brick").values
    zones = city.census["zones"].to_dataset()
    expected = np.zeros((2, 3))
    for entry in range(len(ENTRIES)):
        cell, zone = int(zones["entry_cell"][entry]), int(zones["entry_zone"][entry])
        expected[:, zone] += ratio[:, cell] * value[entry]
    found = np.zeros((1 + BLOCKS, 2, 3))
    block, storm = np.divmod(table["row_occurrence"].values, 2)
    np.add.at(found, (block, storm, table["row_zone"].values), table["mean"].values[:, 0])
    np.testing.assert_allclose(found, np.tile(expected, (1 + BLOCKS, 1, 1)), rtol=2e-3)


@pytest.mark.parametrize(("start", "refused"), [(250.0, True), (265.0, False)])
def test_imported_spells_of_drought_that_overlap_are_refused(
    city: City, start: float, refused: bool
) -> None:
    kind = {"quantity": "intensity", "units": "1"}
    data = xr.Dataset(
        {
            "drought": (("event", "cell"), DEPTHS / 2.0, kind), "year": ("event", [1, 1]),
            "start": ("event", [182.0, start]), "end": ("event", [260.0, 300.0]),
        },
        {"event": [0, 1], "cell": np.arange(CELLS)},
    )  # fmt: skip
    data = stamp(
        data, FOOTPRINTS, source="spells of a test", history="test",
        perils=["drought"], parent_event="drought", cells_outside_zones=0, years=2,
    )  # fmt: skip
    baseline = city.catalogue.copy()
    baseline.attrs |= {"perils": ["drought"], "storage_rate": [0.3]}
    census = city.census.copy()
    census["zones"] = census["zones"].to_dataset().assign(row=("cell", np.arange(CELLS)))
    curves = {"drought": city.curves["rain_flood"]}
    told = r"spells of a test, year 0: spells of drought overlap.*join what is one drought"
    with pytest.raises(CatalogueError, match=told) if refused else nullcontext():
        footprint_catalogue(baseline, census, data, curves, years=2, seed=1)
