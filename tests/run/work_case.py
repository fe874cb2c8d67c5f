"""A run in a temporary folder with hand-made stages: what the verbs of the notebooks work on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from riskmodel.core.schema import stamp
from riskmodel.loss.occurrence_table import SCHEMA
from riskmodel.run.folder import ROOT, Run, RunFolder
from riskmodel.run.params import apply_overrides, load_params
from riskmodel.run.stages import save_stage

BLOCKS, YEARS = 2, 400  # years of a block
PERILS = ("typhoon_wind", "rain_flood", "storm_surge")
SECTORS = ("residential", "commercial", "industrial", "infrastructure", "crops", "aquaculture")
BENEFITS = ("basic.contents", "basic.deaths", "basic.resettlement")
ZONES = ["330302", "330303", "330304", "330305", "330324", "330326"]
ZONES += ["330327", "330328", "330329", "330381", "330382", "330383"]
PROGRAMME = Path(__file__).parent / "programme.yml"
POPULATION = np.arange(1.0, 13.0) * 1e5


def make_run(folder: Path, notebook: str) -> Run:
    """A run of two blocks with the committed params, as one notebook sees it."""
    params = apply_overrides(
        load_params(ROOT / "params" / "wenzhou.yml"),
        {"run": "case", "hazard.blocks": BLOCKS, "hazard.years_per_block": YEARS},
    )
    return Run(params, RunFolder(folder / "case").make(), notebook)


def make_census() -> xr.DataTree:
    """Zones and their totals, as far as covers and ratios read them."""
    classes = ["population", "residential_rc"]
    exposure = xr.Dataset(
        {
            "total": (("zone", "exposure_class"), np.stack([POPULATION, 1e5 * POPULATION], axis=1)),
            "gdp": ("zone", POPULATION * 8e4),
        },
        {"zone": ZONES, "exposure_class": classes},
        {"currency": "CNY", "price_year": 2022, "gdp_year": 2022},
    )
    names = {f"name_{code}": ("zone", [f"{code} {z}" for z in ZONES]) for code in ("zh", "en")}
    zones = xr.Dataset(names, {"zone": ZONES})
    return xr.DataTree.from_dict({"exposure": exposure, "zones": zones})


def make_table(seed: int, factor: float = 1.0) -> xr.Dataset:
    """Occurrence table of 900 storms; a tenth of them cost nothing, some miss the trigger box."""
    random = np.random.default_rng(seed)
    year = np.sort(random.integers(0, BLOCKS * YEARS, 900))
    hit = np.flatnonzero(random.random((900, 12)) < 0.25)
    occurrence, zone = hit // 12, hit % 12
    loud = occurrence % 10 != 0
    occurrence, zone = occurrence[loud], zone[loud]
    names = [*SECTORS, *BENEFITS]
    scale = np.repeat([4e7] * 6 + [2e7, 5e6, 1.5e7], 3)
    mean = factor * scale * random.pareto(2.2, (occurrence.size, scale.size))
    quantity = ["loss"] * 6 + ["benefit"] * 3
    day = random.uniform(150.0, 300.0, year.size)
    data = xr.Dataset(
        {
            "mean": (("row", "column"), mean),
            "extrapolated": (("row", "column"), 0.25 * mean),
            "row_occurrence": ("row", occurrence), "row_zone": ("row", zone.astype(np.int16)),
            "year": ("occurrence", year), "block": ("occurrence", year // YEARS),
            "start": ("occurrence", day), "end": ("occurrence", day + 2.0),
            "parent_event": ("occurrence", np.full(day.size, "typhoon")),
            "quantity": ("column", np.repeat(quantity, 3)),
            "unit": ("column", np.repeat("CNY", 27)),
            "item": ("column", np.repeat(names, 3)), "peril": ("column", np.tile(PERILS, 9)),
            "name_zh": ("zone", [f"zh {z}" for z in ZONES]),
            "name_en": ("zone", [f"en {z}" for z in ZONES]),
        },
        {"zone": ZONES},
    )  # fmt: skip
    return stamp(
        data, SCHEMA, source="by hand", history="test", years=BLOCKS * YEARS, blocks=BLOCKS,
        currency="CNY", price_year=2022,
    )  # fmt: skip


def save_triggers(folder: Path, table: xr.Dataset, seed: int = 5) -> xr.Dataset:
    """Write the stage of notebook 02 that covers read: pressure and wind of each storm."""
    random = np.random.default_rng(seed)
    count = table.sizes["occurrence"]
    pressure = random.uniform(900.0, 1000.0, count)
    pressure[random.random(count) < 0.4] = np.nan
    wind, rain = random.uniform(10.0, 60.0, (count, 1)), random.gamma(2.0, 60.0, (count, 12))
    rain[random.random(count) < 0.2] = np.nan  # plum rain knows no stations
    triggers = table[["year", "block", "start", "end"]].assign(
        minimum_pressure=(("occurrence", "box"), pressure[:, None]),
        maximum_wind=(("occurrence", "box"), wind),
        station_rain=(("occurrence", "station"), rain),
        base=("occurrence", np.arange(count)),
        box=["wenzhou_150km"],
        station=ZONES,
    )
    triggers.attrs.update(blocks=BLOCKS, years_per_block=YEARS)
    save_stage(make_run(folder, "02_hazard"), "catalogue", triggers)
    return triggers


def with_snow(table: xr.Dataset, depth: np.ndarray) -> xr.Dataset:
    """The table with a column of snow, depth (occurrence, zone) in cm over one unit a county."""
    column = {"quantity": "index", "unit": "cm x exposed", "item": "snow_depth.residential_rc"}
    rows = (table["row_occurrence"].values, table["row_zone"].values)
    values = (depth * 1e5 * POPULATION)[rows][:, None]
    extra = xr.Dataset(
        {"mean": (("row", "column"), values), "extrapolated": (("row", "column"), values * 0.0),
         **{k: ("column", [v]) for k, v in column.items()}, "peril": ("column", ["cold_snow"])}
    )  # fmt: skip
    kept = table.drop_vars([n for n in table.data_vars if "column" in table[n].dims])
    joined = xr.concat([table[list(extra.data_vars)], extra], dim="column")
    return xr.merge([kept, joined]).assign_attrs(table.attrs)
