"""Units of a census's columns and maps, turned into the units that the workbench keeps."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from riskmodel.census.finding import Finding, FoundError
from riskmodel.core.errors import CensusError
from riskmodel.core.money import MULTIPLIERS
from riskmodel.core.yaml_file import read_mapping

PERILS = Path(__file__).parents[2] / "data" / "census" / "perils.yml"
SLOTS = Path(__file__).parents[2] / "data" / "census" / "slots.yml"
COUNTS = {
    "person": ("person", 1.0),
    "人": ("person", 1.0),
    "万人": ("person", 1e4),
    "household": ("household", 1.0),
    "户": ("household", 1.0),
    "万户": ("household", 1e4),
}
AREAS = {"m2": 1.0, "亩": 2000.0 / 3.0, "公顷": 1e4, "km2": 1e6}


@cache
def perils() -> dict[str, dict[str, Any]]:
    """Nine perils with measure, units, range and the words that name them in file names."""
    return dict(_own(PERILS)["perils"])


def stated_unit(text: str) -> tuple[str, bool]:
    """Spell the unit that a file states as ours, and tell whether it is one that we know of.

    Examples
    --------
    >>> stated_unit(" 厘米 "), stated_unit("feet"), stated_unit("depth above ground")
    (('cm', True), ('feet', True), ('depth above ground', False))
    """
    about, plain = _own(PERILS), text.strip()
    unit = str(about["unit_words"].get(plain.lower(), plain))
    ours = {str(unit) for one in perils().values() for unit in one["units"]} - {"1"}
    for known in (unit, unit.lower()):
        if known in ours:
            return known, True
    return unit, unit.lower() in about["other_units"]


@cache
def slots() -> dict[str, dict[str, Any]]:
    """Return the eleven slots of a census, as we read the surveys."""
    return dict(_own(SLOTS)["slots"])


@cache
def _own(path: Path) -> dict[Any, Any]:
    return read_mapping(path, CensusError, missing="restore it from the checkout")


def unit_in_header(header: str) -> dict[str, str]:
    """Read the unit in brackets in a header as an attribute; empty where there is none.

    Examples
    --------
    >>> unit_in_header("住房/价值（亿元）"), unit_in_header("人口")
    ({'units': '亿元'}, {})
    """
    found = re.findall(r"[（(]\s*(?:单位[:：])?\s*([^）)]+?)\s*[）)]", header)
    return {"units": found[-1]} if found else {}


def unit_in_column(name: str) -> str | None:
    """Find the unit that the name of a column states, in brackets or as a part of it.

    A single letter beside others, as the m of ``d100_m``, is no unit.

    Examples
    --------
    >>> unit_in_column("水深100年（厘米）"), unit_in_column("dep_cm_100"), unit_in_column("d_m_100")
    ('厘米', 'cm', None)
    """
    parts = [part for part in re.split(r"[^A-Za-z一-龥]+", name) if len(part) > 1]
    parts = [*unit_in_header(name).values(), *parts]
    return next((part for part in parts if stated_unit(part)[1]), None)


def column_unit(unit: str, *, where: str, money_only: bool = False) -> tuple[str, float]:
    """Return the unit kept for a column, and what its numbers are multiplied by.

    Examples
    --------
    >>> column_unit("万元", where="crops"), column_unit("公顷", where="crops")
    (('CNY', 10000.0), ('m2', 10000.0))

    Raises
    ------
    FoundError
        If the unit is unknown.
    """
    known = {name: ("CNY", factor) for name, factor in MULTIPLIERS.items()}
    if not money_only:
        known |= COUNTS | {name: ("m2", factor) for name, factor in AREAS.items()}
    if unit not in known:
        expected = f"one of {', '.join(known)}"
        raise FoundError(
            Finding("unit_unknown", "census.yml", f"exposure.{where}", "", unit, expected)
        )
    return known[unit]


def map_unit(peril: str, unit: str) -> tuple[str, float]:
    """Return the unit kept for a peril's maps, and what their numbers are multiplied by.

    Raises
    ------
    FoundError
        If the peril or its unit is unknown.
    """
    if peril not in perils():
        expected = f"one of {', '.join(perils())}"
        raise FoundError(
            Finding("peril_unknown", "census.yml", f"hazard.{peril}", "", peril, expected)
        )
    known = perils()[peril]["units"]
    if unit not in known:
        expected = f"one of {', '.join(known)}"
        place = f"hazard.{peril}.unit"
        raise FoundError(Finding("unit_unknown", "census.yml", place, "", unit, expected))
    return next(iter(known)), float(known[unit])
