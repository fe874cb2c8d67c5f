"""Read and check the file that declares a source without physics: sections, texts and numbers.

Every number of the file has value, unit and source; the tables below say which there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np

from riskmodel.core.errors import ParamError, RiskModelError
from riskmodel.core.files import sha256
from riskmodel.core.vocabulary import Peril
from riskmodel.core.yaml_file import read_mapping
from riskmodel.hazard.dependence import ChiTarget, Family

Bounds = tuple[str, float, float]  # unit; above the first number, at most the second
ANY: tuple[float, float] = (-np.inf, np.inf)  # checked where the number is used
LEAST_KAPPA = 0.05  # variance / mean = 1 + 20 times the events a year; wilder counts are a slip
INDEX_UNIT = "unit of the index"
NUMBERS: dict[str, dict[str, Bounds]] = {
    "counts": {"events_a_year": ("1/yr", *ANY), "kappa": ("1", LEAST_KAPPA, np.inf)},
    "season": {
        "first_day": ("day of year", *ANY),
        "peak_day": ("day of year", *ANY),
        "last_day": ("day of year", *ANY),
        "duration_median": ("d", *ANY),
        "duration_spread": ("1", *ANY),
        "shortest": ("d", *ANY),
        "longest": ("d", *ANY),
    },
    "marginal": {
        "wet_share": ("1", 0.0, 1.0),
        "scale": (INDEX_UNIT, 0.0, np.inf),
        "shape": ("1", -0.5, 0.5),
    },
    "place": {
        "coast": ("1", 0.0, 10.0),
        "inland": ("1", 0.0, 10.0),
        "scale": ("km", 0.0, np.inf),
    },
    "dependence": {"tolerance": ("1", 0.0, 1.0)},
}
TEXTS = {
    "": ("name", "status", "source"),
    "index": ("unit",),
    "counts": ("family",),
    "dependence": ("family",),
}
FAMILIES: dict[str, tuple[str, ...]] = {
    "counts.family": ("poisson", "negative_binomial"),
    "dependence.family": get_args(Family),
}
LISTS = {"index": {"perils"}, "dependence": {"targets"}}


@dataclass(frozen=True, slots=True)
class SourceFile:
    """What the file of a source says, each part checked by itself.

    Parameters
    ----------
    file, digest : str
        Name of the file, and SHA-256 of its bytes.
    perils : tuple of str
        Perils that the source ranks.
    texts : dict
        Texts by dotted key, such as ``index.unit``.
    numbers : dict
        Numbers by section and name.
    targets : tuple of ChiTarget
        Declared tail dependence.
    """

    file: str
    digest: str
    perils: tuple[str, ...]
    texts: dict[str, str]
    numbers: dict[str, dict[str, float]]
    targets: tuple[ChiTarget, ...]


def read_source_file(path: Path) -> SourceFile:
    """Read the file of a source; every message says file and key.

    Raises
    ------
    ParamError
        If the file is missing or not YAML, or a key is missing, unknown, written twice, of another
        unit, out of range, of no known family, or at odds with its family.
    CatalogueError
        If a target is no tail dependence at a distance.
    """
    content = read_mapping(
        path, ParamError,
        missing="correct its name under hazard.sources in the params file; null leaves it out",
    )  # fmt: skip
    _require_known(content, path)
    texts = _texts(content, path)
    perils = content["index"].get("perils")
    known = list(get_args(Peril))
    if not isinstance(perils, list) or not perils or not all(p in known for p in perils):
        raise _refused("not perils", path, "index.perils", perils, f"a list of {known}")
    numbers = {name: _numbers(content, name, texts["index.unit"], path) for name in NUMBERS}
    kappa, family = numbers["counts"].get("kappa"), texts["counts.family"]
    if (family == "poisson") != (kappa is None):
        raise _refused(
            f"the size does not fit the family {family}", path, "counts.kappa", kappa,
            "a number for negative_binomial, no such key for poisson",
        )  # fmt: skip
    targets = tuple(_targets(content, path))
    return SourceFile(path.name, sha256(path), tuple(map(str, perils)), texts, numbers, targets)


@contextmanager
def located(file: str, key: str) -> Iterator[None]:
    """Name file and key in the errors of the verbs that check what they hold."""
    try:
        yield
    except RiskModelError as error:
        place = f"{file}, {key}"
        raise type(error)(
            error.what, where=f"{place}: {error.where}" if error.where else place,
            found=error.found, expected=error.expected, remedy=error.remedy,
        ) from None  # fmt: skip


def _refused(what: str, path: Path, key: str, found: object, expected: object) -> ParamError:
    return ParamError(
        what, where=f"{path.name}, {key}", found=found, expected=expected,
        remedy="correct the file of the source; every number has value, unit and source",
    )  # fmt: skip


def _require_known(content: dict[str, Any], path: Path) -> None:
    """Refuse sections that are missing and keys that nobody reads."""
    for section in ("", "index", *NUMBERS):
        part = content.get(section) if section else content
        if not isinstance(part, dict):
            raise _refused("a section is missing", path, section, part, "a mapping")
        known = {*TEXTS.get(section, ()), *NUMBERS.get(section, ()), *LISTS.get(section, ())}
        unknown = set(part) - (known if section else known | {"index", *NUMBERS})
        if unknown:
            raise _refused("unknown keys", path, section or "the file", sorted(unknown), known)


def _texts(content: dict[str, Any], path: Path) -> dict[str, str]:
    texts = {}
    for section, names in TEXTS.items():
        part = content[section] if section else content
        for name in names:
            key = f"{section}.{name}".lstrip(".")
            if not isinstance(part.get(name), str) or not part[name]:
                raise _refused("a text is missing", path, key, part.get(name), "a text")
            known = FAMILIES.get(key)
            if known and part[name] not in known:
                raise _refused("an unknown family", path, key, part[name], " or ".join(known))
            texts[key] = part[name]
    return texts


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)


def _numbers(
    content: dict[str, Any], section: str, index_unit: str, path: Path
) -> dict[str, float]:
    numbers = {}
    for name, (unit, low, high) in NUMBERS[section].items():
        entry, key = content[section].get(name), f"{section}.{name}"
        if name == "kappa" and entry is None:
            continue  # Poisson; whether it may be left out is asked with the family
        unit = index_unit if unit == INDEX_UNIT else unit
        if not isinstance(entry, dict) or set(entry) != {"value", "unit", "source"}:
            raise _refused("no declared number", path, key, entry, "value, unit and source")
        value = entry["value"]
        if not (_is_number(value) and low < value <= high):
            bounds = f"above {low:g}" + (f", at most {high:g}" if high < np.inf else "")
            raise _refused("out of range", path, key, value, bounds)
        if entry["unit"] != unit:
            raise _refused("another unit", path, key, entry["unit"], unit)
        numbers[name] = float(value)
    return numbers


def _targets(content: dict[str, Any], path: Path) -> Iterator[ChiTarget]:
    listed = content["dependence"].get("targets")
    names = {"distance_km", "return_period", "chi"}
    if not isinstance(listed, list):
        raise _refused(
            "no targets", path, "dependence.targets", listed, f"a list of {sorted(names)}"
        )
    for number, one in enumerate(listed):
        key = f"dependence.targets[{number}]"
        if not (isinstance(one, dict) and set(one) == names and all(map(_is_number, one.values()))):
            raise _refused("no target", path, key, one, f"a number for each of {sorted(names)}")
        with located(path.name, key):
            target = ChiTarget(**one)
        yield target
