"""Wind, flash flood and landslide of one storm combine in the cell as 1 - Π(1 - d)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from riskmodel.hazard.build import build_catalogue
from riskmodel.hazard.catalogue import block_names
from riskmodel.hazard.intensity import IntensityCurves, Reading, cell_maps, intensity_curves
from riskmodel.hazard.source import Source, SourceBlock
from riskmodel.loss.compilation import compile_table
from riskmodel.loss.occurrence_table import occurrence_table
from riskmodel.loss.response import Item, Response
from tests.hazard.conftest import (
    POISSON,
    gumbel_wind,
    make_census,
    make_settings,
    make_source,
    shallow_flood,
)

YEARS = 300
RATES = {"typhoon_wind": 0.30, "flash_flood": 0.45, "landslide": 0.30}
UNITS = {"typhoon_wind": "m s-1", "flash_flood": "m", "landslide": "1"}
CAPS = {"typhoon_wind": 75.0, "flash_flood": 8.0, "landslide": 1.0}


def storms() -> Source:
    whole = make_source(YEARS)

    def block(number: int) -> SourceBlock:
        made = whole.block(number)
        rain = made.indices["flood"]
        return SourceBlock(
            made.occurrences,
            {"typhoon_wind": made.indices["wind"], "flash_flood": rain, "landslide": rain},
        )

    units = {"typhoon_wind": "m s-1", "flash_flood": "mm", "landslide": "mm"}
    return replace(whole, index_units=units, block=block)


@pytest.fixture(scope="module")
def census() -> xr.DataTree:
    maps = {
        "typhoon_wind": gumbel_wind(),
        "flash_flood": shallow_flood(),
        "landslide": shallow_flood() / 50.0,
    }
    tree = make_census(maps)
    for peril, unit in UNITS.items():
        tree[peril].attrs["units"] = unit
    zones, cells = tree["zones"].to_dataset(), np.arange(12)
    tree["zones"] = xr.DataTree(
        zones.assign(
            entry_cell=("entry", cells), entry_zone=("entry", cells // 6),
            name_zh=("zone", ["甲", "乙"]), name_en=("zone", ["A", "B"]),
        ).assign_coords(zone=["330302", "330303"])
    )  # fmt: skip
    tree["exposure"] = xr.DataTree(
        xr.Dataset(
            {"value": (("entry", "exposure_class"), 1e6 * (1.0 + cells[:, None]))},
            {"exposure_class": ["homes"]},
            {"currency": "CNY", "price_year": 2022},
        )
    )
    return tree


def item() -> Item:
    def line(peril: str, high: float) -> Response:
        return Response(
            peril, peril, UNITS[peril], (0.0, CAPS[peril]), (0.0, high), "linear", "test",
            "synthetic", spread=(0.0, 0.0), valid_range=(0.0, CAPS[peril]),
        )  # fmt: skip

    responses = {peril: line(peril, 0.8) for peril in RATES}
    return Item("residential", "loss", "CNY", "homes", responses, "complement", 1.0)


def test_perils_of_one_storm_combine_and_add_up(census: xr.DataTree, tmp_path: Path) -> None:
    settings = make_settings(YEARS, blocks=2, storage_rate=RATES)
    catalogue = build_catalogue(tmp_path, census, [storms()], settings).load()
    curves = {
        peril: intensity_curves(
            cell_maps(census, peril),
            Reading("loglinear_to_zero_at", 3.9, "gumbel", CAPS[peril], "loglinear"),
            POISSON, storage_rate=rate, peril=peril,
        )
        for peril, rate in RATES.items()
    }  # fmt: skip
    table = occurrence_table(catalogue, compile_table(census, curves, [item()], depth_spread=0.0))
    kept, singles = _directly(catalogue, curves)
    value = 1e6 * (1.0 + np.arange(12))
    combined = ((1.0 - kept) * value[:, None]).reshape(2, 6, -1).sum(axis=1)
    found = np.zeros_like(combined)
    loss = table["mean"].values.sum(axis=1)
    found[table["row_zone"].values, table["row_occurrence"].values] = loss
    np.testing.assert_allclose(found, combined, rtol=2e-3, atol=20.0)
    # the three meet in one storm somewhere, and cost less together than each alone
    together = (singles > 0).all(axis=0)
    assert together.sum() > 50
    assert ((1.0 - kept)[together] < singles.sum(axis=0)[together]).all()
    assert set(table["peril"].values) == set(RATES)


def _directly(
    catalogue: xr.DataTree, curves: dict[str, IntensityCurves]
) -> tuple[np.ndarray, np.ndarray]:
    """Π(1 - d) (cell, occurrence) and d (peril, cell, occurrence), read pair by pair."""
    block_of = catalogue.to_dataset()["block"].values
    singles = np.zeros((len(RATES), 12, block_of.size))
    for k, peril in enumerate(RATES):
        for b, name in enumerate(block_names(catalogue)):
            first = int(np.searchsorted(block_of, b))
            pairs = catalogue[f"{name}/{peril}"].to_dataset()
            cell = np.repeat(np.arange(12), np.diff(pairs["pointer"].values))
            depth = curves[peril].at(cell, pairs["position"].values)
            singles[k, cell, first + pairs["occurrence"].values] = 0.8 * depth / CAPS[peril]
    return np.prod(1.0 - singles, axis=0), singles
