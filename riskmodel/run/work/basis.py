"""Quality of the index covers, for question 4: do they pay when there is need, and only then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from tqdm import tqdm

from riskmodel.core.messages import Language, message
from riskmodel.cover.basis_risk import (
    NEEDS,
    Pairs,
    all_together,
    basis_figures,
    needs,
    overpayment,
    tail_figures,
)
from riskmodel.cover.contract import contract_calendar
from riskmodel.cover.covers import ParametricCover
from riskmodel.cover.index_readings import read_index
from riskmodel.cover.index_residual import IndexResidual, measured
from riskmodel.cover.inputs import calendar_of
from riskmodel.cover.parametric import parametric_parts, zone_split
from riskmodel.cover.programme import Programme
from riskmodel.cover.terms import Calendar
from riskmodel.exceedance.metrics import Metric
from riskmodel.run.folder import Run
from riskmodel.run.records import Record
from riskmodel.run.work.records import interval_records
from riskmodel.run.work.tiers import Paid
from riskmodel.run.work.triggers import index_covers, triggers_of, with_areas
from riskmodel.show.tables import results_table

DRAWS = 16
KINDS = ("simulation", "model")
PERIODS = (5.0, 10.0, 20.0, 50.0, 100.0)  # years; a block holds 20 needs of the last
BOUNDS: Mapping[str, tuple[float, float]] = {"1": (0.0, 1.0), "CNY": (0.0, float("inf"))}
CORRELATIONS = ("pearson", "spearman")
MONEY = ("rmse", "mean_payout", "mean_need")
SHOWN = (
    "no_payment.10", "no_payment.100", "shortfall.10", "shortfall.100", "false_payment",
    "overpayment", "pearson", "spearman",
)  # fmt: skip


class Payments(NamedTuple):
    """Drawn payments of one index cover.

    `occurrence` are the positions of those that any draw pays; `paid` (draw, occurrence, zone)
    in CNY; `full` (zone) the most that each county gets; `sampled` whether a residual was
    declared for the index: if not there is one draw, and basis risk is a lower bound; `year` that
    of all occurrences of the run, and `asked` which of them the cover is set against: all, but for
    an index over an area those that its peril reaches anywhere.
    """

    cover: ParametricCover
    occurrence: npt.NDArray[np.int64]
    paid: npt.NDArray[np.float64]
    full: npt.NDArray[np.float64]
    sampled: bool
    year: npt.NDArray[np.int64]
    asked: npt.NDArray[np.bool_]


def residual_of(run: Run) -> IndexResidual:
    """Return the declared spread of what is measured about the modelled indices."""
    return IndexResidual(**run.params.tiers.index_residual.model_dump())


def drawn_payments(
    run: Run, programme: Programme, census: xr.DataTree, table: xr.Dataset
) -> list[Payments]:
    """Pay every index cover on what could be measured, `DRAWS` times by keyed draws.

    Indices over an area are read off the occurrence table.
    """
    triggers = with_areas(triggers_of(run, programme), programme, census, table)
    residual = residual_of(run)
    total = census["exposure"].to_dataset()["total"]
    population = total.sel(exposure_class="population", drop=True)
    zones = [str(zone) for zone in population["zone"].values]
    covers = index_covers(programme)
    found: dict[str, list[npt.NDArray[np.float64]]] = {cover.cover: [] for cover in covers}
    for draw in tqdm(range(DRAWS), desc="measured indices", unit="draw"):
        drawn = measured(triggers, residual, seed=run.params.seed, draw=draw)
        for cover in covers:
            if draw and residual.of(cover.trigger.index) is None:
                continue
            calendar = _contract(run, cover, triggers)
            parts = parametric_parts(cover, drawn, calendar, zones, population)
            found[cover.cover].append(parts.paid)
    result = []
    for cover in covers:
        paid = found[cover.cover]
        any_paid = np.flatnonzero(np.any([one.any(axis=1) for one in paid], axis=0))
        each = np.stack([one[any_paid] for one in paid])
        full = zone_split(cover, zones, population) * cover.limits.event
        sampled = residual.of(cover.trigger.index) is not None
        year = triggers["year"].to_numpy().astype(np.int64)
        asked = np.ones(year.size, dtype=bool)
        if cover.trigger.area is not None:  # a snow index is not asked of typhoons
            asked &= (read_index(cover, triggers, zones) > 0.0).any(axis=1)
        result.append(Payments(cover, any_paid, each, full, sampled, year, asked))
    return result


def _contract(run: Run, cover: ParametricCover, triggers: xr.Dataset) -> Calendar:
    hazard = run.params.hazard
    return contract_calendar(
        calendar_of(triggers),
        cover.policy_year_start,
        years=hazard.blocks * hazard.years_per_block,
        blocks=hazard.blocks,
    )


class _Case(NamedTuple):
    """Pairs of one cover under one table: county by county, and together for every need."""

    counties: Pairs
    together: dict[str, Pairs]

    def of_block(self, block: int, blocks: int) -> _Case:
        count = self.counties.years // blocks
        whole = {n: pairs.of_years(block * count, count) for n, pairs in self.together.items()}
        return _Case(self.counties.of_years(block * count, count), whole)

    def figures(self) -> dict[str, float]:
        counties = tail_figures(self.counties, PERIODS)
        own = {f"county_{name}": v for name, v in counties.items() if np.isfinite(v)}
        over = {f"overpayment_{name}": overpayment(self.together[name]) for name in NEEDS[1:]}
        return dict(basis_figures(self.together[NEEDS[0]], PERIODS)) | own | over


def _cases(payments: Sequence[Payments], paid: Paid) -> list[_Case]:
    needed = needs(paid.ledger, paid.payouts)
    return [_case(one, needed, int(paid.ledger.attrs["years"])) for one in payments]


def _case(payments: Payments, needed: Mapping[str, xr.DataArray], years: int) -> _Case:
    """Pairs of one cover; a cover of fewer counties or occurrences has the need of these."""
    numbers = needed[NEEDS[0]]["occurrence"].to_numpy()
    asked = np.flatnonzero(payments.asked[numbers])
    numbers = numbers[asked]
    both = np.union1d(numbers, payments.occurrence)
    inside = np.flatnonzero(payments.full > 0.0)
    rows, own = np.searchsorted(both, numbers), np.searchsorted(both, payments.occurrence)
    drawn = np.zeros((payments.paid.shape[0], both.size, inside.size))
    drawn[:, own] = payments.paid[:, :, inside]

    def dense(need: xr.DataArray) -> npt.NDArray[np.float64]:
        whole = np.zeros((both.size, inside.size))
        whole[rows] = need.to_numpy()[asked][:, inside]
        return whole

    counties = Pairs(
        dense(needed[NEEDS[0]]), drawn, payments.full[inside], payments.year[both], years
    )
    first = all_together(counties)
    others = {n: dense(needed[n]).sum(axis=1, keepdims=True) for n in NEEDS[1:]}
    together = {n: replace(first, need=need) for n, need in others.items()}
    return _Case(counties, {NEEDS[0]: first} | together)


def _prefix(payments: Payments) -> str:
    return f"tier.{payments.cover.tier}.{payments.cover.cover}.basis."


def _unit(name: str) -> str:
    return "CNY" if name in MONEY else "1"


def _source(payments: Payments) -> str:
    bound = "" if payments.sampled else "; a lower bound, no residual declared"
    return f"riskmodel.cover.basis_risk{bound}"


def basis_records(
    run: Run, payments: Sequence[Payments], baseline: Paid, variants: Sequence[Paid]
) -> list[Record]:
    """Figures ``tier.<tier>.<cover>.basis.*`` with both intervals.

    The need is that of the county governments (`riskmodel.cover.basis_risk.needs`), of all
    counties of the cover together, and ``county_*`` county by county; of a snow index that of cold
    waves alone. A figure that some block or
    variant does not define, for want of a need or a payment, is left out.
    """
    blocks, records = run.params.hazard.blocks, []
    cases = _cases(payments, baseline)
    figures = [[c.figures() for c in _cases(payments, variant)] for variant in variants]
    for place, one in enumerate(payments):
        prefix, base = _prefix(one), cases[place].figures()
        of_blocks = [cases[place].of_block(b, blocks).figures() for b in range(blocks)]
        of_variants = [each[place] for each in figures]
        there = [n for n in base if all(n in f for f in (*of_blocks, *of_variants))]
        for unit, bounds in BOUNDS.items():
            for correlation in (False, True):
                names = [
                    n for n in there if _unit(n) == unit and (n in CORRELATIONS) == correlation
                ]
                named = [
                    {prefix + n: Metric(f[n]) for n in names}
                    for f in (base, *of_blocks, *of_variants)
                ]
                records += interval_records(
                    run, named[0], named[1 : 1 + blocks], named[1 + blocks :], unit=unit,
                    source=_source(one), bounds=(-1.0, 1.0) if correlation else bounds,
                )  # fmt: skip
    return records


def basis_table(run: Run, payments: Sequence[Payments], records: Sequence[Record]) -> pd.DataFrame:
    """Return the chosen figures of each cover in words, with both intervals."""
    language = run.params.language
    name = {one.cover.cover: getattr(one.cover, f"name{'_zh' if language == 'zh' else ''}")
            for one in payments}  # fmt: skip
    there = {record.name for record in records}
    shown = {
        _prefix(one) + figure: f"{name[one.cover.cover]}: {figure_words(figure, language)}"
        for one in payments
        for figure in SHOWN
    }
    return results_table(
        [record.model_dump() for record in records],
        {k: v for k, v in shown.items() if k in there},
        language=language,
    )


def figure_words(figure: str, language: Language) -> str:
    """Name of a figure such as ``no_payment.100``."""
    kind, _, years = figure.partition(".")
    return message(f"basis.{kind}", language, **({"years": years} if years else {}))


def needs_table(payments: Sequence[Payments], paid: Paid) -> pd.DataFrame:
    """Show what payouts are set against: one row a cover and need; money in 万元 a year.

    ``overpaid`` is the share of the payout above the need of its occurrence; the other two are
    conditional on a need of 100 years. ``residual`` says whether measured indices were drawn.
    """
    rows = []
    for one, case in zip(payments, _cases(payments, paid), strict=True):
        for need, pairs in case.together.items():
            figures = basis_figures(pairs, [PERIODS[-1]])
            rows.append(
                {
                    "cover": one.cover.cover, "set against": need,
                    "residual": "drawn" if one.sampled else "none: a lower bound",
                    "mean need (万元)": round(figures["mean_need"] / 1e4, 1),
                    "mean payout (万元)": round(figures["mean_payout"] / 1e4, 1),
                    "overpaid": round(figures.get("overpayment", np.nan), 3),
                    "no payment at 100 years": round(figures.get("no_payment.100", np.nan), 3),
                    "shortfall at 100 years": round(figures.get("shortfall.100", np.nan), 3),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def basis_chart(payments: Sequence[Payments], records: Sequence[Record]) -> xr.Dataset:
    """Probability of no payment and shortfall by return period, county by county, for drawing."""
    found = {record.name: record for record in records}
    figures = ("no_payment", "shortfall")
    shape = (len(payments), len(figures), len(PERIODS))
    value = np.full(shape, np.nan)
    bounds = np.full((2, 2, *shape), np.nan)  # lower and upper, kind
    for place in np.ndindex(shape):
        name = f"county_{figures[place[1]]}.{PERIODS[place[2]]:g}"
        record = found.get(_prefix(payments[place[0]]) + name)
        if record is None:
            continue
        value[place] = record.value
        for interval in record.intervals:
            kind = KINDS.index(interval.kind)
            bounds[(0, kind, *place)], bounds[(1, kind, *place)] = interval.lower, interval.upper
    dims = ("cover", "figure", "return_period")
    return xr.Dataset(
        {
            "value": (dims, value),
            "lower": (("interval", *dims), bounds[0]),
            "upper": (("interval", *dims), bounds[1]),
            "name_zh": ("cover", [one.cover.name_zh for one in payments]),
            "name_en": ("cover", [one.cover.name for one in payments]),
            "sampled": ("cover", [one.sampled for one in payments]),
        },
        {
            "cover": [one.cover.cover for one in payments], "figure": list(figures),
            "return_period": list(PERIODS), "interval": list(KINDS),
        },
    )  # fmt: skip
