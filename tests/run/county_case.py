"""A city and its counties on the demo census, with a small catalogue of made-up footprints."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from riskmodel.census.read import load_census
from riskmodel.hazard.position import position_of_rate
from riskmodel.hazard.selection import select_cells
from riskmodel.loss.occurrence_table import occurrence_table, repeated_table
from riskmodel.run import settings
from riskmodel.run.folder import ROOT, Run, RunFolder
from riskmodel.run.params import apply_overrides, load_params
from riskmodel.run.stages import save_stage
from riskmodel.run.work import census as work_census
from riskmodel.run.work.losses import compiled
from tests.run.work_case import ZONES

BLOCKS, YEARS, STORMS = 2, 400, 60  # storms of a block
PERILS = ("typhoon_wind", "rain_flood", "storm_surge", "forest_fire")
VARIANTS = ("published", "wet_late")


def make_run(folder: Path, name: str, notebook: str, **changes: object) -> Run:
    """A run of one of the committed params files with two small blocks."""
    params = load_params(ROOT / "params" / f"{name}.yml")
    small = {"hazard.blocks": BLOCKS, "hazard.years_per_block": YEARS}
    params = apply_overrides(params, small | changes)
    kept = tuple(v for v in params.model_set if v.name in VARIANTS)
    params = params.model_copy(update={"model_set": kept})
    return Run(params, RunFolder(folder / name).make(), notebook)


@cache
def city_census() -> xr.DataTree:
    """The demo census with all its zones."""
    return load_census(ROOT / "data" / "demo")


@pytest.fixture(scope="module", autouse=True)
def read_once() -> Iterator[None]:
    """The demo census is read once, not for each verb that asks for it.

    Indices of fire control differ by county, so that a cell of two counties shows whose it takes.
    """
    declared = settings.load_fire_control(ROOT / "data" / "hazard" / "fire_control.yml")
    uneven = {code: 30.0 + 5.0 * number for number, code in enumerate(declared.counties)}
    control = declared.model_copy(update={"counties": uneven})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "load_fire_control", lambda _: control)
        patch.setattr(work_census, "load_census", lambda _: city_census().copy())
        yield


@cache
def city_catalogue() -> xr.DataTree:
    """Random footprints on every cell of the city; a third of the storms pass each cell by."""
    random, cells = np.random.default_rng(11), city_census()["zones"].sizes["cell"]
    first = int(position_of_rate(0.25))
    nodes: dict[str, xr.Dataset] = {}
    for block in range(BLOCKS):
        for peril in PERILS:
            hit = random.random((cells, STORMS)) < 0.3
            cell, storm = np.nonzero(hit)
            strength = first + random.exponential(2500.0, (cells, STORMS))
            nodes[f"block_{block:02d}/{peril}"] = xr.Dataset(
                {
                    "pointer": ("edge", np.append(0, np.cumsum(hit.sum(axis=1)))),
                    "occurrence": ("pair", storm.astype(np.uint32)),
                    "position": ("pair", strength[cell, storm].astype(np.uint16)),
                },
                attrs={"shift": 0.3},
            )
    for peril in PERILS:
        function = {"index": (("block", "cell", "knot"), np.ones((BLOCKS, cells, 2), np.float32))}
        nodes[f"rank_function/{peril}"] = xr.Dataset(function)
    nodes["/"] = _occurrences(random)
    return xr.DataTree.from_dict(nodes, name="catalogue")


def _occurrences(random: np.random.Generator) -> xr.Dataset:
    year = np.sort(random.integers(0, YEARS, (BLOCKS, STORMS)), axis=1)
    year += np.arange(BLOCKS)[:, None] * YEARS
    count = BLOCKS * STORMS
    day = random.uniform(150.0, 300.0, count)
    pressure = random.uniform(900.0, 1000.0, (count, 1))
    return xr.Dataset(
        {
            "block": ("occurrence", np.repeat(np.arange(BLOCKS), STORMS).astype(np.int16)),
            "year": ("occurrence", year.ravel()),
            "start": ("occurrence", day), "end": ("occurrence", day + 2.0),
            "parent_event": ("occurrence", np.full(count, "typhoon")),
            "minimum_pressure": (("occurrence", "box"), pressure),
            "maximum_wind": (("occurrence", "box"), 1000.0 - pressure),
            "station_rain": (("occurrence", "station"), random.gamma(2.0, 60.0, (count, 12))),
        },
        {"box": ["wenzhou_150km"], "station": ZONES},
        {
            "blocks": BLOCKS, "years_per_block": YEARS, "perils": list(PERILS),
            "frequency": "poisson", "kappa": 0.0, "storage_rate": [0.36, 0.45, 0.36, 0.02],
        },
    )  # fmt: skip


def repeated_occurrences() -> xr.Dataset:
    """Occurrences of a scenario: every third comes twice, every fifth not at all."""
    root, number = city_catalogue().to_dataset(), np.arange(BLOCKS * STORMS)
    base = np.sort(np.concatenate([number[number % 5 > 0], number[::3]]))
    return root.isel(occurrence=base).assign(base=("occurrence", base))


def catalogue_for(census: xr.DataTree) -> xr.DataTree:
    """Catalogue of the cells of a census."""
    zones = census["zones"].to_dataset()
    if "whole_cell" not in zones:
        return city_catalogue()
    return select_cells(city_catalogue(), zones["whole_cell"].values)


def losses_for(run: Run, census: xr.DataTree) -> xr.Dataset:
    """Occurrence table of a run of notebook 03, its scenario's occurrences saved before."""
    save_stage(Run(run.params, run.folder, "02_hazard"), "catalogue", repeated_occurrences())
    catalogue = catalogue_for(census)
    table = occurrence_table(catalogue, compiled(run, run.params, census, catalogue))
    return repeated_table(table, repeated_occurrences())
