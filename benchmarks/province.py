"""Import of a province at 30 arc seconds: nine perils at six return periods, checked and stored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import openpyxl
import pyogrio
import rasterio
import shapely
import yaml
from rasterio.transform import from_origin

from benchmarks.side import Outcome
from benchmarks.zones import COLUMNS, NORTH, ROWS, STEP, WEST, polygons

PERIODS = (5, 10, 20, 50, 100, 200)
FOLDER = "province"


def _write(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    place = from_origin(WEST, NORTH, STEP, STEP)
    given = {"height": ROWS, "width": COLUMNS, "count": 1, "dtype": "float32", "nodata": -9999.0}
    with rasterio.open(
        path, "w", driver="GTiff", crs="EPSG:4490", transform=place, compress="deflate", **given
    ) as target:
        target.write(values.astype(np.float32), 1)


def store(work: Path) -> None:
    """Write the census: 54 maps, a weight, a table of 100 zones, polygons and the manifest."""
    from riskmodel.census.units import perils

    folder, noise = work / FOLDER, np.random.default_rng(11)
    hazard: dict[str, object] = {}
    for peril, about in perils().items():
        base = noise.uniform(0.0, 0.1, (ROWS, COLUMNS)) * float(about["range"][1])
        files = {t: f"hazard/{peril}_rp{t:03d}.tif" for t in PERIODS}
        for t, name in files.items():
            _write(folder / name, base * np.log(t))
        hazard[peril] = {"unit": next(iter(about["units"])), "files": files}
    _write(folder / "weights" / "towns.tif", noise.uniform(0.5, 2.0, (ROWS, COLUMNS)))
    shapes = np.array(polygons(), dtype=object)
    codes = [f"{990001 + number}" for number in range(shapes.size)]
    pyogrio.raw.write(
        folder / "zones.gpkg", shapely.to_wkb(shapes), [np.array(codes, dtype=object)], ["PAC"],
        geometry_type="Unknown", crs="EPSG:4490",
    )  # fmt: skip
    book = openpyxl.Workbook()
    book.active.append(["code", "name_zh", "name_en", "population", "gdp"])
    for number, code in enumerate(codes):
        book.active.append([code, f"县{number}", f"County {number}", 500_000 + number, 300.0])
    book.save(folder / "table.xlsx")
    exposure = {
        "workbook": "table.xlsx",
        "classes": {"population": {"unit": "person", "weight": "weights/towns.tif"}},
        "gdp": {"column": "gdp", "unit": "亿元", "year": 2022},
    }
    manifest = {
        "name": "province", "status": "synthetic", "source": "benchmark", "crs": "EPSG:4490",
        "currency": "CNY", "price_year": 2022, "valuation_basis": "replacement_cost",
        "return_period_basis": "annual_probability",
        "hazard": hazard, "exposure": exposure, "zones": {"file": "zones.gpkg", "code": "PAC"},
    }  # fmt: skip
    text = yaml.safe_dump(manifest, allow_unicode=True)
    (folder / "census.yml").write_text(text, encoding="utf-8")


def ours(work: Path) -> Callable[[], Outcome]:
    """Check the whole census and write it as one file."""
    from riskmodel.census.storage import import_census

    def run() -> Outcome:
        tree = import_census(work / FOLDER, work / "province.nc")
        cells, perils = tree["zones"].sizes["cell"], len(tree.attrs["perils"])
        return {"cells": int(cells), "perils": perils, "return_periods": len(PERIODS)}

    return run
