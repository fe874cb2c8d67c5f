"""The declared stations, one at each county seat, and what each storm brings there."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from riskmodel.core.errors import CatalogueError, ParamError
from riskmodel.hazard.typhoon.fields import storm_indices
from riskmodel.hazard.typhoon.parameters import FOLDER, read_yaml

STATIONS = FOLDER / "stations.yml"
COLUMNS = ("code", "name_en", "name_zh", "latitude", "longitude")


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
        (degrees).

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


def station_levels(indices: xr.Dataset, *, years: int, return_periods: npt.ArrayLike) -> xr.Dataset:
    """Return levels of each station, by which a trigger gets its frequency.

    Parameters
    ----------
    indices : xarray.Dataset
        From `station_indices`, of all storms of `years` years numbered from 0.
    years : int
        Years simulated.
    return_periods : array_like
        Years, annual-maximum basis, above 1 and at most a tenth of `years`.

    Returns
    -------
    xarray.Dataset
        Dims (station, return_period): `wind`, `rain`, `rain_24h`, empirical quantiles of the
        annual maxima at 1 - 1/T; a year without storms counts as zero.

    Raises
    ------
    CatalogueError
        If the years do not carry a return period.
    """
    periods = np.asarray(return_periods, dtype=np.float64)
    if (periods <= 1.0).any() or (periods > years / 10.0).any():
        raise CatalogueError(
            "the simulated years do not carry these return periods",
            found=periods.tolist(),
            expected=f"above 1 and at most {years / 10:g} years",
            remedy="simulate more years, or ask for shorter return periods",
        )
    levels = {}
    for name in ("wind", "rain", "rain_24h"):
        maxima = np.zeros((years, indices.sizes["station"]))
        np.maximum.at(maxima, indices["year"].values, indices[name].values.T)
        quantiles = np.quantile(maxima, 1.0 - 1.0 / periods, axis=0).T
        levels[name] = (("station", "return_period"), quantiles, indices[name].attrs)
    coords = {"station": indices["station"].values, "return_period": periods}
    return xr.Dataset(levels, coords=coords, attrs=indices.attrs)
