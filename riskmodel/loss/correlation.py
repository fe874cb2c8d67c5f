"""How much of one unit's deviation from the mean damage it shares with others, by level."""

from __future__ import annotations

from dataclasses import dataclass

from riskmodel.core.errors import ParamError


@dataclass(frozen=True, slots=True)
class Correlation:
    """Shares of the variance of one unit's damage, given the event and its intensity there.

    d - m = s (√event E + √zone Z + √cell C + √own U), each letter with mean 0 and variance 1: one
    draw an occurrence, an (occurrence, zone), an (occurrence, cell, class), a unit. Sectors of a
    zone share E and Z.

    Parameters
    ----------
    event, zone, cell : float
        Shares, each >= 0, with a sum of at most 1; the rest is the unit's own.

    Raises
    ------
    ParamError
        If a share is negative or not finite, or they sum to more than 1.

    Examples
    --------
    >>> round(Correlation(event=0.1, zone=0.2, cell=0.3).own, 12)
    0.4
    """

    event: float
    zone: float
    cell: float

    def __post_init__(self) -> None:
        shares = (self.event, self.zone, self.cell)
        if not (min(shares) >= 0.0 and sum(shares) <= 1.0 + 1e-12):
            raise ParamError(
                "shares of variance that are no shares",
                where="loss.correlation",
                found={"event": self.event, "zone": self.zone, "cell": self.cell},
                expected="each >= 0, their sum at most 1",
                remedy="what is left to 1 is the unit's own",
            )

    @property
    def own(self) -> float:
        """Share that each unit has for itself."""
        return max(0.0, 1.0 - self.event - self.zone - self.cell)
