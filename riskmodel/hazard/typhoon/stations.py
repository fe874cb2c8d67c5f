"""The declared stations, one at each county seat, and what each storm brings there."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd

from riskmodel.core.errors import ParamError
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
