"""Peak ground acceleration by magnitude and distance, from declared published coefficients."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import BeforeValidator, Field

from riskmodel.hazard.declared import Fixed, quantity

FloatArray = npt.NDArray[np.float64]
LARGE = 6.5  # magnitude above which the second set of coefficients holds
GAL = 0.01  # m s-2


class Line(Fixed):
    """Coefficients of ln PGA (gal) = a + b M + c ln(R + d exp(e M))."""

    a: float
    b: float
    c: Annotated[float, Field(lt=0.0)]
    d: Annotated[float, Field(gt=0.0)]
    e: Annotated[float, Field(gt=0.0)]


class Attenuation(Fixed):
    """Published attenuation with two lines, along the strike and across."""

    source: Annotated[str, Field(min_length=1)]
    along: Line
    along_large: Line
    across: Line
    across_large: Line
    depth: Annotated[float, BeforeValidator(quantity("km", 0.0, 700.0))]
    sigma: Annotated[float, BeforeValidator(quantity("1", 0.0, 2.0))]


def _log_gal(line: Line, large: Line, magnitude: FloatArray, distance: FloatArray) -> FloatArray:
    big = magnitude > LARGE
    a, b, c, d, e = (
        np.where(big, getattr(large, name), getattr(line, name))
        for name in ("a", "b", "c", "d", "e")
    )
    return a + b * magnitude + c * np.log(distance + d * np.exp(e * magnitude))


def median_acceleration(
    attenuation: Attenuation, magnitude: npt.ArrayLike, epicentral_km: npt.ArrayLike
) -> FloatArray:
    """Median peak ground acceleration in m s-2.

    Parameters
    ----------
    attenuation : Attenuation
        Declared coefficients.
    magnitude : array_like
        Surface-wave magnitude.
    epicentral_km : array_like
        Distance from the epicentre in km, >= 0; broadcast against the magnitude.

    Notes
    -----
    Isolines are ellipses along a strike that is unknown here, so the mean of ln PGA along and
    across it is taken, at a distance of sqrt(epicentral² + depth²).
    """
    m = np.asarray(magnitude, dtype=np.float64)
    distance = np.hypot(np.asarray(epicentral_km, dtype=np.float64), attenuation.depth)
    along = _log_gal(attenuation.along, attenuation.along_large, m, distance)
    across = _log_gal(attenuation.across, attenuation.across_large, m, distance)
    return np.exp(0.5 * (along + across)) * GAL
