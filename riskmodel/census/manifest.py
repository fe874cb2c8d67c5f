"""The manifest of a census: which file is which layer, unit, return period and class direction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from riskmodel.census.finding import Finding, FoundError
from riskmodel.core.errors import CensusError
from riskmodel.core.status import Status
from riskmodel.core.yaml_file import read_mapping

ASK = "ASK"
Encoding = Literal["utf-8", "gb18030", "gbk"]


class Part(BaseModel):
    """A part of the manifest: no unknown key, never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ClassValues(Part):
    """Numbers that stand for classes; the direction is stated apart, so that a slip shows."""

    direction: Literal["1_is_lowest", "1_is_highest"]
    values: dict[int, float]


class ClassMap(Part):
    """One map of classes: how strong a class is, and how often; empty: not available."""

    file: str
    nodata: float | None = None
    direction: Literal["1_is_lowest", "1_is_highest"]
    intensity: dict[int, float]
    annual_probability: dict[int, float] = {}
    source: str = ""


class HazardLayer(Part):
    """Maps of one peril by return period in years."""

    unit: str
    files: dict[float, str]
    variable: str | None = None
    nodata: float | None = None
    classes: ClassValues | None = None
    repair: Literal["raise_to_shorter"] | None = None


class Table(Part):
    """A sheet of a workbook, or a CSV, and where its header stands."""

    workbook: str
    sheet: str | None = None
    encoding: Encoding | None = None
    header_row: Annotated[int, Field(ge=1)] = 1
    header_rows: Annotated[int, Field(ge=1, le=3)] = 1
    columns: dict[str, str] = {}


class ExposureClass(Part):
    """Unit of a column, the map that spreads it, and the total that is stated elsewhere."""

    unit: str
    weight: str
    stated_total: float | None = None


class Gdp(Part):
    """Column, unit and year of the product."""

    column: str
    unit: str
    year: int


class Exposure(Table):
    """What stands in each zone."""

    classes: dict[str, ExposureClass]
    gdp: Gdp


class Zones(Part):
    """Polygons of the census's own; without them the packaged county polygons are taken."""

    file: str
    code: str
    layer: str | None = None
    encoding: Encoding | None = None
    longgang: Literal["cut_from_330327"] | None = None


class Manifest(Part):
    """Everything that ``census.yml`` says."""

    name: str
    status: Status
    source: str
    crs: str
    currency: str
    price_year: int
    return_period_basis: str
    hazard: Annotated[dict[str, HazardLayer], Field(min_length=1)]
    class_maps: dict[str, ClassMap] = {}
    exposure: Exposure
    zones: Zones | None = None
    slots: dict[str, Table] = {}


def manifest_path(place: Path) -> Path:
    """``census.yml`` of a folder, or the file itself."""
    return place / "census.yml" if place.is_dir() else place


def read_manifest(place: Path) -> Manifest:
    """Manifest of a census folder, checked as a whole.

    Raises
    ------
    FoundError
        With each open question, each key that is missing, unknown or mistyped, each key that is no
        return period, and each path that leaves the folder.
    """
    path = manifest_path(place)
    if not path.is_file():
        raise FoundError(Finding("manifest_missing", file=path.name))
    try:
        content = read_mapping(path, CensusError, missing="")
    except CensusError as error:
        found = Finding("manifest_unreadable", file=path.name, found=error.found or error.what)
        raise FoundError(found) from None
    faults = [*_open_questions(content), *_no_return_periods(content)]
    if faults:
        raise FoundError(*faults)
    try:
        manifest = Manifest.model_validate(content)
    except ValidationError as error:
        raise FoundError(*_refusals(error)) from None
    if outside := [*_outside(content)]:
        raise FoundError(*outside)
    return manifest


def _leaves(content: object, key: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(content, Mapping):
        for name, value in content.items():
            yield from _leaves(value, f"{key}.{name}" if key else str(name))
    elif isinstance(content, list):
        for number, value in enumerate(content):
            yield from _leaves(value, f"{key}[{number}]")
    else:
        yield key, content


def _open_questions(content: Mapping[Any, Any]) -> Iterator[Finding]:
    for key, value in _leaves(content):
        if isinstance(value, str) and value.startswith(ASK):
            yield Finding("open_question", "census.yml", key, found=value)


def _no_return_periods(content: Mapping[Any, Any]) -> Iterator[Finding]:
    """Keys that are no return period; texts too, for "5" beside 5 would be one map lost."""
    hazard = content.get("hazard")
    for peril, layer in hazard.items() if isinstance(hazard, Mapping) else ():
        files = layer.get("files") if isinstance(layer, Mapping) else None
        for key, name in files.items() if isinstance(files, Mapping) else ():
            if type(key) not in (int, float) or not 1.0 < key < float("inf"):
                place = f"hazard.{peril}.files, {name}"
                expected = "a number of years above 1, on the annual-probability basis"
                yield Finding("return_period_invalid", "census.yml", place, "", key, expected)


def _refusals(error: ValidationError) -> Iterator[Finding]:
    codes = {"missing": "manifest_key_missing", "extra_forbidden": "manifest_key_unknown"}
    for one in error.errors():
        key = ".".join(map(str, one["loc"]))
        code = codes.get(one["type"], "manifest_value")
        missing = code == "manifest_key_missing"
        found, expected = (None, None) if missing else (one["input"], one["msg"])
        yield Finding(code, "census.yml", key, found=found, expected=expected)


def _outside(content: Mapping[Any, Any]) -> Iterator[Finding]:
    """Paths that leave the folder: a run could not tell whether they changed."""
    for key, value in _leaves(content):
        named = key.rsplit(".", 1)[-1] in ("workbook", "weight", "file") or ".files." in key
        if named and (PurePosixPath(str(value)).is_absolute() or ".." in Path(str(value)).parts):
            yield Finding("path_outside", "census.yml", key, found=value)
