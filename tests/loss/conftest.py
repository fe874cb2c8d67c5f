"""A city of six cells and three counties, with three perils and two blocks of stored pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.returnperiod import Frequency
from riskmodel.hazard.intensity import IntensityCurves, Reading, intensity_curves
from riskmodel.hazard.position import position_of_rate
from riskmodel.loss.response import Item, Response

UNITS = {"typhoon_wind": "m s-1", "rain_flood": "m", "storm_surge": "m"}
SCALE = {"typhoon_wind": 22.0, "rain_flood": 0.4, "storm_surge": 0.3}
CAPS = {"typhoon_wind": 75.0, "rain_flood": 6.0, "storm_surge": 6.0}
PERIODS = [5.0, 20.0, 100.0]
CELLS, BLOCKS, YEARS, STORMS = 6, 2, 200, 260
ENTRIES = [(0, 0), (1, 0), (1, 1), (2, 1), (3, 1), (4, 1), (4, 2), (5, 2)]  # cell, zone


@dataclass(frozen=True)
class City:
    """What the engine needs, and the same pairs as dense arrays for slow evaluations."""

    census: xr.DataTree
    curves: dict[str, IntensityCurves]
    catalogue: xr.DataTree
    position: dict[str, np.ndarray]  # (cell, occurrence); -1 where nothing is stored

    def intensity(self, peril: str) -> np.ndarray:
        """Intensity (cell, occurrence) read directly; zero where nothing is stored."""
        position = self.position[peril]
        cells = np.arange(CELLS)[:, None].repeat(position.shape[1], axis=1)
        read = self.curves[peril].at(cells, np.maximum(position, 0))
        return np.where(position >= 0, read, 0.0)


def response(peril: str, knots: list[float], values: list[float], kind: str) -> Response:
    name = f"{peril} {kind}"
    return Response(
        name, peril, UNITS[peril], tuple(knots), tuple(values), kind, "test", "synthetic",
        spread=(0.0,) * len(knots), valid_range=(0.0, knots[-1]),
    )  # fmt: skip


def damage(peril: str, height: float) -> Response:
    knots = [18.0, 35.0, 60.0] if peril == "typhoon_wind" else [0.0, 0.7, 3.0]
    return response(peril, knots, [0.0, 0.3 * height, height], "linear")


def small_items() -> list[Item]:
    """Two classes in one column, one class alone, and benefits by step and by line."""
    water = ("rain_flood", "storm_surge")
    steps = {p: response(p, [0.35, 0.65, 1.15], [500.0, 1000.0, 2000.0], "step") for p in water}
    deaths = {p: response(p, [0.5, 1.0, 4.0], [0.0, 6.0, 24.0], "linear") for p in water}
    both = {height: {p: damage(p, height) for p in UNITS} for height in (0.6, 0.9, 0.4)}
    return [
        Item("residential", "loss", "CNY", "brick", both[0.6], "complement", 1.0),
        Item("residential", "loss", "CNY", "wood", both[0.9], "complement", 1.0),
        Item("industrial", "loss", "CNY", "works", both[0.4], "complement", 1.0),
        Item("contents", "benefit", "CNY", "households", steps, "highest", 1.0),
        Item("deaths", "benefit", "CNY", "persons", deaths, "highest", 1.0),
    ]


def _census(random: np.random.Generator) -> xr.DataTree:
    shape = (len(ENTRIES), 5)
    exposure = xr.Dataset(
        {"value": (("entry", "exposure_class"), random.uniform(1e6, 9e6, shape))},
        {"exposure_class": ["brick", "wood", "works", "households", "persons"]},
        {"currency": "CNY", "price_year": 2022},
    )
    shuffled = random.permutation(len(ENTRIES))  # entries of a zone need not be neighbours
    cell, zone = np.array(ENTRIES)[shuffled].T
    zones = xr.Dataset(
        {
            "entry_cell": ("entry", cell), "entry_zone": ("entry", zone),
            "name_zh": ("zone", ["甲", "乙", "丙"]), "name_en": ("zone", ["A", "B", "C"]),
        },
        {"zone": ["330302", "330303", "330304"]},
    )  # fmt: skip
    nodes = {p: xr.Dataset(attrs={"units": unit}) for p, unit in UNITS.items()}
    return xr.DataTree.from_dict({**nodes, "zones": zones, "exposure": exposure})


def _curves(random: np.random.Generator) -> dict[str, IntensityCurves]:
    made = {}
    for peril, scale in SCALE.items():
        maps = scale * np.cumsum(random.uniform(0.3, 1.0, (3, CELLS)), axis=0)
        maps[0, 2] = 0.0  # dry in the most frequent map
        maps[:, 5] = 0.0 if peril == "storm_surge" else maps[:, 5]
        reading = Reading("loglinear_to_zero_at", 3.9, "gumbel", CAPS[peril], "loglinear")
        data = xr.DataArray(maps, {"return_period": PERIODS}, ("return_period", "cell"))
        made[peril] = intensity_curves(
            data, reading, Frequency("poisson"), storage_rate=0.3, peril=peril
        )
    return made


def _pairs(position: np.ndarray) -> xr.Dataset:
    cell, storm = np.nonzero(position >= 0)
    return xr.Dataset(
        {
            "pointer": ("edge", np.searchsorted(cell, np.arange(CELLS + 1))),
            "occurrence": ("pair", storm.astype(np.uint32)),
            "position": ("pair", position[cell, storm].astype(np.uint16)),
        }
    )


def make_city(seed: int, storms: int = STORMS) -> City:
    """A city with random maps, exposure and footprints of so many storms a block."""
    random = np.random.default_rng(seed)
    census, curves = _census(random), _curves(random)
    first = int(position_of_rate(0.3))
    nodes: dict[str, xr.Dataset] = {}
    dense: dict[str, list[np.ndarray]] = {p: [] for p in UNITS}
    for block in range(BLOCKS):
        quiet = random.random(storms) < 0.2  # storms that pass by
        for peril in UNITS:
            position = first + (random.exponential(4000.0, (CELLS, storms))).astype(np.int64)
            position[quiet | (random.random((CELLS, storms)) < 0.5)] = -1
            nodes[f"block_{block:02d}/{peril}"] = _pairs(position)
            dense[peril].append(position)
    year = np.sort(random.integers(0, YEARS, (BLOCKS, storms)), axis=1)
    year += np.arange(BLOCKS)[:, None] * YEARS
    day = np.sort(random.uniform(0.0, 365.0, BLOCKS * storms))
    root = xr.Dataset(
        {
            "block": ("occurrence", np.repeat(np.arange(BLOCKS), storms).astype(np.int16)),
            "year": ("occurrence", year.ravel()),
            "start": ("occurrence", day), "end": ("occurrence", day + 2.0),
            "parent_event": ("occurrence", np.full(day.size, "typhoon")),
        },
        attrs={
            "blocks": BLOCKS, "years_per_block": YEARS,
            "frequency": "poisson", "kappa": 0.0,
        },
    )  # fmt: skip
    catalogue = xr.DataTree.from_dict({"/": root, **nodes})
    joined = {p: np.concatenate(blocks, axis=1) for p, blocks in dense.items()}
    return City(census, curves, catalogue, joined)


@pytest.fixture(scope="session")
def city() -> City:
    return make_city(20221)


@pytest.fixture(scope="session")
def items() -> list[Item]:
    return small_items()
