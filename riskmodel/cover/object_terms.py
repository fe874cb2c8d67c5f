"""Terms of the single object: what a cover pays a dwelling or works, on average over the objects.

How objects of one place differ is taken as Beta-distributed, with the mean and spread of the damage
curve. Perils of one storm are not added: the peril that is paid most counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Self

import numpy as np
from pydantic import Field, model_validator
from scipy import special

from riskmodel.core.errors import TermsError
from riskmodel.core.vocabulary import Peril
from riskmodel.cover.fields import FloatArray, Frozen, Limit, Money
from riskmodel.loss.response import Response

LEVELS = (np.arange(400) + 0.5) / 400  # equally likely objects
NARROW = 1e-6  # spread below which objects are alike
KNOTS = 48  # of a response, which may have more; payments are smoother than damage
Payment = Callable[[FloatArray], FloatArray]


class ObjectTerms(Frozen):
    """Terms of each insured object, before those of the zone, the event and the year.

    Parameters
    ----------
    perils : sequence of str
        Perils that are insured.
    deductible : amount
        Yuan of each object's loss that its owner bears first.
    franchise : amount
        A loss of an object below it is not paid at all; one above it is, less the deductible.
    limit : amount or ``unlimited``
        Most that an object is paid for one occurrence.
    """

    perils: tuple[Peril, ...] = Field(min_length=1)
    deductible: Money
    franchise: Money
    limit: Limit

    @model_validator(mode="after")
    def _check_terms(self) -> Self:
        if 0.0 < self.franchise <= self.deductible:
            raise TermsError(
                "a franchise within the deductible changes nothing",
                where="franchise",
                found={"franchise": self.franchise, "deductible": self.deductible},
                expected="0 元, or an amount above the deductible",
            )
        return self

    def pays(self, loss: FloatArray) -> FloatArray:
        """Pay for losses of single objects, CNY."""
        paid = np.minimum(np.maximum(loss - self.deductible, 0.0), self.limit)
        return np.where(loss >= self.franchise, paid, 0.0)


def damage_quantiles(mean: FloatArray, spread: FloatArray) -> FloatArray:
    """Equally likely damage ratios (knot, object) of Beta laws with these moments.

    Without spread every object has the mean; at the largest spread, sqrt(m (1 - m)), an object
    loses all or nothing.
    """
    largest = mean * (1.0 - mean)
    spread = np.where(spread < NARROW, 0.0, spread)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = largest / spread**2 - 1.0
    proper = np.isfinite(size) & (size > 0.0)
    a = np.where(proper, mean * size, 1.0)[:, None]
    b = np.where(proper, (1.0 - mean) * size, 1.0)[:, None]
    quantiles: FloatArray = special.betaincinv(a, b, LEVELS)
    nothing = np.where(LEVELS > 1.0 - mean[:, None], 1.0, 0.0)
    flat = np.broadcast_to(mean[:, None], quantiles.shape)
    bound = np.where((spread > 0.0)[:, None], nothing, flat)
    return np.where(proper[:, None], quantiles, bound)


def paid_response(
    response: Response, pays: Payment, *, unit_value: float, reached: float, name: str
) -> Response:
    """Mean payment for each yuan of value, from a damage response.

    Parameters
    ----------
    response : Response
        Mean and spread of the damage ratio over the value of a place.
    pays : callable
        Payment for the loss of one object, both CNY.
    unit_value : float
        Value of one object, CNY.
    reached : float
        Share of the objects that the peril can reach, such as dwellings on the ground floor; the
        damage of the place is theirs alone.
    name : str
        Of the new response.
    """
    count = len(response.value)
    kept = np.unique(np.linspace(0, count - 1, min(count, KNOTS)).round().astype(int))
    mean = np.minimum(np.asarray(response.value)[kept] / reached, 1.0)
    spread = np.asarray(response.spread)[kept] / reached
    ratios = _quantiles(tuple(mean.tolist()), tuple(spread.tolist()))
    paid = pays(ratios * unit_value).mean(axis=1)
    # a wider spread at less damage can pay a hair more; a response never falls
    value = np.maximum.accumulate(reached * paid / unit_value)
    none = (0.0,) * value.size
    return replace(
        response,
        name=name,
        intensity=tuple(np.asarray(response.intensity)[kept].tolist()),
        value=tuple(value.tolist()),
        spread=none,
    )


@lru_cache(maxsize=256)
def _quantiles(mean: tuple[float, ...], spread: tuple[float, ...]) -> FloatArray:
    """Keep what several covers of one class read."""
    return damage_quantiles(np.array(mean), np.array(spread))
