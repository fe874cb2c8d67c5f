"""A census of twelve cells and a made-up source of storms on nine nodes, all in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr

from riskmodel.core.draws import generator
from riskmodel.core.returnperiod import Frequency
from riskmodel.hazard.build import build_catalogue
from riskmodel.hazard.catalogue import CatalogueSettings
from riskmodel.hazard.grid import PhysicsGrid
from riskmodel.hazard.intensity import IntensityCurves, Reading, cell_maps, intensity_curves
from riskmodel.hazard.ranking import Interpolation, Pool, Ranks, rank_block
from riskmodel.hazard.source import Source, SourceBlock

FloatArray = npt.NDArray[np.float64]
PERIODS = (5, 10, 20, 50, 100, 200)
GRID = PhysicsGrid(west=120.0, south=27.0, columns=3, rows=3, spacing=0.5)
ROWS, COLUMNS = 3, 4
CELLS = np.arange(ROWS * COLUMNS)
POISSON = Frequency("poisson")
STORAGE = {"wind": 0.30, "flood": 0.45}
READING = Reading(
    head="loglinear_to_zero_at",
    head_return_period=3.9,
    tail="gumbel",
    tail_cap=200.0,
    passage="loglinear",
)


def gumbel_wind() -> FloatArray:
    """Wind (return period, cell) as the demo makes it: Gumbel, stronger towards the east."""
    variate = -np.log(-np.log1p(-1.0 / np.array(PERIODS)))
    return 14.0 + 0.5 * (CELLS % COLUMNS) + (4.0 + 0.1 * CELLS) * variate[:, None]


def warped_wind() -> FloatArray:
    """Wind that no Gumbel law gives: jumps, plateaus, other shapes from cell to cell."""
    steps = np.array([0.0, 9.0, 0.0, 0.1, 14.0, 3.0])[:, None] * (1.0 + CELLS % 3)
    rolled = np.stack([np.roll(steps[1:, c], c) for c in CELLS], axis=1)
    return np.vstack([8.0 + CELLS, 8.0 + CELLS + np.cumsum(rolled, axis=0)])


def shallow_flood() -> FloatArray:
    """Depth as the demo makes it: wet from the first map on near the river, later away from it."""
    variate = -np.log(-np.log1p(-1.0 / np.array(PERIODS)))
    return np.maximum(0.6 * variate[:, None] - 0.35 * (CELLS % COLUMNS), 0.0)


def flood_behind_dykes() -> FloatArray:
    """Dry up to 50 years behind dykes, wet from the start outside, some cells never wet."""
    depth = np.array([0.2, 0.5, 0.9, 1.4, 2.2, 2.9])[:, None] * (1.0 + 0.1 * CELLS)
    behind = np.array(PERIODS)[:, None] <= 50
    protected, never = CELLS % 3 == 1, CELLS % 6 == 5
    return np.where(never | (protected & behind), 0.0, depth)


def constant_wind() -> FloatArray:
    """Every map of a cell the same."""
    return np.tile(20.0 + CELLS, (len(PERIODS), 1))


def classes() -> FloatArray:
    """A map of classes: whole numbers, equal over many cells and return periods."""
    steps = np.array([0, 0, 1, 1, 2, 3])[:, None]
    return np.maximum(steps - (CELLS % 2), 0).astype(np.float64)


CENSUSES: dict[str, dict[str, Callable[[], FloatArray]]] = {
    "like the demo": {"wind": gumbel_wind, "flood": shallow_flood},
    "warped wind, dykes": {"wind": warped_wind, "flood": flood_behind_dykes},
    "classes": {"wind": warped_wind, "flood": classes},
    "shifted coarser grid": {"wind": gumbel_wind, "flood": flood_behind_dykes},
    "the same in every year": {"wind": constant_wind, "flood": shallow_flood},
}


@dataclass(frozen=True)
class Grid:
    """Cells of a census: rows from the north, columns from the west, in degrees."""

    rows: int
    columns: int
    north: float
    west: float
    spacing: tuple[float, float]


FINE = Grid(ROWS, COLUMNS, 27.85, 120.1, (0.3, 0.25))
COARSE = Grid(2, 2, 27.77, 120.13, (0.61, 0.67))


def make_census(
    maps: Mapping[str, FloatArray], periods: tuple[float, ...] = PERIODS, grid: Grid = FINE
) -> xr.DataTree:
    """Census whose every grid cell is a cell of one zone."""
    row, column = np.divmod(np.arange(grid.rows * grid.columns), grid.columns)
    zones = xr.Dataset(
        {
            "row": ("cell", row),
            "column": ("cell", column),
            "latitude": ("cell", grid.north - grid.spacing[0] * row),
            "longitude": ("cell", grid.west + grid.spacing[1] * column),
        }
    )
    nodes = {}
    for peril, values in maps.items():
        layers = values.reshape(len(periods), grid.rows, grid.columns).astype(np.float32)
        state = np.where((layers > 0).any(axis=0), 2, 1).astype(np.int8)
        nodes[peril] = xr.Dataset(
            {"intensity": (("return_period", "y", "x"), layers), "state": (("y", "x"), state)},
            {"return_period": [float(t) for t in periods]},
        )
    tree = xr.DataTree.from_dict({**nodes, "zones": zones})
    tree.attrs["perils"] = list(nodes)
    return tree


def census_named(name: str) -> xr.DataTree:
    grid = COARSE if "coarser" in name else FINE
    count = grid.rows * grid.columns
    return make_census(
        {peril: made()[:, :count] for peril, made in CENSUSES[name].items()}, grid=grid
    )


def storm_block(years: int, block: int, seed: int = 5) -> SourceBlock:
    """Four storms a year; each reaches the nodes around a place of its own."""
    random = generator(seed, "storms of a test", block)
    year = np.repeat(np.arange(years), random.poisson(4.0, years))
    day = 150.0 + 120.0 * random.random(year.size)
    order = np.lexsort((day, year))
    year, day = year[order], day[order]
    latitude, longitude = GRID.nodes()
    lat, lon = random.uniform(26.5, 28.5, year.size), random.uniform(119.5, 121.5, year.size)
    reach = np.exp(-np.hypot(latitude[:, None] - lat, longitude[:, None] - lon))
    strength = random.gumbel(20.0, 8.0, year.size)
    wind = np.maximum(strength * reach - 4.0, 0.0)
    rain = np.maximum(wind * 5.0 * random.lognormal(0.0, 0.3, wind.shape) - 5.0, 0.0)
    occurrences = xr.Dataset(
        {
            "year": ("occurrence", year),
            "start": ("occurrence", day),
            "end": ("occurrence", day + 2.0),
        }
    )
    return SourceBlock(
        occurrences, {"wind": wind.astype(np.float32), "flood": rain.astype(np.float32)}
    )


class BlockPairs(NamedTuple):
    """Pairs of a whole block in cell-major order; `pointer` (cell + 1) frames each cell's run."""

    pointer: npt.NDArray[np.int64]
    occurrence: npt.NDArray[np.uint32]
    position: npt.NDArray[np.uint16]
    rank_index: npt.NDArray[np.float32]


def ranked_whole(
    pool: Pool,
    interpolation: Interpolation,
    cells: npt.NDArray[np.int64],
    ranks: Ranks,
    *,
    key: tuple[int, int] = (5, 0),
) -> BlockPairs:
    """Rank a block and join the chunks that ranking yields."""
    count = np.zeros(interpolation.node.shape[0], dtype=np.int64)
    rank_index = np.zeros((count.size, ranks.knots.size), dtype=np.float32)
    parts = list(rank_block(pool, interpolation, cells, ranks, key=key, peril="wind"))
    for part in parts:
        count[part.cells], rank_index[part.cells] = part.count, part.rank_index
    occurrence, position = (
        np.concatenate([getattr(p, name) for p in parts]) for name in ("occurrence", "position")
    )
    return BlockPairs(np.append(0, np.cumsum(count)), occurrence, position, rank_index)


def pool_from(index: npt.NDArray[np.float32], year: npt.NDArray[np.int64], years: int) -> Pool:
    """Pool of storms that are all occurrences of their block."""
    pointer = np.searchsorted(year, np.arange(years + 1)).astype(np.int64)
    return Pool(index, np.arange(year.size, dtype=np.uint32), pointer)


def make_source(years: int, seed: int = 5) -> Source:
    units = {"wind": "m s-1", "flood": "mm"}
    return Source(
        GRID, units, "storm", f"test {years} {seed}", lambda b: storm_block(years, b, seed)
    )


def wind_source(years: int) -> Source:
    """The same storms, of which only the wind is looked at."""
    whole = make_source(years)

    def block(number: int) -> SourceBlock:
        made = whole.block(number)
        return SourceBlock(made.occurrences, {"wind": made.indices["wind"]})

    return replace(whole, index_units={"wind": "m s-1"}, block=block)


def make_settings(years: int, blocks: int = 3, **changes: object) -> CatalogueSettings:
    plain = CatalogueSettings(blocks, years, 0.3, POISSON, STORAGE, 5)
    return replace(plain, **changes)  # type: ignore[arg-type]


def curves_of(
    census: xr.DataTree,
    peril: str,
    reading: Reading = READING,
    frequency: Frequency = POISSON,
) -> IntensityCurves:
    maps = cell_maps(census, peril)
    return intensity_curves(maps, reading, frequency, storage_rate=STORAGE[peril], peril=peril)


@pytest.fixture(scope="session")
def census() -> xr.DataTree:
    return census_named("like the demo")


@pytest.fixture(scope="session")
def catalogue(census: xr.DataTree, tmp_path_factory: pytest.TempPathFactory) -> xr.DataTree:
    """Three blocks of 2,000 years, in memory."""
    folder: Path = tmp_path_factory.mktemp("catalogue")
    return build_catalogue(folder, census, [make_source(2000)], make_settings(2000)).load()
