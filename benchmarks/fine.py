"""Read a city's flood map of 100 m, in metres, beside the demo census in degrees."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import rasterio
import yaml
from pyproj import Transformer
from rasterio.transform import from_origin

from benchmarks.harness import ROOT
from benchmarks.side import Outcome

FOLDER, METRES = "fine", "EPSG:4549"
PERIODS = (5, 10, 20, 50, 100, 200)
WEST, SOUTH, EAST, NORTH = 119.6, 27.0, 121.4, 28.7


def store(work: Path) -> None:
    """Write the demo census with depths of 100 m, wet in a tenth of the cells."""
    folder, noise = work / FOLDER, np.random.default_rng(1)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "data" / "demo", folder)
    corners = np.array([(x, y) for x in (WEST, EAST) for y in (SOUTH, NORTH)])
    x, y = Transformer.from_crs("EPSG:4490", METRES, always_xy=True).transform(*corners.T)
    place = from_origin(x.min() - 500.0, y.max() + 500.0, 100.0, 100.0)
    shape = (int((np.ptp(y) + 1000.0) / 100.0) + 1, int((np.ptp(x) + 1000.0) / 100.0) + 1)
    deepest = np.where(noise.random(shape) < 0.1, noise.uniform(0.2, 3.0, shape), 0.0)
    files = {t: f"fine/rain_flood_rp{t:03d}.tif" for t in PERIODS}
    (folder / "fine").mkdir()
    given = {"driver": "GTiff", "count": 1, "dtype": "float32", "crs": METRES, "nodata": -9999.0}
    size = {"height": shape[0], "width": shape[1], "transform": place, "compress": "deflate"}
    for t, name in files.items():
        with rasterio.open(folder / name, "w", **given, **size) as target:
            target.write((deepest * (0.4 + 0.1 * np.log(t))).astype(np.float32), 1)
    manifest = yaml.safe_load((folder / "census.yml").read_text(encoding="utf-8"))
    fine = {"files": files, "spread": "by_area", "crs": METRES}
    manifest["hazard"]["rain_flood"]["fine"] = fine
    text = yaml.safe_dump(manifest, allow_unicode=True)
    (folder / "census.yml").write_text(text, encoding="utf-8")


def ours(work: Path) -> Callable[[], Outcome]:
    """Check the whole census and read it."""
    from riskmodel.census.read import load_census

    def run() -> Outcome:
        fine = load_census(work / FOLDER)["fine"]
        return {"fine_cells": fine.sizes["fine"], "perils": len(fine.children)}

    return run
