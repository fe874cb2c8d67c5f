"""Fine cells read their own curve at the position of the catalogue cell that holds them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.errors import CensusError
from riskmodel.hazard.intensity import IntensityCurves
from riskmodel.hazard.position import LAST_POSITION
from riskmodel.loss.compilation import compile_table
from riskmodel.loss.entries import FineCells
from riskmodel.loss.response import Item
from tests.loss.conftest import CELLS, City, response
from tests.loss.dense import block_results


def shares(values: list[float]) -> xr.DataArray:
    return xr.DataArray(np.array(values), dims="fine")


def copies(city: City) -> FineCells:
    """Two fine cells in each of cells 1 and 4, with the curves of their parents."""
    parent = np.array([4, 1, 1, 4])
    water = {
        p: replace(c, left=c.left[parent], right=c.right[parent])
        for p, c in city.curves.items()
        if p != "typhoon_wind"
    }
    return FineCells(parent, shares([0.3, 0.9, 0.1, 0.7]), water)


def test_fine_cells_like_their_parent_change_nothing(city: City, items: list[Item]) -> None:
    coarse = compile_table(city.census, city.curves, items, depth_spread=0.0)
    fine = compile_table(city.census, city.curves, items, depth_spread=0.0, fine=copies(city))
    assert fine.entries.cell.size == coarse.entries.cell.size + 4  # cell 1 is in two zones
    pairs = zip(
        block_results(city.catalogue, coarse), block_results(city.catalogue, fine), strict=True
    )
    for one, other in pairs:
        for expected, found in zip(one, other, strict=True):
            assert expected.sum() > 0.0
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-9)


def test_two_fine_cells_by_hand(city: City) -> None:
    """A quarter of the households stands 1 m deep, the rest is dry; the mean depth pays nothing."""
    step = response("rain_flood", [0.5], [800.0], "step")
    item = Item("contents", "benefit", "CNY", "households", {"rain_flood": step}, "highest", 1.0)

    def depths(level: list[float]) -> IntensityCurves:
        side = np.array(level, dtype=np.float32)[:, None]
        return IntensityCurves(np.array([0, LAST_POSITION + 1]), side, side, 6.0, 60_000)

    mean = {"rain_flood": depths([0.25] * CELLS)}
    fine = FineCells(np.array([2, 2]), shares([0.25, 0.75]), {"rain_flood": depths([1.0, 0.0])})
    coarse = compile_table(city.census, mean, [item], depth_spread=0.0)
    assert all(m.sum() == 0.0 for m, _ in block_results(city.catalogue, coarse))
    table = compile_table(city.census, mean, [item], depth_spread=0.0, fine=fine)
    zones, exposure = city.census["zones"].to_dataset(), city.census["exposure"].to_dataset()
    of_cell = zones["entry_cell"].values == 2
    households = exposure["value"].sel(exposure_class="households").values[of_cell].sum()
    stored = city.catalogue["block_00/rain_flood"].to_dataset()["pointer"].values
    (paid, _), _ = block_results(city.catalogue, table)
    expected = (stored[3] - stored[2]) * households * 0.25 * 800.0
    assert paid.sum() == pytest.approx(expected, rel=1e-9)


def test_shares_that_lose_exposure_and_foreign_curves_are_refused(city: City) -> None:
    fine = copies(city)
    with pytest.raises(CensusError, match=r"do not make up.*sums off by 0\.1"):
        replace(fine, share=shares([0.3, 0.8, 0.1, 0.7]))
    with pytest.raises(CensusError, match="rain_flood: curves of other fine cells"):
        replace(fine, curves={"rain_flood": city.curves["rain_flood"]})
