"""The manifest of a census: which file is which layer, unit, return period and class direction."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from riskmodel.census.finding import Finding, FoundError
from riskmodel.census.manifest_faults import bad_paths, no_return_periods, open_questions
from riskmodel.core.errors import CensusError
from riskmodel.core.status import Status
from riskmodel.core.yaml_file import read_mapping

Encoding = Literal["utf-8", "gb18030", "gbk"]
Basis = Literal["replacement_cost", "net", "book"]
Year = Annotated[int, Field(ge=1949, le=2100)]
BY_AREA = "by_area"


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


class Vector(Part):
    """A file of features: shapefile (also zipped), GeoPackage, file geodatabase, GeoJSON."""

    file: str
    layer: str | None = None
    encoding: Encoding | None = None


class PeriodColumns(Vector):
    """Polygons with a column of intensities for each return period."""

    columns: dict[float, str]


class Maps(Part):
    """Files by return period, and what nodata in them means."""

    files: dict[float, str] = {}
    variable: str | None = None
    nodata: float | None = None
    nodata_means: Literal["outside", "dry"] = "outside"


class FineMaps(Maps):
    """Cells finer than the census grid, and what stands where within a cell of that grid.

    ``spread`` is ``by_area``, or the file (of polygons: the column) of weights. ``crs`` and
    ``unit`` are those of the census and of the layer unless they are stated here.
    """

    polygons: PeriodColumns | None = None
    crs: str | None = None
    unit: str | None = None
    spread: str

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if bool(self.files) == (self.polygons is not None):
            raise ValueError("either files or polygons")
        return self


class HazardLayer(Maps):
    """Maps of one peril by return period in years, on the census grid, finer, or both."""

    unit: str
    classes: ClassValues | None = None
    repair: Literal["raise_to_shorter"] | None = None
    fine: FineMaps | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.files and self.fine is None:
            raise ValueError("files, or fine")
        return self


class Table(Part):
    """A sheet of a workbook, or a CSV, and where its header stands."""

    workbook: str
    sheet: str | None = None
    encoding: Encoding | None = None
    header_row: Annotated[int, Field(ge=1)] = 1
    header_rows: Annotated[int, Field(ge=1, le=3)] = 1
    columns: dict[str, str] = {}


class ExposureClass(Part):
    """Unit of a column, what spreads it over cells, its valuation, and a total stated elsewhere.

    ``weight`` is a map, or ``by_area``; ``table`` is where the column stands, if not with others.
    """

    unit: str
    weight: str
    valuation_basis: Basis | None = None
    stated_total: float | None = None
    table: Table | None = None


class Gdp(Part):
    """Column, unit and year of the product."""

    column: str
    unit: str
    year: Year
    table: Table | None = None


class Exposure(Table):
    """What stands in each zone."""

    classes: Annotated[dict[str, ExposureClass], Field(min_length=1)]
    gdp: Gdp | None = None


class Update(Part):
    """How exposure is brought to another price year, and who says so.

    Prices by a series of ``data/census/price_indices.yml`` or by stated factors of the years asked
    for; ``growth`` is real, a year, one number or one for each class and ``gdp``.
    """

    index: str | None = None
    factors: dict[int, Annotated[float, Field(gt=0.0)]] | None = None
    growth: float | dict[str, float]
    source: str

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.index is None) == (self.factors is None):
            raise ValueError("either index or factors")
        return self


class Valuation(Part):
    """Replacement cost over the stated value, for classes at net or book values."""

    factors: dict[str, Annotated[float, Field(gt=0.0)]]
    source: str


class Zones(Vector):
    """Polygons of the census's own; without them the packaged county polygons are taken."""

    code: str
    longgang: Literal["cut_from_330327"] | None = None


class Townships(Vector):
    """Polygons of the townships inside the zones: fields of their codes and names."""

    code: str
    name: str


class Manifest(Part):
    """Everything that ``census.yml`` says."""

    name: str
    status: Status
    source: str
    crs: str
    currency: Literal["CNY"]
    price_year: Year
    valuation_basis: Basis
    return_period_basis: Literal["annual_probability"]
    hazard: Annotated[dict[str, HazardLayer], Field(min_length=1)]
    class_maps: dict[str, ClassMap] = {}
    exposure: Exposure
    update: Update | None = None
    valuation: Valuation | None = None
    zones: Zones | None = None
    townships: Townships | None = None
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
    if faults := [*open_questions(content), *no_return_periods(content)]:
        raise FoundError(*faults)
    try:
        manifest = Manifest.model_validate(content)
    except ValidationError as error:
        raise FoundError(*_refusals(error)) from None
    if faults := [*bad_paths(content)]:
        raise FoundError(*faults)
    return manifest


def _refusals(error: ValidationError) -> Iterator[Finding]:
    codes = {"missing": "manifest_key_missing", "extra_forbidden": "manifest_key_unknown"}
    for one in error.errors():
        key = ".".join(map(str, one["loc"]))
        code = codes.get(one["type"], "manifest_value")
        missing = code == "manifest_key_missing"
        found, expected = (None, None) if missing else (one["input"], one["msg"])
        yield Finding(code, "census.yml", key, found=found, expected=expected)
