"""Shares of cells in zones: a province at 30 arc seconds with 100 polygons of many corners."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import shapely

from benchmarks.side import Outcome

ROWS, COLUMNS, STEP = 300, 500, 1.0 / 120.0
WEST, NORTH = 119.0, 30.0
POLYGONS = 100
FILE = "polygons.npz"
Arrays = Mapping[str, np.ndarray]


def bent(points: np.ndarray) -> np.ndarray:
    """Bend straight borders, the same way for both neighbours."""
    x, y = points[:, 0], points[:, 1]
    inner = np.sin(np.pi * (x - WEST) / (COLUMNS * STEP))
    inner = inner * np.sin(np.pi * (NORTH - y) / (ROWS * STEP))
    shift = 0.02 * inner * np.sin(40.0 * y), 0.02 * inner * np.cos(37.0 * x)
    return np.stack([x + shift[0], y + shift[1]], axis=-1)


def polygons() -> list[shapely.Geometry]:
    """Return polygons that tile the province, with a corner about every 0.3 km."""
    whole = shapely.box(WEST, NORTH - ROWS * STEP, WEST + COLUMNS * STEP, NORTH)
    places = np.random.default_rng(7).uniform(whole.bounds[:2], whole.bounds[2:], (POLYGONS, 2))
    parts = shapely.voronoi_polygons(shapely.MultiPoint(places), extend_to=whole)
    cut = shapely.intersection(np.array(shapely.get_parts(parts)), whole)
    # inside by a hair, so that rounding does not put a corner beyond the grid
    held = shapely.intersection(
        shapely.transform(shapely.segmentize(cut, 0.003), bent), whole.buffer(-1e-9)
    )
    return list(held)


def store(work: Path) -> None:
    """Write the polygons for both sides."""
    np.savez(work / FILE, wkb=np.array([p.wkb_hex for p in polygons()]))


def stored(work: Path) -> list[shapely.Geometry]:
    """Read the polygons that `store` wrote."""
    with np.load(work / FILE) as kept:
        return list(shapely.from_wkb(kept["wkb"]))


def ours(work: Path) -> Callable[[], Outcome]:
    """Fractional cells of all zones by the workbench."""
    from riskmodel.census.zones import zone_entries

    shapes = {str(number): shape for number, shape in enumerate(stored(work))}
    x = WEST + (np.arange(COLUMNS, dtype=np.float64) + 0.5) * STEP
    y = NORTH - (np.arange(ROWS, dtype=np.float64) + 0.5) * STEP
    zone_entries({"warm": shapely.box(119.1, 29.1, 119.2, 29.2)}, x, y)

    def run() -> Outcome:
        found = zone_entries(shapes, x, y)
        cell = found["entry_row"].values.astype(np.int64) * COLUMNS + found["entry_column"].values
        zone = found["entry_zone"].values.astype(np.int64)
        return {"key": zone * ROWS * COLUMNS + cell, "share": found["cell_share"].values}

    return run


def judge(one: Arrays, other: Arrays) -> tuple[bool, str]:
    """Whether both cover the same cells to the same share, in single precision as the other."""
    sides = [dict(zip(s["key"].tolist(), s["share"].tolist(), strict=True)) for s in (one, other)]
    keys = set(sides[0]) | set(sides[1])
    apart = max(abs(sides[0].get(key, 0.0) - sides[1].get(key, 0.0)) for key in keys)
    whole = float(one["share"].sum()) / (ROWS * COLUMNS)
    how = (
        f"{len(keys)} shares of cells in {POLYGONS} zones, largest difference {apart:.2g}; "
        f"ours cover {whole:.12f} of the cells"
    )
    return bool(apart <= 1e-6 and abs(whole - 1.0) <= 1e-6), how
