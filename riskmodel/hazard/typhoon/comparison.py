"""Simulated storms against the record: every figure with two intervals and a verdict.

The record's interval comes from drawing its years again (a bootstrap of years: what another 76
years of the same climate might have shown, told by the record alone). The model's comes from
cutting the simulation into pieces as long as the record. The verdict asks whether the record could
be one of those pieces.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from riskmodel.core.draws import generator
from riskmodel.core.errors import CatalogueError, ParamError
from riskmodel.hazard.typhoon.figures import (
    annual_maxima,
    figures,
    from_entry,
    seat_winds,
    spread_radius,
    storm_table,
)
from riskmodel.hazard.typhoon.parameters import FOLDER, read_yaml
from riskmodel.hazard.typhoon.regression import rounded

IntArray = npt.NDArray[np.int64]

STATISTICS = FOLDER / "record_statistics.yml"
LEVEL = 0.95
RADIUS_DRAWS, RESAMPLES = 20, 500  # of the record
FEWEST_PIECES = 20


def _limits(samples: list[dict[str, float]], level: float = LEVEL) -> pd.DataFrame:
    """Central interval of each figure over samples, columns low and high."""
    frame = pd.DataFrame(samples)
    tail = 0.5 * (1.0 - level)
    return frame.quantile([tail, 1.0 - tail]).T.set_axis(["low", "high"], axis=1)


def _resampled(
    table: pd.DataFrame, maxima: list[pd.DataFrame], years: IntArray
) -> Iterator[dict[str, float]]:
    """Figures of the record with its years drawn again, each time with one draw of radii."""
    rows = [np.flatnonzero(table["year"].to_numpy() == year) for year in years]
    for number in range(RESAMPLES):
        random = generator(0, "record years", number)
        pick = random.integers(years.size, size=years.size)
        label = np.repeat(np.arange(years.size), [rows[k].size for k in pick])
        again = table.iloc[np.concatenate([rows[k] for k in pick])].assign(year=label)
        yield figures(again, maxima[number % len(maxima)].iloc[pick], np.arange(years.size))


def record_figures(storms: xr.Dataset) -> dict[str, dict[str, float]]:
    """Figures of real storms with a 95 % interval, for ``record_statistics.yml``.

    Parameters
    ----------
    storms : xarray.Dataset
        All storms of whole calendar years, from `storms_from_record`.

    Returns
    -------
    dict
        `value`, `low`, `high` of each figure of `figures`. Winds at the seats are means over
        draws of the radius of maximum wind, which the record does not give.
    """
    storms = from_entry(storms)
    years = np.arange(int(storms["year"].min()), int(storms["year"].max()) + 1)
    table = storm_table(storms)
    maxima = [
        annual_maxima(seat_winds(spread_radius(storms, seed=0, draw=draw)), years)
        for draw in range(RADIUS_DRAWS)
    ]
    value = pd.DataFrame([figures(table, one, years) for one in maxima]).mean()
    limits = _limits(list(_resampled(table, maxima, years)))
    return {
        str(name): {
            "value": rounded(value[name]),
            "low": rounded(limits.loc[name, "low"]),
            "high": rounded(limits.loc[name, "high"]),
        }
        for name in value.index
    }


def _stored(path: Path) -> tuple[dict[str, dict[str, float]], int]:
    content: dict[str, Any] = read_yaml(path)
    if not content.get("figures") or not content.get("years"):
        raise ParamError(
            "no figures of the record to compare with",
            where=path.name,
            found=sorted(content),
            expected="figures and years",
            remedy="refit them: riskmodel fit-tracks RECORD.csv",
        )
    return content["figures"], int(content["years"])


def record_table(storms: xr.Dataset, *, years: int, path: Path = STATISTICS) -> pd.DataFrame:
    """Compare simulated storms with the record, figure by figure.

    Parameters
    ----------
    storms : xarray.Dataset
        From `simulate_storms`.
    years : int
        Years simulated; at least twenty times the length of the record.
    path : Path
        Statistics of the record, written by ``riskmodel fit-tracks``.

    Returns
    -------
    pandas.DataFrame
        One row a figure: `figure`; `record` with `record_low`, `record_high` (95 %, its years
        drawn again); `model` over all years with `model_low`, `model_high` (95 % of the pieces of
        the simulation that are as long as the record); `verdict`, "inside" when the record lies
        within the pieces' interval, else "outside".

    Raises
    ------
    CatalogueError
        If the years are too few for the pieces.
    ParamError
        If the statistics of the record are missing.
    """
    record, length = _stored(path)
    pieces = years // length
    if pieces < FEWEST_PIECES:
        raise CatalogueError(
            "too few simulated years to tell what a record of that length would show",
            found=years,
            expected=f"at least {FEWEST_PIECES * length}",
            remedy="simulate more years",
        )
    table = storm_table(storms)
    maxima = annual_maxima(seat_winds(storms), np.arange(years))
    model = figures(table, maxima, np.arange(years))
    limits = _limits(list(_pieces(table, maxima, length, pieces)))
    rows = pd.DataFrame(record).T.rename(
        columns={"value": "record", "low": "record_low", "high": "record_high"}
    )
    rows["model"] = pd.Series(model)
    rows["model_low"], rows["model_high"] = limits["low"], limits["high"]
    inside = rows["record"].between(rows["model_low"], rows["model_high"])
    rows["verdict"] = np.where(inside, "inside", "outside")
    return rows.rename_axis("figure").reset_index()


def _pieces(
    table: pd.DataFrame, maxima: pd.DataFrame, length: int, pieces: int
) -> Iterator[dict[str, float]]:
    """Figures of consecutive pieces of a simulation."""
    year = table["year"].to_numpy()
    for first in range(0, pieces * length, length):
        span = np.arange(first, first + length)
        within = table[(year >= first) & (year < first + length)]
        yield figures(within, maxima.iloc[span], span)
