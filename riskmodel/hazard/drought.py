"""Droughts: seasons are dry or not, a run of dry seasons is one spell and one occurrence.

A season is dry with a declared chance, larger after a dry one. The deficit of a spell at a place
is the sum of its seasons' scales times one generalised Pareto factor, ((1 / u)^k - 1) / k with u
the place's exceedance probability in the spell; places suffer together by a spatial copula. Spells
never overlap. The sequence of all seasons is the named worst case.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from pydantic import BeforeValidator, Field
from scipy import optimize, special

from riskmodel.core.draws import generator
from riskmodel.core.errors import CatalogueError
from riskmodel.core.files import sha256
from riskmodel.core.returnperiod import Frequency
from riskmodel.core.status import Status
from riskmodel.hazard.counts import YEAR_END
from riskmodel.hazard.declared import (
    Dependence,
    Fixed,
    Pool,
    quantity,
    read_declared,
    require_distinct,
)
from riskmodel.hazard.dependence import SolvedCopula, solve_copula
from riskmodel.hazard.fields import require_inside, uniform_fields
from riskmodel.hazard.grid import PhysicsGrid
from riskmodel.hazard.source import Source, SourceBlock
from riskmodel.hazard.source_file import located

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
EDGE = 1.0 / 3.0  # a spell begins in the first and ends in the last third of a season
Chance = Annotated[float, BeforeValidator(quantity("1", 0.0, 1.0))]
Day = Annotated[float, BeforeValidator(quantity("day of year", 1.0, YEAR_END))]


class DrySeason(Fixed):
    """A season that can be dry, and how deep its deficit is."""

    name: Annotated[str, Field(min_length=1)]
    first_day: Day
    last_day: Day
    scale: Annotated[float, BeforeValidator(quantity("mm deficit", 1e-3, 1e4))]


class Sequence(Fixed):
    """Chances that a season is dry, after one that was not and after a dry one."""

    onset: Chance
    persistence: Chance


class Marginal(Fixed):
    """Shape of the generalised Pareto factor."""

    shape: Annotated[float, BeforeValidator(quantity("1", -0.5, 0.5))]


class DroughtFile(Fixed):
    """Content of ``drought.yml``."""

    name: str
    status: Status
    source: Annotated[str, Field(min_length=1)]
    index: Pool
    seasons: Annotated[tuple[DrySeason, ...], Field(min_length=1)]
    sequence: Sequence
    marginal: Marginal
    dependence: Dependence


@dataclass(frozen=True, slots=True)
class DroughtSpec:
    """Declared droughts, checked, with the copula solved for the expected spells a year."""

    said: DroughtFile
    solved: SolvedCopula
    file: str
    digest: str

    @property
    def events_a_year(self) -> float:
        """Expected spells a year."""
        return spells_a_year(self.said)


def spells_a_year(said: DroughtFile) -> float:
    """Return the expected spells a year: each begins with a dry season after one that was not."""
    dry, spells = 0.0, 0.0
    for _ in said.seasons:
        begins = (1.0 - dry) * said.sequence.onset
        dry = begins + dry * said.sequence.persistence
        spells += begins
    return spells


def second_spells(said: DroughtFile, probability: float) -> float:
    """Return the spells a year beyond its first, at or beyond what a year reaches with a chance.

    All sequences of dry seasons are gone through with their chances. Counts of spells are not those
    of a frequency family: seasons that leave no wet one between them hold one spell.
    """
    dry = np.array(list(product((False, True), repeat=len(said.seasons))))
    before = np.pad(dry, ((0, 0), (1, 0)))[:, :-1]
    chance = np.where(before, said.sequence.persistence, said.sequence.onset)
    weight = np.where(dry, chance, 1.0 - chance).prod(axis=1)
    sequence, begins, count = spells(dry)
    depth = np.append(0.0, np.cumsum([s.scale for s in said.seasons]))
    own = depth[begins + count] - depth[begins]

    def year(level: float) -> tuple[float, float]:
        beyond = np.nan_to_num(1.0 / special.inv_boxcox(level / own, said.marginal.shape))
        none = np.ones(weight.size)
        np.multiply.at(none, sequence, 1.0 - beyond)
        return float(weight @ (1.0 - none)), float(weight[sequence] @ beyond)

    deepest = float(depth[-1]) * 1e4
    level = optimize.brentq(lambda x: year(x)[0] - probability, 0.0, deepest, xtol=1e-9)
    return year(level)[1] - probability


def load_drought(path: Path) -> DroughtSpec:
    """Read and check the file of the drought source, and solve its copula.

    Raises
    ------
    ParamError
        If the file is refused, or two seasons have one name.
    CatalogueError
        If seasons overlap or run backwards, or the dependence contradicts itself.
    """
    said = read_declared(path, DroughtFile)
    require_distinct([season.name for season in said.seasons], f"{path.name}, seasons")
    last = 1.0
    for number, season in enumerate(said.seasons):
        if not last <= season.first_day < season.last_day:
            raise CatalogueError(
                "dry seasons overlap or run backwards",
                where=f"{path.name}, seasons[{number}] {season.name}",
                found=(season.first_day, season.last_day),
                expected=f"a season from day {last:g} on, that ends after it begins",
                remedy="give the seasons in order of date, each once",
            )
        last = season.last_day
    with located(path.name, "dependence.targets"):
        solved = solve_copula(
            said.dependence.family, said.dependence.chi_targets(),
            events_a_year=spells_a_year(said), frequency=Frequency("poisson"),
            tolerance=said.dependence.misfit(),
        )  # fmt: skip
    return DroughtSpec(said, solved, path.name, sha256(path))


def drought_source(
    spec: DroughtSpec, grid: PhysicsGrid, *, years_per_block: int, seed: int
) -> Source:
    """Source of spells; occurrences carry `first_season` and `dry_seasons` (numbers).

    Parameters
    ----------
    spec : DroughtSpec
        From `load_drought`.
    grid : PhysicsGrid
        Fixed grid of the domain.
    years_per_block, seed : int
        Years drawn in each block, and seed of the run; block b never depends on others.

    Raises
    ------
    CatalogueError
        If the range of the copula lies beyond the grid.
    """
    said, copula = spec.said, spec.solved.copula
    with located(spec.file, "dependence.targets"):
        require_inside(copula, grid)
    first = np.array([s.first_day for s in said.seasons])
    last = np.array([s.last_day for s in said.seasons])
    depth = np.append(0.0, np.cumsum([s.scale for s in said.seasons]))

    def block(number: int) -> SourceBlock:
        def random(what: str) -> np.random.Generator:
            return generator(seed, f"{said.name} {what}", number)

        dry = dry_seasons(said.sequence, years_per_block, len(said.seasons), random("seasons"))
        year, begins, count = spells(dry)
        ends = begins + count - 1
        part = random("days").random((2, year.size)) * EDGE
        start = first[begins] + part[0] * (last[begins] - first[begins])
        end = last[ends] - part[1] * (last[ends] - first[ends])
        require_separate(year, start, end, f"source {said.name}, block {number}")
        uniform = uniform_fields(copula, grid, year.size, random("fields"))
        factor = special.boxcox(np.float32(1.0) / uniform, np.float32(said.marginal.shape))
        index = factor * (depth[ends + 1] - depth[begins]).astype(np.float32)
        columns = {
            "year": year.astype(np.int32), "start": start, "end": end,
            "first_season": begins.astype(np.float64), "dry_seasons": count.astype(np.float64),
        }  # fmt: skip
        table = xr.Dataset({name: ("occurrence", values) for name, values in columns.items()})
        return SourceBlock(table, {peril: index for peril in said.index.perils})

    units: dict[str, str] = {peril: said.index.unit for peril in said.index.perils}
    return Source(grid, units, said.name, f"{grid} {spec.digest}", block)


def dry_seasons(
    sequence: Sequence, years: int, seasons: int, random: np.random.Generator
) -> BoolArray:
    """Draw which seasons are dry, dims (year, season); years begin anew."""
    draw = random.random((years, seasons))
    dry = np.zeros((years, seasons), dtype=np.bool_)
    before = np.zeros(years, dtype=np.bool_)
    for season in range(seasons):
        before = draw[:, season] < np.where(before, sequence.persistence, sequence.onset)
        dry[:, season] = before
    return dry


def spells(dry: BoolArray) -> tuple[IntArray, IntArray, IntArray]:
    """Year, first season and number of seasons of each run of dry seasons, in order of date.

    Examples
    --------
    >>> [part.tolist() for part in spells(np.array([[True, True, False], [True, False, True]]))]
    [[0, 1, 1], [0, 0, 2], [2, 1, 1]]
    """
    wet = np.zeros((dry.shape[0], 1), dtype=np.bool_)
    year, begins = np.nonzero(dry & ~np.hstack([wet, dry[:, :-1]]))
    _, ends = np.nonzero(dry & ~np.hstack([dry[:, 1:], wet]))
    return year, begins, ends - begins + 1


def require_separate(
    year: npt.NDArray[np.integer], start: npt.ArrayLike, end: npt.ArrayLike, where: str
) -> None:
    """Refuse spells of one year that overlap: a drought is one occurrence from begin to end.

    Parameters
    ----------
    year, start, end : array (occurrence,)
        Year and days, in any order.
    where : str
        For the message.

    Raises
    ------
    CatalogueError
        Naming year and days of the first two that overlap.
    """
    begin, finish = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
    order = np.lexsort((begin, year))
    same = np.diff(np.asarray(year)[order]) == 0
    overlap = np.flatnonzero(same & (begin[order][1:] < finish[order][:-1]))
    if overlap.size:
        one, two = order[overlap[0]], order[overlap[0] + 1]
        raise CatalogueError(
            "spells of drought overlap",
            where=f"{where}, year {int(year[one])}",
            found=[(float(begin[k]), float(finish[k])) for k in (one, two)],
            expected="spells that follow each other",
            remedy="join what is one drought into one occurrence",
        )


def sequence_table(occurrences: xr.Dataset, spec: DroughtSpec, years: int) -> pd.DataFrame:
    """How often each sequence of dry seasons comes; the last row is the named worst case.

    Parameters
    ----------
    occurrences : Dataset
        Root of a catalogue: `first_season` and `dry_seasons` by occurrence.
    spec : DroughtSpec
        Names of the seasons.
    years : int
        Years of the catalogue.
    """
    names = [season.name for season in spec.said.seasons]
    runs = [(b, n) for n in range(1, len(names) + 1) for b in range(len(names) - n + 1)]
    begins, count = occurrences["first_season"].values, occurrences["dry_seasons"].values
    found = [int(((begins == b) & (count == n)).sum()) for b, n in runs]
    return pd.DataFrame(
        {
            "dry seasons": [" + ".join(names[b : b + n]) for b, n in runs],
            "named worst case": [n == len(names) for _, n in runs],
            "spells a year": np.array(found) / years,
            "years between": [round(years / n, 1) if n else np.nan for n in found],
        }
    )
