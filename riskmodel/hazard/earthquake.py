"""Earthquakes: declared zones, a truncated Gutenberg-Richter law and a published attenuation.

The group has its own number of years; each year of the catalogue takes one of them by a keyed draw
(`riskmodel.hazard.pairing`). Shaking spreads around its median by what an event has in common and
by a field whose correlation falls with distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import xarray as xr
from pydantic import BeforeValidator, Field

from riskmodel.census.terrain import KM_PER_DEGREE
from riskmodel.core.draws import generator
from riskmodel.core.errors import CatalogueError
from riskmodel.core.files import sha256
from riskmodel.core.status import Status
from riskmodel.hazard.attenuation import Attenuation, median_acceleration
from riskmodel.hazard.counts import YEAR_END, require_events_a_year
from riskmodel.hazard.declared import Fixed, Pool, quantity, read_declared, require_distinct
from riskmodel.hazard.dependence import SpatialCopula
from riskmodel.hazard.fields import normal_fields
from riskmodel.hazard.grid import PhysicsGrid
from riskmodel.hazard.pairing import paired_years
from riskmodel.hazard.source import Source, SourceBlock

FloatArray = npt.NDArray[np.float64]
FEWEST_EVENTS = 10.0  # that a zone's rate must make in the years of the group
LEAST_SHAKING = 0.02  # m s-2; an event that stays below it everywhere is left out
Degrees = Annotated[float, BeforeValidator(quantity("degrees east", 60.0, 160.0))]
Latitude = Annotated[float, BeforeValidator(quantity("degrees north", 0.0, 60.0))]
Magnitude = Annotated[float, BeforeValidator(quantity("1", 3.0, 9.5))]


class Zone(Fixed):
    """Rectangle of uniform epicentres, and how often and how large they are."""

    name: Annotated[str, Field(min_length=1)]
    west: Degrees
    east: Degrees
    south: Latitude
    north: Latitude
    least_magnitude: Magnitude
    largest_magnitude: Magnitude
    events_a_year: Annotated[float, BeforeValidator(quantity("1/yr", 0.0, 1e3))]
    b_value: Annotated[float, BeforeValidator(quantity("1", 0.3, 2.0))]


class Shared(Fixed):
    """Share of the variance that an event has in common, and length of its field."""

    between_events: Annotated[float, BeforeValidator(quantity("1", 0.0, 1.0))]
    length: Annotated[float, BeforeValidator(quantity("km", 1.0, 500.0))]


class EarthquakeFile(Fixed):
    """Content of ``earthquake.yml``."""

    name: str
    status: Status
    source: Annotated[str, Field(min_length=1)]
    index: Pool
    years: Annotated[int, BeforeValidator(quantity("yr", 1.0, 1e6))]
    zones: Annotated[tuple[Zone, ...], Field(min_length=1)]
    attenuation: Attenuation
    dependence: Shared


@dataclass(frozen=True, slots=True)
class EarthquakeSpec:
    """Declared earthquakes, checked."""

    said: EarthquakeFile
    file: str
    digest: str


def load_earthquake(path: Path) -> EarthquakeSpec:
    """Read and check the file of the earthquake source.

    Raises
    ------
    ParamError
        If the file is refused, or two zones have one name.
    CatalogueError
        If a zone is empty, its magnitudes do not rise, or its rate does not fit the years.
    """
    said = read_declared(path, EarthquakeFile)
    require_distinct([zone.name for zone in said.zones], f"{path.name}, zones")
    for zone in said.zones:
        where = f"{path.name}, zone {zone.name}"
        if not (
            zone.west < zone.east
            and zone.south < zone.north
            and zone.least_magnitude < zone.largest_magnitude
        ):
            raise CatalogueError(
                "a zone without area or magnitudes", where=where, found=zone.model_dump(),
                expected="west < east, south < north, least < largest magnitude",
                remedy="correct the zone",
            )  # fmt: skip
        require_events_a_year(zone.events_a_year, where)
        if zone.events_a_year * said.years < FEWEST_EVENTS:
            raise CatalogueError(
                "the rate of a zone does not fit the years of the set", where=where,
                found=f"{zone.events_a_year:g} events a year in {said.years:g} years",
                expected=f"{FEWEST_EVENTS:g} events or more",
                remedy="declare more years, or leave the zone out",
            )  # fmt: skip
    return EarthquakeSpec(said, path.name, sha256(path))


def earthquake_source(
    spec: EarthquakeSpec, grid: PhysicsGrid, *, years_per_block: int, seed: int
) -> Source:
    """Source of earthquakes; occurrences carry `magnitude` and `epicentral_km` (mean over nodes).

    Parameters
    ----------
    spec : EarthquakeSpec
        From `load_earthquake`.
    grid : PhysicsGrid
        Fixed grid of the domain.
    years_per_block, seed : int
        Years of a block of the catalogue, and seed of the run. The set does not depend on the
        blocks, nor one block on another.
    """
    said = spec.said

    @cache
    def whole() -> tuple[xr.Dataset, npt.NDArray[np.float32]]:
        return earthquake_set(said, grid, seed=seed)

    def block(number: int) -> SourceBlock:
        table, shaking = whole()
        years = paired_years(
            (number + 1) * years_per_block, int(said.years), seed=seed, group=said.name
        )[number * years_per_block :]
        event, year = events_of_years(table["year"].values, years)
        order = np.lexsort((table["start"].values[event], year))
        taken = table.isel(occurrence=event[order])
        taken["year"] = ("occurrence", year[order].astype(np.int32))
        index = np.ascontiguousarray(shaking[:, event[order]])
        return SourceBlock(taken, {peril: index for peril in said.index.perils})

    units: dict[str, str] = {peril: said.index.unit for peril in said.index.perils}
    return Source(grid, units, said.name, f"{grid} {spec.digest}", block)


def events_of_years(
    set_year: npt.NDArray[np.integer], years: npt.NDArray[np.integer]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Events of a set, in order of its years, that some years take, and the place of each.

    Parameters
    ----------
    set_year : array (event,)
        Year of each event of the set, rising.
    years : array (year,)
        Year of the set that each year takes.

    Examples
    --------
    >>> [part.tolist() for part in events_of_years(np.array([0, 2, 2]), np.array([2, 1, 0]))]
    [[1, 2, 0], [0, 0, 2]]
    """
    first = np.searchsorted(set_year, years)
    count = np.searchsorted(set_year, years, side="right") - first
    place = np.repeat(np.arange(years.size), count)
    within = np.arange(place.size) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(first, count) + within, place


def earthquake_set(
    said: EarthquakeFile, grid: PhysicsGrid, *, seed: int
) -> tuple[xr.Dataset, npt.NDArray[np.float32]]:
    """Events of all years of the set and their shaking at the nodes.

    Returns
    -------
    Dataset (occurrence,) in order of date: ``year``, ``start``, ``end``, ``magnitude``,
    ``epicentral_km``; and the acceleration (node, occurrence) in m s-2.
    """
    parts = [_events(zone, said, seed) for zone in said.zones]
    year, start, latitude, longitude, magnitude = (
        np.concatenate(p) for p in zip(*parts, strict=True)
    )
    order = np.lexsort((start, year))
    year, start, magnitude = year[order], start[order], magnitude[order]
    lat, lon = latitude[order], longitude[order]
    distance = _distance_km(grid, lat, lon)
    shaking = median_acceleration(said.attenuation, magnitude, distance)
    shaking = shaking * np.exp(_spread(said, grid, year.size, seed))
    felt = shaking.max(axis=0) >= LEAST_SHAKING
    columns = {
        "year": year.astype(np.int32), "start": start, "end": start, "magnitude": magnitude,
        "epicentral_km": distance.mean(axis=0),
    }  # fmt: skip
    table = xr.Dataset({name: ("occurrence", values[felt]) for name, values in columns.items()})
    return table, shaking[:, felt].astype(np.float32)


def _events(zone: Zone, said: EarthquakeFile, seed: int) -> tuple[FloatArray, ...]:
    """Year, day, latitude, longitude and magnitude of the events of one zone."""
    random = generator(seed, f"{said.name} zone {zone.name}")
    count = random.poisson(zone.events_a_year * said.years)
    year = np.floor(random.random(count) * said.years)
    day = 1.0 + (YEAR_END - 1.0) * random.random(count)
    latitude = random.uniform(zone.south, zone.north, count)
    longitude = random.uniform(zone.west, zone.east, count)
    return year, day, latitude, longitude, magnitudes(zone, random.random(count))


def magnitudes(zone: Zone, uniform: FloatArray) -> FloatArray:
    """Magnitudes of a Gutenberg-Richter law cut at both ends, by exceedance probability.

    M = least - log10(1 - (1 - u) (1 - 10^(-b (largest - least)))) / b.
    """
    cut = -np.expm1(-np.log(10.0) * zone.b_value * (zone.largest_magnitude - zone.least_magnitude))
    return zone.least_magnitude - np.log10(1.0 - (1.0 - uniform) * cut) / zone.b_value


def _spread(
    said: EarthquakeFile, grid: PhysicsGrid, count: int, seed: int
) -> npt.NDArray[np.float32]:
    """Deviation of ln PGA (node, event): common to an event, and a field within it."""
    sigma, share = said.attenuation.sigma, said.dependence.between_events
    copula = SpatialCopula("gaussian", said.dependence.length / 3.0, 1.0, None)
    within = normal_fields(copula, grid, count, generator(seed, f"{said.name} field"))
    between = generator(seed, f"{said.name} event").standard_normal(count).astype(np.float32)
    return np.float32(sigma) * (
        np.float32(np.sqrt(share)) * between + np.float32(np.sqrt(1.0 - share)) * within
    )


def _distance_km(grid: PhysicsGrid, latitude: FloatArray, longitude: FloatArray) -> FloatArray:
    """Distance (node, event) on a plane at each event's middle latitude; good to a few per cent."""
    node_lat, node_lon = grid.nodes()
    middle = np.cos(np.deg2rad(0.5 * (latitude + node_lat.mean())))
    east = (longitude - node_lon[:, None]) * middle
    return np.asarray(np.hypot(latitude - node_lat[:, None], east) * KM_PER_DEGREE)
