"""Responses: what an intensity costs or pays on one exposed unit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from riskmodel.core.errors import ResponseError
from riskmodel.core.status import Status

Quantity = Literal["loss", "benefit", "persons", "reached", "index"]
Combine = Literal["complement", "highest"]


@dataclass(frozen=True, slots=True)
class Response:
    """Mean outcome on one exposed unit as a function of one peril's intensity.

    Parameters
    ----------
    name : str
        Name with its curve family, for messages and tables.
    peril : str
        Peril whose intensity is read.
    intensity_unit : str
        Unit of `intensity`; must be the hazard layer's unit.
    intensity : tuple of float
        Rising knots.
    value : tuple of float
        Damage ratio (0 to 1), or amount, persons or days an exposed unit; never falling.
    interpolation : {"linear", "step"}
        Between knots: a line, or the value of the last knot reached (a step pays from its
        threshold on). Below the first knot the value is zero; above the last it is the last.
    source, status : str
        Where the numbers come from and how far to trust them.
    spread : tuple of float
        Standard deviation of the outcome on one exposed unit at each knot, unit of `value`;
        zeros where none is declared.
    valid_range : tuple of float
        Lowest and highest intensity for which the source holds, unit of `intensity`. A curve says
        nothing below (its value is zero there) and a line has knots up to the upper end; a
        contract may hold at any intensity (``math.inf``).

    Raises
    ------
    ResponseError
        If knots do not rise, values fall or are negative, there are fewer than two linear knots,
        a spread is negative, or the valid range is none of the curve's.
    """

    name: str
    peril: str
    intensity_unit: str
    intensity: tuple[float, ...]
    value: tuple[float, ...]
    interpolation: Literal["linear", "step"]
    source: str
    status: Status
    spread: tuple[float, ...]
    valid_range: tuple[float, float]

    def __post_init__(self) -> None:
        """Refuse curves that fall, are negative, have one point or hold NaN."""
        x, y = np.asarray(self.intensity, float), np.asarray(self.value, float)
        if x.shape != y.shape or x.size < (2 if self.interpolation == "linear" else 1):
            raise ResponseError(
                "knots and values do not match", where=self.name, found=(x.size, y.size),
                expected="as many values as knots: one of a step, two or more of a line",
                remedy="complete the curve",
            )  # fmt: skip
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise ResponseError(
                "a knot is not a number", where=self.name, found=(self.intensity, self.value),
                remedy="leave the knot out, or give its number",
            )  # fmt: skip
        if (np.diff(x) <= 0).any():
            raise ResponseError(
                "intensities do not rise", where=self.name, found=self.intensity,
                remedy="order the knots by intensity, each intensity once",
            )  # fmt: skip
        if (np.diff(y) < 0).any() or y[0] < 0:
            raise ResponseError(
                "values fall or are negative",
                where=self.name,
                found=self.value,
                remedy="a response never falls with intensity; correct the curve file",
            )
        self._check_spread()
        self._check_valid_range()

    def _check_spread(self) -> None:
        spread = np.asarray(self.spread, float)
        if spread.size != len(self.value) or not np.isfinite(spread).all() or (spread < 0).any():
            raise ResponseError(
                "the spread is no standard deviation at each knot",
                where=self.name,
                found=self.spread,
                expected=f"{len(self.value)} numbers >= 0",
                remedy="write zeros where none is known, and the reason beside them",
            )

    def _check_valid_range(self) -> None:
        low, high = self.valid_range
        starts = next((x for x, y in zip(self.intensity, self.value, strict=True) if y > 0), low)
        last = self.intensity[-1] if self.interpolation == "linear" else math.inf
        if not (low < high <= last and low <= starts):
            raise ResponseError(
                "the valid range is none of the curve's",
                where=self.name,
                found=self.valid_range,
                expected=f"rising, from at most {starts:g} to at most {last:g}",
                remedy="a curve is zero below what its source holds for, and has knots up to there",
            )

    def at(self, intensity: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Evaluate the response directly at some intensities."""
        return self._between_knots(intensity, self.value)

    def spread_at(self, intensity: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Evaluate the standard deviation of one unit's outcome, between knots as the mean is."""
        return self._between_knots(intensity, self.spread)

    def _between_knots(
        self, intensity: npt.ArrayLike, value: tuple[float, ...]
    ) -> npt.NDArray[np.float64]:
        x = np.asarray(intensity, dtype=np.float64)
        if self.interpolation == "linear":
            return np.interp(x, self.intensity, value, left=0.0)
        steps = np.concatenate([[0.0], value])
        return steps[np.searchsorted(self.intensity, x, side="right")]


@dataclass(frozen=True, slots=True)
class Item:
    """One exposure class with its responses, and the output column that its results join.

    Parameters
    ----------
    column : str
        Output column: a sector for losses, the cover's benefit for benefits.
    quantity : {"loss", "benefit", "persons", "reached", "index"}
        What the column counts; ``index`` is intensity times what is exposed, for areal indices.
    unit : str
        ``CNY``, ``person``, ``household`` or ``person-day``; ``cm`` times that of the class.
    exposure : str
        Exposure class that multiplies the response, for example ``residential_rc``.
    responses : mapping of str to Response
        One response for each peril that acts on the class.
    combine : {"complement", "highest"}
        Perils of one storm: 1 - Π(1 - d) for damage; the highest for a benefit paid once.
    unit_value : float
        What of the exposure class one unit holds, > 0: CNY of one dwelling or works where the class
        is a value, 1 where it counts persons or households. A cell has value / unit_value units,
        whose own deviations from the mean are independent.
    """

    column: str
    quantity: Quantity
    unit: str
    exposure: str
    responses: Mapping[str, Response]
    combine: Combine
    unit_value: float

    def __post_init__(self) -> None:
        """Refuse an unknown rule, no unit, ratios above one and spreads that no ratio can have."""
        if self.combine not in get_args(Combine) or self.quantity not in get_args(Quantity):
            raise ResponseError(
                "unknown rule", where=self.column, found=(self.combine, self.quantity),
                expected=(get_args(Combine), get_args(Quantity)), remedy="use one of each",
            )  # fmt: skip
        if not 0.0 < self.unit_value < math.inf:
            raise ResponseError(
                "no value of one unit", where=self.column, found=self.unit_value,
                expected="above 0", remedy="declare unit_value in data/curves/classes.yml",
            )  # fmt: skip
        for peril, response in self.responses.items():
            if response.peril != peril:
                raise ResponseError(
                    "response of another peril", where=self.column, found=response.peril
                )
            if self.combine == "complement":
                check_ratio(response)


def largest_spread(ratio: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Largest standard deviation of a ratio between 0 and 1 with some mean: sqrt(m (1 - m)).

    Reached when a unit loses all or nothing; between linear knots a linear spread stays below it.

    Examples
    --------
    >>> float(largest_spread(0.5))
    0.5
    """
    mean = np.asarray(ratio, dtype=np.float64)
    return np.sqrt(mean * (1.0 - mean))


def outside_range(response: Response) -> Response | None:
    """Return the part of a response that lies beyond what its source holds for.

    The response itself above its valid range, zero within; None when the range has no upper end.
    (Below its range a response is zero.) As a column of the same pass, its amount over the
    response's own is the share that rests on an extension of the curve. It starts a ten-thousandth
    above the end of the range, so that values capped at the end do not count.
    """
    high = response.valid_range[1]
    if math.isinf(high):
        return None
    above = high * (1.0 + 1e-4)
    inner = [x for x in response.intensity if x > above]
    last = inner[-1] if inner else 2.0 * above
    knots = (above, *(inner or [last]))
    return replace(
        response,
        name=f"{response.name}, outside its range",
        intensity=knots,
        value=tuple(response.at(knots).tolist()),
        spread=tuple(response.spread_at(knots).tolist()),
        valid_range=(0.0, last),
    )


def times_amount(response: Response, amount: float, name: str) -> Response:
    """Return the response with mean and spread times an amount, for example CNY a death."""
    return replace(
        response,
        name=name,
        value=tuple(amount * value for value in response.value),
        spread=tuple(amount * spread for spread in response.spread),
    )


def check_ratio(response: Response) -> None:
    """Refuse a response that is no ratio between 0 and 1, or varies more than such a ratio can.

    Raises
    ------
    ResponseError
        If a value is above 1, or a spread above sqrt(m (1 - m)).
    """
    if max(response.value) > 1.0:
        raise ResponseError(
            "damage ratio above 1",
            where=response.name,
            found=max(response.value),
            expected="0 to 1",
            remedy="divide the curve by what it is a share of, or lower the factor on it",
        )
    largest = largest_spread(response.value)
    if (np.asarray(response.spread) > largest * (1.0 + 1e-9)).any():
        raise ResponseError(
            "a spread that no ratio between 0 and 1 has",
            where=response.name,
            found=response.spread,
            expected=f"at most sqrt(m (1 - m)) = {np.round(largest, 4).tolist()}",
            remedy="check that the spread is a standard deviation of the same ratio",
        )
