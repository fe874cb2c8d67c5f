"""Fit of the track model: how many storms come, how they enter, and how they go on.

Recomputed by ``riskmodel fit-tracks RECORD.csv`` (a recut of the CMA best
track with the columns of `read_cma_recut`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import statsmodels.api as sm
import xarray as xr
import yaml

from riskmodel.core.errors import CatalogueError
from riskmodel.core.files import write_text
from riskmodel.hazard.counts import estimate_dispersion
from riskmodel.hazard.typhoon.climate import fit_wind_climate
from riskmodel.hazard.typhoon.comparison import record_figures
from riskmodel.hazard.typhoon.copula import PROBABILITIES, quantiles_of, score_correlation
from riskmodel.hazard.typhoon.parameters import FOLDER, values
from riskmodel.hazard.typhoon.record import check_record, read_cma_recut
from riskmodel.hazard.typhoon.regression import (
    design_ending,
    design_sea,
    regress,
    rounded,
)
from riskmodel.hazard.typhoon.replay import storms_from_record
from riskmodel.hazard.typhoon.samples import endings, entries, fixes_by_storm, steps
from riskmodel.hazard.typhoon.steering import STEERING, fit_motion, write_steering
from riskmodel.hazard.typhoon.summary import summarise_storms

__all__ = ["fit_track_model", "fit_wind_climate", "write_parameters"]

FloatArray = npt.NDArray[np.float64]

COMMAND = "riskmodel fit-tracks RECORD.csv"
SOURCE = (
    "CMA best track 1949-2024 (tcdata.typhoon.org.cn; Ying et al. 2014, doi "
    "10.1175/JTECH-D-12-00119.1; Lu et al. 2021, doi 10.1007/s00376-020-0211-7), storms whose "
    "centre comes within 500 km of 28.0N 120.7E"
)
ENTRY_VARIABLES = ("bearing", "distance", "offset", "log_speed", "deficit", "day")
CAP_LATITUDES = (20.0, 22.0, 24.0, 26.0, 28.0, 30.0, 32.0, 34.0)
CAP_MARGIN = 10.0  # hPa above the highest deficit on record in a band
FEWEST_STORMS = 50


def fit_counts(years: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Annual number of storms and the index-of-dispersion test against Poisson."""
    first, last = int(years.min()), int(years.max())
    counts = np.bincount(years - first, minlength=last - first + 1)
    n, mean, variance = counts.size, counts.mean(), counts.var(ddof=1)
    dispersion = estimate_dispersion(counts, level=0.9)
    return {
        "family": "poisson",
        "rate": rounded(mean),
        "standard_error": rounded(np.sqrt(mean / n)),
        "variance": rounded(variance),
        "dispersion": rounded(dispersion.ratio),
        "dispersion_p_value": rounded(dispersion.p_value),
        "years": n,
        "first_year": first,
        "last_year": last,
        "storms": int(counts.sum()),
    }


def fit_entries(table: pd.DataFrame) -> dict[str, Any]:
    """Quantiles of the state at entry and the correlation of its normal scores."""
    sample = table[list(ENTRY_VARIABLES)].to_numpy(dtype=np.float64)
    correlation = score_correlation(sample)
    return {
        "variables": list(ENTRY_VARIABLES),
        "units": ["degrees", "km", "degrees", "ln m/s", "hPa", "day of year"],
        "probabilities": list(PROBABILITIES),
        "margins": {n: quantiles_of(sample[:, k]) for k, n in enumerate(ENTRY_VARIABLES)},
        "correlation": [[rounded(c) for c in row] for row in correlation],
        "correlation_standard_error": rounded(1.0 / np.sqrt(len(sample) - 3.0)),
        "sample": len(sample),
    }


def fit_decay(table: pd.DataFrame, surface: str) -> dict[str, Any]:
    """Decay of the deficit over one land: next = background + (now - background) exp(-6 rate).

    The form of Kaplan & DeMaria 1995 (J. Appl. Meteor. 34, 2499-2512), in deficit.
    """
    over = table[table[surface] > 0.8]
    deficit = over["deficit"].to_numpy()
    design = {"constant": np.ones(len(over)), "deficit": deficit}
    line = regress(design, over["next_deficit"].to_numpy(), deficit)
    kept, level = line["coefficients"]["deficit"], line["coefficients"]["constant"]
    return {
        "rate": rounded(-np.log(kept) / 6.0),
        "rate_standard_error": rounded(line["standard_errors"]["deficit"] / kept / 6.0),
        "background": rounded(level / (1.0 - kept)),
        **{k: line[k] for k in ("residual_scale", "residual_quantiles", "residual_sd", "sample")},
    }


def fit_ending(table: pd.DataFrame) -> dict[str, Any]:
    """Chance that a storm ends within six hours: logistic in depth, latitude and coast."""
    design = design_ending(table)
    model = sm.GLM(
        table["ended"].to_numpy(), np.column_stack(list(design.values())), sm.families.Binomial()
    ).fit()
    return {
        "coefficients": {n: rounded(c) for n, c in zip(design, model.params, strict=True)},
        "standard_errors": {n: rounded(e) for n, e in zip(design, model.bse, strict=True)},
        "ended": int(table["ended"].sum()),
        "sample": len(table),
    }


def fit_cap(table: pd.DataFrame) -> dict[str, Any]:
    """Highest deficit allowed by latitude: the record's highest in 2 degrees plus a margin."""
    highest = []
    for latitude in CAP_LATITUDES:
        band = table[(table["latitude"] - latitude).abs() <= 1.0]
        highest.append(float(band["deficit"].max()) if len(band) else np.nan)
    filled = np.array(highest)
    # Never rising northwards, so that a thin band does not cut storms that reach the next one.
    cap = np.fmax.accumulate(filled[::-1])[::-1] + CAP_MARGIN
    return {"latitude": list(CAP_LATITUDES), "deficit": [rounded(c) for c in cap], "unit": "hPa"}


def fit_pressure_wind(record: xr.Dataset) -> dict[str, Any]:
    """Near-centre wind from the deficit: ln wind = a + b ln deficit, spread between storms.

    The form of Atkinson & Holliday 1977 (Mon. Wea. Rev. 105, 421-427); wind in m/s, 10-minute.
    """
    domain = values("domain")
    table = pd.concat(fixes_by_storm(record))
    table = table[(table["distance"] <= domain["leave_radius"]) & (table["wind"] > 0.0)]
    table = table[table["deficit"] >= domain["end_deficit"]]
    design = {"constant": np.ones(len(table)), "log_deficit": np.log(table["deficit"])}
    target = np.log(table["wind"].to_numpy())
    line = regress(design, target, table["deficit"].to_numpy())
    fitted = line["coefficients"]["constant"] + line["coefficients"]["log_deficit"] * np.log(
        table["deficit"]
    )
    between = (np.log(table["wind"]) - fitted).groupby(table["storm"]).mean().std()
    keep = ("coefficients", "standard_errors", "r_squared", "residual_sd", "sample")
    return {**{k: line[k] for k in keep}, "storm_sd": rounded(between)}


def fit_track_model(record: xr.Dataset) -> tuple[dict[str, Any], FloatArray]:
    """Fit the whole track model to a best-track record.

    Parameters
    ----------
    record : xarray.Dataset
        From `read_cma_recut`.

    Returns
    -------
    tuple
        Plain numbers with samples and standard errors, the content of ``track_model.yml``; and
        the table of ``steering.csv``, see `fit_motion`.

    Raises
    ------
    CatalogueError
        If fewer than 50 storms enter the circle.
    """
    check_record(record)
    entry = entries(record)
    if len(entry) < FEWEST_STORMS:
        raise CatalogueError(
            "too few storms enter the circle to fit a track model",
            found=len(entry),
            expected=f"at least {FEWEST_STORMS}",
        )
    table = steps(record)
    sea = table[(table["mainland"] == 0.0) & (table["taiwan"] == 0.0)]
    motion, steering = fit_motion(table)
    model = {
        "counts": fit_counts(entry["year"].to_numpy()),
        "entry": fit_entries(entry),
        **motion,
        "sea": regress(
            design_sea(sea),
            (sea["next_deficit"] - sea["deficit"]).to_numpy(),
            sea["deficit"].to_numpy(),
        ),
        "mainland": fit_decay(table, "mainland"),
        "taiwan": fit_decay(table, "taiwan"),
        "ending": fit_ending(endings(record)),
        "cap": fit_cap(table),
        "pressure_wind": fit_pressure_wind(record),
    }
    return model, steering


def write_parameters(path: Path, content: dict[str, Any], title: str) -> Path:
    """Write fitted numbers as YAML with a one-line title; keys keep their order."""
    text = yaml.safe_dump(
        content, sort_keys=False, allow_unicode=True, width=100, default_flow_style=None
    )
    return write_text(path, f"# {title}\n# Fitted, never edited by hand; see `command`.\n{text}")


def refit(record_file: Path, folder: Path = FOLDER) -> list[Path]:
    """Fit everything that is taken from a best-track record and write it to ``data/hazard``.

    Parameters
    ----------
    record_file : Path
        Re-cut table of CMA best tracks, as `read_cma_recut` takes it.
    folder : Path
        Where ``track_model.yml``, ``steering.csv``, ``wind_climate.yml`` and
        ``record_statistics.yml`` go.
    """
    record = read_cma_recut(record_file)
    origin = {"status": "calibrated", "source": SOURCE, "command": COMMAND}
    model, steering = fit_track_model(record)
    storms = storms_from_record(record)
    statistics = summarise_storms(storms, years=model["counts"]["years"])
    statistics["figures"] = record_figures(storms)
    fitted = {
        "track_model.yml": (model, "Track model of typhoons near Wenzhou."),
        "wind_climate.yml": (
            fit_wind_climate(record),
            "Gumbel wind climate: the wind fields of the real storms, annual maxima by node.",
        ),
        "record_statistics.yml": (
            statistics,
            "Summary of the record, against which simulated storms are tested.",
        ),
    }
    written = [
        write_parameters(folder / name, origin | content, title)
        for name, (content, title) in fitted.items()
    ]
    return [*written, write_steering(folder / STEERING.name, steering)]
