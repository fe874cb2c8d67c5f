"""The declared stations, one at each county seat, and what each storm brings there."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from riskmodel.core.errors import CatalogueError, ParamError
from riskmodel.core.returnperiod import rank_probability
from riskmodel.hazard.position import block_shift
from riskmodel.hazard.typhoon.fields import storm_indices
from riskmodel.hazard.typhoon.parameters import FOLDER, read_yaml

FloatArray = npt.NDArray[np.float64]

ANCHOR = 50.0  # years, of the declared rain
STATIONS = FOLDER / "stations.yml"
COLUMNS = ("code", "name_en", "name_zh", "latitude", "longitude", "rain_50")


@cache
def load_stations(path: Path = STATIONS) -> pd.DataFrame:
    """Return the declared stations.

    Parameters
    ----------
    path : Path
        A file in the form of ``data/hazard/stations.yml``.

    Returns
    -------
    pandas.DataFrame
        Index `code` (GB/T 2260, text), columns `name_en`, `name_zh`, `latitude`, `longitude`
        (degrees) and `rain_50`, the 24-hour rain of a return period of 50 years (mm).

    Raises
    ------
    ParamError
        If a station lacks a key, is no point on the sphere, or its code occurs twice.
    """
    rows = read_yaml(path).get("stations") or []
    for row in rows:
        missing = [name for name in COLUMNS if name not in row]
        if missing or not (abs(row["latitude"]) <= 90.0 and abs(row["longitude"]) <= 180.0):
            raise ParamError(
                "a station needs its code, names and a place in degrees",
                where=f"{path.name}, {row.get('code', 'a station without code')}",
                found=row,
                expected=list(COLUMNS),
            )
    table = pd.DataFrame(rows, columns=list(COLUMNS)).set_index("code")
    if not len(table) or table.index.has_duplicates:
        raise ParamError(
            "stations need codes of their own",
            where=path.name,
            found=table.index[table.index.duplicated()].tolist(),
            expected="at least one station, each code once",
        )
    return table


def station_indices(storms: xr.Dataset, *, seed: int, block: int) -> xr.Dataset:
    """Wind and rain of each storm at the declared stations, for parametric covers.

    Parameters
    ----------
    storms : xarray.Dataset
        From `simulate_storms`.
    seed, block : int
        Key of the draws: a storm has the rain efficiency that it has on the physics grid.

    Returns
    -------
    xarray.Dataset
        Dims (station, storm): `wind` (m/s, 10-minute), `rain` and `rain_24h` (mm), as
        `storm_indices`; `station` holds the codes, `name_en`, `name_zh` the names, `year` the
        year of each storm. Attribute `status` is "synthetic": no gauge stands there.
    """
    table = load_stations()
    indices = storm_indices(
        storms, table["latitude"].to_numpy(), table["longitude"].to_numpy(), seed=seed, block=block
    )
    data = indices[["wind", "rain", "rain_24h", "year"]].rename(node="station")
    data = data.assign_coords(station=table.index.to_numpy(dtype=np.str_))
    for name in ("name_en", "name_zh"):
        data[name] = ("station", table[name].to_numpy(dtype=np.str_))
    return data.assign_attrs(status="synthetic")


def rain_at(probability: npt.ArrayLike, rain_50: npt.ArrayLike, variation: float) -> FloatArray:
    """Highest 24-hour rain of a year (mm) that is exceeded with a probability a year.

    The Gumbel law by its moments, mean · k(EP) with k = 1 - variation √6/π (γ + ln(-ln(1 - EP))),
    hence rain_50 · k(EP) / k(1/50), not below zero.

    Parameters
    ----------
    probability : array_like
        Annual exceedance probability, between 0 and 1.
    rain_50, variation : array_like and float
        Rain of 50 years (mm), and coefficient of variation of the highest rain of a year.

    Examples
    --------
    >>> float(rain_at(0.02, 532.0, 0.5))
    532.0
    """
    growth, anchor = (_growth(np.asarray(p), variation) for p in (probability, 1.0 / ANCHOR))
    return np.maximum(np.asarray(rain_50) * growth / anchor, 0.0)


def _growth(probability: npt.NDArray[np.floating], variation: float) -> FloatArray:
    """Gumbel quantile over the mean."""
    reduced = -np.log(-np.log1p(-probability))
    return np.asarray(1.0 + variation * np.sqrt(6.0) / np.pi * (reduced - np.euler_gamma))


@cache
def rain_variation(path: Path = STATIONS) -> float:
    """Coefficient of variation of the declared curves of rain.

    Raises
    ------
    ParamError
        If the file declares another law, or no positive number.
    """
    curve = read_yaml(path).get("curve") or {}
    variation = curve.get("variation")
    if curve.get("law") != "gumbel" or not isinstance(variation, float) or variation <= 0.0:
        raise ParamError(
            "the curve of rain needs a known law and its coefficient of variation",
            where=f"{path.name}, curve",
            found=curve,
            expected="law: gumbel, variation: a number above 0",
        )
    return variation


def calibrated_rain(occurrences: xr.Dataset, *, first_shift: float) -> xr.DataArray:
    """24-hour rain of each occurrence at each station, on the station's own declared curve.

    The rain of the storm model gives the rank within the block, the curve the level, as for the
    cells of the census. In each block the T-year rain is therefore passed in exactly
    floor(years / T + u) years. A second storm of a year is read between the annual maxima.

    Parameters
    ----------
    occurrences : xarray.Dataset
        Root of a catalogue: ``station_rain`` (occurrence, station) in mm, ``year``, ``block``.
    first_shift : float
        Shift u of the first block, as the catalogue was made with.

    Returns
    -------
    xarray.DataArray
        Dims (occurrence, station), mm; zero where a storm brings none, NaN where the source of an
        occurrence knows no stations. Attribute `status` is "synthetic".

    Raises
    ------
    CatalogueError
        If the occurrences carry no rain at stations.
    """
    rain = _station_rain(occurrences)
    anchor = _anchors(rain)
    years = int(occurrences.attrs["years_per_block"])
    result = np.full(rain.shape, np.nan)
    for block in range(int(occurrences.attrs["blocks"])):
        own = np.flatnonzero((occurrences["block"].values == block) & rain.notnull().values[:, 0])
        year = occurrences["year"].values[own] - block * years
        shift = block_shift(first_shift, block)
        for station, column in enumerate(rain.values[own].T):
            maxima = _annual_maxima(column.astype(np.float64), year, years)
            probability = _probability(column.astype(np.float64), maxima, shift)
            level = rain_at(probability, anchor[station], rain_variation())
            result[own, station] = np.where(column > 0.0, level, 0.0)
    attrs = {"units": "mm", "status": "synthetic"}
    return xr.DataArray(result, rain.coords, rain.dims, "station_rain", attrs)


def read_rain(occurrences: xr.Dataset, rain: xr.DataArray, *, first_shift: float) -> xr.DataArray:
    """24-hour rain of given storms on the stations' own curves, read and never ranked.

    Each storm is placed among the annual maxima of each block of the catalogue, and the annual
    probabilities are averaged over the blocks. A storm beyond the largest of a block counts as
    that one.

    Parameters
    ----------
    occurrences : xarray.Dataset
        As of `calibrated_rain`.
    rain : xarray.DataArray
        Dims (occurrence, station), mm of the storm model, as ``station_rain`` of `occurrences`.
    first_shift : float
        As of `calibrated_rain`.

    Returns
    -------
    xarray.DataArray
        As `rain`, mm; zero where a storm brings none.

    Raises
    ------
    CatalogueError
        If the occurrences carry no rain at stations.
    """
    baseline = _station_rain(occurrences)
    years, blocks = (int(occurrences.attrs[k]) for k in ("years_per_block", "blocks"))
    given = rain.transpose("occurrence", "station").sel(station=baseline["station"])
    anchor, values = _anchors(baseline), given.values.astype(np.float64)
    result = np.zeros(values.shape)
    for station in range(values.shape[1]):
        single = []
        for block in range(blocks):
            own = np.flatnonzero(occurrences["block"].values == block)
            year = occurrences["year"].values[own] - block * years
            column = np.nan_to_num(baseline.values[own, station].astype(np.float64))
            maxima = _annual_maxima(column, year, years)
            single.append(_probability(values[:, station], maxima, block_shift(first_shift, block)))
        level = rain_at(np.mean(single, axis=0), anchor[station], rain_variation())
        result[:, station] = np.where(values[:, station] > 0.0, level, 0.0)
    attrs = {"units": "mm", "status": "synthetic"}
    return xr.DataArray(result, given.coords, given.dims, "station_rain", attrs)


def _station_rain(occurrences: xr.Dataset) -> xr.DataArray:
    if "station_rain" not in occurrences:
        raise CatalogueError(
            "the catalogue carries no rain at stations",
            where="station_rain",
            found=list(occurrences.data_vars)[:8],
            remedy="make the catalogue again with typhoons among its sources",
        )
    return occurrences["station_rain"].transpose("occurrence", "station")


def _anchors(rain: xr.DataArray) -> FloatArray:
    """50-year rain of each station (mm)."""
    anchors = load_stations().loc[rain["station"].values.tolist(), "rain_50"]
    return np.asarray(anchors.to_numpy(np.float64))


def _annual_maxima(value: FloatArray, year: npt.NDArray[np.integer], years: int) -> FloatArray:
    """Largest value of each year, rising; years without any as zero."""
    maxima = np.zeros(years)
    np.maximum.at(maxima, year, value)
    return np.sort(maxima)


def _probability(value: FloatArray, maxima: FloatArray, shift: float) -> FloatArray:
    """Annual exceedance probability of values by their place among rising annual maxima."""
    rank = rank_probability(np.arange(maxima.size, 0, -1), maxima.size, shift)
    return np.interp(value, maxima, rank)
