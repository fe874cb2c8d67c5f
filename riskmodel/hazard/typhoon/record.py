"""Best-track records: read, checked and brought to one layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.core.errors import CensusError
from riskmodel.core.schema import Schema, check, stamp
from riskmodel.hazard.typhoon.parameters import physics

RECORD = Schema(
    name="typhoon_record",
    variables={
        name: ("fix",)
        for name in ("storm", "name", "time", "latitude", "longitude", "pressure", "wind")
    },
)
CMA_COLUMNS = ("sid", "name", "time", "lat", "lon", "wind_ms_2min", "pressure_hpa")
TRACK_COLUMNS = ("sid", "name", "time", "latitude", "longitude", "pressure", "wind")
# What no best track can hold; anything outside is a unit or a column mix-up.
PLAUSIBLE = {
    "latitude": (-5.0, 75.0, "degrees north"),
    "longitude": (80.0, 260.0, "degrees east"),
    "pressure": (850.0, 1030.0, "hPa"),
    "wind": (0.0, 120.0, "m/s"),
}


def _read_table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    if not path.is_file():
        raise CensusError(
            "the best-track file does not exist",
            where=str(path),
            remedy="see data/history/SOURCES.md for what each file holds and where it comes from",
        )
    try:
        table = pd.read_csv(path, dtype={"sid": str, "name": str}, encoding="utf-8")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise CensusError("not a readable CSV table", where=str(path), found=str(error)) from error
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise CensusError(
            "columns are missing", where=str(path), found=missing, expected=list(columns)
        )
    if table.empty:
        raise CensusError("the best-track file has no fixes", where=str(path))
    return table.loc[:, list(columns)]


def _place(path: Path, table: pd.DataFrame, row: int) -> str:
    return f"{path}, storm {table['sid'].iloc[row]}, row {row + 2}"


def _check_values(path: Path, table: pd.DataFrame) -> None:
    """Refuse missing keys and absurd values, naming file, storm and row (header is row 1)."""
    for column in ("sid", "time", "latitude", "longitude"):
        gaps = np.flatnonzero(table[column].isna())
        if gaps.size:
            raise CensusError(f"{column} is missing", where=_place(path, table, int(gaps[0])))
    for column, (low, high, unit) in PLAUSIBLE.items():
        values = table[column].to_numpy(dtype=np.float64)
        bad = np.flatnonzero(np.isfinite(values) & ((values < low) | (values > high)))
        if bad.size:
            row = int(bad[0])
            raise CensusError(
                f"{column} cannot be that of a tropical cyclone",
                where=_place(path, table, row),
                found=float(values[row]),
                expected=f"{low:g} to {high:g} {unit}",
                remedy="check the unit and the order of the columns",
            )


def _numbers(path: Path, table: pd.DataFrame, columns: tuple[str, ...]) -> None:
    for column in columns:
        values = pd.to_numeric(table[column], errors="coerce")
        bad = np.flatnonzero(values.isna() & table[column].notna())
        if bad.size:
            row = int(bad[0])
            raise CensusError(
                f"{column} is not a number",
                where=_place(path, table, row),
                found=table[column].iloc[row],
            )
        table[column] = values.astype(np.float64)


def _times(path: Path, table: pd.DataFrame) -> None:
    times = pd.to_datetime(table["time"], utc=True, errors="coerce", format="ISO8601")
    bad = np.flatnonzero(times.isna())
    if bad.size:
        row = int(bad[0])
        raise CensusError(
            "time is not an ISO 8601 date and time",
            where=_place(path, table, row),
            found=table["time"].iloc[row],
            expected="for example 2006-08-10T06:00Z",
        )
    table["time"] = times.dt.tz_localize(None).astype("datetime64[ns]")


def _to_dataset(table: pd.DataFrame, path: Path, source: str) -> xr.Dataset:
    table = table.sort_values(["storm", "time"], kind="stable").drop_duplicates(["storm", "time"])
    columns = {
        name: ("fix", table[name].to_numpy())
        for name in ("time", "latitude", "longitude", "pressure", "wind")
    }
    for name in ("storm", "name"):
        columns[name] = ("fix", table[name].fillna("").to_numpy(dtype=np.str_))
    record = xr.Dataset(columns)
    for name, (_, _, unit) in PLAUSIBLE.items():
        record[name].attrs["units"] = unit
    record["wind"].attrs["long_name"] = "maximum sustained 10-minute wind near the centre"
    return stamp(record, RECORD, source=source, history=f"read from {path.name}")


def read_cma_recut(path: str | Path) -> xr.Dataset:
    """Read a CSV recut of the CMA best-track data set.

    Parameters
    ----------
    path : str or Path
        CSV with columns sid, name, time, lat, lon, wind_ms_2min, pressure_hpa.

    Returns
    -------
    xarray.Dataset
        Dims (fix): `storm` (sid without the suffix of a sub-centre), `name`, `time` (UTC),
        `latitude`, `longitude` (degrees), `pressure` (hPa) and `wind` (m/s, 10-minute mean).
        The 2-minute wind is divided by the declared ratio of the two means. Where a main centre
        and a sub-centre have fixes at one time the main centre is kept, and a sub-centre is used
        only for storms whose main centre is not in the file.

    Raises
    ------
    CensusError
        If the file or a column is missing or a value is absurd; names file, storm and row.

    Notes
    -----
    Source: CMA Tropical Cyclone Data Center; Ying et al. 2014, doi 10.1175/JTECH-D-12-00119.1;
    Lu et al. 2021, doi 10.1007/s00376-020-0211-7.
    """
    path = Path(path)
    table = _read_table(path, CMA_COLUMNS)
    table = table.rename(
        columns={
            "lat": "latitude",
            "lon": "longitude",
            "wind_ms_2min": "wind",
            "pressure_hpa": "pressure",
        }
    )
    _numbers(path, table, ("latitude", "longitude", "pressure", "wind"))
    _check_values(path, table)
    _times(path, table)
    parts = table["sid"].str.partition("-")
    table["storm"] = parts[0]
    main = set(table.loc[parts[2] == "", "storm"])
    table = table[(parts[2] == "") | ~table["storm"].isin(main)]
    table["wind"] = table["wind"] / physics()["averaging"]["cma_2min_over_10min"]["value"]
    return _to_dataset(table, path, "CMA best track (tcdata.typhoon.org.cn), 2-min wind to 10-min")


def read_storm_tracks(path: str | Path) -> xr.Dataset:
    """Read the committed fixes of named storms (``data/history/storm_tracks.csv``).

    Parameters
    ----------
    path : str or Path
        CSV with columns sid, name, time, latitude, longitude, pressure, wind (m/s, 10-minute).

    Returns
    -------
    xarray.Dataset
        As `read_cma_recut`.

    Raises
    ------
    CensusError
        If the file or a column is missing or a value is absurd; names file, storm and row.
    """
    path = Path(path)
    table = _read_table(path, TRACK_COLUMNS)
    _numbers(path, table, ("latitude", "longitude", "pressure", "wind"))
    _check_values(path, table)
    _times(path, table)
    table["storm"] = table["sid"]
    return _to_dataset(table, path, "IBTrACS v04, WMO agency fixes (Knapp et al. 2010)")


def check_record(record: xr.Dataset) -> xr.Dataset:
    """Return the record when it satisfies the schema of this module."""
    return check(record, RECORD)
