"""How often the intervals of tails cover, by simulation; writes docs/validation/tail_intervals.md.

Run from the checkout: python -m tests.exceedance.tail_coverage. The suite runs a few cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import stats

from riskmodel.core.errors import RiskModelError
from riskmodel.exceedance import data_intervals
from riskmodel.exceedance.block_maxima import MaximaFit, fit_maxima
from riskmodel.exceedance.data_intervals import level_bounds, parameter_intervals
from riskmodel.exceedance.records import Record, read_record
from riskmodel.exceedance.spliced import spliced_curve
from riskmodel.exceedance.threshold import NEEDED, Estimator, ThresholdFit, fit_threshold

LEVEL, YEARS, THRESHOLD, RATE = 0.9, 40, 2.0, 0.01
REPORT = Path(__file__).resolve().parents[2] / "docs" / "validation" / "tail_intervals.md"
SPLICED, RESAMPLES = 100, 499
PERIODS = [1.02, 1.05, 1.1, 1.2, 2.0]
Hits = dict[str, bool]


class Case(NamedTuple):
    """Size of the record and true shape; with `held`, the count is not drawn."""

    count: int
    shape: float
    held: bool = False


def record_of(values: np.ndarray) -> Record:
    return read_record(values, years=YEARS, units="m", source="simulated")


def threshold_hits(case: Case, estimator: Estimator, draw: np.random.Generator, seed: int) -> Hits:
    """Whether each interval of a drawn record holds the truth (scale 1, threshold 2)."""
    count = case.count if case.held else max(NEEDED, draw.poisson(case.count))
    values = stats.genpareto.rvs(case.shape, THRESHOLD, 1.0, size=count, random_state=draw)
    fit = fit_threshold(record_of(values), THRESHOLD, estimator=estimator)
    truth = {"shape": case.shape, "scale": 1.0, "modified_scale": 1.0 - case.shape * THRESHOLD}
    chance = RATE * YEARS / case.count
    amount = float(stats.genpareto.isf(chance, case.shape, THRESHOLD, 1.0))
    if estimator == "maximum_likelihood":
        return profile_hits(fit, truth, amount)
    found = parameter_intervals(fit, level=LEVEL, seed=seed)
    hits = {n: found[n]["lower"] <= value <= found[n]["upper"] for n, value in truth.items()}
    low, high = level_bounds(fit, [RATE], level=LEVEL, seed=seed)
    return hits | {"amount": bool(low[0] <= amount <= high[0])}


def profile_hits(fit: ThresholdFit | MaximaFit, truth: dict[str, float], amount: float) -> Hits:
    """A profile interval holds a value exactly when the deviance there is within its limit."""
    profiles = fit.profiles() | {"amount": fit.profile_of_level(RATE)}
    hits = {}
    for name, value in (truth | {"amount": amount}).items():
        profile = profiles[name]
        deviance, _ = profile.deviance(value, profile.best[1:])
        hits[name] = bool(deviance <= profile.limit(LEVEL))
    return hits


def maxima_hits(case: Case, draw: np.random.Generator) -> Hits:
    values = stats.genextreme.rvs(-case.shape, 10.0, 1.0, size=case.count, random_state=draw)
    record = read_record(values, years=case.count, units="m", source="simulated")
    truth = {"location": 10.0, "scale": 1.0, "shape": case.shape}
    chance = -np.expm1(-RATE)
    amount = float(stats.genextreme.isf(chance, -case.shape, 10.0, 1.0))
    return profile_hits(fit_maxima(record), truth, amount)


def spliced_hits(draw: np.random.Generator) -> Hits:
    """Below, at and above a threshold, for 200 exponential amounts expected in the record."""
    values = draw.exponential(size=draw.poisson(200))
    fit = fit_threshold(record_of(values), 1.0, estimator="maximum_likelihood")
    curve = spliced_curve(fit, PERIODS, level=LEVEL, seed=1)
    rates = -np.log1p(-1.0 / np.array(PERIODS))
    truth = np.log(200 / YEARS / rates)
    held = (curve["lower"].values[0] <= truth) & (truth <= curve["upper"].values[0])
    return {f"{t:g} years": bool(hit) for t, hit in zip(PERIODS, held, strict=True)}


def share(trials: list[Hits]) -> dict[str, float]:
    return {name: float(np.mean([hits[name] for hits in trials])) for name in trials[0]}


def coverage(
    case: Case, estimator: Estimator | None, trials: int, seed: int = 1
) -> dict[str, float]:
    """Share of trials in which each interval holds the truth; no estimator means maxima."""
    draw = np.random.default_rng([seed, case.count, int(1000 * (case.shape + 1))])
    tried: list[Hits] = []
    while len(tried) < trials:
        try:
            if estimator is None:
                tried.append(maxima_hits(case, draw))
            else:
                tried.append(threshold_hits(case, estimator, draw, seed=len(tried)))
        except RiskModelError:  # the fit refuses a likelihood without a maximum: no interval
            continue
    return share(tried)


def least_share(trials: int) -> float:
    """Nominal level less three standard errors."""
    return float(LEVEL - 3.0 * np.sqrt(LEVEL * (1.0 - LEVEL) / trials))


HEAD = """# How often the intervals of tails cover

Made by `python -m tests.exceedance.tail_coverage`. Nominal level {level:.0%}; a share more than
three standard errors short of it is printed in bold. "Amount" is the one passed at a rate of 0.01 a
year, in a record of {years} years or of as many years as there are maxima. Counts of exceedances
are Poisson (never fewer than {needed}), but for rows marked "held". A record whose likelihood has
no maximum is refused by the fit, and does not count. The bootstrap has {resamples} resamples here.

"""
METHODS: dict[Estimator | None, tuple[str, int]] = {
    "maximum_likelihood": ("GPD, maximum likelihood: profile likelihood", 400),
    "probability_weighted_moments": (
        "GPD, probability-weighted moments: bootstrap of the pivotal quantity",
        200,
    ),
    None: ("GEV of annual maxima, maximum likelihood: profile likelihood", 200),
}
SHAPES = (-0.2, 0.0, 0.2, 0.4)
EXCEEDANCES = [Case(n, xi, n == NEEDED) for n in (NEEDED, 40, 80) for xi in SHAPES]
MAXIMA = [Case(n, xi, True) for n in (NEEDED, 40, 80) for xi in SHAPES[:3]]


def report() -> Iterator[str]:
    yield HEAD.format(level=LEVEL, years=YEARS, needed=NEEDED, resamples=RESAMPLES)
    for estimator, (title, trials) in METHODS.items():
        least = least_share(trials)
        yield f"## {title}\n\n{trials} records a row.\n\n"
        for i, case in enumerate(MAXIMA if estimator is None else EXCEEDANCES):
            found = coverage(case, estimator, trials)
            if i == 0:
                names = [name.replace("_", " ") for name in found]
                yield f"| values | true shape | {' | '.join(names)} |\n"
                yield "|" + "---|" * (2 + len(found)) + "\n"
            cells = [f"{s:.1%}" if s >= least else f"**{s:.1%}**" for s in found.values()]
            held = " held" if case.held and estimator else ""
            yield f"| {case.count}{held} | {case.shape:g} | {' | '.join(cells)} |\n"
        yield "\n"
    yield "## Spliced curve: order statistics below the threshold, profile likelihood beyond\n\n"
    yield f"The threshold is passed 1.84 times a year (1.19 years); {SPLICED} records.\n\n"
    yield "| return period | share |\n|---|---|\n"
    draw = np.random.default_rng(5)
    found = share([spliced_hits(draw) for _ in range(SPLICED)])
    yield from (f"| {name} | {value:.1%} |\n" for name, value in found.items())
    yield from mean_excess_report()


def mean_excess_report(trials: int = 4000) -> Iterator[str]:
    """Student's t of the mean of generalised Pareto excesses, whose mean is 1 / (1 - ξ)."""
    yield "\n## Mean excess: Student's t\n\n"
    yield f"A guide to the eye, too short for heavy tails; {trials} records a cell.\n\n"
    yield f"| exceedances | {' | '.join(f'shape {xi:g}' for xi in SHAPES)} |\n"
    yield "|" + "---|" * (1 + len(SHAPES)) + "\n"
    draw = np.random.default_rng(6)
    for count in (NEEDED, 40, 80, 160):
        cells = []
        for shape in SHAPES:
            excesses = stats.genpareto.rvs(shape, size=(trials, count), random_state=draw)
            low, high = stats.t.interval(
                LEVEL, count - 1, excesses.mean(axis=1), stats.sem(excesses, axis=1)
            )
            truth = 1.0 / (1.0 - shape)
            cells.append(f"{np.mean((low <= truth) & (truth <= high)):.1%}")
        yield f"| {count} | {' | '.join(cells)} |\n"


if __name__ == "__main__":
    data_intervals.RESAMPLES = RESAMPLES
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text("".join(report()), encoding="utf-8")
