"""Premium principles: what the risk of a year of losses is worth, before expenses.

Each principle takes the annual losses of equally likely simulated years and is exact on that
discrete distribution; nothing is fitted. Results are in the money of the losses and at least
their mean for loads ≥ 0.
"""

from __future__ import annotations

from typing import Annotated, Literal, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field
from scipy.special import ndtr, ndtri

from riskmodel.core.errors import TermsError

FloatArray = npt.NDArray[np.float64]


class PremiumPrinciple(Protocol):
    """A rule that turns annual losses (years,) into a premium before expenses."""

    @property
    def name(self) -> str:
        """Name in tables and results."""

    def premium(self, annual: npt.ArrayLike) -> float:
        """Pure premium and risk load together, CNY."""


class _Principle(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ExpectedValue(_Principle):
    """(1 + θ) E[X].

    Parameters
    ----------
    theta : float
        Load on the mean, ≥ 0.
    """

    kind: Literal["expected_value"] = "expected_value"
    theta: float = Field(ge=0.0)

    @property
    def name(self) -> str:
        """Name in tables and results."""
        return self.kind

    def premium(self, annual: npt.ArrayLike) -> float:
        """Pure premium and risk load together, CNY."""
        return float((1.0 + self.theta) * checked(annual).mean())


class StandardDeviation(_Principle):
    """E[X] + λ sd[X], the standard deviation of the simulated years themselves (divisor n).

    Parameters
    ----------
    multiple : float
        λ ≥ 0; 0.2 to 0.5 for catastrophe covers.
    """

    kind: Literal["standard_deviation"] = "standard_deviation"
    multiple: float = Field(ge=0.0)

    @property
    def name(self) -> str:
        """Name in tables and results."""
        return self.kind

    def premium(self, annual: npt.ArrayLike) -> float:
        """Pure premium and risk load together, CNY."""
        losses = checked(annual)
        return float(losses.mean() + self.multiple * losses.std())


class Wang(_Principle):
    """Wang transform ∫ Φ(Φ⁻¹(S(x)) + λ) dx (Wang 2000, Journal of Risk and Insurance 67).

    On n equally likely years sorted downwards the k-th largest weighs g(k/n) - g((k-1)/n).

    Parameters
    ----------
    shift : float
        λ ≥ 0; 0.2 to 0.5 for catastrophe covers.
    """

    kind: Literal["wang"] = "wang"
    shift: float = Field(ge=0.0)

    @property
    def name(self) -> str:
        """Name in tables and results."""
        return self.kind

    def premium(self, annual: npt.ArrayLike) -> float:
        """Pure premium and risk load together, CNY."""
        losses = np.sort(checked(annual))[::-1]
        survival = np.arange(losses.size + 1) / losses.size
        return float(np.diff(ndtr(ndtri(survival) + self.shift)) @ losses)


class TvarCostOfCapital(_Principle):
    """E[X] + r (TVaR_p[X] - E[X]): the return asked on capital held to the tail mean.

    Parameters
    ----------
    level : float
        p, 0 < p < 1; 0.99 to 0.995 is usual.
    cost : float
        r ≥ 0, return on capital a year; 0.06 to 0.12 is usual.
    """

    kind: Literal["tvar_cost_of_capital"] = "tvar_cost_of_capital"
    level: float = Field(gt=0.0, lt=1.0)
    cost: float = Field(ge=0.0)

    @property
    def name(self) -> str:
        """Name in tables and results."""
        return self.kind

    def premium(self, annual: npt.ArrayLike) -> float:
        """Pure premium and risk load together, CNY."""
        losses = checked(annual)
        mean = losses.mean()
        return float(mean + self.cost * (tail_mean(losses, self.level) - mean))


Principle = Annotated[
    ExpectedValue | StandardDeviation | Wang | TvarCostOfCapital, Field(discriminator="kind")
]
"""Any principle in a params file, told apart by `kind`."""


def checked(annual: npt.ArrayLike) -> FloatArray:
    """Annual losses as an array.

    Raises
    ------
    TermsError
        If there is no year, or a loss is negative or not a number.
    """
    losses = np.asarray(annual, dtype=np.float64)
    if losses.ndim != 1 or losses.size == 0:
        raise TermsError(
            "annual losses of simulated years are needed",
            found=losses.shape,
            expected="one loss for each year, (years,)",
        )
    if not (np.isfinite(losses) & (losses >= 0.0)).all():
        raise TermsError("annual losses are negative or not numbers", expected="CNY ≥ 0")
    return losses


def tail_mean(annual: npt.ArrayLike, level: float) -> float:
    """Mean of the worst share 1 - `level` of years; the last year enters by its fraction.

    Formula: Acerbi & Tasche 2002 (Journal of Banking & Finance 26), exact on discrete outcomes.

    Raises
    ------
    TermsError
        If the share is less than one simulated year.
    """
    losses = np.sort(checked(annual))[::-1]
    tail = losses.size * (1.0 - level)
    if tail < 1.0 - 1e-9:
        raise TermsError(
            "too few years for the level of the tail mean",
            found=(losses.size, level),
            expected=f"at least {int(np.ceil(1.0 / (1.0 - level) - 1e-9))} years",
        )
    weights = np.clip(tail - np.arange(losses.size), 0.0, 1.0)
    return float(weights @ losses / weights.sum())
