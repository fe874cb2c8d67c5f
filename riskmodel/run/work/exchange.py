"""A finished run in open standards: Open Results Data tables and an Open Exposure Data file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.core.errors import StageError
from riskmodel.exceedance.curve_table import curve_table
from riskmodel.exchange.oed import insured_value, location_table, not_carried, write_locations
from riskmodel.exchange.ord import exceedance_table, loss_tables
from riskmodel.exchange.ord_files import Analysis, Group, Results, write_results
from riskmodel.run.assumptions import figure_status
from riskmodel.run.folder import ROOT, Run, RunFolder
from riskmodel.run.manifest import changed_inputs, hash_inputs, read_manifest
from riskmodel.run.params import Params, validate_params
from riskmodel.run.stages import open_stage
from riskmodel.run.work.census import census_of

GROUPS: tuple[Group, ...] = ("all", "zone", "peril")


def export_run(folder: Path, to: Path) -> list[Path]:
    """Write the ground-up losses and the exposure of a finished run in open standards.

    Parameters
    ----------
    folder : Path
        A finished run.
    to : Path
        Folder for ``location.csv`` and, for the whole, zones and perils (levels 1 to 3),
        ``gul_S<level>_{summary-info,melt,mplt,ept,palt}.csv``, with ``metadata.json`` beside them.

    Returns
    -------
    The files written.

    Raises
    ------
    VerificationError
        If the folder holds no finished run.
    StageError
        If its occurrence table is missing, or the census changed since the run.
    """
    run = finished_run(folder)
    params, table = run.params, open_stage(run, "occurrence_table").load()
    census = census_of(run)
    exposure, perils = census["exposure"].to_dataset(), list(census.attrs["perils"])
    periods = list(params.exceedance.return_periods)
    results = [results_by(table, group, insured_value(exposure), periods) for group in GROUPS]
    analysis = Analysis(
        years=int(table.attrs["years"]),
        currency=str(table.attrs["currency"]),
        price_year=int(table.attrs["price_year"]),
        status=figure_status("loss.aal"),
        source=f"riskmodel run {params.run}, {table.attrs['source']}",
        not_carried=tuple(not_carried(exposure, perils)),
    )
    locations = location_table(exposure, census["zones"].to_dataset(), perils)
    written = write_results(to, analysis, results)
    return [*written, write_locations(to / "location.csv", locations)]


def finished_run(folder: Path) -> Run:
    """Open a finished run whose census is still that of the run.

    Raises
    ------
    VerificationError
        If the folder holds no finished run.
    StageError
        If the census changed since the run.
    """
    found = RunFolder(folder.resolve())
    manifest = read_manifest(found)
    params = validate_params(manifest["params"], f"{found.root.name}/manifest.json, params")
    _refuse_other_census(params, manifest["inputs"])
    return Run(params, found, "exchange")


def results_by(
    table: xr.Dataset, group: Group, exposed: xr.DataArray, return_periods: list[float]
) -> Results:
    """Make the result tables of one grouping.

    Exceedance points (OEP, AEP and TVaR of both) and averages are those of `exceedance.metrics` on
    the year losses of each summary; the standard deviation of year losses divides by all years.

    Parameters
    ----------
    table : Dataset
        Occurrence table.
    group : {"all", "zone", "peril"}
        What the summaries are.
    exposed : DataArray (zone)
        Value exposed, CNY.
    return_periods : list of float
        Years, supported by the simulated years.
    """
    tables = loss_tables(table, group, exposed)
    years, losses = int(table.attrs["years"]), tables["mplt"]
    summary = tables["summary-info"]["summary"].to_numpy()
    year, own, loss = (losses[n].to_numpy() for n in ("period", "summary", "mean_loss"))
    points = curve_table(
        year - 1, loss, years, return_periods, group=own - 1, groups=[str(n) for n in summary]
    )
    curve = points.rename(group="summary").assign_coords(summary=summary).to_dataset(name="value")
    total = np.bincount((own - 1) * years + year - 1, loss, summary.size * years)
    total = total.reshape(summary.size, years)
    palt = pd.DataFrame(
        {
            "mean_loss": total.mean(axis=1), "sd_loss": total.std(axis=1),
            "summary": summary, "sample_type": "analytical",
        }
    )  # fmt: skip
    ept = exceedance_table(curve.assign_attrs(currency=table.attrs["currency"]))
    return Results(group, {**tables, "ept": ept, "palt": palt})


def _refuse_other_census(params: Params, inputs: dict[str, str]) -> None:
    """Refuse to export losses beside an exposure that they were not made with."""
    census = f"{params.census.folder.rstrip('/')}/"
    then, now = (
        {name: digest for name, digest in hashes.items() if name.startswith(census)}
        for hashes in (inputs, hash_inputs(params, ROOT, ()))
    )
    if changed := changed_inputs(then, now):
        raise StageError(
            "the census changed since the run",
            where=params.census.folder,
            found=changed,
            expected="the files that the run was made with",
            remedy="run it again with `riskmodel run`, then export",
        )
