"""Write the demo census bit for bit: GeoTIFF maps and weights, a workbook and the manifest."""

from __future__ import annotations

import re
import shutil
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import rasterio
import yaml
from openpyxl import Workbook
from rasterio.transform import from_origin

from riskmodel.core.errors import CensusError
from riskmodel.core.files import whole_file, write_text
from riskmodel.core.yaml_file import read_mapping
from riskmodel.run.demo.exposure import county_totals, weight_maps
from riskmodel.run.demo.further import fire_classes, forest_weight, further_maps
from riskmodel.run.demo.hazard import flood_maps, surge_maps, wind_maps

FloatArray = npt.NDArray[np.float64]
REPOSITORY = Path(__file__).parents[3]
METHOD = REPOSITORY / "data" / "demo_method"
RESTORE = "restore it from the checkout"
FIXED_DATE = (2022, 12, 31, 0, 0, 0)
MONEY_CLASSES = {
    "residential_rc": "settlement",
    "residential_brick_concrete": "settlement",
    "residential_brick_wood": "settlement",
    "residential_other": "settlement",
    "commercial": "settlement",
    "industrial": "industry",
    "infrastructure": "settlement",
    "crops": "farmland",
    "aquaculture": "ponds",
    "forest": "forest",
}
COUNT_CLASSES = {
    "population": "person",
    "households": "household",
    "ground_floor_households": "household",
}


def build_demo(folder: Path) -> Path:
    """Write the whole demo census into a folder and return the path of its manifest.

    Parameters
    ----------
    folder : Path
        Target; files of the census in it are replaced, each as a whole file.
    """
    method = read_mapping(METHOD / "method.yml", CensusError, missing=RESTORE)
    counties = pd.read_csv(METHOD / "counties.csv", dtype={"code": str})
    climate = read_mapping(
        REPOSITORY / method["typhoon_wind"]["climate"], CensusError, missing=RESTORE
    )
    lon, lat = _cell_centres(method["grid"])
    weights = weight_maps(method, counties, lon, lat)
    weights["forest"] = forest_weight(method, lon, lat)
    maps = {
        "typhoon_wind": wind_maps(method, climate, lon, lat),
        "rain_flood": flood_maps(method, lon, lat, weights["settlement"]),
        "storm_surge": surge_maps(method, lon, lat),
    }
    maps |= further_maps(method, lon, lat, maps["rain_flood"][max(method["return_periods"])])
    for name in ("hazard", "weights"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for peril, series in maps.items():
        for t, values in series.items():
            path = folder / "hazard" / f"{peril}_rp{t:03d}.tif"
            _write_tiff(path, values, method[peril]["precision"], method["grid"])
    path = folder / "hazard" / "forest_fire_classes.tif"
    _write_tiff(path, fire_classes(method, lon, lat), 1.0, method["grid"])
    for name, values in weights.items():
        _write_tiff(
            folder / "weights" / f"{name}.tif",
            values,
            method["weights"]["precision"],
            method["grid"],
        )
    _write_workbook(folder / "exposure.xlsx", county_totals(method, counties))
    return write_text(folder / "census.yml", _manifest(method))


def _periods(method: dict[str, Any], layer: dict[str, Any]) -> list[int]:
    """Return periods of one peril's maps, years."""
    own = layer.get("return_periods") or list(layer.get("ratio_to_basic", ()))
    return own or method["return_periods"]


def _cell_centres(grid: dict[str, Any]) -> tuple[FloatArray, FloatArray]:
    size = 1.0 / grid["cells_per_degree"]
    x = grid["west"] + (np.arange(grid["columns"]) + 0.5) * size
    y = grid["north"] - (np.arange(grid["rows"]) + 0.5) * size
    lon, lat = np.meshgrid(x, y)
    return lon, lat


def _write_tiff(path: Path, values: FloatArray, precision: float, grid: dict[str, Any]) -> None:
    size = 1.0 / grid["cells_per_degree"]
    whole = precision == 1.0  # whole numbers take less room as such
    kind = np.int16 if whole else np.float32
    rounded = (np.round(values / precision) * precision).astype(kind)
    profile = {
        "driver": "GTiff",
        "height": grid["rows"],
        "width": grid["columns"],
        "count": 1,
        "dtype": np.dtype(kind).name,
        "crs": "EPSG:4490",
        "nodata": -9999.0,
        "compress": "deflate",
        "predictor": 2 if whole else 3,
        "transform": from_origin(grid["west"], grid["north"], size, size),
    }
    with whole_file(path) as temporary, rasterio.open(temporary, "w", **profile) as target:
        target.write(rounded, 1)


def _write_workbook(path: Path, totals: pd.DataFrame) -> None:
    """Write the county table as Excel, with every date inside the file fixed."""
    book = Workbook()
    sheet = book.active
    sheet.title = "county_totals"
    units = {name: "亿元" for name in (*MONEY_CLASSES, "gdp")} | {
        n: f"{u}s" for n, u in COUNT_CLASSES.items()
    }
    sheet.append(list(totals.columns))
    sheet.append([units.get(name, "") for name in totals.columns])
    for row in totals.itertuples(index=False):
        sheet.append(list(row))
    draft = BytesIO()
    book.save(draft)
    with (
        whole_file(path) as temporary,
        zipfile.ZipFile(draft) as source,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in sorted(source.namelist()):
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(
                    rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2022-12-31T00:00:00Z", content
                )
            target.writestr(zipfile.ZipInfo(name, FIXED_DATE), content, zipfile.ZIP_DEFLATED)


def _manifest(method: dict[str, Any]) -> str:
    layers = {p: m for p, m in method.items() if isinstance(m, dict) and "unit" in m}
    fire = method["forest_fire"]
    manifest = {
        "name": "温州示范普查（合成）/ Wenzhou demo census (synthetic)",
        "status": method["status"],
        "source": "riskmodel demo, by the written method in data/demo_method/method.yml",
        "crs": "EPSG:4490",
        "currency": "CNY",
        "price_year": method["exposure"]["price_year"],
        "valuation_basis": "replacement_cost",
        "return_period_basis": "annual_probability",
        "hazard": {
            peril: {
                "unit": m["unit"],
                "files": {t: f"hazard/{peril}_rp{t:03d}.tif" for t in _periods(method, m)},
            }
            for peril, m in layers.items()
        },
        "class_maps": {
            "forest_fire": {"file": "hazard/forest_fire_classes.tif", **fire["classes"]},
        },
        "exposure": {
            "workbook": "exposure.xlsx",
            "sheet": "county_totals",
            "classes": {
                n: {"unit": "亿元", "weight": f"weights/{w}.tif"} for n, w in MONEY_CLASSES.items()
            }
            | {
                n: {"unit": u, "weight": "weights/settlement.tif"} for n, u in COUNT_CLASSES.items()
            },
            "gdp": {"column": "gdp", "unit": "亿元", "year": method["exposure"]["price_year"]},
        },
    }
    head = "# Written by `riskmodel demo`; synthetic, built from public totals. Do not edit.\n"
    return head + yaml.safe_dump(manifest, allow_unicode=True, sort_keys=False, width=100)
