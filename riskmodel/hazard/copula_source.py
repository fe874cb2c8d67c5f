"""A source without physics: declared counts, season, marginal and tail dependence of its events.

The index of an event at a node is the declared quantile at the node's uniform, in the physical
index of the pool, times a declared smooth factor of place. With exceedance probability u, share of
wet places w, scale s and shape k it is s ((w / u)^k - 1) / k where u < w, the generalised Pareto
law (Coles 2001, An Introduction to Statistical Modeling of Extreme Values, section 4.2), and zero
where the place stays dry.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import special

from riskmodel.census.terrain import PROXIES, inland_km
from riskmodel.core.draws import generator
from riskmodel.core.files import sha256
from riskmodel.core.returnperiod import Frequency
from riskmodel.hazard.counts import Season, draw_counts, draw_days, require_events_a_year
from riskmodel.hazard.dependence import SolvedCopula, solve_copula
from riskmodel.hazard.fields import require_inside, uniform_fields
from riskmodel.hazard.grid import PhysicsGrid
from riskmodel.hazard.source import Source, SourceBlock
from riskmodel.hazard.source_file import located, read_source_file
from riskmodel.hazard.typhoon.parameters import FOLDER

PLUM_RAIN = FOLDER / "plum_rain.yml"


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
    file, digest : str
        Name of the file, and SHA-256 of its bytes.
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
    file: str
    digest: str


def load_copula_source(path: Path = PLUM_RAIN) -> CopulaSpec:
    """Read and check the file of a copula source, and solve its copula.

    Raises
    ------
    ParamError
        If the file is missing or not YAML, or a key is missing, unknown, written twice, of another
        unit, out of range, or at odds with its family.
    CatalogueError
        If season, counts or dependence contradict themselves; the place starts with file and key.
    """
    said = read_source_file(path)
    texts, number = said.texts, said.numbers
    counts, place = number["counts"], number["place"]
    with located(said.file, "counts"):
        require_events_a_year(counts["events_a_year"], "events_a_year")
    frequency = Frequency(texts["counts.family"], counts.get("kappa"))  # type: ignore[arg-type]
    with located(said.file, "season"):
        season = Season(**number["season"])
    with located(said.file, "dependence.targets"):
        solved = solve_copula(
            texts["dependence.family"],  # type: ignore[arg-type]
            said.targets,
            events_a_year=counts["events_a_year"],
            frequency=frequency,
            tolerance=number["dependence"]["tolerance"],
        )
    return CopulaSpec(
        name=texts["name"],
        status=texts["status"],
        perils=said.perils,
        unit=texts["index.unit"],
        events_a_year=counts["events_a_year"],
        frequency=frequency,
        season=season,
        **number["marginal"],
        coast=place["coast"],
        inland=place["inland"],
        inland_scale=place["scale"],
        solved=solved,
        file=said.file,
        digest=said.digest,
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
        If the range, to which the targets lead, lies beyond the grid; file and key are named.
    """
    copula = spec.solved.copula
    with located(spec.file, "dependence.targets"):
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
        with located(spec.file, "dependence.targets"):
            uniform = uniform_fields(copula, grid, year.size, random("fields"))
        index = event_index(spec, uniform) * factor
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
