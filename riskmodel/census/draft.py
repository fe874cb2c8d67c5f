"""Draft the manifest of a folder by looking at it; what is not settled stays an open question."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from riskmodel.census.checks.layers import FOLDERS
from riskmodel.census.draft_maps import (
    census_crs,
    class_maps_part,
    hazard_part,
    rasters_of,
    weights_of,
)
from riskmodel.census.draft_tables import (
    Sheet,
    add_own_tables,
    count_of_numbers,
    exposure_part,
    has_names,
    sheets_of,
    table_part,
)
from riskmodel.census.draft_vectors import (
    Layer,
    fine_polygons,
    layers_of,
    townships_part,
    zones_part,
)
from riskmodel.census.finding import Finding, FoundError
from riskmodel.census.manifest_faults import ASK
from riskmodel.census.slots import class_names
from riskmodel.census.tables import code_of
from riskmodel.census.units import slots

HEAD = """Draft of riskmodel check, made by looking at the folder. Every value that starts with ASK
is a question that the files do not answer; the import is refused until all are filled. Figures are
computed of these classes: {names}. Give a column such a name under `columns` (population: 人口),
and the same name under `classes`. `update` says how to reach another price year, `valuation`
replacement cost."""
TABLES = (".xlsx", ".csv")
BESIDE = (".dbf", ".shx", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".xml", ".yml", ".tfw", ".ovr")


class _Plain(yaml.SafeDumper):
    """Write what is there twice twice: anchors and aliases are no language of readers."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def draft_manifest(folder: Path) -> str:
    """Write the text of a draft ``census.yml`` by looking at a folder.

    File names give peril and return period (``typhoon_wind_rp050.tif``, ``洪涝_100年一遇.tif``),
    the files their coordinate systems and grids, headers the columns and units, polygons the column
    of codes, bytes the encoding. Unit of a map, meaning of nodata where it may be dry land,
    direction of classes, currency, price year, valuation and status are asked unless a file states
    them. Files that the draft does not use are named in its head.

    Raises
    ------
    FoundError
        If the folder holds neither rasters nor tables.
    """
    paths = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in TABLES]
    sheets = [sheet for path in paths for sheet in sheets_of(folder, path)]
    rasters, layers = rasters_of(folder), list(layers_of(folder))
    if not rasters and not sheets:
        raise FoundError(Finding("folder_empty", folder.name))
    crs = census_crs(rasters)
    hazard = hazard_part(rasters, crs)
    for peril, fine in fine_polygons(layers).items():
        hazard.setdefault(peril, {"unit": fine["unit"]}).setdefault("fine", fine)
    exposed = _exposure(sheets)
    content: dict[str, Any] = {
        "name": folder.name,
        "status": f"{ASK}: real, calibrated, synthetic, illustrative or placeholder",
        "source": f"{ASK}: who made the files, and when",
        "crs": crs,
        "currency": f"{ASK}: CNY",
        "price_year": f"{ASK}: year of the prices",
        "valuation_basis": f"{ASK}: replacement_cost, net (of wear) or book",
        "return_period_basis": f"{ASK}: annual_probability if a 1-in-T map has chance 1/T a year",
        "hazard": hazard,
        **({"class_maps": classes} if (classes := class_maps_part(rasters)) else {}),
        "exposure": _exposure_part(sheets, exposed, weights_of(rasters)),
    }
    codes = set() if exposed is None else _codes(exposed)
    lines = [one for one in layers if slot_in_name(one.keys["file"]) is None]
    for name, part in (("zones", zones_part), ("townships", townships_part)):
        if found := part(lines, codes):
            content[name] = found
    if tables := dict(_slots(sheets, layers, exposed)):
        content["slots"] = tables
    text = yaml.dump(content, Dumper=_Plain, allow_unicode=True, sort_keys=False, width=100)
    head = textwrap.wrap(HEAD.format(names=", ".join(class_names())), 98)
    return "".join(f"# {line}\n" for line in head) + _unused(folder, text) + text


def _exposure_part(
    sheets: list[Sheet], exposed: Sheet | None, weights: list[str]
) -> dict[str, Any]:
    """Draft of ``exposure`` from its table and further ones of the same zones."""
    if exposed is None:
        return {"workbook": f"{ASK}: table with one row a zone", "classes": {}}
    exposure = exposure_part(exposed, weights)
    for other in _others(sheets, exposed):
        add_own_tables(exposure, other, weights)
    return exposure


def _exposure(sheets: list[Sheet]) -> Sheet | None:
    """Table with codes, names and most columns of numbers, of those not named as a slot."""
    fitting = [one for one in sheets if one.code and slot_in_name(one.table.workbook) is None]
    return max(fitting, key=lambda one: (has_names(one), count_of_numbers(one)), default=None)


def _others(sheets: list[Sheet], exposed: Sheet) -> Iterator[Sheet]:
    """Yield further tables of the same zones, a row each, that may hold classes of exposure."""
    wanted = _codes(exposed)
    for one in sheets:
        if one is exposed or not one.code or slot_in_name(one.table.workbook):
            continue
        codes = [code for value in one.frame[one.code] if (code := code_of(value))]
        if wanted <= set(codes) and len(set(codes)) == len(codes):
            yield one


def _codes(sheet: Sheet) -> set[str]:
    return {code for value in sheet.frame[sheet.code] if (code := code_of(value))}


def slot_in_name(name: str) -> str | None:
    """Slot whose table a file name states, by the longest word that fits.

    Examples
    --------
    >>> slot_in_name("历史灾害_2020.csv"), slot_in_name("统计表.xlsx")
    ('historical_disasters', None)
    """
    words = [(word, slot) for slot, about in slots().items() for word in about.get("words", ())]
    fitting = [(len(word), slot) for word, slot in words if word.lower() in name.lower()]
    return max(fitting)[1] if fitting else None


def _slots(
    sheets: list[Sheet], layers: list[Layer], exposed: Sheet | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    for sheet in sheets:
        slot = slot_in_name(sheet.table.workbook)
        if slot and sheet is not exposed:
            named = {} if sheet.code in (None, "code") else {"columns": {"code": sheet.code}}
            yield slot, table_part(sheet.table) | named
    for layer in layers:
        if slot := slot_in_name(layer.keys["file"]):
            keys = {"file": "workbook", "layer": "sheet", "encoding": "encoding"}
            part: dict[str, Any] = {keys[name]: value for name, value in layer.keys.items()}
            if layer.code not in (None, "code"):
                part["columns"] = {"code": layer.code}
            yield slot, part


def _unused(folder: Path, text: str) -> str:
    """Comment on the files that the draft does not name."""
    inside = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(p.suffix.lower() in FOLDERS for p in path.parents)
    ]
    names = [
        path.relative_to(folder).as_posix() for path in inside if path.suffix.lower() not in BESIDE
    ]
    left = [name for name in names if name not in text]
    return f"# Not used: {', '.join(left)}\n" if left else ""
