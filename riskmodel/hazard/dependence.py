"""Spatial copulas declared as the tail dependence of events, and the parameters that give it.

With lambda events a year an event exceeds the T-year level of a cell with probability
p = nu(T) / lambda, nu(T) the event rate of `core/returnperiod.py`. Tail dependence of events is
chi_T(d) = P(exceeds at j | exceeds at i) for two cells d km apart. The correlation of the copula is
rho(d) = exp(-(d / range)^exponent) (powered exponential: Diggle & Ribeiro 2007, Model-based
Geostatistics, section 3.4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy import optimize, stats

from riskmodel.core.errors import CatalogueError
from riskmodel.core.returnperiod import Frequency, rate_from_return_period
from riskmodel.core.schema import Schema, stamp
from riskmodel.hazard.counts import require_events_a_year

FloatArray = npt.NDArray[np.float64]
Family = Literal["gaussian", "student_t"]

TARGETS = Schema(
    "dependence.targets",
    {n: ("target",) for n in ("distance_km", "return_period", "chi", "probability", "attained")},
    ("family", "range_km", "exponent", "degrees_of_freedom"),
)
LONGEST_KM = 5000.0  # longest range searched
# Bounds and starting points of the solution: log range (km), exponent, log degrees of freedom.
LOWEST = (np.log(0.5), 0.05, np.log(1.0))
HIGHEST = (np.log(LONGEST_KM), 1.99, np.log(200.0))
STARTS = (np.log([20.0, 100.0]), (0.8, 1.5), np.log([4.0, 30.0]))
QUADRATURE = np.polynomial.legendre.leggauss(48)


@dataclass(frozen=True, slots=True)
class SpatialCopula:
    """Copula of a stationary field with correlation exp(-(d / range)^exponent).

    Parameters
    ----------
    family : {"gaussian", "student_t"}
        With `student_t` the cells of one event share one chi-square divisor.
    range_km : float
        Distance at which the correlation is 1/e, > 0.
    exponent : float
        Between 0 and 2, both excluded: smoothness of the field.
    degrees_of_freedom : float, optional
        Of `student_t`, > 0; must be left out for `gaussian`.

    Raises
    ------
    CatalogueError
        If a parameter is out of range or does not fit the family.
    """

    family: Family
    range_km: float
    exponent: float
    degrees_of_freedom: float | None

    def __post_init__(self) -> None:
        """Refuse parameters that no field has."""
        if not 0.0 < self.range_km < np.inf:
            raise CatalogueError(
                "the range of a copula must be positive",
                where="SpatialCopula.range_km",
                found=self.range_km,
                expected="km, > 0",
                remedy="declare how far apart an event is still alike",
            )
        if not 0.0 < self.exponent < 2.0:
            raise CatalogueError(
                "the exponent of a copula is out of range",
                where="SpatialCopula.exponent",
                found=self.exponent,
                expected="between 0 and 2, both excluded",
                remedy="1 gives an exponential correlation",
            )
        degrees = self.degrees_of_freedom
        given = degrees is not None and degrees > 0
        if {"gaussian": degrees is None, "student_t": given}.get(self.family) is not True:
            raise CatalogueError(
                "the degrees of freedom do not fit the family",
                where="SpatialCopula.degrees_of_freedom",
                found=(self.family, degrees),
                expected="('gaussian', None) or ('student_t', > 0)",
                remedy="declare degrees of freedom for student_t alone",
            )


@dataclass(frozen=True, slots=True)
class ChiTarget:
    """Declared tail dependence: `chi` at `distance_km` for the level of `return_period` years.

    Raises
    ------
    CatalogueError
        If chi is not between 0 and 1, the distance not positive or the return period not above 1.
    """

    distance_km: float
    return_period: float
    chi: float

    def __post_init__(self) -> None:
        """Refuse a target that is no conditional probability at a distance."""
        distance, period = self.distance_km, self.return_period
        if not (0.0 < self.chi < 1.0 and 0.0 < distance < np.inf and 1.0 < period < np.inf):
            raise CatalogueError(
                "no tail dependence at a distance",
                where="ChiTarget",
                found=asdict(self),
                expected="distance_km > 0, return_period > 1 year, chi above 0 and below 1",
                remedy="declare the share of events at one cell that exceed at the other too",
            )


@dataclass(frozen=True, slots=True)
class SolvedCopula:
    """Copula solved from targets, and the `table` (schema `TARGETS`) of what it attains."""

    copula: SpatialCopula
    table: xr.Dataset


def correlation(copula: SpatialCopula, distance_km: npt.ArrayLike) -> FloatArray:
    """Correlation rho(d) = exp(-(d / range)^exponent) at some distances in km, in (0, 1]."""
    scaled = np.asarray(distance_km, dtype=np.float64) / copula.range_km
    return np.exp(-(scaled**copula.exponent))


def event_probability(
    return_period: npt.ArrayLike, *, events_a_year: float, frequency: Frequency
) -> FloatArray:
    """Chance p = nu(T) / lambda that one event exceeds the T-year level of a cell.

    Parameters
    ----------
    return_period : array_like
        Years, > 1, annual-probability basis.
    events_a_year : float
        Mean number of events a year, lambda.
    frequency : Frequency
        Family of the number of events a year.

    Raises
    ------
    CatalogueError
        If lambda is out of range, or an event a year is not enough for the level.
    """
    require_events_a_year(events_a_year, "event_probability")
    rate = rate_from_return_period(return_period, frequency)
    if (rate >= events_a_year).any():
        raise CatalogueError(
            "a level is exceeded more often than there are events",
            where=f"return period {np.min(return_period):g} years",
            found=f"{rate.max():.4g} exceedances a year",
            expected=f"fewer than the {events_a_year:g} events a year",
            remedy="declare more events a year, or rarer return periods",
        )
    return rate / events_a_year


def chi(
    copula: SpatialCopula, distance_km: npt.ArrayLike, probability: npt.ArrayLike
) -> FloatArray:
    """Tail dependence chi = P(X_j > x | X_i > x) where P(X > x) is `probability`.

    The joint exceedance is integrated down from rho = 1 with its derivative in rho (Genz 2004,
    Statistics and Computing 14, 251-260), rho = sin(theta):
    chi = 1 - 1/(2 pi p) int_{arcsin rho}^{pi/2} (1 + 2 x²/(df (1 + sin theta)))^(-df/2) dtheta,
    where the power becomes exp(-x²/(1 + sin theta)) for the Gaussian family.

    Parameters
    ----------
    copula : SpatialCopula
        Family and parameters.
    distance_km, probability : array_like
        Distances (km) and probabilities of exceedance of one event, in (0, 1); broadcast.

    Returns
    -------
    array of the broadcast shape, in (0, 1].
    """
    p, rho = np.broadcast_arrays(np.asarray(probability), correlation(copula, distance_km))
    degrees = copula.degrees_of_freedom
    level = stats.norm.isf(p) if degrees is None else stats.t.isf(p, degrees)
    point, weight = QUADRATURE
    low = np.arcsin(rho)[..., None]
    half = (np.pi / 2.0 - low) / 2.0
    squared = level[..., None] ** 2 / (1.0 + np.sin(low + half * (1.0 + point)))
    if degrees is None:
        density = np.exp(-squared)
    else:
        density = np.exp(-0.5 * degrees * np.log1p(2.0 * squared / degrees))
    lost = half[..., 0] * (density @ weight) / (2.0 * np.pi * p)
    return np.asarray(1.0 - lost)


def solve_copula(
    family: Family,
    targets: Sequence[ChiTarget],
    *,
    events_a_year: float,
    frequency: Frequency,
    tolerance: float,
) -> SolvedCopula:
    """Solve the parameters of a family from declared tail dependence by least squares on chi.

    Parameters
    ----------
    family : {"gaussian", "student_t"}
        Free parameters are range and exponent, and the degrees of freedom of `student_t`.
    targets : sequence of ChiTarget
        At two distances or more; for `student_t` at two return periods or more.
    events_a_year, frequency : float and Frequency
        Number of events a year for which the targets hold.
    tolerance : float
        Largest accepted misfit of chi.

    Raises
    ------
    CatalogueError
        If the targets do not fix the parameters, or a target is missed by more than `tolerance`.
    """
    _require_enough(family, targets)
    distance = np.array([t.distance_km for t in targets])
    wanted = np.array([t.chi for t in targets])
    p = event_probability(
        [t.return_period for t in targets], events_a_year=events_a_year, frequency=frequency
    )
    free = 2 if family == "gaussian" else 3

    def copula_of(point: FloatArray) -> SpatialCopula:
        degrees = float(np.exp(point[2])) if free == 3 else None
        return SpatialCopula(family, float(np.exp(point[0])), float(point[1]), degrees)

    fits = [
        optimize.least_squares(
            lambda point: chi(copula_of(point), distance, p) - wanted,
            start,
            bounds=(LOWEST[:free], HIGHEST[:free]),
        )
        for start in product(*STARTS[:free])
    ]
    copula = copula_of(min(fits, key=lambda fit: float(fit.cost)).x)
    attained = chi(copula, distance, p)
    _require_attained(family, targets, attained, tolerance)
    return SolvedCopula(copula, _table(copula, targets, p, attained))


def _require_enough(family: Family, targets: Sequence[ChiTarget]) -> None:
    distances = {t.distance_km for t in targets}
    periods = {t.return_period for t in targets}
    if len(distances) < 2 or (family == "student_t" and len(periods) < 2):
        raise CatalogueError(
            "the targets do not fix the parameters of the copula",
            where=family,
            found=f"distances {sorted(distances)}, return periods {sorted(periods)}",
            expected="two distances; for student_t two return periods as well",
            remedy="declare chi at more distances or return periods",
        )


def _require_attained(
    family: Family, targets: Sequence[ChiTarget], attained: FloatArray, tolerance: float
) -> None:
    misfit = np.abs(attained - [t.chi for t in targets])
    worst = int(misfit.argmax())
    if misfit[worst] > tolerance:
        target = targets[worst]
        raise CatalogueError(
            f"no {family} copula reaches the declared tail dependence",
            where=f"chi at {target.distance_km:g} km and {target.return_period:g} years",
            found=f"target {target.chi:g}, the closest copula gives {attained[worst]:.3f}",
            expected=f"within {tolerance:g}",
            remedy="change the target, the number of events a year or the family",
        )


def _table(
    copula: SpatialCopula, targets: Sequence[ChiTarget], p: FloatArray, attained: FloatArray
) -> xr.Dataset:
    rows = pd.DataFrame([asdict(t) for t in targets]).rename_axis("target")
    return stamp(
        xr.Dataset.from_dataframe(rows.assign(probability=p, attained=attained)),
        TARGETS,
        source="declared tail dependence of events",
        history="solve_copula",
        **{name: np.inf if value is None else value for name, value in asdict(copula).items()},
    )
