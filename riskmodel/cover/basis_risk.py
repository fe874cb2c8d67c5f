"""Basis risk: how well an index cover pays when there is need, and only then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.stats import rankdata

from riskmodel.core.errors import SchemaError
from riskmodel.cover.balance import SMALLEST_NEED
from riskmodel.cover.ledger import BENEFITS, DIRECT_LOSS
from riskmodel.cover.owners import OWNERS
from riskmodel.cover.terms import FloatArray, IntArray
from riskmodel.exceedance.metrics import annual_maximum, value_at_risk

PUBLIC_BODY = "public_body"
NEEDS = ("county", "relief", "direct_loss")
"""What an index payout can be set against, the headline first; see `needs`."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Need and payment of the same occurrences, for one group or for several.

    Parameters
    ----------
    need : array (occurrence, group)
        CNY ≥ 0.
    paid : array (draw, occurrence, group)
        CNY ≥ 0, for each draw of what is measured.
    full : array (group,)
        Most that an occurrence pays the group, CNY.
    year : array (occurrence,)
        Simulated year, 0 … years - 1.
    years : int
        Simulated years.

    Raises
    ------
    SchemaError
        If shapes differ, or an amount is negative or not a number.
    """

    need: FloatArray
    paid: FloatArray
    full: FloatArray
    year: IntArray
    years: int

    def __post_init__(self) -> None:
        """Refuse arrays that do not belong together."""
        shapes = (self.need.shape, self.paid.shape[1:], (self.year.size, self.full.size))
        if len(set(shapes)) != 1:
            raise SchemaError("need and payments differ in shape", where="Pairs", found=shapes)
        for name in ("need", "paid", "full"):
            if not (getattr(self, name) >= 0.0).all():
                raise SchemaError("negative or missing amounts", where=f"Pairs.{name}")

    def of_years(self, first: int, count: int) -> Pairs:
        """Only the occurrences of some years, which are then all that were simulated."""
        own = (self.year >= first) & (self.year < first + count)
        return Pairs(self.need[own], self.paid[:, own], self.full, self.year[own] - first, count)

    @property
    def target(self) -> FloatArray:
        """What an exact cover of the same size would pay: min(need, full)."""
        return np.minimum(self.need, self.full)


def all_together(pairs: Pairs) -> Pairs:
    """Return the sums over groups as one group."""
    return Pairs(
        pairs.need.sum(axis=1, keepdims=True),
        pairs.paid.sum(axis=2, keepdims=True),
        pairs.full.sum(keepdims=True),
        pairs.year,
        pairs.years,
    )


def needs(ledger: xr.Dataset, payouts: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return what an index payout can be set against, by name: arrays (occurrence, zone), CNY.

    ``relief``: need of the benefits account less what covers by benefit table pay of it, and what
    owners pay of claims, as the ledger does. ``county``: relief, and what public bodies bear of
    their own direct loss: what a county government must find. ``direct_loss``: the whole direct
    loss, whoever bears it.

    Parameters
    ----------
    ledger : Dataset
        From `build_ledger`, with or without reinsurers.
    payouts : Dataset
        From `pay`: says which covers pay by benefit table.
    """
    tables = payouts["cover"].to_numpy()[payouts["kind"].to_numpy() == "benefits"]
    account, cover = ledger["line_account"].to_numpy(), ledger["cover"].to_numpy()
    owners = np.isin(ledger["payer"].to_numpy(), OWNERS)
    met = (account == BENEFITS) & (owners | np.isin(cover, tables))
    own = (account == DIRECT_LOSS) & (ledger["payer"].to_numpy() == PUBLIC_BODY)
    amount = ledger["amount"]
    paid = amount.isel(line=np.flatnonzero(met)).sum("line")
    relief = (ledger["need"].sel(account=BENEFITS) - paid).clip(min=0.0)
    public = amount.isel(line=np.flatnonzero(own)).sum("line")
    found = {
        "county": relief + public,
        "relief": relief,
        "direct_loss": ledger["need"].sel(account=DIRECT_LOSS),
    }
    return {name: found[name].drop_vars("account").transpose(..., "zone") for name in NEEDS}


def need_levels(pairs: Pairs, return_period: float) -> FloatArray:
    """Largest need of a year that is reached once in T years, by group (CNY).

    At least one fen, so that an occurrence without need is never above the level.
    """
    levels = [
        value_at_risk(annual_maximum(pairs.year, one, pairs.years), return_period)
        for one in pairs.need.T
    ]
    return np.maximum(levels, SMALLEST_NEED)


def no_payment(pairs: Pairs, level: FloatArray | float) -> float:
    """Probability of no payment given that the need is at or above a level: P(P = 0 | L ≥ x).

    Over all occurrences, groups and draws with such a need; NaN where there is none.

    Parameters
    ----------
    level : float or array (group,)
        CNY.
    """
    reached = pairs.need >= level
    return _share(float((pairs.paid[:, reached] < SMALLEST_NEED).sum()),
                  reached.sum() * pairs.paid.shape[0])  # fmt: skip


def shortfall(pairs: Pairs, level: FloatArray | float) -> float:
    """Share of the target that is not paid when the need is at or above a level.

    Σ max(min(need, full) - paid, 0) / Σ min(need, full), over occurrences, groups and draws with
    need ≥ level: an exact cover of the same size has 0. NaN where there is no such need.
    """
    reached = pairs.need >= level
    target = np.broadcast_to(pairs.target, pairs.paid.shape)[:, reached]
    return _share(float(np.maximum(target - pairs.paid[:, reached], 0.0).sum()), target.sum())


def false_payment(pairs: Pairs) -> float:
    """Share of payments that meet no need at all: P(L = 0 | P > 0); NaN without payments."""
    paying = pairs.paid >= SMALLEST_NEED
    nothing = np.broadcast_to(pairs.need < SMALLEST_NEED, paying.shape)
    return _share(float((paying & nothing).sum()), paying.sum())


def overpayment(pairs: Pairs) -> float:
    """Share of the money paid that exceeds the need of its occurrence and group."""
    above = np.maximum(pairs.paid - pairs.need, 0.0)
    return _share(float(above.sum()), pairs.paid.sum())


def correlations(pairs: Pairs) -> tuple[float, float]:
    """Pearson and Spearman correlation of need and payment, over occurrences with either.

    Spearman is Pearson of average ranks. NaN where need or payment does not vary.
    """
    need = np.broadcast_to(pairs.need, pairs.paid.shape)
    either = (need >= SMALLEST_NEED) | (pairs.paid >= SMALLEST_NEED)
    x, y = need[either], pairs.paid[either]
    return _pearson(x, y), _pearson(rankdata(x), rankdata(y))


def rmse(pairs: Pairs) -> float:
    """Root mean square of payment less target, CNY, over occurrences with need or payment."""
    need = np.broadcast_to(pairs.need, pairs.paid.shape)
    either = (need >= SMALLEST_NEED) | (pairs.paid >= SMALLEST_NEED)
    error = (pairs.paid - pairs.target)[either]
    return float(np.sqrt(np.mean(error**2))) if error.size else float("nan")


def basis_figures(pairs: Pairs, return_periods: Sequence[float]) -> Mapping[str, float]:
    """All figures of one cover under their short names; those that are not defined left out.

    Parameters
    ----------
    pairs : Pairs
    return_periods : sequence of float
        Years, of the need that is the condition of ``no_payment.T`` and ``shortfall.T``.

    Returns
    -------
    dict of str to float
        ``no_payment.T``, ``shortfall.T``, ``false_payment``, ``overpayment``, ``pearson``,
        ``spearman`` (fractions); ``rmse``, ``mean_payout`` and ``mean_need`` (CNY, the last two a
        year).
    """
    pearson, spearman = correlations(pairs)
    figures = {
        "false_payment": false_payment(pairs),
        "overpayment": overpayment(pairs),
        "pearson": pearson,
        "spearman": spearman,
        "rmse": rmse(pairs),
        "mean_payout": float(pairs.paid.sum()) / pairs.paid.shape[0] / pairs.years,
        "mean_need": float(pairs.need.sum()) / pairs.years,
    }
    return {
        name: value
        for name, value in (tail_figures(pairs, return_periods) | figures).items()
        if np.isfinite(value)
    }


def tail_figures(pairs: Pairs, return_periods: Sequence[float]) -> dict[str, float]:
    """Probability of no payment and shortfall when the need reaches each of its T-year levels."""
    levels = {t: need_levels(pairs, t) for t in return_periods}
    return {f"no_payment.{t:g}": no_payment(pairs, level) for t, level in levels.items()} | {
        f"shortfall.{t:g}": shortfall(pairs, level) for t, level in levels.items()
    }


def _share(part: float, whole: float) -> float:
    return part / float(whole) if whole > 0 else float("nan")


def _pearson(x: FloatArray, y: FloatArray) -> float:
    if x.size < 2 or np.ptp(x) == 0.0 or np.ptp(y) == 0.0:
        return float("nan")
    return float(np.corrcoef(x, y)[0, 1])
