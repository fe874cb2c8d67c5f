"""The pack of result layers that a county hands on: maps, zones and tables with metadata."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from riskmodel import __version__
from riskmodel.census.manifest import Manifest
from riskmodel.census.manifest import read_manifest as read_census_manifest
from riskmodel.census.townships import pieces_inside, read_townships, zone_polygons
from riskmodel.census.vectors import Polygons
from riskmodel.core.errors import StageError
from riskmodel.core.files import sha256, sha256_of, write_json, write_text
from riskmodel.core.messages import LANGUAGES
from riskmodel.exchange.geopackage import Layer, write_geopackage
from riskmodel.exchange.geotiff import NODATA, write_geotiff
from riskmodel.exchange.workbook import write_workbook
from riskmodel.run.assumptions import figure_status
from riskmodel.run.folder import Run
from riskmodel.run.manifest import read_manifest
from riskmodel.run.records import read_results
from riskmodel.run.stages import open_stage
from riskmodel.run.work.cells import entry_losses, on_cells
from riskmodel.run.work.census import COUNTS, boundary_note, census_of, exposed_value
from riskmodel.run.work.exchange import finished_run
from riskmodel.run.work.hazard import catalogue_of
from riskmodel.run.work.losses import losses_of
from riskmodel.run.work.pack_readme import readme_text
from riskmodel.run.work.pack_tables import premiums_by_zone, record_frame, zone_frame
from riskmodel.run.work.scope import zone_words
from riskmodel.run.work.zone_figures import zone_records
from riskmodel.show.export import status_words
from riskmodel.show.tables import write_table

METADATA, README = "metadata.json", "README.md"
SCHEMA = "riskmodel pack 1"
LICENCE = (
    "Apache-2.0 for what riskmodel made; the census that it rests on under the terms of its owner"
)
METHOD = (
    "mean over simulated years of the stored footprints; damage by the perils of one storm "
    "combined in the cell as 1 - prod(1 - d) and booked in proportion; sums over the cells of a "
    "zone equal its mean annual loss"
)
INTERVALS = {
    "simulation": "Student-t interval from the spread between blocks of years; not the uncertainty",
    "model": "envelope of the declared variants, one change at a time; carries no probability",
}


def pack_run(folder: Path, to: Path) -> list[Path]:
    """Write the layers of a finished run, the whole pack or nothing.

    Parameters
    ----------
    folder : Path
        A finished run whose catalogue still lies beside it.
    to : Path
        Folder of the pack, outside the run. An earlier pack there is replaced, anything else not.

    Returns
    -------
    The files: ``maps/aal_<peril>.tif``, ``aal_total.tif`` (CNY a year and cell) and
    ``aal_share.tif`` (of the value exposed, 1 a year); ``zones.gpkg`` with a layer ``zones`` and,
    where the census has them, ``townships``; ``tables/*.csv`` (UTF-8 with BOM) and the same as
    ``tables.xlsx``; ``README.md`` for the reader; ``metadata.json``. Status, source and price
    year stand in each layer.

    Raises
    ------
    VerificationError, StageError
        If there is no such run, its census changed, its catalogue is gone, or `to` is no place.
    """
    run = finished_run(folder)
    _require_place(run, to)
    temporary = to.parent / f".{os.getpid()}.{to.name}"
    try:
        _write(run, temporary)
        shutil.rmtree(to, ignore_errors=True)
        temporary.replace(to)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return sorted(path for path in to.rglob("*") if path.is_file())


def _require_place(run: Run, to: Path) -> None:
    """Refuse a place inside the run, which must not change, and a folder of something else."""
    inside = to.resolve().is_relative_to(run.folder.root)
    other = to.exists() and not (to / METADATA).is_file()
    if inside or (other and (not to.is_dir() or any(to.iterdir()))):
        raise StageError(
            "the pack cannot be written here",
            where=to.name,
            found="the folder of the run" if inside else "something that is no pack",
            expected="a new folder, or that of an earlier pack",
            remedy="give another one with --to",
        )


def _write(run: Run, folder: Path) -> None:
    census, tags = census_of(run), _tags(run)
    crs = str(census[census.attrs["perils"][0]].attrs["crs"])
    maps = _write_maps(run, census, folder / "maps", crs, tags)
    layers = _layers(run, census, tags)
    write_geopackage(folder / "zones.gpkg", layers, crs=crs)
    tables = {name: layer.frame for name, layer in layers.items()} | _figures(run, census)
    for name, frame in tables.items():
        write_table(frame, folder / "tables" / f"{name}.csv")
    write_workbook(folder / "tables.xlsx", {"about": _about(tags), **tables})
    metadata = _metadata(run, census, crs, tags)
    perils = [p for p in census.attrs["perils"] if f"maps/aal_{p}.tif" in maps]
    told = {**metadata, "boundaries": boundary_note(run), "nodata": NODATA}
    told |= {f"place_{code}": name for code, name in metadata["title"].items()}
    write_text(folder / README, readme_text(told, perils, list(layers)))
    described = {
        README: "what each file is, units, status, how to open and to cite; start here",
        "zones.gpkg": f"layers {', '.join(layers)}; money in CNY",
        **maps,
        **{f"tables/{name}.csv": "UTF-8 with BOM, money in CNY" for name in tables},
        "tables.xlsx": "the same tables, a sheet each",
    }
    files = [
        {"path": name, "what": what, "sha256": sha256(folder / name)}
        for name, what in sorted(described.items())
    ]
    write_json(folder / METADATA, {**metadata, "files": files})


def _tags(run: Run) -> dict[str, str]:
    """Return what each layer says of itself."""
    params, manifest = run.params, read_manifest(run.folder)
    zones = params.census.zones
    made, census = open_stage(run, "occurrence_table").attrs["source"], _census(run)
    return {
        "status": status_words(figure_status("loss.aal")),
        "census_status": status_words(census.status),
        "run": params.run,
        "place": f"{params.census.place.zh} {params.census.place.en}",
        "zones": zones if zones == "all" else " ".join(zones),
        "params_sha256": sha256_of(manifest["params"]),
        "inputs_hash": str(manifest["inputs_hash"]),
        "currency": params.census.currency,
        "price_year": str(params.census.price_year),
        "source": f"riskmodel {__version__}, run {params.run}, {made}; census: {census.source}",
        "licence": LICENCE,
    }


def _census(run: Run) -> Manifest:
    return read_census_manifest(run.path(run.params.census.folder))


def _write_maps(
    run: Run, census: xr.DataTree, folder: Path, crs: str, tags: dict[str, str]
) -> dict[str, str]:
    """Write mean annual loss by cell; return what each file holds."""
    losses = entry_losses(run, census, catalogue_of(run))
    total, exposure = losses.sum("peril"), census["exposure"].to_dataset()
    money = [c for c in exposure["exposure_class"].values if c not in COUNTS]
    value = on_cells(census, exposure["value"].sel(exposure_class=money).values.sum(axis=1))
    yuan = {"units": "CNY a year and cell"}
    fields = {
        f"aal_{p}": on_cells(census, losses.sel(peril=p).values) for p in losses["peril"].values
    }
    fields["aal_total"] = on_cells(census, total.values)
    share = (fields["aal_total"] / value).where(value > 0.0)
    written = {}
    for name, field in fields.items():
        field.attrs = {**yuan, "long_name": f"mean annual loss, {name.removeprefix('aal_')}"}
    share.attrs = {"units": "1 a year", "long_name": "mean annual loss over the value exposed"}
    for name, field in {**fields, "aal_share": share}.items():
        own = tags | {"quantity": field.attrs["long_name"], "unit": field.attrs["units"]}
        write_geotiff(folder / f"{name}.tif", field, crs=crs, tags={**own, "method": METHOD})
        what = f"{field.attrs['long_name']}, {field.attrs['units']}; nodata {NODATA:g}"
        written[f"{folder.name}/{name}.tif"] = what
    return written


def _layers(run: Run, census: xr.DataTree, tags: dict[str, str]) -> dict[str, Layer]:
    """Zones with curves and premiums, and townships with curves where the run has them."""
    table, variants = losses_of(run)
    place, status = run.path(run.params.census.folder), tags["status"]
    codes = [str(code) for code in table["zone"].values]
    polygons = zone_polygons(place, codes)
    frame = zone_frame(
        table, zone_records(run, table, variants), exposed_value(census), status=status
    )
    premiums = pd.DataFrame(premiums_by_zone(open_stage(run, "ledger")))
    frame = pd.concat([frame, premiums], axis=1)
    own = tags | {"boundaries": boundary_note(run)}
    layers = {"zones": Layer(frame, [polygons[code] for code in codes], own)}
    townships = read_townships(place, codes)
    if townships is not None:
        finer = open_stage(run, "townships").load()
        rows = zone_frame(finer, zone_records(run, finer, {}), None, status=status)
        inside: Polygons = {}
        for code in codes:
            inside |= pieces_inside(polygons[code], code, townships)
        rows = rows[rows["code"].isin(list(inside))]  # what is in no township has no polygon
        layers["townships"] = Layer(rows, [inside[code] for code in rows["code"]], own)
    return layers


def _figures(run: Run, census: xr.DataTree) -> dict[str, pd.DataFrame]:
    """Tables of the run's records: premiums and payers, and all of them."""
    zones = census["zones"].to_dataset()
    words = {code: zone_words(zones, code) for code in LANGUAGES}
    records = list(read_results(run.folder.results).values())
    tiers = [record for record in records if record.name.startswith(("tier.", "ledger."))]
    return {"tiers": record_frame(tiers, words), "figures": record_frame(records, words)}


def _about(tags: dict[str, str]) -> pd.DataFrame:
    """First sheet of the workbook: what the tables are, for a workbook travels alone."""
    words = {**tags, "method": METHOD, **{f"interval, {k}": v for k, v in INTERVALS.items()}}
    return pd.DataFrame({"key": list(words), "value": list(words.values())})


def _metadata(run: Run, census: xr.DataTree, crs: str, tags: dict[str, str]) -> dict[str, Any]:
    params, manifest = run.params, read_manifest(run.folder)
    return {
        "schema": SCHEMA,
        "title": {code: getattr(params.census.place, code) for code in LANGUAGES},
        **tags,
        "crs": crs,
        "zone_codes": [str(code) for code in census["zones"].to_dataset()["zone"].values],
        "years": params.hazard.blocks * params.hazard.years_per_block,
        "seed": params.seed,
        "interval_level": params.exceedance.interval_level,
        "intervals": INTERVALS,
        "method": METHOD,
        "params": manifest["params"],
        "versions": manifest["versions"],
    }
