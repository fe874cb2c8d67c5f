"""A catastrophe reserve that is carried over the years: its terms, as data."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from riskmodel.core.errors import TermsError
from riskmodel.core.status import Status
from riskmodel.cover.contract import NEW_YEAR, MonthDay
from riskmodel.cover.fields import Frozen, Limit, Money, Number, Share, check_names


class Contribution(Frozen):
    """What is set aside each year.

    Parameters
    ----------
    of : {"premium", "surplus"}
        ``premium``: share × premium, at the beginning of the year. ``surplus``: share of what the
        premium exceeds the year's payments by, net of treaties and of the reserve, at its end.
    share : float
        Part set aside, 0 to 1.
    premium : amount
        Paid a year for the covers of the reserve.
    """

    of: Literal["premium", "surplus"]
    share: Share
    premium: Money


class Drawdown(Frozen):
    """What the reserve refunds of the payments of its covers, net of treaties.

    Parameters
    ----------
    above : amount
        What stays with the insurers first.
    of : {"year", "occurrence"}
        Whether `above` is compared to a year's payments together, in date order, or to those of
        each occurrence.
    """

    above: Money
    of: Literal["year", "occurrence"]


class Reserve(Frozen):
    """A reserve that pays what its covers have paid above an amount, after the treaties.

    Order of a year: interest on the balance brought forward → contribution of the premium → what
    exceeds the cap is given back → refunds in date order, none above the balance → contribution
    of the surplus → cap again → carried over to the next year.

    Parameters
    ----------
    reserve : str
        Identifier.
    covers : sequence of str
        Covers whose payments it refunds, in proportion to what each pays net of treaties.
    opening_balance : amount
        With which every sequence of years begins.
    contribution : Contribution
        What is set aside each year.
    interest : float
        Of the balance brought forward, a year (0.02 is 2 %).
    cap : amount or ``unlimited``
        Most that it holds after a contribution.
    drawdown : Drawdown
        What it refunds.
    policy_year_start : str
        ``MM-DD``, the first day of its years, as of the contracts of its covers.
    horizon : int
        Years of a sequence. Simulated years are exchangeable, not a sequence: the years of each
        block are read in stored order, and every `horizon` years the reserve begins anew with
        its opening balance.

    Raises
    ------
    TermsError
        If it can never hold anything, or begins above its cap.

    Notes
    -----
    Ningbo set aside a fifth of its budget of 2021-2023 (3,280 of 4,100 万元 were premium) and
    refunded claims above the premium up to what had come together; the contract of 2024-2026
    began with 5 million yuan. In 2014 the surplus after costs and a set profit went into the
    reserve whole. Sources: data/SOURCES.md.
    """

    reserve: str = Field(pattern="^[a-z][a-z0-9_]*$")
    name: str
    name_zh: str
    covers: tuple[str, ...] = Field(min_length=1)
    opening_balance: Money
    contribution: Contribution
    interest: Number = Field(ge=0.0, lt=1.0)
    cap: Limit
    drawdown: Drawdown
    policy_year_start: MonthDay = NEW_YEAR
    horizon: int = Field(ge=1, le=1000)
    modelled_on: str
    source: str
    status: Status

    @model_validator(mode="after")
    def _check_balance(self) -> Self:
        check_names(self.covers, "covers")
        if self.opening_balance == 0.0 and self.contribution.share * self.contribution.premium == 0:
            raise TermsError(
                "a reserve that begins empty and to which nothing is contributed",
                where="contribution",
                found=self.contribution.model_dump(),
                expected="a share and a premium above 0, or an opening balance",
            )
        if self.opening_balance > self.cap:
            raise TermsError(
                "the opening balance is above the cap",
                where="opening_balance",
                found=self.opening_balance,
                expected=f"at most {self.cap:g} CNY",
            )
        return self
