"""Ningbo's water table on Wenzhou's dwellings: the benefit of a paid household, and what moves it.

How many households are paid is not compared: there is no census of Ningbo here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from riskmodel.core.errors import ParamError
from riskmodel.core.money import parse_amount
from riskmodel.core.yaml_file import read_mapping
from riskmodel.cover.benefit_table import StepBenefit
from riskmodel.cover.covers import BenefitCover
from riskmodel.cover.programme import Programme, load_programme
from riskmodel.exceedance.metrics import Metric
from riskmodel.loss.compilation import compile_table
from riskmodel.loss.occurrence_table import occurrence_table, repeated_table
from riskmodel.loss.response import Item, Response
from riskmodel.run.folder import ROOT, Run
from riskmodel.run.records import Record
from riskmodel.run.settings import scenario_curves
from riskmodel.run.stages import open_stage
from riskmodel.run.work.records import interval_records

SCHEMES = ROOT / "data" / "schemes" / "public_schemes.yml"
TEMPLATE = ROOT / "params" / "tiers" / "ningbo_2014.yml"
PAID_YEAR = 2015
OTHER_FLOORS = (0.0, 0.45)  # m; at the ground, and as the model set has it
CLAIMED = 0.5  # of households in the lowest step, assumed: some do not report little water
RARE = 10.0  # years
GROUND_FLOOR, EVERYBODY = "ground_floor_households", "households"
MEAN, OVER = "yuan a paid household", "over published"
EFFECT = "effect (yuan)"
SOURCE = "riskmodel.run.work.ningbo on the catalogue"
FloatArray = npt.NDArray[np.float64]


class Case(NamedTuple):
    """Height of ground floors (m), class that counts the households, spread of depth in a cell."""

    floor: float
    exposure: str
    spread: float


class Flooded(NamedTuple):
    """Households in each step of the table, array (case, step, occurrence), and their years."""

    cases: tuple[Case, ...]
    pays: FloatArray
    households: FloatArray
    year: npt.NDArray[np.int64]
    parent: npt.NDArray[np.str_]
    years: int
    blocks: int


def public_schemes() -> Mapping[str, Any]:
    """Read the published figures of schemes, by scheme."""
    return read_mapping(SCHEMES, ParamError, missing="take data/schemes from the repository")


def published() -> float:
    """Yuan that a paid household received in 2015, as the amounts published give it.

    Raises
    ------
    ParamError
        If the file of public schemes lacks that year.
    """
    for paid in public_schemes()["ningbo_2014"]["paid"]:
        if paid["year"] == PAID_YEAR:
            return parse_amount(paid["amount"], where=SCHEMES.name) / float(paid["households"])
    raise ParamError("no payment of the year", where=SCHEMES.name, found=PAID_YEAR)


def water_table(programme: Programme) -> StepBenefit:
    """Return the first benefit by water depth of a programme.

    Raises
    ------
    ParamError
        If it has none.
    """
    for cover in programme.covers:
        if isinstance(cover, BenefitCover) and cover.steps:
            return next(iter(cover.steps.values()))
    raise ParamError("no benefit by water depth", where=programme.programme)


def step_items(benefit: StepBenefit, cases: Sequence[Case]) -> list[Item]:
    """Items that count the households that reach each step, a column for each case and step."""
    items = []
    for number, case in enumerate(cases):
        for k, step in enumerate(benefit.steps):
            name = f"households.{number}.{k}"
            responses: dict[str, Response] = {
                peril: Response(
                    name=f"{name}/{peril}", peril=peril, intensity_unit=benefit.intensity_unit,
                    intensity=(step.start + case.floor,), value=(1.0,), interpolation="step",
                    source=benefit.source, status=benefit.status, spread=(0.0,),
                    valid_range=(0.0, np.inf),
                )
                for peril in benefit.perils
            }  # fmt: skip
            items.append(
                Item(name, "persons", "household", case.exposure, responses, "highest", 1.0)
            )
    return items


def flooded_households(run: Run, census: xr.DataTree, catalogue: xr.DataTree) -> Flooded:
    """Count households in each step of Ningbo's table in each occurrence; two more passes.

    Cases: floors as high as in the run, at the ground, and higher; then with the run's floor every
    household on a ground floor, and one depth in all of a cell.
    """
    benefit, loss = water_table(load_programme(TEMPLATE)), run.params.loss
    own = Case(loss.floor_height, GROUND_FLOOR, loss.depth_spread)
    floors = tuple(own._replace(floor=height) for height in OTHER_FLOORS)
    varied = (own, *floors, own._replace(exposure=EVERYBODY))
    flat = (own._replace(spread=0.0),)
    pays = np.array([step.pays for step in benefit.steps])
    curves = scenario_curves(run.params, census, catalogue)
    occurrences, counts = open_stage(run, "catalogue").load(), []
    for cases in (varied, flat):
        items, depth = step_items(benefit, cases), cases[0].spread
        table = compile_table(census, curves, items, depth_spread=depth)
        found = repeated_table(occurrence_table(catalogue, table), occurrences)
        counts.append(by_step(found, len(cases), pays.size))
    return Flooded(
        (*varied, *flat),
        pays,
        np.concatenate(counts),
        found["year"].values,
        found["parent_event"].values.astype(str),
        int(found.attrs["years"]),
        int(found.attrs["blocks"]),
    )


def by_step(table: xr.Dataset, cases: int, steps: int) -> FloatArray:
    """Households in each step alone, array (case, step, occurrence).

    They are those that reach the step, less those that reach the next one.
    """
    reached = np.zeros((cases, steps + 1, table.sizes["occurrence"]))
    for case in range(cases):
        for step in range(steps):
            columns = table["item"].values == f"households.{case}.{step}"
            amount = table["mean"].values[:, columns].sum(axis=1)
            np.add.at(reached[case, step], table["row_occurrence"].values, amount)
    return reached[:, :-1] - reached[:, 1:]


def mean_benefit(count: FloatArray, pays: FloatArray) -> float:
    """Yuan a paid household: Σ pays x households / Σ households.

    Parameters
    ----------
    count : array (step,)
        Households paid in each step. A share of claims that is the same in all changes nothing.
    pays : array (step,)
        CNY.

    Examples
    --------
    >>> mean_benefit(np.array([80.0, 15.0, 5.0]), np.array([500.0, 1000.0, 2000.0]))
    650.0
    """
    return float(count @ pays / count.sum())


def claim_rate_above(count: FloatArray, pays: FloatArray, mean: float) -> float:
    """Share of households above the lowest step that would claim, were the mean benefit `mean`.

    All in the lowest step claim; the share is the same in the others, whose mean is m:
    n0 (mean - p0) / (n1 (m - mean)).

    Examples
    --------
    >>> rate = claim_rate_above(np.array([50.0, 50.0]), np.array([500.0, 1500.0]), 750.0)
    >>> round(rate, 9)  # one paid household in four is above, so a third of them claims
    0.333333333
    """
    above, most = float(count[1:].sum()), mean_benefit(count[1:], pays[1:])
    return float(count[0] * (mean - pays[0]) / (above * (most - mean)))


def _rare(count: FloatArray, years: int) -> npt.NDArray[np.bool_]:
    """Whether an occurrence (step, occurrence) floods as many households as once in ten years."""
    total = count.sum(axis=0)
    largest: npt.NDArray[np.bool_] = total >= np.sort(total)[::-1][int(years / RARE)]
    return largest


def ningbo_table(flooded: Flooded) -> pd.DataFrame:
    """Mean benefit of a paid household beside the published one, and what would move it.

    One parameter is changed at a time, but for the last row; its effect is the mean of that row
    less the model's. The published mean leaves room for at most (585 - 500) / 500 = 17 % of paid
    households with more than half a metre of water.
    """
    pays, known, all_of = flooded.pays, published(), flooded.households.sum(axis=2)
    own, by_occurrence = all_of[0], flooded.households[0]
    needed = claim_rate_above(own, pays, known)
    first, rare = np.arange(pays.size) == 0, _rare(by_occurrence, flooded.years)
    counts = {
        f"model: floor at {flooded.cases[0].floor:g} m, all claim": own,
        f"floor at {flooded.cases[1].floor:g} m": all_of[1],
        f"floor at {flooded.cases[2].floor:g} m": all_of[2],
        "every household on a ground floor": all_of[3],
        "one depth in all of a cell": all_of[4],
        f"{CLAIMED:.0%} claim in the lowest step": own * np.where(first, CLAIMED, 1.0),
        f"{needed:.1%} claim above the lowest step (solved)": own * np.where(first, 1.0, needed),
        **{
            f"storms of source {parent}": by_occurrence[:, flooded.parent == parent].sum(axis=1)
            for parent in np.unique(flooded.parent)
        },
        f"storms as large as once in {RARE:g} years": by_occurrence[:, rare].sum(axis=1),
        "smaller storms": by_occurrence[:, ~rare].sum(axis=1),
        f"smaller storms, and floor at {flooded.cases[1].floor:g} m": (
            flooded.households[1][:, ~rare].sum(axis=1)
        ),
    }
    rows: list[dict[str, Any]] = [
        {
            "case": f"Ningbo {PAID_YEAR}, published",
            MEAN: round(known),
            EFFECT: round(known - mean_benefit(own, pays)),
            OVER: 1.0,
        }
    ]
    for name, count in counts.items():
        if count.sum() > 0.0:
            mean = mean_benefit(count, pays)
            shares = zip(pays, (100 * count / count.sum()).round(1), strict=True)
            steps = {f"paid {p:g} 元 (%)": share for p, share in shares}
            effect = round(mean - mean_benefit(own, pays))
            row = {"case": name, MEAN: round(mean), EFFECT: effect, OVER: round(mean / known, 2)}
            rows.append(row | steps)
    return pd.DataFrame(rows).astype(object).fillna("")


def ningbo_records(run: Run, flooded: Flooded) -> list[Record]:
    """Mean benefit of a paid household, with the spread of blocks and of the cases."""

    def figure(count: FloatArray) -> dict[str, Metric]:
        return {"scheme.ningbo_2014.mean_benefit": Metric(mean_benefit(count, flooded.pays))}

    length, own = flooded.years // flooded.blocks, flooded.households[0]
    blocks = [
        figure(own[:, flooded.year // length == block].sum(axis=1))
        for block in range(flooded.blocks)
    ]
    whole = flooded.households.sum(axis=2)
    lowest = np.where(np.arange(flooded.pays.size) == 0, CLAIMED, 1.0)
    others = [figure(count) for count in (*whole[1:], whole[0] * lowest)]
    return interval_records(run, figure(whole[0]), blocks, others, unit="CNY", source=SOURCE)
