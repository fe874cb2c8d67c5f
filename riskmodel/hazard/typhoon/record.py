"""Best-track records in tables of our own: read, checked and brought to one layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.core.errors import CensusError
from riskmodel.core.schema import Schema, check, stamp
from riskmodel.hazard.typhoon.conversions import KNOT, ten_minute_ratio
from riskmodel.hazard.typhoon.quality import PLAUSIBLE, check_values, tidy, to_numbers, to_times

RECORD = Schema(
    name="typhoon_record",
    variables={
        name: ("fix",)
        for name in ("storm", "name", "time", "latitude", "longitude", "pressure", "wind")
    },
)
MEASURED = ("latitude", "longitude", "pressure", "wind")
CMA_COLUMNS = {
    "sid": "sid", "name": "name", "time": "time", "lat": "latitude", "lon": "longitude",
    "pressure_hpa": "pressure", "wind_ms_2min": "wind",
}  # fmt: skip
IBTRACS_RECUT_COLUMNS = {
    "sid": "sid", "name": "name", "time": "time", "lat": "latitude", "lon": "longitude",
    "wmo_pressure_hpa": "pressure", "wmo_wind_kt": "wind",
}  # fmt: skip
TRACK_COLUMNS = {name: name for name in ("sid", "name", "time", *MEASURED)}


def read_table(path: Path, columns: dict[str, str]) -> pd.DataFrame:
    """Read wanted columns of a CSV as text, renamed, with the number of their `row` in the file.

    Parameters
    ----------
    path : Path
        CSV in UTF-8 with a header in row 1.
    columns : dict of str to str
        New name by column of the file.

    Raises
    ------
    CensusError
        If the file is missing, is no CSV, lacks a column, or has no fixes.
    """
    if not path.is_file():
        raise CensusError(
            "the best-track file does not exist",
            where=str(path),
            remedy="see data/history/SOURCES.md for what each file holds and where it comes from",
        )
    try:
        table = pd.read_csv(path, dtype=str, encoding="utf-8", keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise CensusError("not a readable CSV table", where=str(path), found=str(error)) from error
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise CensusError(
            "columns are missing", where=str(path), found=missing, expected=list(columns)
        )
    table = table[list(columns)].rename(columns=columns)
    table = table.apply(lambda column: column.str.strip()).replace("", pd.NA)
    table["row"] = np.arange(len(table)) + 2
    if table.empty:
        raise CensusError("the best-track file has no fixes", where=str(path))
    return table


def record_of_fixes(
    table: pd.DataFrame, path: Path, source: str, *, ratio: float = 1.0, layout: str = "ISO8601"
) -> xr.Dataset:
    """Check the fixes of a best track and bring them to the common layout.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns `sid`, `name`, `time`, `latitude`, `longitude` (degrees), `pressure` (hPa), `wind`
        and `row`, as text or numbers; a sub-centre's sid ends in -2, -3 and so on.
    path : Path
        File, for messages.
    source : str
        What it is.
    ratio : float
        What the wind is divided by to give the 10-minute mean in m/s.
    layout : str
        Of the times, as `pandas.to_datetime` takes it.

    Returns
    -------
    xarray.Dataset
        Dims (fix): `storm` (sid without the suffix of a sub-centre), `name`, `time` (UTC),
        `latitude`, `longitude` (degrees), `pressure` (hPa), `wind` (m/s, 10-minute mean), NaN
        where the record has none. Attribute `remarks`: what was kept though not as it should be.

    Raises
    ------
    CensusError
        If a value is absurd or a storm jumps; names file, storm and row.
    """
    table = table.copy()
    to_numbers(path, table, MEASURED)
    table["wind"] = table["wind"] / ratio
    check_values(path, table)
    to_times(path, table, layout)
    parts = table["sid"].str.partition("-")
    table["storm"] = parts[0]
    # A sub-centre speaks only for storms whose main centre is not in the file.
    main = set(table.loc[parts[2] == "", "storm"])
    table, remarks = tidy(path, table[(parts[2] == "") | ~table["storm"].isin(main)])
    columns = {name: ("fix", table[name].to_numpy()) for name in ("time", *MEASURED)}
    for name in ("storm", "name"):
        columns[name] = ("fix", table[name].fillna("").to_numpy(dtype=np.str_))
    record = xr.Dataset(columns)
    for name, (_, _, unit) in PLAUSIBLE.items():
        record[name].attrs["units"] = unit
    record["wind"].attrs["long_name"] = "maximum sustained 10-minute wind near the centre"
    history = f"read from {path.name}"
    return stamp(record, RECORD, source=source, history=history, remarks="\n".join(remarks))


def read_cma_recut(path: str | Path) -> xr.Dataset:
    """Read a CSV recut of the CMA best-track data set.

    Parameters
    ----------
    path : str or Path
        CSV with columns sid, name, time, lat, lon, wind_ms_2min, pressure_hpa.

    Returns
    -------
    xarray.Dataset
        As `record_of_fixes`; the 2-minute wind is divided by the declared ratio of the two means.

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
    source = "CMA best track (tcdata.typhoon.org.cn), 2-min wind to 10-min"
    ratio = ten_minute_ratio("2-minute")
    return record_of_fixes(read_table(path, CMA_COLUMNS), path, source, ratio=ratio)


def read_ibtracs_recut(path: str | Path) -> xr.Dataset:
    """Read a CSV recut of IBTrACS with the fixes of the WMO agency of the western North Pacific.

    Parameters
    ----------
    path : str or Path
        CSV with columns sid, name, time, lat, lon, wmo_wind_kt (10-minute), wmo_pressure_hpa.

    Returns
    -------
    xarray.Dataset
        As `record_of_fixes`.

    Raises
    ------
    CensusError
        If the file or a column is missing or a value is absurd; names file, storm and row.
    """
    path = Path(path)
    source = "IBTrACS v04, WMO agency fixes (Knapp et al. 2010)"
    return record_of_fixes(read_table(path, IBTRACS_RECUT_COLUMNS), path, source, ratio=1.0 / KNOT)


def read_storm_tracks(path: str | Path) -> xr.Dataset:
    """Read the committed fixes of named storms (``data/history/storm_tracks.csv``).

    Parameters
    ----------
    path : str or Path
        CSV with columns sid, name, time, latitude, longitude, pressure, wind (m/s, 10-minute).

    Returns
    -------
    xarray.Dataset
        As `record_of_fixes`.

    Raises
    ------
    CensusError
        If the file or a column is missing or a value is absurd; names file, storm and row.
    """
    path = Path(path)
    source = "IBTrACS v04, WMO agency fixes (Knapp et al. 2010)"
    return record_of_fixes(read_table(path, TRACK_COLUMNS), path, source)


def check_record(record: xr.Dataset) -> xr.Dataset:
    """Return the record when it satisfies the schema of this module."""
    return check(record, RECORD)
