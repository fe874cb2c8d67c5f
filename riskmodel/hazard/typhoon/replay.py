"""Real storms in the layout of simulated ones, for replay."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from riskmodel.core.draws import generator, purpose_code
from riskmodel.core.errors import CatalogueError
from riskmodel.hazard.typhoon.conversions import deficit_of_wind, wind_of_deficit
from riskmodel.hazard.typhoon.geometry import distance_and_bearing
from riskmodel.hazard.typhoon.layout import DAYS, STEP_VARIABLES, bounded_radius, storm_dataset
from riskmodel.hazard.typhoon.model import TrackModel, load_track_model
from riskmodel.hazard.typhoon.parameters import values
from riskmodel.hazard.typhoon.record import check_record
from riskmodel.hazard.typhoon.samples import day_of_year, fixes_by_storm

FloatArray = npt.NDArray[np.float64]

LEAST = 1.0  # hPa, for storms with neither pressure nor wind
MOST_NAMED = 5  # far storms named in one message


def _hourly(fixes: pd.DataFrame, model: TrackModel) -> pd.DataFrame:
    """One storm's fixes on whole hours while it is within the leaving radius."""
    domain = values("domain")
    hours = (fixes["time"] - fixes["time"].iloc[0]).dt.total_seconds().to_numpy() / 3600.0
    grid = np.arange(0.0, hours[-1] + 1e-9)
    a, b, _ = model.pressure_wind
    wind = fixes["wind"].where(fixes["wind"] > 0.0, wind_of_deficit(fixes["deficit"], a, b))
    columns = {
        name: np.interp(grid, hours, series.to_numpy())
        for name, series in (
            ("latitude", fixes["latitude"]),
            ("longitude", fixes["longitude"]),
            ("deficit", fixes["deficit"]),
            ("maximum_wind", wind),
        )
    }
    table = pd.DataFrame(columns)
    length, heading = distance_and_bearing(
        table["latitude"][:-1],
        table["longitude"][:-1],
        table["latitude"][1:],
        table["longitude"][1:],
    )
    table["speed"] = np.append(length, length[-1:]) / 3.6 if len(length) else 0.0
    table["heading"] = np.append(heading, heading[-1:]) if len(length) else 0.0
    table["time"] = fixes["time"].iloc[0] + pd.to_timedelta(grid, unit="h")
    distance, _ = distance_and_bearing(
        domain["latitude"], domain["longitude"], table["latitude"], table["longitude"]
    )
    inside = np.flatnonzero(distance <= domain["leave_radius"])
    return table.iloc[inside[0] : inside[-1] + 1] if inside.size else table.iloc[:0]


def _stack(tables: list[pd.DataFrame]) -> dict[str, FloatArray]:
    """Arrays (storm, step) of hourly tables, NaN-padded, with the median radius of maximum wind."""
    length = max(len(table) for table in tables)
    steps = {name: np.full((len(tables), length), np.nan) for name in STEP_VARIABLES}
    for row, table in enumerate(tables):
        for name in set(STEP_VARIABLES) - {"radius_of_maximum_wind"}:
            steps[name][row, : len(table)] = table[name]
    steps["radius_of_maximum_wind"] = bounded_radius(steps["deficit"], steps["latitude"], 1.0)
    return steps


def storms_from_record(
    record: xr.Dataset, names: Iterable[str] | None = None, *, model: TrackModel | None = None
) -> xr.Dataset:
    """Bring real storms to the hourly layout of `simulate_storms`, for replay.

    Parameters
    ----------
    record : xarray.Dataset
        From `read_cma_recut` or `read_storm_tracks`.
    names : iterable of str, optional
        Storm ids, or names (case ignored; with a year where a name was used more than once, as
        ``"Megi 2016"``). All storms of the record by default.
    model : TrackModel, optional
        Supplies the pressure-wind relation for fixes without wind; the committed one by default.

    Returns
    -------
    xarray.Dataset
        As `simulate_storms`, by time, with the calendar's `year` and further `storm_id`, `name`.
        Straight lines between fixes; median radius of maximum wind, without a draw. Attribute
        `remarks` names storms left out because they never come near.

    Raises
    ------
    CatalogueError
        If a storm is not in the record, has a name used more than once, or never comes near.
    """
    check_record(record)
    model = model or load_track_model()
    by_id = {fixes["storm"].iloc[0]: fixes for fixes in fixes_by_storm(record)}
    wanted = by_id if names is None else [_find(by_id, name) for name in names]
    tracks = [(storm, _hourly(_with_pressure(by_id[storm], model), model)) for storm in wanted]
    far = [_remark_far(by_id[storm]) for storm, table in tracks if table.empty]
    _refuse_far(far, asked=names is not None, near=len(tracks) - len(far))
    tracks = sorted(((s, t) for s, t in tracks if len(t)), key=lambda item: item[1]["time"].iloc[0])
    first = [t["time"].iloc[0] for _, t in tracks]
    start, hours = np.array([day_of_year(t) for t in first]), [len(t) - 1 for _, t in tracks]
    storms = storm_dataset(
        _stack([table for _, table in tracks]),
        {
            "year": np.array([t.year for t in first], dtype=np.int32),
            "start": start,
            "end": np.minimum(start + np.array(hours) / 24.0, DAYS + 1.0),
            "storm_id": np.array([s for s, _ in tracks], dtype=np.str_),
            "name": np.array([by_id[s]["name"].iloc[0] for s, _ in tracks], dtype=np.str_),
        },
        str(record.attrs["source"]),
        "storms_from_record",
    )
    return storms.assign_attrs(remarks="\n".join(far))


def _remark_far(fixes: pd.DataFrame) -> str:
    nearest = fixes.loc[fixes["distance"].idxmin()]
    return (
        f"storm {nearest['storm']} {nearest['name']}: never near, left out; "
        f"{nearest['distance']:.0f} km away at its nearest fix, {nearest['time']:%Y-%m-%dT%H:%MZ}"
    )


def _refuse_far(far: list[str], *, asked: bool, near: int) -> None:
    """Refuse storms that never come near when they were asked for, or when no other is left."""
    if near and not (far and asked):
        return
    raise CatalogueError(
        "a storm asked for never comes near" if near else "none of these storms comes near",
        found=far[:MOST_NAMED],
        expected=f"a centre within {values('domain')['leave_radius']:g} km",
        remedy="leave it out, or give all its fixes near Wenzhou",
    )


def drawn_storms(storms: xr.Dataset, storm: int, *, draws: int, seed: int) -> xr.Dataset:
    """Repeat one real storm, each time with a drawn size, as simulated storms have it.

    Parameters
    ----------
    storms : xarray.Dataset
        From `storms_from_record`.
    storm : int
        Position along ``storm``.
    draws : int
        Number of repetitions, > 0.
    seed : int
        Key of the draws, with the storm's id.

    Returns
    -------
    xarray.Dataset
        As `storms`, dim ``storm`` = draw: the track is the record's, the radius of maximum wind
        its median times a lognormal factor with the spread of `simulate_storms`. Rain efficiency
        and tide are drawn by `storm_indices` with ``residual=True``.
    """
    repeated = storms.isel(storm=np.full(draws, storm)).copy(deep=True)
    key = purpose_code(str(storms["storm_id"].values[storm]))
    normal = generator(seed, "size of a replayed storm", key).standard_normal(draws)
    factor = np.exp(values("wind")["radius_spread"] * normal)[:, None]
    radius = bounded_radius(repeated["deficit"].values, repeated["latitude"].values, factor)
    repeated["radius_of_maximum_wind"].values[:] = radius
    return repeated


def _find(by_id: dict[str, pd.DataFrame], wanted: str) -> str:
    """Id of a storm given by id, name, or name and year."""
    if wanted in by_id:
        return wanted
    name, _, year = wanted.partition(" ")
    found = [
        storm
        for storm, fixes in by_id.items()
        if fixes["name"].iloc[0].casefold() == name.casefold()
        and (not year or str(fixes["time"].iloc[0].year) == year)
    ]
    if len(found) == 1:
        return found[0]
    raise CatalogueError(
        "the storm is not in the record" if not found else "the name stands for several storms",
        where=wanted,
        found=found or None,
        expected="an id, or a name with its year such as 'Megi 2016'",
    )


def _with_pressure(fixes: pd.DataFrame, model: TrackModel) -> pd.DataFrame:
    """Fill missing pressure from the wind by the pressure-wind relation, else by a line in time."""
    a, b, _ = model.pressure_wind
    from_wind = pd.Series(deficit_of_wind(fixes["wind"], a, b), index=fixes.index)
    deficit = fixes["deficit"].fillna(from_wind).set_axis(fixes["time"])
    line = deficit.interpolate("time", limit_direction="both").fillna(LEAST)
    return fixes.assign(deficit=line.to_numpy())
