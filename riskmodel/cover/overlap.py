"""Which covers may pay for one loss, and how they are coordinated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from riskmodel.core.errors import ParamError, TermsError
from riskmodel.cover.covers import Cover, IndemnityCover, ParametricCover
from riskmodel.cover.owners import OWNER_OF_SECTOR

Coordination = Literal["primary", "excess", "contribution", "none"]
"""How a benefit for a direct loss and an indemnity cover share the loss of one owner.

``primary``
    The benefit pays first; indemnity covers pay for the loss that it leaves.
``excess``
    Indemnity covers pay first; the benefit pays for the loss that they leave.
``contribution``
    Each pays as if alone, after all its limits; where the sum is above the loss, both are cut in
    proportion. What is cut does not make room in a limit again.
``none``
    Each pays as if alone; what is above the loss is booked as overpayment.

Under the first three no owner recovers more than the loss.
"""
UNCOORDINATED = "none"


def check_overlap(covers: Sequence[Cover], coordination: Coordination) -> None:
    """Refuse top-ups without a cover below, and covers that cannot be coordinated.

    Raises
    ------
    ParamError, TermsError
        Naming the cover and key.
    """
    before: dict[str, IndemnityCover] = {}
    for cover in covers:
        where = f"cover {cover.cover}"
        if isinstance(cover, ParametricCover) and cover.waiting_period is not None:
            if cover.waiting_period.new_policies < 1.0:
                raise TermsError(
                    "an index cover is one policy, new or not",
                    where=f"{where}: waiting_period.new_policies",
                    found=cover.waiting_period.new_policies,
                    expected="1, or no waiting_period",
                )
        if not isinstance(cover, IndemnityCover):
            continue
        if cover.top_up_of is None:
            _check_owner(cover, coordination, where)
            before[cover.cover] = cover
        else:
            _check_top_up(cover, cover.top_up_of, before, where)


def _check_owner(cover: IndemnityCover, coordination: Coordination, where: str) -> None:
    owners = sorted({OWNER_OF_SECTOR[sector] for sector in cover.take_up})
    if coordination != UNCOORDINATED and len(owners) > 1:
        raise TermsError(
            "a coordinated cover insures sectors of one owner",
            where=f"{where}: take_up",
            found=owners,
            expected="sectors of one owner",
            remedy="divide the cover by owner, or write coordination: none",
        )


def _check_top_up(
    cover: IndemnityCover, below: str, before: Mapping[str, IndemnityCover], where: str
) -> None:
    if below not in before:
        raise ParamError(
            "no such cover to top up",
            where=f"{where}: top_up_of",
            found=below,
            expected="an indemnity cover before it, itself no top-up: " + ", ".join(before),
        )
    if missing := sorted(set(cover.take_up) - set(before[below].take_up)):
        raise TermsError(
            "a sector that the cover below does not insure",
            where=f"{where}: take_up",
            found=missing,
            expected=sorted(before[below].take_up),
        )
