"""What a record alone says of storms near Wenzhou, beside the catalogue: a fitted tail."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.exceedance.data_intervals import return_levels
from riskmodel.exceedance.goodness import goodness_of_fit
from riskmodel.exceedance.intervals import simulation_interval
from riskmodel.exceedance.metrics import FloatArray, value_at_risk
from riskmodel.exceedance.records import Record as Amounts
from riskmodel.exceedance.records import read_record
from riskmodel.exceedance.threshold import ThresholdFit, fit_threshold
from riskmodel.exceedance.threshold_choice import mean_excess, threshold_stability
from riskmodel.hazard.typhoon.near_storms import BOX, FIRST_YEAR, LAST_YEAR, read_near_storms
from riskmodel.hazard.typhoon.parameters import values
from riskmodel.run.assumptions import figure_status
from riskmodel.run.folder import Run
from riskmodel.run.records import Record, make_record

PERIODS = (2.0, 5.0, 10.0, 20.0, 50.0, 100.0)  # years
THRESHOLD = 15.0  # hPa; excesses above it rise as the straight line of a GPD asks, and 36 are left
FOR_MEANS, FOR_FITS = np.arange(0.0, 46.0, 3.0), np.arange(4.0, 19.0, 2.0)  # hPa
RESAMPLES = 199


def deficit_record() -> Amounts:
    """Pressure deficits (hPa) of the storms within 150 km, those with a known pressure."""
    table = read_near_storms()
    known = table["pressure"].dropna().to_numpy()
    deficits = values("domain")["environment_pressure"] - known
    years = LAST_YEAR - FIRST_YEAR + 1
    source = f"IBTrACS v04 (JMA), {FIRST_YEAR}-{LAST_YEAR}"
    return read_record(np.maximum(deficits, 0.0), years=float(years), units="hPa", source=source)


def fitted_record() -> ThresholdFit:
    """Generalised Pareto law above the threshold, by probability-weighted moments."""
    return fit_threshold(deficit_record(), THRESHOLD, estimator="probability_weighted_moments")


def record_levels(run: Run) -> xr.Dataset:
    """Deficit by return period with its `data` interval, for drawing."""
    level = run.params.exceedance.interval_level
    return return_levels(fitted_record(), PERIODS, level=level, seed=run.params.seed)


def threshold_choice(run: Run) -> tuple[xr.Dataset, xr.Dataset]:
    """Mean excess and stability of the fitted parameters by threshold, for drawing."""
    record, level = deficit_record(), run.params.exceedance.interval_level
    stable = threshold_stability(
        record, FOR_FITS.tolist(), estimator="probability_weighted_moments",
        level=level, seed=run.params.seed,
    )  # fmt: skip
    return mean_excess(record, FOR_MEANS.tolist(), level=level), stable


def _annual_deficits(catalogue: xr.DataTree) -> FloatArray:
    """Highest deficit of each simulated year inside the same circle; zero without a storm."""
    root = catalogue.to_dataset()
    lowest = root["minimum_pressure"].sel(box=BOX).values
    years = int(root.attrs["blocks"]) * int(root.attrs["years_per_block"])
    highest = np.zeros(years)
    deficit = np.nan_to_num(values("domain")["environment_pressure"] - lowest)
    np.maximum.at(highest, root["year"].values, deficit)
    return highest


def record_beside_catalogue(run: Run, catalogue: xr.DataTree) -> pd.DataFrame:
    """Deficit by return period of record and catalogue, each with its kind of interval, hPa.

    `catalogue inside` says whether the catalogue lies within the record's interval. The record's
    interval is of kind `data`, the catalogue's of kind `simulation`.
    """
    levels, level = record_levels(run), run.params.exceedance.interval_level
    highest, blocks = _annual_deficits(catalogue), int(catalogue.attrs["blocks"])
    parts = np.split(highest, blocks)
    rows = []
    for number, period in enumerate(PERIODS):
        found = value_at_risk(highest, period)
        by_block = [value_at_risk(part, period) for part in parts]
        spread = simulation_interval(found, by_block, level=level)
        low, high = (float(levels[end].sel(interval="data")[number]) for end in ("lower", "upper"))
        rows.append(
            {
                "return period (years)": period,
                "record, fitted (hPa)": float(levels["value"][number]),
                "data lower (hPa)": low,
                "data upper (hPa)": high,
                "catalogue (hPa)": found,
                "simulation lower (hPa)": spread["lower"],
                "simulation upper (hPa)": spread["upper"],
                "catalogue inside": low <= found <= high,
            }
        )
    return pd.DataFrame(rows).round(1)


def pressure_records(run: Run) -> list[Record]:
    """Deficit by return period of the record, with intervals of kind `data`."""
    levels, level = record_levels(run), run.params.exceedance.interval_level
    bounds = levels.sel(interval="data")
    return [
        make_record(
            name=name, value=float(levels["value"][k]), unit="hPa", status=figure_status(name),
            source=levels.attrs["source"],
            intervals=[
                {
                    "kind": "data", "level": level,
                    "lower": float(bounds["lower"][k]), "upper": float(bounds["upper"][k]),
                }
            ],
        )
        for k, name in enumerate(f"record.near_storms.deficit.{t:g}" for t in PERIODS)
    ]  # fmt: skip


def goodness_table(run: Run) -> pd.DataFrame:
    """Anderson-Darling and Cramér-von Mises tests of the fit, p by parametric bootstrap."""
    tests = goodness_of_fit(fitted_record(), resamples=RESAMPLES, seed=run.params.seed)
    return tests.to_dataframe().round(3).reset_index()
