"""Regressions of the track model: regressors of each part, and the fit with its residuals."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import statsmodels.api as sm

from riskmodel.hazard.typhoon.copula import quantiles_of
from riskmodel.hazard.typhoon.samples import NEAR_COAST

FloatArray = npt.NDArray[np.float64]


def rounded(number: float) -> float:
    """Return a number with six significant digits, as it is stored."""
    return float(f"{number:.6g}")


def design_heading(table: pd.DataFrame) -> dict[str, Any]:
    """Regressors of the turn in the next six hours (degrees)."""
    north = table["latitude"] - 28.0
    heading = table["heading"]
    return {
        "constant": np.ones(len(table)),
        "latitude": north,
        "heading": heading,
        "latitude_heading": north * heading,
        "heading_squared": heading**2,
        "last_turn": table["last_turn"],
        "season": table["season"],
    }


def design_speed(table: pd.DataFrame) -> dict[str, Any]:
    """Regressors of the logarithm of the next segment's speed (m/s)."""
    angle = np.deg2rad(table["heading"])
    return {
        "constant": np.ones(len(table)),
        "log_speed": np.log(table["speed"]),
        "latitude": table["latitude"] - 28.0,
        "northward": np.cos(angle),
        "eastward": np.sin(angle),
        "season": table["season"],
    }


def design_sea(table: pd.DataFrame) -> dict[str, Any]:
    """Regressors of the change of the deficit in the next six hours over sea (hPa)."""
    north, deficit = table["latitude"] - 28.0, table["deficit"]
    near = np.exp(table["inland"].clip(upper=0.0) / NEAR_COAST)
    return {
        "constant": np.ones(len(table)),
        "deficit": deficit,
        "deficit_squared": deficit**2,
        "latitude": north,
        "near": near,
        "last_change": table["last_change"],
        "season": table["season"],
        "latitude_deficit": north * deficit,
        "near_deficit": near * deficit,
    }


def regress(design: dict[str, Any], target: FloatArray, scale_by: FloatArray) -> dict[str, Any]:
    """Weighted least squares with standard errors, R², and the spread of the residuals.

    The size of the residuals is regressed on `scale_by`: scale = a + b·scale_by; weights are
    1 / scale², found in a first unweighted pass, so that slow or deep storms with large residuals
    do not decide the coefficients. Residuals over their scale are stored as quantiles, so that
    their tails are those of the record.
    """
    matrix = np.column_stack([np.asarray(column, dtype=np.float64) for column in design.values()])
    weight = np.ones_like(target)
    for _ in range(2):
        result = sm.WLS(target, matrix, weights=weight).fit()
        residual = target - matrix @ result.params
        slope, level = np.polyfit(scale_by, np.abs(residual), 1)
        scale = np.maximum(level + slope * scale_by, 0.1 * np.abs(residual).mean())
        weight = 1.0 / scale**2
    return {
        "coefficients": {n: rounded(c) for n, c in zip(design, result.params, strict=True)},
        "standard_errors": {n: rounded(e) for n, e in zip(design, result.bse, strict=True)},
        "r_squared": rounded(1.0 - residual.var() / target.var()),
        "residual_sd": rounded(residual.std()),
        "residual_scale": [rounded(level), rounded(slope)],
        "residual_quantiles": quantiles_of(residual / scale - np.mean(residual / scale)),
        "sample": len(target),
    }
