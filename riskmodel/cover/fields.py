"""Fields of a programme file: money with its unit, limits, shares and zones."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

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


def share_of(value: Any) -> float:
    """Read a share.

    Raises
    ------
    ParamError, TermsError
        If it is not a number, or not between 0 and 1.
    """
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


def _currency(value: Any) -> str:
    if value != "CNY":
        raise UnitsError("another currency", found=value, expected="CNY")
    return "CNY"


Number = Annotated[float, BeforeValidator(_number)]
"""A finite number (true and false are none)."""
Share = Annotated[float, BeforeValidator(share_of)]
"""A fraction, 0 to 1."""
Money = Annotated[float, BeforeValidator(_money)]
"""Yuan, ≥ 0, from text with its unit written."""
Limit = Annotated[float, BeforeValidator(_limit)]
"""Yuan, > 0, or infinite for `unlimited`."""
ZoneCode = Annotated[str, BeforeValidator(zone_code_of)]
"""Six digits of GB/T 2260."""
Currency = Annotated[str, BeforeValidator(_currency)]
"""CNY; others are refused, never converted."""


def check_names(names: Sequence[str], where: str) -> None:
    """Refuse a list that is empty or names something twice.

    Raises
    ------
    TermsError
        Naming the list.
    """
    if not names or len(set(names)) < len(names):
        what = "a name is written twice" if names else "an empty list"
        raise TermsError(what, where=where, found=list(names), expected="each name once")


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
