"""Regressions of the track model: regressors of each part, and the fit with its residuals."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import statsmodels.api as sm

from riskmodel.hazard.typhoon.copula import quantiles_of
from riskmodel.hazard.typhoon.samples import ENDING_COAST, LEAST_DEPTH, NEAR_COAST

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


def design_ending(table: pd.DataFrame) -> dict[str, Any]:
    """Regressors of the chance that a storm ends within six hours."""
    depth = np.log(table["deficit"].clip(lower=LEAST_DEPTH) / 10.0)
    return {
        "constant": np.ones(len(table)),
        "depth": depth,
        "depth_squared": depth**2,
        "latitude": table["latitude"] - 28.0,
        "near": np.exp(table["inland"].clip(upper=0.0) / ENDING_COAST),
    }


def _matrix(columns: dict[str, Any]) -> FloatArray:
    return np.column_stack([np.asarray(column, dtype=np.float64) for column in columns.values()])


def _spread(residual: FloatArray, scale_by: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Coefficients of the size of the residuals, and their scale kept off zero."""
    by = np.column_stack([np.ones(len(residual)), scale_by])
    line = np.linalg.lstsq(by, np.abs(residual), rcond=None)[0]
    return line, np.maximum(by @ line, 0.1 * np.abs(residual).mean())


def regress(design: dict[str, Any], target: FloatArray, scale_by: FloatArray) -> dict[str, Any]:
    """Weighted least squares with standard errors, R², and the spread of the residuals.

    The size of the residuals is regressed on `scale_by`, one column or several:
    scale = a + b·scale_by; weights are 1 / scale², found in a first unweighted pass, so that slow
    or deep storms with large residuals do not decide the coefficients. Residuals over their scale
    are stored as quantiles, so that their tails are those of the record.
    """
    matrix = _matrix(design)
    weight = np.ones_like(target)
    for _ in range(2):
        result = sm.WLS(target, matrix, weights=weight).fit()
        residual = target - matrix @ result.params
        line, scale = _spread(residual, scale_by)
        weight = 1.0 / scale**2
    return {
        "coefficients": {n: rounded(c) for n, c in zip(design, result.params, strict=True)},
        "standard_errors": {n: rounded(e) for n, e in zip(design, result.bse, strict=True)},
        "r_squared": rounded(1.0 - residual.var() / target.var()),
        "residual_sd": rounded(residual.std()),
        "residual_scale": [rounded(number) for number in line],
        "residual_quantiles": quantiles_of(residual / scale - np.mean(residual / scale)),
        "sample": len(target),
    }


def unexplained(
    part: dict[str, Any], design: dict[str, Any], target: FloatArray, scale_by: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Residuals of a fitted part, and their scale as `regress` fits it, dims (step)."""
    residual = target - _matrix(design) @ np.array(list(part["coefficients"].values()))
    return residual, _spread(residual, scale_by)[1]
