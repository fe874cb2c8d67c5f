"""A source without physics: declared counts, season, marginal and tail dependence of its events.

The index of an event at a node is the declared quantile at the node's uniform, in the physical
index of the pool, times a declared smooth factor of place. With exceedance probability u, share of
wet places w, scale s and shape k it is s ((w / u)^k - 1) / k where u < w, the generalised Pareto
law (Coles 2001, An Introduction to Statistical Modeling of Extreme Values, section 4.2), and zero
where the place stays dry.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import special

from riskmodel.census.terrain import PROXIES, inland_km
from riskmodel.core.draws import generator
from riskmodel.core.errors import ParamError, RiskModelError
from riskmodel.core.files import sha256
from riskmodel.core.returnperiod import Frequency
from riskmodel.hazard.counts import Season, draw_counts, draw_days, require_events_a_year
from riskmodel.hazard.dependence import ChiTarget, SolvedCopula, solve_copula
from riskmodel.hazard.fields import require_inside, uniform_fields
from riskmodel.hazard.grid import PhysicsGrid
from riskmodel.hazard.source import Source, SourceBlock
from riskmodel.hazard.typhoon.parameters import FOLDER, read_yaml

PLUM_RAIN = FOLDER / "plum_rain.yml"

Bounds = tuple[str, float, float]  # unit; above the first number, at most the second
ANY: tuple[float, float] = (-np.inf, np.inf)  # checked where the number is used
INDEX_UNIT = "unit of the index"
NUMBERS: dict[str, dict[str, Bounds]] = {
    "counts": {"events_a_year": ("1/yr", *ANY), "kappa": ("1", *ANY)},
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
LISTS = {"index": {"perils"}, "dependence": {"targets"}}


@dataclass(frozen=True, slots=True)
class CopulaSpec:
    """Declared source: what its file says, checked, with the copula solved.

    Parameters
    ----------
    name, status : str
        Name of its parent event, and how far to trust it.
    perils, unit : tuple of str, and str
        Perils that its index ranks, and the unit of the index.
    events_a_year, frequency : float and Frequency
        Number of events a year.
    season : Season
        Dates and durations.
    wet_share, scale, shape : float
        Share of places wet in an event, scale (unit of the index) and shape of the marginal.
    coast, inland, inland_scale : float
        Factor of place at the coast and far inland, and the distance (km) between them.
    solved : SolvedCopula
        Copula, and its tail dependence against the targets.
    digest : str
        SHA-256 of the file.
    """

    name: str
    status: str
    perils: tuple[str, ...]
    unit: str
    events_a_year: float
    frequency: Frequency
    season: Season
    wet_share: float
    scale: float
    shape: float
    coast: float
    inland: float
    inland_scale: float
    solved: SolvedCopula
    digest: str


def load_copula_source(path: Path = PLUM_RAIN) -> CopulaSpec:
    """Read and check the file of a copula source, and solve its copula.

    Raises
    ------
    ParamError
        If a key is missing, unknown, of another unit or out of range.
    CatalogueError, ReturnPeriodError
        If season, counts or dependence contradict themselves; the place starts with file and key.
    """
    content = read_yaml(path)
    _require_known(content, path)
    texts = _texts(content, path)
    perils = content["index"].get("perils")
    if not isinstance(perils, list) or not perils:
        raise _refused("no perils", path, "index.perils", perils, "a list of perils")
    number = {name: _numbers(content, name, texts["index.unit"], path) for name in NUMBERS}
    counts, place = number["counts"], number["place"]
    with _located(path, "counts"):
        require_events_a_year(counts["events_a_year"], "events_a_year")
        frequency = Frequency(texts["counts.family"], counts.get("kappa"))  # type: ignore[arg-type]
    with _located(path, "season"):
        season = Season(**number["season"])
    with _located(path, "dependence"):
        solved = solve_copula(
            texts["dependence.family"],  # type: ignore[arg-type]
            _targets(content, path),
            events_a_year=counts["events_a_year"],
            frequency=frequency,
            tolerance=number["dependence"]["tolerance"],
        )
    return CopulaSpec(
        name=texts["name"],
        status=texts["status"],
        perils=tuple(map(str, perils)),
        unit=texts["index.unit"],
        events_a_year=counts["events_a_year"],
        frequency=frequency,
        season=season,
        **number["marginal"],
        coast=place["coast"],
        inland=place["inland"],
        inland_scale=place["scale"],
        solved=solved,
        digest=sha256(path),
    )


def copula_source(
    spec: CopulaSpec, grid: PhysicsGrid, *, years_per_block: int, seed: int
) -> Source:
    """Source of the events of a spec; block b never depends on other blocks.

    Parameters
    ----------
    spec : CopulaSpec
        From `load_copula_source`.
    grid : PhysicsGrid
        Fixed grid of the domain.
    years_per_block : int
        Years drawn in each block.
    seed : int
        Seed of the run.

    Raises
    ------
    CatalogueError
        If the copula's range lies beyond the grid.
    """
    copula = spec.solved.copula
    require_inside(copula, grid)
    factor = place_factor(spec, grid)[:, None]

    def block(number: int) -> SourceBlock:
        def random(what: str) -> np.random.Generator:
            return generator(seed, f"{spec.name} {what}", number)

        counts = draw_counts(spec.frequency, spec.events_a_year, years_per_block, random("counts"))
        year = np.repeat(np.arange(years_per_block, dtype=np.int32), counts)
        start, end = draw_days(spec.season, year.size, random("days"))
        # events are exchangeable: the fields need not follow the dates
        order = np.lexsort((start, year))
        columns = {"year": year[order], "start": start[order], "end": end[order]}
        index = event_index(spec, uniform_fields(copula, grid, year.size, random("fields")))
        index *= factor
        return SourceBlock(
            xr.Dataset({name: ("occurrence", values) for name, values in columns.items()}),
            {peril: index for peril in spec.perils},
        )

    units = {peril: spec.unit for peril in spec.perils}
    return Source(grid, units, spec.name, f"{grid} {spec.digest} {sha256(PROXIES)}", block)


def event_index(spec: CopulaSpec, uniform: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Index whose chance of exceedance in one event is `uniform`, before the factor of place."""
    # Box and Cox's power is the quantile function of the generalised Pareto law
    quantile = special.boxcox(np.float32(spec.wet_share) / uniform, np.float32(spec.shape))
    return np.float32(spec.scale) * np.maximum(quantile, np.float32(0.0))


def place_factor(spec: CopulaSpec, grid: PhysicsGrid) -> npt.NDArray[np.float32]:
    """Smooth factor of place (node,): `coast` at sea and at the coast, towards `inland` behind it.

    coast + (inland - coast) (1 - exp(-d / scale)), d km behind the declared coast.
    """
    latitude, longitude = grid.nodes()
    share = -np.expm1(-np.maximum(inland_km(longitude, latitude), 0.0) / spec.inland_scale)
    return (spec.coast + (spec.inland - spec.coast) * share).astype(np.float32)


def _refused(what: str, path: Path, key: str, found: object, expected: object) -> ParamError:
    return ParamError(
        what, where=f"{path.name}, {key}", found=found, expected=expected,
        remedy="correct the file of the source; every number has value, unit and source",
    )  # fmt: skip


@contextmanager
def _located(path: Path, key: str) -> Iterator[None]:
    """Name file and section in the errors of the verbs that check them."""
    try:
        yield
    except RiskModelError as error:
        raise type(error)(
            error.what, where=f"{path.name}, {key}: {error.where}", found=error.found,
            expected=error.expected, remedy=error.remedy,
        ) from None  # fmt: skip


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
            continue  # Poisson; `Frequency` tells whether it may be left out
        unit = index_unit if unit == INDEX_UNIT else unit
        if not isinstance(entry, dict) or set(entry) != {"value", "unit", "source"}:
            raise _refused("no declared number", path, key, entry, "value, unit and source")
        value = entry["value"]
        if not (_is_number(value) and low < value <= high):
            raise _refused("out of range", path, key, value, f"above {low:g}, at most {high:g}")
        if entry["unit"] != unit:
            raise _refused("another unit", path, key, entry["unit"], unit)
        numbers[name] = float(value)
    return numbers


def _targets(content: dict[str, Any], path: Path) -> list[ChiTarget]:
    listed = content["dependence"].get("targets")
    names = {"distance_km", "return_period", "chi"}
    if not isinstance(listed, list) or not all(
        isinstance(t, dict) and set(t) == names and all(map(_is_number, t.values())) for t in listed
    ):
        raise _refused("no targets", path, "dependence.targets", listed, f"a list of {names}")
    return [ChiTarget(**target) for target in listed]
