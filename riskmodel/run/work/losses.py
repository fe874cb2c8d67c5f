"""What question 3 needs: how much can one event, or one year, cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
import pandas as pd
import xarray as xr
from tqdm import tqdm

from riskmodel.core.errors import CensusError
from riskmodel.core.money import stamp_money
from riskmodel.cover.area_index import area_items, check_census
from riskmodel.cover.benefits import benefit_items
from riskmodel.cover.damage_payments import Damaged
from riskmodel.cover.limitation import limited_to
from riskmodel.cover.programme import Programme, load_programme
from riskmodel.cover.reach import reach_items
from riskmodel.exceedance.curve import ep_curve
from riskmodel.exceedance.metrics import loss_metrics
from riskmodel.loss.compilation import CompiledTable, compile_scenarios, require_responses
from riskmodel.loss.curves import damage_items
from riskmodel.loss.occurrence_table import occurrence_tables, repeated_table
from riskmodel.loss.people import people_items
from riskmodel.loss.response import Item
from riskmodel.loss.scenario import Scenario
from riskmodel.run.assumptions import figure_status
from riskmodel.run.folder import Run
from riskmodel.run.params import Params, apply_overrides
from riskmodel.run.records import Record
from riskmodel.run.settings import (
    correlation,
    damage_levers,
    people_levers,
    scenario_curves,
    scenario_fine,
)
from riskmodel.run.stages import load_stage_tree, open_stage, save_stage
from riskmodel.run.work.records import interval_records
from riskmodel.run.work.scope import zone_words
from riskmodel.show.tables import results_table

SOURCE = "riskmodel.exceedance on the occurrence table"
MEMORY_LIMIT = 8 << 30  # bytes; the tables of all scenarios of nine perils take some 5 GB


def programme_of(run: Run, census: xr.DataTree) -> Programme:
    """Tier programme of the run, checked against census and perils, limited to zones of the run.

    Its amounts are those of the file times `amounts_share`.
    """
    zones = [str(code) for code in census["zones"].to_dataset()["zone"].values]
    path, known = run.path(run.params.tiers.programme), census.attrs.get("whole_zones", zones)
    programme = load_programme(Path(path), zones=known)
    classes = census["exposure"].to_dataset()["exposure_class"].values.tolist()
    check_census(programme, classes, list(run.params.hazard.storage_rates()), where=path.name)
    if len(zones) == len(known):
        return programme
    return limited_to(programme, zones, share=amounts_share(run, census))


def amounts_share(run: Run, census: xr.DataTree) -> float:
    """Share by which the amounts of the programme are multiplied, 0 to 1.

    With ``tiers.limits: by_population`` the share of the city's people who live in the zones of
    the run: tier 1 is bought for each resident at one price, so that the premium set aside, the
    limits and what the reserve refunds above go with the people. Otherwise 1.

    Raises
    ------
    CensusError
        If amounts go by people and nobody is counted.
    """
    if run.params.tiers.limits != "by_population":
        return 1.0
    share = census.attrs.get("population_share", 1.0)
    if share is None:
        raise CensusError(
            "nobody is counted, so limits cannot go by population",
            where="tiers.limits",
            found=run.params.tiers.limits,
            expected="an exposure class population in the census",
            remedy="write a programme for these zones, with tiers.limits: as_written",
        )
    return float(share)


def damage_of(params: Params, census: xr.DataTree) -> list[Item]:
    """Damage of the classes that the census values."""
    exposed = census["exposure"].to_dataset()["exposure_class"].values.tolist()
    return damage_items(damage_levers(params), exposed=exposed)


def items_of(run: Run, params: Params, census: xr.DataTree) -> list[Item]:
    """Classes exposed with their responses: damage, benefits and indices of covers, people."""
    programme = programme_of(run, census)
    benefits = benefits_of(params, census, programme)
    return [
        *damage_of(params, census),
        *benefits,
        *reach_items(benefits),
        *area_items(programme),
        *people_items(people_levers(params)),
    ]


def benefits_of(params: Params, census: xr.DataTree, programme: Programme) -> list[Item]:
    """Classes exposed with what a programme's benefits pay for them."""
    harm = Damaged(damage_of(params, census), params.loss.ground_floor_share.model_dump())
    people, floor_height = people_levers(params), params.loss.floor_height
    return benefit_items(programme, floor_height=floor_height, people=people, damage=harm)


def loss_scenario(
    run: Run,
    params: Params,
    census: xr.DataTree,
    catalogue: xr.DataTree,
    *,
    perils: Sequence[str] | None = None,
    items: Sequence[Item] | None = None,
) -> Scenario:
    """Losses, benefits and people under some params, a column for each of their parts.

    Only the named perils act, all of the catalogue where none are named; and only the given items,
    all of the run where none are given.

    Raises
    ------
    ResponseError
        If a peril of the catalogue has maps but nothing responds to it.
    """
    items = items_of(run, params, census) if items is None else items
    curves = scenario_curves(params, census, catalogue)
    require_responses(items, curves)
    curves = {p: curve for p, curve in curves.items() if perils is None or p in perils}
    fine = scenario_fine(params, census, catalogue)
    return Scenario(curves, items, params.loss.depth_spread, fine)


def compiled(
    run: Run,
    params: Params,
    census: xr.DataTree,
    catalogue: xr.DataTree,
    *,
    perils: Sequence[str] | None = None,
    items: Sequence[Item] | None = None,
) -> CompiledTable:
    """Compile `loss_scenario` on its own."""
    scenario = loss_scenario(run, params, census, catalogue, perils=perils, items=items)
    (table,) = compile_scenarios(census, {"baseline": scenario})
    return table


def run_losses(
    run: Run, census: xr.DataTree, catalogue: xr.DataTree
) -> tuple[xr.Dataset, dict[str, xr.Dataset]]:
    """Occurrence tables of the baseline and of each variant of the model set, kept as stages.

    One walk over the catalogue makes them all; the baseline has moments beside its means.
    Occurrences are those of the scenario: as the catalogue has them, or thinned and repeated.
    """
    chosen = {"baseline": run.params} | {
        v.name: apply_overrides(run.params, v.set, where=v.name) for v in run.params.model_set
    }
    scenarios = {
        name: loss_scenario(run, params, census, catalogue) for name, params in chosen.items()
    }
    occurrences = open_stage(run, "catalogue").load()
    blocks = int(catalogue.attrs["blocks"])
    compiled_tables = compile_scenarios(census, scenarios, correlation=correlation(run.params))
    with tqdm(total=blocks, desc=f"{len(scenarios)} scenarios", unit="block") as bar:
        tables = occurrence_tables(
            catalogue, compiled_tables, progress=told_by(bar), memory_limit=MEMORY_LIMIT
        )
    tables = {name: repeated_table(tables.pop(name), occurrences) for name in chosen}
    baseline = tables.pop("baseline")
    save_stage(run, "occurrence_table", baseline)
    save_stage(run, "model_set", xr.DataTree.from_dict(tables))
    return baseline, tables


def told_by(bar: tqdm[NoReturn]) -> Callable[[str], None]:
    """Write what a pass says beside a bar of blocks, and move it with each block."""

    def tell(text: str) -> None:
        if text.startswith("block"):
            bar.update()
        else:
            bar.write(text)

    return tell


def losses_of(run: Run) -> tuple[xr.Dataset, dict[str, xr.Dataset]]:
    """Occurrence tables that notebook 03 made."""
    tree = load_stage_tree(run, "model_set")
    return open_stage(run, "occurrence_table").load(), {
        n: d.to_dataset() for n, d in tree.children.items()
    }


def loss_records(run: Run, table: xr.Dataset, variants: Mapping[str, xr.Dataset]) -> list[Record]:
    """All figures of `loss_metrics` with both intervals."""
    periods = list(run.params.exceedance.return_periods)
    return interval_records(
        run,
        loss_metrics(table, periods),
        [loss_metrics(table, periods, block=b) for b in range(int(table.attrs["blocks"]))],
        [loss_metrics(v, periods) for v in variants.values()],
        unit="CNY",
        source=SOURCE,
    )


def curve_of(run: Run, table: xr.Dataset, variants: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Exceedance curve with intervals by kind, kept as a stage."""
    curve = ep_curve(
        table,
        variants,
        level=run.params.exceedance.interval_level,
        status=figure_status("loss.oep.100"),
    )
    save_stage(run, "exceedance", curve)
    return curve


def part_table(run: Run, records: Sequence[Record], table: xr.Dataset) -> pd.DataFrame:
    """Mean annual loss by peril, cause, sector and zone in words, with both intervals."""
    parts = [f"loss.aal.by_{group}." for group in ("peril", "cause", "sector", "zone")]
    return results_table(
        [record.model_dump() for record in records],
        [record.name for record in records if record.name.startswith(tuple(parts))],
        language=run.params.language,
        zones=zone_words(table, run.params.language),
    )


def loss_by_zone_and_peril(table: xr.Dataset) -> xr.DataArray:
    """Average annual loss (zone, peril) in CNY."""
    columns = np.flatnonzero(table["quantity"].values == "loss")
    perils = pd.unique(table["peril"].values[columns])
    sums = np.zeros((table.sizes["zone"], len(perils)))
    for index, peril in enumerate(perils):
        chosen = columns[table["peril"].values[columns] == peril]
        np.add.at(
            sums[:, index], table["row_zone"].values, table["mean"].values[:, chosen].sum(axis=1)
        )
    coords = {
        "zone": table["zone"], "peril": perils,
        "name_zh": ("zone", table["name_zh"].values), "name_en": ("zone", table["name_en"].values),
    }  # fmt: skip
    result = xr.DataArray(sums / table.attrs["years"], coords, ("zone", "peril"))
    stamp_money(result, price_year=int(table.attrs["price_year"]))
    return result.assign_attrs(
        long_name="average annual loss", long_name_zh="年均损失", long_name_en="Average annual loss"
    )
