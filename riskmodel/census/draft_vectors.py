"""What the vector files of a folder say of themselves: codes, layers, columns by return period."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyogrio

from riskmodel.census.archives import vector_source
from riskmodel.census.draft_maps import peril_in_name
from riskmodel.census.encodings import LATIN, encoding_of
from riskmodel.census.features import VECTORS
from riskmodel.census.finding import FoundError
from riskmodel.census.manifest_faults import ASK
from riskmodel.census.slots import code_column
from riskmodel.census.tables import code_of
from riskmodel.census.units import perils

NAMES = re.compile(r"名称|^name|镇名|街道名", re.I)
PERIOD = re.compile(r"(?:^|[^0-9])0*(\d{1,4})(?:年一遇|年|a|yr?)?$", re.I)


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of a vector file, its attributes, its column of codes; ``keys`` name it."""

    keys: dict[str, str]
    polygons: bool
    table: pd.DataFrame
    code: str | None

    @property
    def codes(self) -> set[str]:
        """Division codes of its features."""
        return {c for v in self.table[self.code] if (c := code_of(v))} if self.code else set()


def layers_of(folder: Path) -> Iterator[Layer]:
    """Layers of the vector files of a folder that can be read."""
    for path in sorted(folder.rglob("*")):
        inside = any(one.suffix.lower() == ".gdb" for one in path.relative_to(folder).parents)
        if path.suffix.lower() not in VECTORS or inside:
            continue
        try:
            source = vector_source(path)
            names = [str(name) for name, _ in pyogrio.list_layers(source)]
            for name in names:
                yield _layer(folder, path, source, name, alone=len(names) == 1)
        except (FoundError, Exception):  # damaged files are for the check to name
            continue


def zones_part(layers: list[Layer], codes: set[str]) -> dict[str, Any] | None:
    """Draft of ``zones``: the polygons that share most codes with the table of exposure."""
    polygons = [one for one in layers if one.polygons and not _periods(one)]
    polygons = [one for one in polygons if not _of_townships(one, codes)]
    if not polygons:
        return None
    best = max(polygons, key=lambda one: (len(one.codes & codes), one.code is not None))
    asked = f"{ASK}: field of division codes, one of {list(best.table)}"
    return {**best.keys, "code": best.code or asked}


def townships_part(layers: list[Layer], codes: set[str]) -> dict[str, Any] | None:
    """Draft of ``townships``: polygons whose codes begin with those of the table of exposure."""
    for one in layers:
        if one.polygons and _of_townships(one, codes):
            names = [str(name) for name in one.table if NAMES.search(str(name))]
            asked = f"{ASK}: field of names, one of {list(one.table)}"
            return {**one.keys, "code": one.code, "name": names[0] if len(names) == 1 else asked}
    return None


def _of_townships(one: Layer, codes: set[str]) -> bool:
    """Whether most codes of a layer are those of parts of the zones, and none is a zone's."""
    parts = [code for code in one.codes if code not in codes and code[:6] in codes]
    return not one.codes & codes and 2 * len(parts) > len(one.codes)


def fine_polygons(layers: list[Layer]) -> dict[str, dict[str, Any]]:
    """Draft of layers of polygons with a column for each return period, by peril."""
    found: dict[str, dict[str, Any]] = {}
    for one in layers:
        peril, columns = peril_in_name(one.keys["file"]), _periods(one)
        if one.polygons and peril and columns:
            others = [str(n) for n in one.table if n not in columns.values() and n != one.code]
            spread = f"{ASK}: by_area, or the column of what stands there, one of {others}"
            units = f"{ASK}: one of {', '.join(perils()[peril]['units'])}"
            found[peril] = {"unit": units, "polygons": {**one.keys, "columns": columns}}
            found[peril]["spread"] = spread
    return found


def _periods(one: Layer) -> dict[int, str]:
    """Columns of numbers whose names end in a return period, where there are two or more."""
    found = {}
    for name in map(str, one.table):
        match = PERIOD.search(name)
        numbers = pd.to_numeric(one.table[name], errors="coerce").notna().any()
        if match and numbers and name != one.code and int(match[1]) > 1:
            found[int(match[1])] = name
    return found if len(found) > 1 else {}


def _layer(folder: Path, path: Path, source: str, name: str, *, alone: bool) -> Layer:
    shapefile = path.suffix.lower() in (".shp", ".zip")
    encoding = None
    meta, _, _, columns = pyogrio.raw.read(source, layer=name, read_geometry=False)
    if shapefile:
        meta, _, _, columns = pyogrio.raw.read(
            source, layer=name, read_geometry=False, encoding=LATIN
        )
        texts = [*meta["fields"], *(v for c in columns if c.dtype == object for v in c)]
        encoding = encoding_of("".join(map(str, texts)).encode(LATIN, "replace"))
        if encoding is not None:
            meta, _, _, columns = pyogrio.raw.read(
                source, layer=name, read_geometry=False, encoding=encoding
            )
    fields = [str(field) for field in meta["fields"]]
    table = pd.DataFrame(dict(zip(fields, columns, strict=True)), dtype=object)
    keys = {"file": path.relative_to(folder).as_posix()}
    keys |= {} if alone else {"layer": name}
    keys |= {} if encoding is None else {"encoding": encoding}
    polygons = "Polygon" in str(meta["geometry_type"])
    return Layer(keys, polygons, table, code_column(table) if len(table) else None)
