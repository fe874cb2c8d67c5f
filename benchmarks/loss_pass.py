"""The pass over the stored catalogue of nine perils, and a question asked of it in memory.

All sectors of the demo params in twelve zones. Tables are compiled and pairs are read from disk
within the time of a pass; a question finds them in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr

from benchmarks.harness import ROOT
from benchmarks.side import Outcome
from benchmarks.storms import census
from riskmodel.exceedance.curve import ep_curve
from riskmodel.hazard.build import build_catalogue
from riskmodel.loss.compilation import CompiledTable, compile_table
from riskmodel.loss.occurrence_table import occurrence_table
from riskmodel.run.folder import Run, RunFolder
from riskmodel.run.params import load_params
from riskmodel.run.settings import catalogue_settings, scenario_curves, scenario_fine
from riskmodel.run.work.hazard import sources_of
from riskmodel.run.work.losses import damage_of
from riskmodel.run.work.what_if import held, what_if, what_if_figure

TIMES = 10  # that the catalogue stands behind itself to make 100,000 years
CHANGE = {"loss.floor_height": 0.45}


def _run(work: Path) -> Run:
    return Run(load_params(ROOT / "params" / "wenzhou.yml"), RunFolder(work), "benchmark")


def store(work: Path) -> None:
    """Build the catalogue of the demo params, unless the folder has it already."""
    stored(work)


def stored(work: Path) -> xr.DataTree:
    """Open the catalogue of the demo params."""
    params, tree = _run(work).params, census()
    sources, settings = sources_of(params, tree), catalogue_settings(params)
    return build_catalogue(work / "stored_nine", tree, sources, settings)


def _compiled(run: Run, tree: xr.DataTree, catalogue: xr.DataTree) -> CompiledTable:
    return compile_table(
        tree,
        scenario_curves(run.params, tree, catalogue),
        damage_of(run.params, tree),
        depth_spread=run.params.loss.depth_spread,
        fine=scenario_fine(run.params, tree, catalogue),
    )


def one_block(catalogue: xr.DataTree) -> xr.DataTree:
    """Return a catalogue of the first block alone, to warm up with."""
    return _with_blocks(catalogue, [0])


def _with_blocks(catalogue: xr.DataTree, blocks: list[int]) -> xr.DataTree:
    """Return the catalogue with some of its blocks one behind the other."""
    root, parts = catalogue.to_dataset(), []
    nodes: dict[str, xr.Dataset] = {}
    years = int(root.attrs["years_per_block"])
    for number, block in enumerate(blocks):
        part = root.isel(occurrence=root["block"].values == block)
        year = part["year"].values + (number - block) * years
        parts.append(
            part.assign(
                year=("occurrence", year),
                block=("occurrence", np.full(year.size, number, np.int16)),
            )
        )
        old = catalogue[f"block_{block:02d}"].children.items()
        nodes |= {f"block_{number:02d}/{peril}": node.to_dataset() for peril, node in old}
    whole = xr.concat(parts, "occurrence").assign_attrs(root.attrs | {"blocks": len(blocks)})
    return xr.DataTree.from_dict({"/": whole, **nodes})


def _passes(work: Path, times: int) -> Callable[[], Outcome]:
    run, tree, catalogue = _run(work), census(), stored(work)
    passed = _with_blocks(catalogue, list(range(int(catalogue.attrs["blocks"]))) * times)
    occurrence_table(one_block(catalogue), _compiled(run, tree, catalogue))

    def timed() -> Outcome:
        table = occurrence_table(passed, _compiled(run, tree, catalogue))
        years = int(table.attrs["years"])
        loss = table["mean"].values.sum() / years
        return {"years": years, "rows": table.sizes["row"], "columns": table.sizes["column"],
                "aal": float(loss)}  # fmt: skip

    return timed


def ours(work: Path) -> Callable[[], Outcome]:
    """Pass the stored pairs of 10,000 years."""
    return _passes(work, 1)


def large(work: Path) -> Callable[[], Outcome]:
    """Pass 100,000 years: the blocks of the catalogue ten times, read anew each time."""
    return _passes(work, TIMES)


def question(work: Path) -> Callable[[], Outcome]:
    """Change the height of floors and draw the exceedance curve anew."""
    run, tree, catalogue = _run(work), census(), stored(work)
    kept = held(run, tree, catalogue)
    curve = ep_curve(what_if(kept, {}), {}, level=0.9, status="placeholder")

    def timed() -> Outcome:
        what_if_figure(kept, CHANGE, curve, "zh")
        return {}

    what_if_figure(kept, {"loss.floor_height": 0.3}, curve, "zh")
    return timed


def losses_in_memory(work: Path) -> Callable[[], Outcome]:
    """Answer the question by its table alone."""
    kept = held(_run(work), census(), stored(work))
    what_if(kept, {})
    return lambda: _at_event(what_if(kept, CHANGE))


def losses_by_sector(work: Path) -> Callable[[], Outcome]:
    """Answer it by a pass of all sectors, pairs from disk."""
    run, tree, catalogue = _run(work), census(), stored(work)
    levers = run.params.loss.model_copy(update={"floor_height": CHANGE["loss.floor_height"]})
    changed = replace(run, params=run.params.model_copy(update={"loss": levers}))
    occurrence_table(one_block(catalogue), _compiled(changed, tree, catalogue))

    def timed() -> Outcome:
        return _at_event(occurrence_table(catalogue, _compiled(changed, tree, catalogue)))

    return timed


def _at_event(table: xr.Dataset) -> Outcome:
    size = table.sizes["occurrence"]
    return {
        "at_event": np.bincount(
            table["row_occurrence"].values, table["mean"].values.sum(axis=1), size
        )
    }


def judge(one: Outcome, other: Outcome) -> tuple[bool, str]:
    """Whether the loss of each occurrence agrees to rounding."""
    apart = np.abs(one["at_event"] - other["at_event"]) / np.maximum(other["at_event"], 1.0)
    return bool(
        apart.max() < 1e-9
    ), f"{apart.size} occurrences, largest difference {apart.max():.1e}"
