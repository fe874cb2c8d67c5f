"""Five simulated years of two zones and two perils, and the exposure of a census of three cells."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from riskmodel.exchange.ord import exceedance_table, loss_tables
from riskmodel.exchange.ord_files import Analysis, Group, Results

YEARS = 5
ZONES = ["330302", "330381"]
# occurrence (year, start): two in year 0, none in 1 and 3, one in 2 that costs nothing, one in 4
YEAR, START = [0, 0, 2, 4], [32.5, 365.999999, 180.0, 1.0 + 59.0 / 1440.0]
# rows (occurrence, zone) and columns residential x (wind, flood), commercial x wind, benefit
ROWS = {(0, 0): [10.0, 5.0, 1.0, 99.0], (0, 1): [0.0, 0.0, 0.0, 7.0],
        (1, 1): [0.1, 0.2, 0.0, 0.0], (3, 0): [3.0, 0.0, 0.5, 0.0]}  # fmt: skip


@pytest.fixture
def table() -> xr.Dataset:
    return xr.Dataset(
        {
            "mean": (("row", "column"), list(ROWS.values())),
            "row_occurrence": ("row", [o for o, _ in ROWS]),
            "row_zone": ("row", np.array([z for _, z in ROWS], dtype=np.int16)),
            "year": ("occurrence", YEAR), "start": ("occurrence", START),
            "quantity": ("column", ["loss", "loss", "loss", "benefit"]),
            "unit": ("column", ["CNY", "CNY", "CNY", "person"]),
            "peril": ("column", ["typhoon_wind", "rain_flood", "typhoon_wind", "typhoon_wind"]),
        },
        {"zone": ZONES},
        {"schema": "occurrence_table", "source": "by hand", "history": "test", "years": YEARS,
         "currency": "CNY", "price_year": 2022},
    )  # fmt: skip


@pytest.fixture
def exposed() -> xr.DataArray:
    return xr.DataArray([1000.0, 300.0], {"zone": ZONES}, ("zone",))


@pytest.fixture
def analysis() -> Analysis:
    return Analysis(YEARS, "CNY", 2022, "synthetic", "by hand", ("drought: no code",))


def make_results(table: xr.Dataset, group: Group, exposed: xr.DataArray) -> Results:
    """Results with made-up curve points: awkward floats, one for each kind and summary."""
    tables = loss_tables(table, group, exposed)
    summary = tables["summary-info"]["summary"].to_numpy()
    kinds = ["OEP", "OEP_TVaR", "AEP", "AEP_TVaR"]
    values = np.arange(summary.size * 8).reshape(-1, 4, 2) / 7.0
    curve = xr.Dataset(
        {"value": (("summary", "kind", "return_period"), values)},
        {"summary": summary, "kind": kinds, "return_period": [2.5, 5.0]},
        {"currency": "CNY"},
    )
    palt = pd.DataFrame({"summary": summary, "mean_loss": 1e9 / 3.0, "sd_loss": 0.1})
    palt["sample_type"] = "analytical"
    return Results(group, {**tables, "ept": exceedance_table(curve), "palt": palt})


@pytest.fixture
def results(table: xr.Dataset, exposed: xr.DataArray) -> list[Results]:
    return [make_results(table, group, exposed) for group in ("all", "zone", "peril")]


@pytest.fixture
def zones() -> xr.Dataset:
    """Three cells, the middle one shared by both zones."""
    return xr.Dataset(
        {
            "entry_cell": ("entry", [0, 1, 1, 2]), "entry_zone": ("entry", [0, 0, 1, 1]),
            "latitude": ("cell", [28.1, 28.0, 27.9]), "longitude": ("cell", [120.5, 120.6, 120.7]),
        },
        {"zone": ZONES},
        {"schema": "census.zones", "source": "by hand", "history": "test"},
    )  # fmt: skip


@pytest.fixture
def exposure() -> xr.Dataset:
    value = np.array([[0.1, 7.0, 3.0], [0.2, 0.0, 0.0], [1.0 / 3.0, 2.0, 9.0], [0.0, 0.0, 1.0]])
    total = np.array([value[:2].sum(axis=0), value[2:].sum(axis=0)])
    return xr.Dataset(
        {
            "value": (("entry", "exposure_class"), value),
            "total": (("zone", "exposure_class"), total),
            "unit": ("exposure_class", ["CNY", "CNY", "person"]),
        },
        {"exposure_class": ["residential_rc", "crops", "population"], "zone": ZONES},
        {"schema": "census.exposure", "source": "by hand", "history": "test", "currency": "CNY",
         "price_year": 2022},
    )  # fmt: skip
