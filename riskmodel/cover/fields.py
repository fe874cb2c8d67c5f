"""Fields of a programme file: money with its unit, limits, shares and zones."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainValidator, model_validator

from riskmodel.core.errors import ParamError, TermsError, UnitsError
from riskmodel.core.money import parse_amount

FloatArray = npt.NDArray[np.float64]

PremiumPayer = Literal["province", "city", "county", "household", "farm", "enterprise"]

UNLIMITED = "unlimited"
_ZONE_CODE = re.compile(r"^[0-9]{6}$")


class Frozen(BaseModel):
    """Base of all models of a programme file: cannot be changed, and knows each of its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, content: Any) -> Any:
        """Name the unknown key and the permitted ones."""
        if isinstance(content, Mapping):
            known = [f.alias or name for name, f in cls.model_fields.items()]
            for key in content:
                if key not in known:
                    raise ParamError("an unknown key", found=key, expected=" or ".join(known))
        return content


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ParamError("not a number", found=value, expected="a finite number")
    return float(value)


def _share(value: Any) -> float:
    share = _number(value)
    if not 0.0 <= share <= 1.0:
        raise TermsError("a share outside its range", found=value, expected="0 to 1 (0.2, not 20)")
    return share


def _money(value: Any) -> float:
    if str(value).lstrip().startswith("-"):
        raise TermsError("a negative amount", found=value, expected="0 元 or more")
    return parse_amount(value, where="")


def _limit(value: Any) -> float:
    if value == UNLIMITED:
        return math.inf
    amount = _money(value)
    if amount == 0.0:
        raise TermsError(
            "a limit of 0 pays nothing",
            found=value,
            expected=f"an amount above 0, or {UNLIMITED}",
            remedy=f"write `{UNLIMITED}` if there is no limit, or leave the cover out",
        )
    return amount


def zone_code_of(value: Any) -> str:
    """Read a zone code.

    Raises
    ------
    ParamError
        If it is not a text of six digits.
    """
    if not isinstance(value, str) or _ZONE_CODE.match(value) is None:
        raise ParamError(
            "not a zone code", found=value, expected="six digits of GB/T 2260 in quotes, or default"
        )
    return value


@dataclass(frozen=True, slots=True)
class ByZone:
    """A share that differs by zone.

    Parameters
    ----------
    default : float
        Share (0 to 1) of every zone that is not named.
    zones : mapping of str to float
        Share of the named zones.
    """

    default: float
    zones: Mapping[str, float] = field(default_factory=dict)

    def at(self, zones: Sequence[str]) -> FloatArray:
        """Shares of some zones, in their order."""
        return np.array([self.zones.get(zone, self.default) for zone in zones], dtype=np.float64)


def _by_zone(value: Any) -> ByZone:
    if isinstance(value, ByZone):
        return value
    if not isinstance(value, Mapping):
        return ByZone(_share(value))
    if "default" not in value:
        raise ParamError("a key is missing", found=sorted(map(str, value)), expected="default")
    shares: dict[str, float] = {}
    for zone, share in value.items():
        key = zone if zone == "default" else zone_code_of(zone)
        try:
            shares[key] = _share(share)
        except (ParamError, TermsError) as error:
            raise type(error)(
                error.what, where=key, found=error.found, expected=error.expected
            ) from error
    return ByZone(shares.pop("default"), shares)


def _currency(value: Any) -> str:
    if value != "CNY":
        raise UnitsError("another currency", found=value, expected="CNY")
    return "CNY"


Number = Annotated[float, BeforeValidator(_number)]
"""A finite number (true and false are none)."""
Share = Annotated[float, BeforeValidator(_share)]
"""A fraction, 0 to 1."""
Money = Annotated[float, BeforeValidator(_money)]
"""Yuan, ≥ 0, from text with its unit written."""
Limit = Annotated[float, BeforeValidator(_limit)]
"""Yuan, > 0, or infinite for `unlimited`."""
ZoneCode = Annotated[str, BeforeValidator(zone_code_of)]
"""Six digits of GB/T 2260."""
ShareByZone = Annotated[ByZone, PlainValidator(_by_zone)]
"""One share, or a mapping of `default` and zone codes to shares."""
Currency = Annotated[str, BeforeValidator(_currency)]
"""CNY; others are refused, never converted."""


def check_sums_to_one(shares: Mapping[Any, float], what: str) -> None:
    """Refuse shares that do not sum to one.

    Raises
    ------
    TermsError
        Naming the shares and their sum.
    """
    if not math.isclose(sum(shares.values()), 1.0, abs_tol=1e-9):
        raise TermsError(
            f"{what} do not sum to 1",
            found=dict(shares),
            expected=f"1, not {sum(shares.values()):g}",
        )
