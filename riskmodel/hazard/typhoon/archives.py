"""Best-track archives as their producers publish them: IBTrACS CSV and CMA text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from riskmodel.core.errors import CensusError, ParamError
from riskmodel.hazard.typhoon.conversions import KNOT, ten_minute_ratio
from riskmodel.hazard.typhoon.quality import to_numbers
from riskmodel.hazard.typhoon.record import read_table, record_of_fixes

UNITS_ROW = 2  # of an IBTrACS file, below the header; it has no sid
UNNAMED = ("NOT_NAMED", "UNNAMED")
HEADER_MARK = "66666"
HEADER_WORDS, FIX_WORDS = 7, 6


@dataclass(frozen=True, slots=True)
class Agency:
    """Columns of one agency in IBTrACS and the averaging time of its winds."""

    latitude: str
    longitude: str
    averaging: str


# The WMO agency of the western North Pacific is JMA (Tokyo). Averaging times as the IBTrACS v04
# column documentation gives them (usa 1, tokyo 10, cma 2 minutes; Knapp et al. 2010, doi
# 10.1175/2009BAMS2755.1), checked in a published use of it. It states none for hko: 10 minutes is
# the observatory's own practice, not checked.
AGENCIES = {
    "wmo": Agency("LAT", "LON", "10-minute"),
    "tokyo": Agency("TOKYO_LAT", "TOKYO_LON", "10-minute"),
    "cma": Agency("CMA_LAT", "CMA_LON", "2-minute"),
    "hko": Agency("HKO_LAT", "HKO_LON", "10-minute"),
    "usa": Agency("USA_LAT", "USA_LON", "1-minute"),
}


def _main_tracks(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out the row of units and spur tracks; a cut without units has a fix in that row."""
    units = (table["row"] == UNITS_ROW) & table["sid"].isna()
    return table[~units & ~table["track"].str.contains("spur", case=False, na=False)]


def read_ibtracs(path: str | Path, *, agency: str = "wmo") -> xr.Dataset:
    """Read an IBTrACS CSV file, version 04, of the western North Pacific.

    Parameters
    ----------
    path : str or Path
        CSV with the v04 column names in row 1 and, unless cut off, their units in row 2.
    agency : {"wmo", "tokyo", "cma", "hko", "usa"}
        Whose positions, winds (knots, of its averaging time) and pressures (mb) to take.

    Returns
    -------
    xarray.Dataset
        As `record_of_fixes`, without spur tracks and rows in which the agency gives no position.

    Raises
    ------
    ParamError
        If the agency is not one of these.
    CensusError
        If the file or a column is missing or a value is absurd; names file, storm and row.

    Notes
    -----
    Source: NOAA NCEI; Knapp et al. 2010, doi 10.1175/2009BAMS2755.1.
    """
    path = Path(path)
    if agency not in AGENCIES:
        raise ParamError("no such agency in IBTrACS", found=agency, expected=sorted(AGENCIES))
    chosen, prefix = AGENCIES[agency], agency.upper()
    columns = {
        "SID": "sid", "NAME": "name", "ISO_TIME": "time", "TRACK_TYPE": "track",
        chosen.latitude: "latitude", chosen.longitude: "longitude",
        f"{prefix}_PRES": "pressure", f"{prefix}_WIND": "wind",
    }  # fmt: skip
    table = _main_tracks(read_table(path, columns))
    if agency != "wmo":  # every row has the position of the main track, not that of each agency
        table = table[table["latitude"].notna() | table["longitude"].notna()]
    if table.empty:
        raise CensusError(
            "the agency has no fixes in the file",
            where=str(path),
            found=agency,
            remedy="take another agency",
        )
    table["name"] = table["name"].where(~table["name"].isin(UNNAMED), pd.NA)
    ratio = ten_minute_ratio(chosen.averaging) / KNOT
    source = f"IBTrACS v04, fixes of {agency} (Knapp et al. 2010), {chosen.averaging} wind"
    return record_of_fixes(table, path, source, ratio=ratio)


def _fixes(path: Path, lines: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the fixes of a CMA text file, each with sid, name and row."""
    sid, name, left, header_row = "", "", 0, 0
    seen: Counter[str] = Counter()
    for row, line in enumerate(lines, start=1):
        words = line.split()
        if not words:
            continue
        where = f"{path}, row {row}"
        if words[0] == HEADER_MARK:
            _whole(path, header_row, sid, left)
            if len(words) < HEADER_WORDS or not (words[2].isdigit() and words[3].isdigit()):
                raise CensusError(
                    "not a header line of the CMA best track",
                    where=where,
                    found=line.rstrip(),
                    expected="66666, international id, lines, serial, CMA number, end flag, hours",
                )
            season, serial = path.stem[2:6], f"{int(words[3]):03d}"
            seen[serial] += 1
            suffix = f"-{seen[serial]}" if seen[serial] > 1 else ""
            sid, left, header_row = f"CMA{season}{serial}{suffix}", int(words[2]), row
            name = words[HEADER_WORDS] if len(words) > HEADER_WORDS + 1 else ""
            continue
        if not sid or left == 0:
            raise CensusError(
                "a fix stands outside its storm",
                where=f"{where}, after storm {sid or 'none'}",
                found=line.rstrip(),
                remedy="the header's number of lines must be that of the fixes below it",
            )
        if len(words) < FIX_WORDS:
            raise CensusError(
                "a fix is cut short",
                where=f"{path}, storm {sid}, row {row}",
                found=line.rstrip(),
                expected="YYYYMMDDHH, grade, latitude, longitude (0.1 degree), hPa, m/s",
            )
        left -= 1
        keys = ("time", "grade", "latitude", "longitude", "pressure", "wind")
        yield {"sid": sid, "name": name, "row": row, **dict(zip(keys, words, strict=False))}
    _whole(path, header_row, sid, left)


def _whole(path: Path, row: int, sid: str, left: int) -> None:
    if left:
        raise CensusError(
            "fixes of a storm are missing",
            where=f"{path}, storm {sid}, row {row}",
            found=f"{left} fewer than its header says",
            remedy="fetch the file again",
        )


def read_cma_text(path: str | Path) -> xr.Dataset:
    """Read a year of the CMA best track as published, ``CHyyyyBST.txt``.

    Parameters
    ----------
    path : str or Path
        Text in the documented layout: a header line that begins with 66666 and gives the number
        of fixes, then one line a fix: YYYYMMDDHH (UTC), grade, latitude and longitude in tenths of
        a degree, pressure (hPa), 2-minute wind (m/s; 0 unknown, 9 stands for below 10).

    Returns
    -------
    xarray.Dataset
        As `record_of_fixes`; storms are named CMA, season and serial, sub-centres of one serial
        with -2, -3 and so on.

    Raises
    ------
    CensusError
        If the file is missing, is no such text, is cut short, or a value is absurd.

    Notes
    -----
    Layout: tcdata.typhoon.org.cn, CMA Tropical Cyclone Data Center; Ying et al. 2014, doi
    10.1175/JTECH-D-12-00119.1; Lu et al. 2021, doi 10.1007/s00376-020-0211-7.
    """
    path = Path(path)
    if not path.is_file():
        raise CensusError("the best-track file does not exist", where=str(path))
    if not (path.stem.startswith("CH") and path.stem[2:6].isdigit()):
        raise CensusError(
            "the name of the file does not tell its year",
            where=str(path),
            expected="CHyyyyBST.txt",
            remedy="keep the name that the producer gave it",
        )
    table = pd.DataFrame(
        _fixes(path, path.read_text(encoding="utf-8", errors="replace").splitlines())
    )
    if table.empty:
        raise CensusError("the best-track file has no fixes", where=str(path))
    to_numbers(path, table, ("latitude", "longitude"))
    table[["latitude", "longitude"]] /= 10.0
    table.loc[table["wind"] == "0", "wind"] = pd.NA
    ratio = ten_minute_ratio("2-minute")
    source = "CMA best track (tcdata.typhoon.org.cn), 2-min wind to 10-min"
    return record_of_fixes(table, path, source, ratio=ratio, layout="%Y%m%d%H")
