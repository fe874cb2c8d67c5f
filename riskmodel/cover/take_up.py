"""Take-up by zone: a share, or one with its low and high value, for some zones or all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import PlainValidator

from riskmodel.core.errors import ParamError, TermsError
from riskmodel.cover.fields import FloatArray, share_of, zone_code_of

Bound = Literal["low", "high"]
BOUNDS: tuple[Bound, Bound] = ("low", "high")
DEFAULT = "default"
RANGE = ("low", "mid", "high")


@dataclass(frozen=True, slots=True)
class ByZone:
    """A share that differs by zone, and how far it may be off.

    Parameters
    ----------
    default : float
        Share (0 to 1) of every zone that is not named.
    zones : mapping of str to float
        Share of the named zones.
    low, high : mapping of str to float
        Lowest and highest share of what is uncertain, by zone code or ``default``; what they do
        not hold is taken as known.
    """

    default: float
    zones: Mapping[str, float] = field(default_factory=dict)
    low: Mapping[str, float] = field(default_factory=dict)
    high: Mapping[str, float] = field(default_factory=dict)

    def at(self, zones: Sequence[str]) -> FloatArray:
        """Shares of some zones, in their order."""
        return np.array([self.zones.get(zone, self.default) for zone in zones], dtype=np.float64)

    def bound(self, which: Bound) -> ByZone:
        """Return the shares with everything uncertain at its low or high value.

        Examples
        --------
        >>> ByZone(0.3, {"330302": 0.1}, low={"default": 0.2}).bound("low")
        ByZone(default=0.2, zones={'330302': 0.1}, low={}, high={})
        """
        other = self.low if which == "low" else self.high
        zones = {zone: other.get(zone, share) for zone, share in self.zones.items()}
        return ByZone(other.get(DEFAULT, self.default), zones)


def _low_mid_high(value: Any) -> tuple[float, float, float]:
    if not isinstance(value, Mapping):
        share = share_of(value)
        return share, share, share
    if set(value) != set(RANGE):
        raise ParamError(
            "not a share with its range", found=sorted(map(str, value)), expected=", ".join(RANGE)
        )
    shares = []
    for key in RANGE:
        try:
            shares.append(share_of(value[key]))
        except (ParamError, TermsError) as error:
            raise _at(key, error) from error
    low, mid, high = shares
    if not low <= mid <= high:
        raise TermsError("low, mid and high do not rise", found=dict(value))
    return low, mid, high


def _at(key: str, error: ParamError | TermsError) -> ParamError | TermsError:
    """Put a key before the place of an error."""
    where = f"{key}.{error.where}" if error.where else key
    return type(error)(error.what, where=where, found=error.found, expected=error.expected)


def _by_zone(value: Any) -> ByZone:
    if isinstance(value, ByZone):
        return value
    if not isinstance(value, Mapping) or set(value) <= set(RANGE):
        value = {DEFAULT: value}
    if DEFAULT not in value:
        raise ParamError("a key is missing", found=sorted(map(str, value)), expected=DEFAULT)
    found: dict[str, tuple[float, float, float]] = {}
    for zone, share in value.items():
        key = zone if zone == DEFAULT else zone_code_of(zone)
        try:
            found[key] = _low_mid_high(share)
        except (ParamError, TermsError) as error:
            raise _at(key, error) from error
    uncertain = {key: each for key, each in found.items() if each[0] < each[2]}
    mid = {key: each[1] for key, each in found.items()}
    return ByZone(
        mid.pop(DEFAULT),
        mid,
        low={key: each[0] for key, each in uncertain.items()},
        high={key: each[2] for key, each in uncertain.items()},
    )


ShareByZone = Annotated[ByZone, PlainValidator(_by_zone)]
"""One share or a mapping of `default` and zone codes; each may be a `low`, `mid` and `high`."""
