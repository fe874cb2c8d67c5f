"""The wettest, the driest and the worst simulated year, told with dates, for question 3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from riskmodel.core.messages import Language, message
from riskmodel.hazard.catalogue import block_names
from riskmodel.hazard.composition import FIRST_DAYS, month_of
from riskmodel.run.folder import Run
from riskmodel.run.stages import open_stage
from riskmodel.run.work.season import YEAR, loss_by_occurrence
from riskmodel.show.units import HUNDRED_MILLION, amount_text, number, per_cent

FloatArray = npt.NDArray[np.float64]
RAIN, DROUGHT = "rain_flood", "drought"  # the peril whose index is rain, and that of its lack
TOLD = 4  # occurrences that a story names
WORTH_TELLING = 1e-3  # share of the year's loss; what costs less is counted


def event_rain(run: Run, census: xr.DataTree, catalogue: xr.DataTree) -> FloatArray:
    """Rain (occurrence,) in mm of each occurrence of the scenario, a mean over the counties.

    The index of the rain pool at the most populous cell of each county, read back through the rank
    function of the block; what is more frequent than the storage rate there counts as no rain.
    Zeros where no peril of the catalogue has rain as its index.
    """
    table = catalogue.to_dataset()
    rain = np.zeros(table.sizes["occurrence"])
    if RAIN in catalogue.attrs["perils"]:
        places = _places(census)
        function = catalogue[f"rank_function/{RAIN}"].to_dataset()
        index, knots = function["index"].values[:, places], function["knot_position"].values
        for block, name in enumerate(block_names(catalogue)):
            pairs = catalogue[f"{name}/{RAIN}"].to_dataset()
            first = int(np.searchsorted(table["block"].values, block))
            pointer = pairs["pointer"].values
            for place, cell in enumerate(places):
                own = slice(int(pointer[cell]), int(pointer[cell + 1]))
                position = pairs["position"][own].values.astype(np.float64)
                read = np.interp(position, knots[block, ::-1], index[block, place, ::-1])
                of = first + pairs["occurrence"][own].values.astype(np.int64)
                rain[of] += read / len(places)
    base = open_stage(run, "catalogue")["base"].values
    return np.asarray(rain[base] * run.params.scenario.rain)


def _places(census: xr.DataTree) -> npt.NDArray[np.int64]:
    """Most populous cell of each zone."""
    zones = census["zones"].to_dataset()
    exposure = census["exposure"].to_dataset()["value"]
    people = exposure.sel(exposure_class="population").values
    order = np.lexsort((people, zones["entry_zone"].values))
    last = np.flatnonzero(np.diff(zones["entry_zone"].values[order], append=-1))
    return zones["entry_cell"].values[order[last]].astype(np.int64)


@dataclass(frozen=True, slots=True)
class Year:
    """A simulated year of a story: its number from 0, why it was chosen, its sums.

    ``by`` is the key of the rule, ``rain`` in mm, ``loss`` in CNY.
    """

    number: int
    by: str
    rain: float
    loss: float


def told_years(table: xr.Dataset, rain: FloatArray) -> dict[str, Year]:
    """Choose the years that are told: ``worst``, ``wettest`` and ``driest``.

    Worst is the largest loss, wettest the largest sum of event rain. Driest is the least event
    rain, among such years the largest loss by drought, then the fewest occurrences, then the
    smallest loss, the first such year. Without any rain only the worst year is told.

    Parameters
    ----------
    table : Dataset
        Occurrence table.
    rain : array (occurrence,)
        From `event_rain`, mm.
    """
    losses, year, years = loss_by_occurrence(table), table["year"].values, int(table.attrs["years"])
    loss = np.bincount(year, losses.values.sum(axis=1), years)
    wet, count = np.bincount(year, rain, years), np.bincount(year, minlength=years)
    chosen = {"worst": (int(loss.argmax()), "loss")}
    if wet.any():
        drought = DROUGHT in losses["peril"].values
        dry = losses.sel(peril=DROUGHT).values if drought else np.zeros(year.size)
        driest = np.lexsort((loss, count, -np.bincount(year, dry, years), wet))[0]
        chosen["wettest"] = (int(wet.argmax()), "rain")
        chosen["driest"] = (int(driest), "drought" if drought else "no_drought")
    return {
        story: Year(at, by, float(wet[at]), float(loss[at])) for story, (at, by) in chosen.items()
    }


def told_occurrences(
    run: Run, table: xr.Dataset, rain: FloatArray, years: Mapping[str, Year]
) -> pd.DataFrame:
    """One row for each occurrence of the told years: dates, event, loss, main peril and rain."""
    language = run.params.language
    unit = message("unit.hundred_million_yuan_short", language)
    rows = [
        {
            message("column.story", language): message(f"story.{story}", language),
            message("column.simulated_year", language): year.number + 1,
            message("column.date", language): one["dates"],
            message("column.event", language): one["event"],
            f"{message('axis.loss', language)} ({unit})": round(
                one["loss"] / HUNDRED_MILLION.factor, 3
            ),
            message("column.main_peril", language): one["peril"],
            f"{message('hover.share', language)} (%)": round(100.0 * one["share"], 1),
            f"{message('column.event_rain', language)} (mm)": round(one["rain"], 1),
        }
        for story, year in years.items()
        for one in _occurrences(table, rain, year.number, language)
    ]
    return pd.DataFrame(rows)


def years_in_words(
    run: Run, table: xr.Dataset, rain: FloatArray, years: Mapping[str, Year]
) -> dict[str, str]:
    """One paragraph for each told year: why it was chosen, and its costliest events by date."""
    language = run.params.language
    return {
        message(f"story.{story}", language): _paragraph(
            _occurrences(table, rain, year.number, language), year, language
        )
        for story, year in years.items()
    }


def _paragraph(found: list[dict[str, Any]], year: Year, language: Language) -> str:
    opening = message(
        "story.opening", language, year=f"{year.number + 1:,}", count=len(found),
        by=message(f"story.by.{year.by}", language), loss=amount_text(year.loss, language),
        rain=number(year.rain),
    )  # fmt: skip
    least = max(WORTH_TELLING * year.loss, 1.0)
    worth = [one for one in found if one["loss"] >= least]
    costly = sorted(worth, key=lambda one: -one["loss"])[:TOLD]
    told = [
        message(
            "story.event", language, dates=one["dates"], event=one["event"], peril=one["peril"],
            loss=amount_text(one["loss"], language), share=per_cent(one["share"], 2),
        )
        for one in found if one in costly
    ]  # fmt: skip
    if others := len(found) - len(costly):
        told.append(message("story.others", language, count=others))
    return (opening + "".join(told)).strip()


def _occurrences(
    table: xr.Dataset, rain: FloatArray, year: int, language: Language
) -> list[dict[str, Any]]:
    """Return the occurrences of a year in order of date, with their words."""
    losses = loss_by_occurrence(table)
    numbers = np.flatnonzero(table["year"].values == year)
    found = []
    for at in numbers[np.argsort(table["start"].values[numbers], kind="stable")]:
        loss, event = losses.values[at], table["parent_event"].values[at]
        total, main = float(loss.sum()), int(loss.argmax())
        peril = message(f"peril.{losses['peril'].values[main]}", language) if total else "–"
        first, last = (_day(float(table[name].values[at]), language) for name in ("start", "end"))
        found.append(
            {
                "dates": first if first == last
                else message("date.span", language, first=first, last=last),
                "event": message(f"parent_event.{event}", language),
                "loss": total, "peril": peril, "share": loss[main] / total if total else 0.0,
                "rain": float(rain[at]),
            }
        )  # fmt: skip
    return found


def _day(day: float, language: Language) -> str:
    """Write a day of a 365-day year, which may lie in the next year, such as 28 Jul."""
    within = 1.0 + (day - 1.0) % YEAR
    month = int(month_of(within))
    return message(
        "date.day", language, month=message(f"month.{month}", language),
        day=int(within) - FIRST_DAYS[month - 1] + 1,
    )  # fmt: skip
