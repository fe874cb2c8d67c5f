"""Responses tabulated on equally spaced intensities: their mean, and how far one unit deviates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import special

from riskmodel.core.errors import UnitsError
from riskmodel.loss.response import Item, Response

FloatArray = npt.NDArray[np.float64]
SingleArray = npt.NDArray[np.float32]
BINS = 1500  # look-up bins from zero to the tail cap of a peril
JUMP_BINS = 60_000  # when a response jumps: a jump is a line across one bin


def bins_for(items: Sequence[Item], peril: str, spread: float) -> int:
    """Return how many equally spaced intensities one peril of some items needs."""
    responses = [item.responses[peril] for item in items if peril in item.responses]
    return JUMP_BINS if spread == 0.0 and any(_jumps(r) for r in responses) else BINS


def mean_table(
    items: Sequence[Item], peril: str, intensity: FloatArray, *, unit: str, spread: float
) -> SingleArray:
    """Mean outcome (bin, item) on one exposed unit; zero where the peril does not act.

    Raises
    ------
    UnitsError
        If a response reads another unit than the hazard has.
    """
    table = np.zeros((intensity.size, len(items)), dtype=np.float32)
    for i, item in enumerate(items):
        response = item.responses.get(peril)
        if response is None:
            continue
        if response.intensity_unit != unit:
            raise UnitsError(
                "response and hazard differ in unit",
                where=response.name,
                found=response.intensity_unit,
                expected=unit,
            )
        found = mean_over_spread(response, intensity, spread) if spread else None
        table[:, i] = _at_bins(response, intensity) if found is None else found
    return table


def deviation_table(
    items: Sequence[Item], peril: str, intensity: FloatArray, *, spread: float
) -> SingleArray:
    """Tabulate the standard deviation (bin, item) of one unit's outcome.

    Where intensity varies inside the cell it is part of it: E[s²] + Var(m), the law of total
    variance over the units of a cell.
    """
    table = np.zeros((intensity.size, len(items)), dtype=np.float32)
    for i, item in enumerate(items):
        response = item.responses.get(peril)
        if response is None:
            continue
        if spread == 0.0:
            table[:, i] = response.spread_at(intensity)
        else:
            mean = mean_over_spread(response, intensity, spread)
            square = mean_square_over_spread(response, intensity, spread)
            table[:, i] = np.sqrt(np.maximum(square - mean**2, 0.0))
    return table


def _jumps(response: Response) -> bool:
    return response.interpolation == "step" or response.value[0] > 0.0


def _at_bins(response: Response, intensity: FloatArray) -> FloatArray:
    """Response at the bins; a jump is taken one bin early, so that its threshold reads all of it.

    Maps hold round depths and so do benefit tables: a cell exactly at a threshold is no rare case.
    """
    ahead = intensity + (intensity[1] - intensity[0]) * (1.0 - 1e-6)
    if response.interpolation == "step":
        return response.at(ahead)
    first = np.where(ahead >= response.intensity[0], response.value[0], 0.0)
    return np.maximum(response.at(intensity), first)


def mean_over_spread(response: Response, intensity: FloatArray, spread: float) -> FloatArray:
    """Mean response when intensity inside the cell is lognormal with mean one and this spread.

    Parameters
    ----------
    response : Response
    intensity : array
        Cell intensities (mean inside the cell), >= 0.
    spread : float
        Coefficient of variation, >= 0.

    Notes
    -----
    Exact: with X lognormal of mean x and log-standard deviation s, d = ln(x / k) / s - s / 2, a
    jump at k contributes its height times P(X > k) = Φ(d), and a change of slope at k its size
    times E[(X - k)+] = x Φ(d + s) - k Φ(d).
    """
    if spread == 0.0:
        return response.at(intensity)
    x = np.asarray(intensity, dtype=np.float64)[..., None]
    knots, value = np.asarray(response.intensity), np.asarray(response.value)
    s = np.sqrt(np.log1p(spread**2))
    d = _standard_distance(x, knots, s)
    above = special.ndtr(d)
    if response.interpolation == "step":
        return above @ np.diff(value, prepend=0.0)
    slope = np.diff(value) / np.diff(knots)
    bend = np.diff(slope, prepend=0.0, append=0.0)
    return (x * special.ndtr(d + s) - knots * above) @ bend + above[..., 0] * value[0]


def mean_square_over_spread(response: Response, intensity: FloatArray, spread: float) -> FloatArray:
    """Mean of m² + s², the square of one unit's outcome, over the same lognormal intensity.

    Exact: between knots m² + s² is a quadratic c₀ + c₁ X + c₂ X², and the moments of X beyond k are
    E[Xʲ; X > k] = xʲ exp(j (j - 1) s² / 2) Φ(d + j s), d as in `mean_over_spread`.
    """
    x = np.asarray(intensity, dtype=np.float64)[..., None]
    knots = np.asarray(response.intensity)
    lines = [np.asarray(response.value), np.asarray(response.spread)]
    s = np.sqrt(np.log1p(spread**2))
    d = _standard_distance(x, knots, s)
    beyond = [x**j * np.exp(j * (j - 1) * s**2 / 2.0) * special.ndtr(d + j * s) for j in range(3)]
    if response.interpolation == "step":
        return beyond[0] @ np.diff(sum(line**2 for line in lines), prepend=0.0)
    slopes = [np.append(np.diff(line) / np.diff(knots), 0.0) for line in lines]
    starts = [line - slope * knots for line, slope in zip(lines, slopes, strict=True)]
    quadratic = (
        sum(a**2 for a in starts),
        sum(2.0 * a * b for a, b in zip(starts, slopes, strict=True)),
        sum(b**2 for b in slopes),
    )
    return np.sum([b @ np.diff(c, prepend=0.0) for b, c in zip(beyond, quadratic, strict=True)], 0)


def _standard_distance(x: FloatArray, knots: FloatArray, s: float) -> FloatArray:
    """Return d with P(X > knot) = Φ(d); minus infinity where the cell is dry."""
    with np.errstate(divide="ignore", invalid="ignore"):
        d = np.log(x / knots) / s - s / 2
    return np.where(x > 0, d, -np.inf)
