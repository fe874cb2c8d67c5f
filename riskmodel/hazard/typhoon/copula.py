"""Margins kept as a few quantiles, joined by a Gaussian copula."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from riskmodel.core.errors import ParamError

FloatArray = npt.NDArray[np.float64]

PROBABILITIES = (
    0.0, 0.002, 0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5,
    0.65, 0.8, 0.9, 0.95, 0.975, 0.99, 0.998, 1.0,
)  # fmt: skip


def quantiles_of(sample: npt.ArrayLike) -> list[float]:
    """Quantiles of a sample at `PROBABILITIES`, in the sample's unit, rounded to six digits."""
    return [float(f"{q:.6g}") for q in np.quantile(np.asarray(sample), PROBABILITIES)]


def from_quantiles(probability: npt.ArrayLike, quantiles: npt.ArrayLike) -> FloatArray:
    """Values at `probability` (0-1) by straight lines between stored quantiles.

    Raises
    ------
    ParamError
        If the quantiles are not as many as `PROBABILITIES`, or fall.
    """
    points = np.asarray(quantiles, dtype=np.float64)
    if points.shape != (len(PROBABILITIES),) or (np.diff(points) < 0).any():
        raise ParamError(
            "a margin needs one rising quantile for each probability",
            found=points.tolist(),
            expected=f"{len(PROBABILITIES)} values at {PROBABILITIES}",
        )
    return np.interp(np.asarray(probability, dtype=np.float64), PROBABILITIES, points)


def score_correlation(sample: FloatArray) -> FloatArray:
    """Correlation of the normal scores of a sample, dims (draw, variable).

    Ranks (ties averaged) over n + 1 go through the inverse normal distribution; their Pearson
    correlation is the parameter of the Gaussian copula.
    """
    rank = stats.rankdata(sample, axis=0)
    return np.asarray(np.corrcoef(special.ndtri(rank / (sample.shape[0] + 1.0)), rowvar=False))


def draw_joint(
    generator: np.random.Generator,
    size: int,
    correlation: npt.ArrayLike,
    margins: list[list[float]],
) -> FloatArray:
    """Draw `size` joint values, dims (draw, variable), from margins and copula.

    Parameters
    ----------
    generator : numpy.random.Generator
        Keyed stream.
    size : int
        Number of draws.
    correlation : array_like
        Correlation matrix of the normal scores.
    margins : list of list of float
        Quantiles of each variable at `PROBABILITIES`.

    Raises
    ------
    ParamError
        If the matrix is no correlation matrix of that many variables.
    """
    matrix = np.asarray(correlation, dtype=np.float64)
    count = len(margins)
    if matrix.shape != (count, count) or not np.allclose(np.diag(matrix), 1.0):
        raise ParamError(
            "no correlation matrix of the margins", found=matrix.shape, expected=(count, count)
        )
    try:
        factor = np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError as error:
        raise ParamError("the correlation matrix is not positive definite") from error
    uniform = special.ndtr(generator.standard_normal((size, count)) @ factor.T)
    return np.stack([from_quantiles(uniform[:, k], margins[k]) for k in range(count)], axis=1)
