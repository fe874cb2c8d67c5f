"""Draft the manifest of a folder by looking at it; what is not settled stays an open question."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyogrio
import rasterio
import yaml
from pyproj import CRS

from riskmodel.census.checks.layers import period_in_name
from riskmodel.census.finding import Finding, FoundError
from riskmodel.census.manifest import ASK, Table
from riskmodel.census.tables import code_of, read_table
from riskmodel.census.units import AREAS, COUNTS, perils
from riskmodel.core.money import MULTIPLIERS

HEAD = """# Draft of riskmodel check, made by looking at the folder. Every value that starts with
# ASK is a question that the files do not answer; the import is refused until all are filled.
"""
NAMED = {
    "name_zh": ("名称", "县", "区划名称", "行政区", "name"),
    "code": ("区划代码", "行政区划代码", "代码", "code", "div_code", "PAC", "XZQDM"),
}
UNIT = re.compile(r"[（(]([^）)]+)[）)]")
RASTERS, TABLES = (".tif", ".tiff", ".nc", ".zarr"), (".xlsx", ".csv")
POLYGONS = (".shp", ".gpkg", ".gdb", ".zip")


def draft_manifest(folder: Path) -> str:
    """Write the text of a draft ``census.yml`` by looking at a folder.

    File names give peril and return period (``typhoon_wind_rp050.tif``, ``洪涝_100年一遇.tif``),
    the files their coordinate system, headers the columns and units, polygons the column of codes.
    Unit of a map, direction of classes, currency, price year and status are asked unless a file
    states them.

    Raises
    ------
    FoundError
        If the folder holds neither rasters nor tables.
    """
    paths = [p for p in sorted(folder.rglob("*")) if p.suffix.lower() in (*RASTERS, *TABLES)]
    rasters = [p for p in paths if p.suffix.lower() in RASTERS]
    hazard, weights = _hazard(folder, rasters)
    tables = [p for p in paths if p.suffix.lower() in TABLES]
    if not rasters and not tables:
        raise FoundError(Finding("folder_empty", folder.name))
    content: dict[str, Any] = {
        "name": folder.name,
        "status": f"{ASK}: real, calibrated, synthetic, illustrative or placeholder",
        "source": f"{ASK}: who made the files, and when",
        "crs": _crs(rasters),
        "currency": f"{ASK}: CNY",
        "price_year": f"{ASK}: year of the prices",
        "valuation_basis": f"{ASK}: replacement_cost, net (of wear) or book",
        "return_period_basis": f"{ASK}: annual_probability if a 1-in-T map has chance 1/T a year",
        "hazard": hazard,
        "exposure": _exposure(folder, tables, weights),
    }
    if zones := next(_zones(folder), None):
        content["zones"] = zones
    return HEAD + yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=100)


def peril_in_name(name: str) -> str | None:
    """Peril that a file name states, by the longest word that fits.

    Examples
    --------
    >>> peril_in_name("风暴潮_50年一遇.tif"), peril_in_name("flash_flood_rp010.tif")
    ('storm_surge', 'flash_flood')
    """
    words = [(word, peril) for peril, about in perils().items() for word in about["words"]]
    fitting = [(len(w), peril) for w, peril in words if w.lower() in name.lower()]
    return max(fitting)[1] if fitting else None


def _hazard(folder: Path, rasters: list[Path]) -> tuple[dict[str, Any], list[str]]:
    layers: dict[str, Any] = {}
    others: list[str] = []
    for path in rasters:
        name = path.relative_to(folder).as_posix()
        peril, period = peril_in_name(name), period_in_name(name)
        if peril is None or period is None:
            others.append(name)
            continue
        layer = layers.setdefault(peril, _layer(path, peril))
        layer["files"][int(period) if period.is_integer() else period] = name
    return layers, others


def _layer(path: Path, peril: str) -> dict[str, Any]:
    unit, classes = _stated(path)
    asked = f"{ASK}: one of {', '.join(perils()[peril]['units'])}"
    layer: dict[str, Any] = {"unit": unit or asked, "files": {}}
    if classes:
        kept = next(iter(perils()[peril]["units"]))
        layer["unit"] = "class"
        layer["classes"] = {
            "direction": f"{ASK}: 1_is_lowest or 1_is_highest",
            "values": {one: f"{ASK}: number of class {one} in {kept}" for one in classes},
        }
    return layer


def _stated(path: Path) -> tuple[str | None, list[int]]:
    """Read the unit that a GeoTIFF states, and its classes where it holds few whole numbers."""
    if path.suffix.lower() not in (".tif", ".tiff"):
        return None, []
    try:
        with rasterio.open(path) as source:
            if not source.dtypes[0].startswith(("int", "uint")):
                return source.units[0], []
            found = np.unique(source.read(1, masked=True).compressed())
    except Exception:  # damaged files are for the check to name
        return None, []
    return None, [int(one) for one in found if one > 0] if found.size <= 10 else []


def _crs(rasters: list[Path]) -> str:
    for path in rasters:
        try:
            with rasterio.open(path) as source:
                if source.crs:
                    return str(CRS.from_wkt(source.crs.to_wkt()).to_string())
        except Exception:  # damaged files are for the check to name
            continue
    return f"{ASK}: EPSG code of the maps"


def _exposure(folder: Path, tables: list[Path], weights: list[str]) -> dict[str, Any]:
    for path in tables:
        for rows in (1, 2):
            table = Table(workbook=path.relative_to(folder).as_posix(), header_rows=rows)
            try:
                frame = read_table(folder, table)
            except FoundError:
                continue
            if code := _code_column(frame):
                return _table(table, frame, code, weights)
    return {"workbook": f"{ASK}: table with one row a zone", "classes": {}, "gdp": _gdp(None, None)}


def _code_column(frame: pd.DataFrame) -> str | None:
    for name in frame:
        codes = [code_of(v) for v in frame[name]]
        good = [bool(c and re.fullmatch(r"\d{6}|\d{9}|\d{12}", c)) for c in codes]
        if sum(good) >= max(1, len(good) // 2):
            return str(name)
    return None


def _table(table: Table, frame: pd.DataFrame, code: str, weights: list[str]) -> dict[str, Any]:
    columns = {"code": code} if code != "code" else {}
    names = [str(n) for n in frame if any(w in str(n).lower() for w in NAMED["name_zh"])]
    for own in ("name_zh", "name_en"):
        if own not in frame:
            columns[own] = names[0] if names and own == "name_zh" else f"{ASK}: column of {own}"
    classes: dict[str, Any] = {}
    gdp = _gdp(None, None)
    for name in map(str, frame):
        numbers = pd.to_numeric(frame[name], errors="coerce").notna().sum()
        if name in {code, "", *columns.values()} or 2 * numbers < len(frame):
            continue
        unit = _unit(name, frame[name])
        if "gdp" in name.lower() or "生产总值" in name:
            gdp = _gdp(name, unit)
            continue
        classes[name] = {"unit": unit, "weight": _weight(weights)}
    rest = {"header_rows": table.header_rows} if table.header_rows > 1 else {}
    return {"workbook": table.workbook, **rest, "columns": columns, "classes": classes, "gdp": gdp}


def _unit(name: str, column: pd.Series) -> str:
    known = {*MULTIPLIERS, *AREAS, *COUNTS}
    beneath = [text.strip() for text in column if isinstance(text, str)]
    for text in [*UNIT.findall(name), *beneath]:
        if text in known:
            return str(text)
    return f"{ASK}: one of {', '.join(sorted(known))}"


def _weight(weights: list[str]) -> str:
    return f"{ASK}: map that spreads it, one of {weights}"


def _gdp(column: str | None, unit: str | None) -> dict[str, str]:
    asked = {"column": "column of the product", "unit": "its unit", "year": "its year"}
    found = {"column": column, "unit": unit, "year": None}
    return {key: found[key] or f"{ASK}: {text}" for key, text in asked.items()}


def _zones(folder: Path) -> Iterator[dict[str, str]]:
    """Polygons of the folder with a field whose name or content is that of division codes."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in POLYGONS:
            continue
        source = f"/vsizip/{path}" if path.suffix.lower() == ".zip" else str(path)
        try:
            meta, _, _, columns = pyogrio.raw.read(source, encoding="gb18030", read_geometry=False)
        except Exception:  # damaged files are for the check to name
            continue
        names = [str(name) for name in meta["fields"]]
        code = _code_column(pd.DataFrame(dict(zip(names, columns, strict=True))))
        yield {
            "file": path.relative_to(folder).as_posix(),
            "code": code or f"{ASK}: field of division codes, one of {names}",
            "encoding": f"{ASK}: gb18030 or utf-8",
        }
