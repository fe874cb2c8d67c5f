"""The same shares by exactextract, in an environment of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import shapely

from benchmarks.side import Outcome
from benchmarks.zones import COLUMNS, NORTH, ROWS, STEP, WEST, stored


def exactextract(work: Path) -> Callable[[], Outcome]:
    """Cell numbers and coverage of every zone."""
    from exactextract import exact_extract
    from exactextract.feature import JSONFeatureSource
    from exactextract.raster import NumPyRasterSource

    features = [
        {"type": "Feature", "properties": {}, "geometry": json.loads(shapely.to_geojson(shape))}
        for shape in stored(work)
    ]
    east, south = WEST + COLUMNS * STEP, NORTH - ROWS * STEP
    raster = NumPyRasterSource(np.ones((ROWS, COLUMNS)), WEST, south, east, NORTH)

    def run() -> Outcome:
        # feature by feature would be the same; all at once is its fast way
        found = exact_extract(raster, JSONFeatureSource(features), ["cell_id", "coverage"])
        parts = [one["properties"] for one in found]
        sizes = [len(part["cell_id"]) for part in parts]
        zone = np.repeat(np.arange(len(parts)), sizes)
        cell = np.concatenate([part["cell_id"] for part in parts]).astype(np.int64)
        share = np.concatenate([part["coverage"] for part in parts]).astype(np.float64)
        return {"key": zone * ROWS * COLUMNS + cell, "share": share}

    return run
