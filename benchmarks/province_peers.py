"""The import of a province as a script would do it, in an environment of its own.

It reads, clips, spreads and writes what the import writes, and checks nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.side import Outcome

FOLDER = "province"


def script(work: Path) -> Callable[[], Outcome]:
    """Read maps by rioxarray, cut and weigh them by exactextract, join the table, write NetCDF."""
    import exactextract
    import geopandas
    import openpyxl
    import rioxarray

    folder = work / FOLDER
    names = sorted(path.stem.rpartition("_rp") for path in (folder / "hazard").glob("*.tif"))
    perils = {peril: [t for one, _, t in names if one == peril] for peril, _, _ in names}

    def run() -> Outcome:
        zones = geopandas.read_file(folder / "zones.gpkg")
        rows = openpyxl.load_workbook(folder / "table.xlsx").active.iter_rows(values_only=True)
        head, *body = rows
        people = {str(row[0]): float(row[head.index("population")]) for row in body}

        def opened(path: Path) -> Any:
            data = rioxarray.open_rasterio(path, masked=True).squeeze("band", drop=True)
            return data.rio.clip(zones.geometry, zones.crs, all_touched=True)

        weight = opened(folder / "weights" / "towns.tif")
        wanted = ["cell_id", "coverage(coverage_weight=area_spherical_m2)", "values"]
        spread = exactextract.exact_extract(weight, zones, wanted, include_cols=["PAC"])
        entries = _entries(spread, people)
        stacks = {
            peril: _stack([opened(folder / "hazard" / f"{peril}_rp{t}.tif") for t in periods])
            for peril, periods in perils.items()
        }
        written = work / "script.nc"
        _write(written, stacks, entries)
        return read(written, sorted(perils))

    return run


def read(path: Path, perils: Iterable[str]) -> Outcome:
    """Read the written file again: maps (peril, return period, cell), value by zone and cell."""
    import xarray

    with xarray.open_datatree(path, engine="netcdf4") as tree:
        maps = [tree[peril].to_dataset()["intensity"].values for peril in perils]
        zones = tree["zones"].to_dataset()
        return {"maps": np.stack(maps), **{n: zones[n].values for n in ("key", "value")}}


def _stack(maps: list[Any]) -> Any:
    import xarray

    return xarray.concat(maps, "return_period").astype(np.float32)


def _entries(spread: list[dict[str, Any]], people: Mapping[str, float]) -> dict[str, np.ndarray]:
    """People of each zone and cell, in proportion to weight times the area covered."""
    from benchmarks.zones import COLUMNS, ROWS

    keys, values = [], []
    for one in (part["properties"] for part in spread):
        number = int(one["PAC"]) - 990001
        stands = np.asarray(one["values"], np.float64) * np.asarray(one["coverage"], np.float64)
        keys.append(number * ROWS * COLUMNS + np.asarray(one["cell_id"], np.int64))
        values.append(people[one["PAC"]] * stands / stands.sum())
    return {"key": np.concatenate(keys), "value": np.concatenate(values)}


def _write(path: Path, stacks: Mapping[str, Any], entries: Mapping[str, np.ndarray]) -> None:
    """Write a group a peril and one for the zones, compressed as ours is."""
    import xarray

    nodes = {peril: xarray.Dataset({"intensity": stack}) for peril, stack in stacks.items()}
    nodes["zones"] = xarray.Dataset({name: ("entry", a) for name, a in entries.items()})
    packed = {"zlib": True, "complevel": 1, "shuffle": True}
    encoding = {f"/{n}": {str(v): packed for v in data.data_vars} for n, data in nodes.items()}
    xarray.DataTree.from_dict(nodes).to_netcdf(path, engine="netcdf4", encoding=encoding)
