"""Build and open the catalogue of the storms of Wenzhou."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import xarray as xr

from benchmarks.side import Outcome
from benchmarks.storms import YEARS, case, census, stored_case, warm_up
from riskmodel.hazard.build import build_catalogue
from riskmodel.hazard.catalogue import open_catalogue
from riskmodel.hazard.source import SourceBlock
from riskmodel.run.folder import ROOT
from riskmodel.run.params import load_params
from riskmodel.run.settings import catalogue_settings
from riskmodel.run.work.hazard import sources_of

LARGE_BLOCKS, LARGE_YEARS = 10, 10_000


def store(work: Path) -> None:
    """Build the catalogue that `open_stored` opens."""
    source, settings = stored_case(work)
    build_catalogue(work / "stored", census(), [source], settings)


def build(work: Path) -> Callable[[], Outcome]:
    """Rank and store the blocks that were simulated before."""
    tree, (source, settings) = census(), stored_case(work)
    warm_up(source, settings, tree)

    def run() -> Outcome:
        catalogue = build_catalogue(work / "built", tree, [source], settings)
        return size(catalogue, work / "built")

    shutil.rmtree(work / "built", ignore_errors=True)
    return run


def build_large(work: Path) -> Callable[[], Outcome]:
    """Simulate, rank and store the large catalogue, block by block."""
    tree = census()
    warm_up(*case(1, YEARS), tree)
    source, settings = case(LARGE_BLOCKS, LARGE_YEARS)
    simulated = []

    def block(number: int) -> SourceBlock:
        start = perf_counter()
        made = source.block(number)
        simulated.append(perf_counter() - start)
        return made

    def run() -> Outcome:
        catalogue = build_catalogue(work / "large", tree, [replace(source, block=block)], settings)
        return {**size(catalogue, work / "large"), "source_seconds": sum(simulated)}

    return run


def build_nine(work: Path) -> Callable[[], Outcome]:
    """Simulate, rank and store the catalogue of the demo params: nine perils, seven sources."""
    tree = census()
    warm_up(*case(1, YEARS), tree)
    params = load_params(ROOT / "params" / "wenzhou.yml")
    sources, settings = sources_of(params, tree), catalogue_settings(params)
    shutil.rmtree(work / "nine", ignore_errors=True)

    def run() -> Outcome:
        return size(build_catalogue(work / "nine", tree, sources, settings), work / "nine")

    return run


def size(catalogue: xr.DataTree, folder: Path) -> dict[str, float]:
    """Years, occurrences, pairs and MB on disk of a catalogue."""
    pairs = [n.sizes["pair"] for n in catalogue.subtree if "pair" in n.sizes]
    return {
        "years": int(catalogue.attrs["blocks"]) * int(catalogue.attrs["years_per_block"]),
        "occurrences": catalogue.sizes["occurrence"],
        "pairs": sum(pairs),
        "disk_mb": sum(p.stat().st_size for p in folder.rglob("*.nc")) / 2**20,
    }


def open_stored(work: Path) -> Callable[[], Outcome]:
    """Open a stored catalogue, nothing warmed up."""
    [folder] = (work / "stored").iterdir()

    def run() -> Outcome:
        return {"occurrences": open_catalogue(folder).sizes["occurrence"]}

    return run
