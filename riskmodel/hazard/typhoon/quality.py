"""Quality checks of best-track fixes: what is refused, what is mended, and what is remarked.

Refused, naming file, storm and row: missing keys, absurd values, infinite ones too, times that are
none, jumps that no storm makes, two places at one time. Kept and remarked, naming storm and row: a
second fix at one time and place (the first stays), gaps (bridged by straight lines), storms of one
fix (they stand still), fixes without pressure (it comes from the wind, else from a line in time)
or without wind (it comes from the pressure), storms without any of both (they count as shallow).
Longitudes are brought to 0-360 degrees, so that a track across the date line stays one line.
Storms that never come near are named where the record is used, by `storms_from_record`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.core.errors import CensusError
from riskmodel.hazard.typhoon.geometry import distance_and_bearing

# What no best track can hold; anything outside is a unit or a column mix-up.
PLAUSIBLE = {
    "latitude": (-5.0, 75.0, "degrees north"),
    "longitude": (80.0, 260.0, "degrees east"),
    "pressure": (850.0, 1030.0, "hPa"),
    "wind": (0.0, 120.0, "m/s"),
}
FILLED = {
    "pressure": "taken from the wind, else from a line in time",
    "wind": "taken from the pressure",
}
FASTEST = 45.0  # m/s; the fastest six hours of the record are below 35
SAME_PLACE = 100.0  # km between two fixes of one time that count as one
LONG_GAP = 12.0  # hours
LAST_YEAR = pd.Timestamp.max.year - 1  # the last whole year that a clock of nanoseconds holds


def place_of(path: Path, table: pd.DataFrame, position: int | np.integer) -> str:
    """File, storm and row of the fix at a position of the table, for messages."""
    fix = table.iloc[position]
    storm = "without id" if pd.isna(fix["sid"]) else fix["sid"]
    return f"{path}, storm {storm}, row {fix['row']}"


def to_numbers(path: Path, table: pd.DataFrame, columns: tuple[str, ...]) -> None:
    """Turn text columns into numbers in place; blank is missing.

    Raises
    ------
    CensusError
        If a cell is neither blank nor a number.
    """
    for column in columns:
        text = table[column].astype("string").str.strip()
        text = text.where(text != "", pd.NA)
        numbers = pd.to_numeric(text, errors="coerce")
        bad = np.flatnonzero(numbers.isna() & text.notna())
        if bad.size:
            raise CensusError(
                f"{column} is not a number",
                where=place_of(path, table, int(bad[0])),
                found=table[column].iloc[bad[0]],
            )
        table[column] = numbers.astype(np.float64)


def to_times(path: Path, table: pd.DataFrame, layout: str = "ISO8601") -> None:
    """Turn the text column `time` into UTC times in place.

    Raises
    ------
    CensusError
        If a time is missing, is not of the layout, or lies outside the years that clocks of
        nanoseconds hold (1678 to 2261).
    """
    times = pd.to_datetime(table["time"], utc=True, errors="coerce", format=layout)
    times = times.where(times.dt.year.between(pd.Timestamp.min.year + 1, LAST_YEAR))
    bad = np.flatnonzero(times.isna())
    if bad.size:
        found = table["time"].iloc[bad[0]]
        missing = pd.isna(found)
        raise CensusError(
            "time is missing" if missing else "time is not a date and time",
            where=place_of(path, table, int(bad[0])),
            found=None if missing else found,
            expected=f"in the layout {layout}",
        )
    table["time"] = times.dt.tz_localize(None).astype("datetime64[ns]")


def check_values(path: Path, table: pd.DataFrame) -> None:
    """Bring longitudes to 0-360 in place and refuse missing keys and absurd values.

    Raises
    ------
    CensusError
        Naming file, storm and row.
    """
    table["longitude"] = table["longitude"].where(
        table["longitude"] >= 0.0, table["longitude"] + 360.0
    )
    for column in ("sid", "latitude", "longitude"):
        gaps = np.flatnonzero(table[column].isna())
        if gaps.size:
            raise CensusError(f"{column} is missing", where=place_of(path, table, int(gaps[0])))
    for column, (low, high, unit) in PLAUSIBLE.items():
        numbers = table[column].to_numpy(dtype=np.float64)
        bad = np.flatnonzero((numbers < low) | (numbers > high))  # NaN is missing, not absurd
        if bad.size:
            raise CensusError(
                f"{column} cannot be that of a tropical cyclone",
                where=place_of(path, table, int(bad[0])),
                found=float(numbers[bad[0]]),
                expected=f"{low:g} to {high:g} {unit}",
                remedy="check the unit and the order of the columns",
            )


def tidy(path: Path, table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Sort fixes by storm and time, drop doubled ones, and check that storms move like storms.

    Parameters
    ----------
    path : Path
        File, for messages.
    table : pandas.DataFrame
        Columns `sid`, `storm`, `time`, `latitude`, `longitude`, `pressure`, `wind`, `row`.

    Returns
    -------
    tuple
        The table, and remarks in the order of storms, each naming storm and row.

    Raises
    ------
    CensusError
        If a storm has two places at one time, or jumps.
    """
    table = table.sort_values(["storm", "time"], kind="stable").reset_index(drop=True)
    doubled = table.duplicated(["storm", "time"]).to_numpy()
    first = table[~doubled].set_index(["storm", "time"])
    keys = pd.MultiIndex.from_frame(table.loc[doubled, ["storm", "time"]])
    original = first.loc[keys] if len(keys) else first.iloc[:0]
    apart, _ = distance_and_bearing(
        original["latitude"].to_numpy(), original["longitude"].to_numpy(),
        table.loc[doubled, "latitude"].to_numpy(), table.loc[doubled, "longitude"].to_numpy(),
    )  # fmt: skip
    positions = np.flatnonzero(doubled)
    if (apart > SAME_PLACE).any():
        position = int(positions[apart > SAME_PLACE][0])
        raise CensusError(
            "the storm has two places at one time",
            where=place_of(path, table, position),
            found=f"{apart.max():.0f} km apart",
            expected=f"at most {SAME_PLACE:g} km",
            remedy="keep one fix, or give the second centre an id of its own",
        )
    name = Path(path.name)  # remarks travel with the data, folders do not
    remarks = [f"{place_of(name, table, p)}: doubled time, the first stays" for p in positions]
    table = table[~doubled].reset_index(drop=True)
    _refuse_jumps(path, table)
    return table, remarks + _gaps(name, table) + _remarks_of_storms(name, table)


def _hours_between(table: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Hours from each fix to the next of the same storm, NaN at the change of storms."""
    same = table["storm"].to_numpy()[1:] == table["storm"].to_numpy()[:-1]
    hours = table["time"].diff().dt.total_seconds().to_numpy()[1:] / 3600.0
    return np.where(same, hours, np.nan)


def _refuse_jumps(path: Path, table: pd.DataFrame) -> None:
    latitude, longitude = table["latitude"].to_numpy(), table["longitude"].to_numpy()
    length, _ = distance_and_bearing(latitude[:-1], longitude[:-1], latitude[1:], longitude[1:])
    speed = length / 3.6 / _hours_between(table)
    fast = np.flatnonzero(speed > FASTEST)
    if fast.size:
        raise CensusError(
            "the storm jumps",
            where=place_of(path, table, int(fast[0]) + 1),
            found=f"{speed[fast[0]]:.0f} m/s since the fix before",
            expected=f"at most {FASTEST:g} m/s",
            remedy="check position and time of this row and the one before",
        )


def _gaps(name: Path, table: pd.DataFrame) -> list[str]:
    hours = _hours_between(table)
    return [
        f"{place_of(name, table, int(p) + 1)}: gap of {hours[p]:.0f} h before it, bridged by a line"
        for p in np.flatnonzero(hours > LONG_GAP)
    ]


def _remarks_of_storms(path: Path, table: pd.DataFrame) -> list[str]:
    grouped = table.groupby("storm", sort=False)
    first, size = grouped.head(1), grouped.size()
    known = grouped[["pressure", "wind"]].count().sum(axis=1)
    remarks = []
    for position in first.index:
        storm = table["storm"].iloc[position]
        if size[storm] == 1:
            remarks.append(f"{place_of(path, table, position)}: one fix only, it stands still")
        if known[storm] == 0:
            remarks.append(
                f"{place_of(path, table, position)}: neither pressure nor wind in any fix"
            )
    some = table[table["storm"].map(known) > 0]
    return remarks + [text for column in FILLED for text in _missing(path, some, column)]


def _missing(path: Path, table: pd.DataFrame, column: str) -> list[str]:
    """Remark on each storm that lacks a column in some fixes, at the first of them."""
    lacking = table[~(table[column] > 0.0)]  # a wind of zero is a wind not known
    total = table.groupby("storm").size()
    counts, first = lacking.groupby("storm").size(), lacking.drop_duplicates("storm")
    return [
        f"{place_of(path, first, p)}: no {column} here, the first of {counts[storm]} such fixes in "
        f"{total[storm]}; {FILLED[column]}"
        for p, storm in enumerate(first["storm"])
    ]
