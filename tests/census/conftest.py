"""A census of two square counties, written as GeoTIFF and Excel, free to spoil."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
import rasterio
import shapely
import yaml
from rasterio import Affine

from riskmodel.census import boundaries, read, townships

WEST, NORTH, SIZE, ROWS, COLUMNS = 120.0, 28.5, 0.25, 4, 6
SQUARES = {
    "990001": shapely.box(120.10, 27.60, 120.70, 28.40),
    "990002": shapely.box(120.70, 27.60, 121.30, 28.40),
}
# rows of the workbook: code, names, homes in 亿元, people, GDP in 亿元
ROWS_OF_TABLE: list[list[Any]] = [
    ["code", "name_zh", "name_en", "homes", "people", "gdp"],
    ["", "", "", "亿元", "persons", "亿元"],
    ["990001", "甲县", "Jia", 12.5, 100_003, 30.25],
    ["990002", "乙县", "Yi", 7.25, 77_777, 20.5],
]


def wind(period: int) -> np.ndarray:
    """A map that rises eastwards and with return period, in m/s."""
    return np.tile(15.0 + np.arange(COLUMNS) + 2.0 * np.log(period), (ROWS, 1))


def write_tif(path: Path, values: np.ndarray, **changes: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {
        "driver": "GTiff",
        "height": values.shape[0],
        "width": values.shape[1],
        "count": 1,
        "dtype": "float32",
        "crs": "EPSG:4490",
        "nodata": -9999.0,
        "compress": "deflate",
        "transform": Affine(SIZE, 0.0, WEST, 0.0, -SIZE, NORTH),
    } | changes
    with rasterio.open(path, "w", **profile) as target:
        for band in range(1, profile["count"] + 1):
            target.write(values.astype(np.float32), band)


@dataclass
class Draft:
    """What a census folder will hold; a test changes it and writes it."""

    maps: dict[str, dict[int, np.ndarray]]
    weights: dict[str, np.ndarray]
    table: list[list[Any]]
    manifest: dict[str, Any]
    profiles: dict[str, dict[str, Any]] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        for peril, series in self.maps.items():
            files = {t: f"hazard/{peril}_{t}.tif" for t in series}
            self.manifest["hazard"][peril]["files"] = files
            for t, name in files.items():
                write_tif(folder / name, series[t], **self.profiles.get(name, {}))
        for name, values in self.weights.items():
            path = f"weights/{name}.tif"
            write_tif(folder / path, values, **self.profiles.get(path, {}))
        book = openpyxl.Workbook()
        sheet = book.active
        sheet.title = "totals"
        for row in self.table:
            sheet.append(row)
        book.save(folder / "exposure.xlsx")
        text = yaml.safe_dump(self.manifest, allow_unicode=True)
        (folder / "census.yml").write_text(text, encoding="utf-8")
        return folder


@pytest.fixture
def draft() -> Draft:
    columns = np.arange(ROWS * COLUMNS, dtype=float).reshape(ROWS, COLUMNS)
    flood = {t: np.where(columns % 3 == 0, 0.0, 0.1 * t) for t in (10, 100)}
    classes = {
        "homes": {"unit": "亿元", "weight": "weights/towns.tif"},
        "people": {"unit": "person", "weight": "weights/even.tif"},
    }
    manifest = {
        "name": "two squares",
        "status": "synthetic",
        "source": "test",
        "crs": "EPSG:4490",
        "currency": "CNY",
        "price_year": 2022,
        "valuation_basis": "replacement_cost",
        "return_period_basis": "annual_probability",
        "hazard": {"typhoon_wind": {"unit": "m s-1"}, "rain_flood": {"unit": "m"}},
        "exposure": {
            "workbook": "exposure.xlsx",
            "sheet": "totals",
            "classes": classes,
            "gdp": {"column": "gdp", "unit": "亿元", "year": 2022},
        },
    }
    return Draft(
        maps={"typhoon_wind": {t: wind(t) for t in (5, 50, 200)}, "rain_flood": flood},
        weights={"towns": 1.0 + columns, "even": np.ones((ROWS, COLUMNS))},
        table=[list(row) for row in ROWS_OF_TABLE],
        manifest=manifest,
    )


@pytest.fixture(autouse=True)
def square_counties(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Square counties stand in for the packaged polygons, where a test asks for a draft."""
    if "draft" in request.fixturenames:
        squares: Callable[..., dict[str, shapely.Geometry]] = lambda codes: {  # noqa: E731
            code: SQUARES[code] for code in codes
        }
        folder = request.getfixturevalue("tmp_path_factory").mktemp("boundaries")
        for module in (boundaries, townships):
            monkeypatch.setattr(module, "county_polygons", squares)
        monkeypatch.setattr(
            read, "cached_boundaries", lambda codes: boundaries.cached_boundaries(codes, folder)
        )
        monkeypatch.setattr(read, "county_codes", lambda: set(SQUARES))
