"""Import of a province at 30 arc seconds: nine perils at six return periods, checked and stored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import openpyxl
import pyogrio
import rasterio
import shapely
import yaml
from rasterio.transform import from_origin

from benchmarks.side import Outcome
from benchmarks.zones import COLUMNS, NORTH, POLYGONS, ROWS, STEP, WEST, Arrays, polygons

PERIODS = (5, 10, 20, 50, 100, 200)
FOLDER = "province"


def _write(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    place = from_origin(WEST, NORTH, STEP, STEP)
    given = {"height": ROWS, "width": COLUMNS, "count": 1, "dtype": "float32", "nodata": -9999.0}
    with rasterio.open(
        path, "w", driver="GTiff", crs="EPSG:4490", transform=place, compress="deflate", **given
    ) as target:
        target.write(values.astype(np.float32), 1)


def store(work: Path) -> None:
    """Write the census: 54 maps, a weight, a table of 100 zones, polygons and the manifest."""
    from riskmodel.census.units import perils

    folder, noise = work / FOLDER, np.random.default_rng(11)
    hazard: dict[str, object] = {}
    for peril, about in perils().items():
        base = noise.uniform(0.0, 0.1, (ROWS, COLUMNS)) * float(about["range"][1])
        files = {t: f"hazard/{peril}_rp{t:03d}.tif" for t in PERIODS}
        for t, name in files.items():
            _write(folder / name, base * np.log(t))
        hazard[peril] = {"unit": next(iter(about["units"])), "files": files}
    _write(folder / "weights" / "towns.tif", noise.uniform(0.5, 2.0, (ROWS, COLUMNS)))
    shapes = np.array(polygons(), dtype=object)
    codes = [f"{990001 + number}" for number in range(shapes.size)]
    pyogrio.raw.write(
        folder / "zones.gpkg", shapely.to_wkb(shapes), [np.array(codes, dtype=object)], ["PAC"],
        geometry_type="Unknown", crs="EPSG:4490",
    )  # fmt: skip
    book = openpyxl.Workbook()
    book.active.append(["code", "name_zh", "name_en", "population", "gdp"])
    for number, code in enumerate(codes):
        book.active.append([code, f"县{number}", f"County {number}", 500_000 + number, 300.0])
    book.save(folder / "table.xlsx")
    exposure = {
        "workbook": "table.xlsx",
        "classes": {"population": {"unit": "person", "weight": "weights/towns.tif"}},
        "gdp": {"column": "gdp", "unit": "亿元", "year": 2022},
    }
    manifest = {
        "name": "province", "status": "synthetic", "source": "benchmark", "crs": "EPSG:4490",
        "currency": "CNY", "price_year": 2022, "valuation_basis": "replacement_cost",
        "return_period_basis": "annual_probability",
        "hazard": hazard, "exposure": exposure, "zones": {"file": "zones.gpkg", "code": "PAC"},
    }  # fmt: skip
    text = yaml.safe_dump(manifest, allow_unicode=True)
    (folder / "census.yml").write_text(text, encoding="utf-8")


def ours(work: Path) -> Callable[[], Outcome]:
    """Check the whole census, write it as one file and read that again."""
    from riskmodel.census.storage import import_census, open_census

    def run() -> Outcome:
        written = work / "province.nc"
        import_census(work / FOLDER, written)
        with open_census(written) as tree:
            nodes = {name: node.to_dataset(inherit=False) for name, node in tree.children.items()}
            maps = [nodes[peril]["intensity"].values for peril in sorted(tree.attrs["perils"])]
            zones, exposure = nodes["zones"], nodes["exposure"]
            cell = zones["row"].values.astype(np.int64) * COLUMNS + zones["column"].values
            zone = zones["entry_zone"].values.astype(np.int64)
            key = zone * ROWS * COLUMNS + cell[zones["entry_cell"].values]
            people = exposure["value"].sel(exposure_class="population").values
            return {"maps": np.stack(maps), "key": key, "value": people, "perils": len(maps)}

    return run


def judge(one: Arrays, other: Arrays) -> tuple[bool, str]:
    """Whether both files hold the same maps and, up to single precision, the same people.

    People of each zone must be those of its row of the table, to rounding in ours.
    """
    alike = one["maps"].shape == other["maps"].shape and np.array_equal(one["maps"], other["maps"])
    rows = np.arange(POLYGONS) + 500_000.0
    sums = [np.bincount(s["key"] // (ROWS * COLUMNS), s["value"], POLYGONS) for s in (one, other)]
    lost = [float(np.abs(total / rows - 1.0).max()) for total in sums]
    size = POLYGONS * ROWS * COLUMNS
    at = [np.bincount(side["key"], side["value"], size) for side in (one, other)]
    apart = float(np.abs(at[0] - at[1]).max() / at[0].max())
    how = (
        f"{one['maps'].size} values of {'equal' if alike else 'OTHER'} maps; people of a zone's "
        f"cell apart by {apart:.2g} of the largest; zones give their row back within {lost[0]:.2g} "
        f"and {lost[1]:.2g}; the script checks nothing"
    )
    return bool(alike and apart <= 1e-6 and lost[0] <= 1e-9 and lost[1] <= 1e-6), how
