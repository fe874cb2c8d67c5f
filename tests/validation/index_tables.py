"""Indices of the cases worked by hand, as covers read them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.cover.trigger import INDEX_UNITS

BOX = "wenzhou_150km"
OF_STORM = ("minimum_pressure", "maximum_wind")


def triggers_of(
    storms: pd.DataFrame, stations: pd.DataFrame, areas: pd.DataFrame, count: int
) -> xr.Dataset:
    """One row an occurrence in each table, empty where a storm has no such index.

    `storms` has columns named like indices, and the place of a landfall; `stations` the columns
    index, occurrence and one a station; `areas` those, one a county, and weight.
    """
    data = xr.Dataset(coords={"box": [BOX]})
    for name in OF_STORM:
        values = storms[name].to_numpy(dtype=float) if len(storms) else np.full(count, np.nan)
        data[name] = (("occurrence", "box"), values[:, None])
    for name in storms.columns:
        if name.startswith("landfall_"):
            data[name] = ("occurrence", storms[name].to_numpy(dtype=float))
    for name, rows in stations.groupby("index") if len(stations) else ():
        codes = [c for c in stations.columns if c not in ("index", "occurrence")]
        data[str(name)] = (("occurrence", "station"), rows[codes].to_numpy(dtype=float))
        data = data.assign_coords(station=codes)
    for name, rows in areas.groupby("index") if len(areas) else ():
        codes = [c for c in areas.columns if c not in ("index", "weight", "occurrence")]
        weights = {str(w): own[codes].to_numpy(dtype=float) for w, own in rows.groupby("weight")}
        values = np.stack(list(weights.values()), axis=2)
        data[str(name)] = (("occurrence", "zone", "weight"), values)
        data = data.assign_coords(zone=codes, weight=list(weights))
    for name in set(data.data_vars) & set(INDEX_UNITS):
        data[name].attrs["units"] = INDEX_UNITS[str(name)]
    return data
