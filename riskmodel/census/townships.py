"""Townships inside the zones of a census: a finer breakdown of the same cells and values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import shapely
import xarray as xr

from riskmodel.census.boundaries import county_polygons
from riskmodel.census.crs import DEGREES
from riskmodel.census.finding import Finding, FoundError, gathered
from riskmodel.census.manifest import Manifest, Townships, Zones, manifest_path, read_manifest
from riskmodel.census.selection import Pieces, rezoned
from riskmodel.census.vectors import Polygons, in_crs, read_polygons, read_texts
from riskmodel.census.zones import zone_entries
from riskmodel.core.errors import ConservationError
from riskmodel.core.messages import LANGUAGES, message

REST = "000"  # ends the code of what lies in no township; no township has it
CODES = "codes of 9 or 12 digits that begin with that of the zone"
NOTHING = 1e-9  # share of an entry; less is rounding
SLIVERS = 1e-6  # share of an entry that townships may have twice

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Township(NamedTuple):
    """Name and polygon of one township, in the coordinate system of the maps."""

    name: str
    polygon: shapely.Geometry


def zone_polygons(place: Path, codes: Sequence[str]) -> Polygons:
    """Polygons of zones in the coordinate system of the maps: the census's own, or the package's.

    Parameters
    ----------
    place : Path
        Folder of a census that `load_census` reads.
    codes : sequence of str
        Zones of it.
    """
    manifest = read_manifest(place)
    if manifest.zones is None:
        return in_crs(county_polygons(tuple(codes)), DEGREES, manifest.crs)
    polygons, _ = read_polygons(manifest_path(place).parent, manifest.zones, manifest.crs)
    return {code: polygons[code] for code in codes}


def read_townships(place: Path, zones: Sequence[str]) -> dict[str, Township] | None:
    """Townships of some zones by division code; None where the manifest names no file of them.

    Parameters
    ----------
    place : Path
        Folder of a census.
    zones : sequence of str
        Six-digit codes; a township belongs to the zone whose code begins its own.

    Raises
    ------
    FoundError
        If the file cannot be read, as for zones, or holds no township of one of the zones.
    """
    manifest: Manifest = read_manifest(place)
    if manifest.townships is None:
        return None
    whole, _ = _whole(manifest_path(place).parent, manifest.townships, manifest.crs)
    found = {code: town for code, town in whole.items() if code[:6] in zones}
    if without := [zone for zone in zones if not any(code[:6] == zone for code in found)]:
        file, field = manifest.townships.file, manifest.townships.code
        raise FoundError(Finding("township_missing", file, field, "", without, CODES))
    return found


def township_findings(place: Path, census: xr.DataTree) -> list[Finding]:
    """Say what is wrong with the townships that a manifest names; nothing where it names none.

    Parameters
    ----------
    place : Path
        Folder of a census.
    census : DataTree
        What `load_census` makes of it.
    """
    manifest, findings = read_manifest(place), list[Finding]()
    if manifest.townships is None:
        return findings
    file, field = manifest.townships.file, manifest.townships.code
    zones = [str(code) for code in census["zones"].to_dataset()["zone"].values]
    with gathered(findings):
        whole, found = _whole(manifest_path(place).parent, manifest.townships, manifest.crs)
        findings += [one for one in found if one.code != "zones_overlap"]  # told below, by zone
        if bad := [code for code in whole if len(code) not in (9, 12)]:
            findings.append(Finding("code_format", file, field, "", bad[:5], CODES))
        if strange := [code for code in whole if code[:6] not in zones]:
            findings.append(Finding("township_code_unknown", file, field, "", strange[:5], CODES))
        own = read_townships(place, zones)
        try:
            by_township(census, zone_polygons(place, zones), own or {})
        except ConservationError as error:
            overlap = Finding("townships_overlap", file, "", error.where, error.found)
            findings.append(overlap)
    return findings


def _whole(folder: Path, stated: Townships, crs: str) -> tuple[dict[str, Township], list[Finding]]:
    """All townships of a file by code, and what was odd."""
    file = Zones(**stated.model_dump(exclude={"name"}))
    polygons, findings = read_polygons(folder, file, crs)
    names = read_texts(folder, file, stated.name)
    return {code: Township(names[code], shape) for code, shape in polygons.items()}, findings


def by_township(
    census: xr.DataTree, counties: Polygons, townships: Mapping[str, Township]
) -> xr.DataTree:
    """Census whose zones are townships, each cell's value split by area inside the county.

    A county's part of a cell has one density of value, so a township's share of it is its share of
    the area. What of a county lies in no township is a zone of its own, whose code ends in 000.

    Parameters
    ----------
    census : DataTree
        From `load_census` or `select_zones`.
    counties : mapping of str to polygon
        Of all its zones, in the coordinate system of the maps.
    townships : mapping of str to Township
        From `read_townships`.

    Returns
    -------
    DataTree of `rezoned`: values of the townships of a county sum to the county's.

    Raises
    ------
    ConservationError
        If townships overlap.
    FoundError
        If no township of a county lies inside it.
    """
    parts = [
        _of_county(census, number, str(code), counties[str(code)], townships)
        for number, code in enumerate(census["zones"].to_dataset()["zone"].values)
    ]
    offset = np.cumsum([0] + [len(part.codes) for part in parts[:-1]])
    return rezoned(
        census,
        Pieces(
            np.concatenate([part.entry for part in parts]),
            np.concatenate([part.zone + o for part, o in zip(parts, offset, strict=True)]),
            np.concatenate([part.share for part in parts]),
            [code for part in parts for code in part.codes],
            [name for part in parts for name in part.names_zh],
            [name for part in parts for name in part.names_en],
        ),
    )


def pieces_inside(
    county: shapely.Geometry, code: str, townships: Mapping[str, Township]
) -> Polygons:
    """Parts of a county's townships inside it; a line of two files is never quite the same."""
    cut = {
        own: shapely.intersection(county, township.polygon)
        for own, township in townships.items()
        if own[:6] == code
    }
    return {own: shape for own, shape in cut.items() if shape.area > 0.0}


def _of_county(
    census: xr.DataTree,
    number: int,
    code: str,
    county: shapely.Geometry,
    townships: Mapping[str, Township],
) -> Pieces:
    """Pieces of the entries of one county, and what is left of them."""
    grid = census[census.attrs["perils"][0]].to_dataset()
    inside = pieces_inside(county, code, townships)
    if not inside:
        raise FoundError(Finding("township_elsewhere", place=f"zone {code}"))
    found = zone_entries(inside, grid.x.values, grid.y.values, grid.attrs["crs"])
    entry, known = _entries_at(census, number, found, grid.x.size)
    zones = census["zones"].to_dataset()
    whole = zones["cell_share"].values[entry]
    share = np.where(known, found["cell_share"].values / whole, 0.0)
    used = share > NOTHING
    entry, zone, share = entry[used], found["entry_zone"].values[used], share[used]
    own = np.flatnonzero(zones["entry_zone"].values == number)
    left = (1.0 - np.bincount(entry, share, zones.sizes["entry"])[own]).astype(np.float64)
    _require_apart(left, code)
    over = own[left > NOTHING]
    names = [townships[one].name for one in inside]
    codes, rest = list(inside), dict.fromkeys(LANGUAGES, "")
    if over.size:
        codes.append(code + REST)
        rest = {language: message("place.no_township", language) for language in LANGUAGES}
    return Pieces(
        np.concatenate([entry, over]),
        np.concatenate([zone, np.full(over.size, len(inside))]).astype(np.int64),
        np.concatenate([share, left[left > NOTHING]]),
        codes,
        [*names, rest["zh"]][: len(codes)],
        [*names, rest["en"]][: len(codes)],
    )


def _entries_at(
    census: xr.DataTree, number: int, found: xr.Dataset, columns: int
) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """Entry of the county at the cell of each piece, and whether it has one there."""
    zones = census["zones"].to_dataset()
    own = np.flatnonzero(zones["entry_zone"].values == number)
    cell = zones["entry_cell"].values[own]
    flat = zones["row"].values[cell].astype(np.int64) * columns + zones["column"].values[cell]
    order = np.argsort(flat)
    wanted = found["entry_row"].values.astype(np.int64) * columns + found["entry_column"].values
    place = np.minimum(np.searchsorted(flat[order], wanted), own.size - 1)
    return own[order[place]], flat[order[place]] == wanted


def _require_apart(left: FloatArray, code: str) -> None:
    if left.min() < -SLIVERS:
        raise ConservationError(
            "townships overlap",
            where=f"zone {code}",
            found=f"{1.0 - left.min():.6f} of a cell's part of the zone",
            expected="at most 1",
            remedy="correct their boundaries; a value would count twice",
        )
