"""From a flood map of 100 m in metres to losses, against sums over the cells of the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pyogrio
import pytest
import rasterio
import shapely
import xarray as xr
import yaml
from pyproj import Transformer
from rasterio import Affine

from riskmodel.census.read import load_census
from riskmodel.core.errors import CensusError, ReturnPeriodError
from riskmodel.core.returnperiod import Frequency
from riskmodel.hazard.intensity import IntensityCurves, Reading, cell_maps, intensity_curves
from riskmodel.hazard.position import LAST_POSITION
from riskmodel.loss.compilation import compile_table
from riskmodel.loss.fine_layer import fine_cells
from riskmodel.loss.occurrence_table import occurrence_table
from riskmodel.loss.response import Item, Response

WEST, NORTH, SIZE, ROWS, COLUMNS = 120.0, 28.0, 1.0 / 120.0, 4, 5
METRES, LEVEL = "EPSG:4549", 0.5  # m of water from which a home is damaged
PERIODS = (10, 100)


def write(path: Path, values: np.ndarray, crs: str, place: Affine) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {"driver": "GTiff", "count": 1, "dtype": "float32", "nodata": -9999.0, "crs": crs}
    shape = {"height": values.shape[0], "width": values.shape[1], "transform": place}
    with rasterio.open(path, "w", **profile, **shape) as target:
        target.write(values.astype(np.float32), 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A county of 4 by 5 cells of 30 seconds under a flood map of 100 m, two fifths wet."""
    place = tmp_path_factory.mktemp("fine")
    random = np.random.default_rng(11)
    coarse = Affine(SIZE, 0, WEST, 0, -SIZE, NORTH)
    county = shapely.box(WEST, NORTH - ROWS * SIZE, WEST + COLUMNS * SIZE, NORTH)
    edge = np.array(county.buffer(0.002).exterior.coords)
    x, y = Transformer.from_crs("EPSG:4490", METRES, always_xy=True).transform(*edge.T)
    shape = (int(np.ptp(y) / 100) + 1, int(np.ptp(x) / 100) + 1)
    fine = Affine(100.0, 0, x.min(), 0, -100.0, y.max())
    deep = random.uniform(0.6, 2.0, shape) * (random.random(shape) < 0.4)
    for t, part in ((10, 0.5), (100, 1.0)):
        write(place / f"depth_{t}.tif", part * deep, METRES, fine)
        write(place / f"mean_{t}.tif", np.full((ROWS, COLUMNS), 0.45), "EPSG:4490", coarse)
    write(place / "homes.tif", random.uniform(1.0, 5.0, (ROWS, COLUMNS)), "EPSG:4490", coarse)
    wkb = shapely.to_wkb(np.array([county], dtype=object))
    code = [np.array(["990001"], dtype=object)]
    pyogrio.raw.write(
        place / "county.gpkg", wkb, code, ["PAC"], geometry_type="Polygon", crs="EPSG:4490"
    )
    book = openpyxl.Workbook()
    for row in (["code", "name_zh", "homes"], ["990001", "甲县", 50.0]):
        book.active.append(row)
    book.save(place / "table.xlsx")
    flood = {"unit": "m", "files": {t: f"mean_{t}.tif" for t in PERIODS}}
    flood["fine"] = {
        "files": {t: f"depth_{t}.tif" for t in PERIODS}, "spread": "by_area", "crs": METRES,
    }  # fmt: skip
    stated = {
        "name": "one county", "status": "synthetic", "source": "test", "crs": "EPSG:4490",
        "currency": "CNY", "price_year": 2022, "valuation_basis": "replacement_cost",
        "return_period_basis": "annual_probability", "hazard": {"rain_flood": flood},
        "exposure": {
            "workbook": "table.xlsx", "classes": {"homes": {"unit": "亿元", "weight": "homes.tif"}},
        },
        "zones": {"file": "county.gpkg", "code": "PAC"},
    }  # fmt: skip
    (place / "census.yml").write_text(yaml.safe_dump(stated, allow_unicode=True), "utf-8")
    return place


@pytest.fixture(scope="module")
def census(folder: Path) -> xr.DataTree:
    return load_census(folder)


def curves(peril: str, maps: xr.DataArray, cap: float = 6.0) -> IntensityCurves:
    reading = Reading("zero_below", None, "flat", cap, "step_at_wet")
    return intensity_curves(maps, reading, Frequency("poisson"), storage_rate=0.3, peril=peril)


def storms(cells: int) -> xr.DataTree:
    """Three storms of a year beyond every map, at the cells whose number they divide."""
    pairs = [(c, storm) for c in range(cells) for storm in range(3) if c % (storm + 1) == 0]
    cell, storm = np.array(pairs).T
    node = xr.Dataset(
        {
            "pointer": ("edge", np.searchsorted(cell, np.arange(cells + 1))),
            "occurrence": ("pair", storm.astype(np.uint32)),
            "position": ("pair", np.full(cell.size, LAST_POSITION, dtype=np.uint16)),
        }
    )
    root = xr.Dataset(
        {
            "block": ("occurrence", np.zeros(3, dtype=np.int16)),
            "year": ("occurrence", np.arange(3)),
            "start": ("occurrence", np.arange(3.0)), "end": ("occurrence", np.arange(3.0) + 1.0),
            "parent_event": ("occurrence", np.full(3, "plum_rain")),
        },
        attrs={"blocks": 1, "years_per_block": 3, "frequency": "poisson", "kappa": 0.0},
    )  # fmt: skip
    return xr.DataTree.from_dict({"/": root, "block_00/rain_flood": node})


def item() -> Item:
    """Seven tenths of a home are lost from half a metre on, nothing below."""
    knots, kept = (LEVEL,), (0.7,)
    step = Response(
        "step", "rain_flood", "m", knots, kept, "step", "test", "synthetic",
        spread=(0.0,), valid_range=(0.0, LEVEL),
    )  # fmt: skip
    return Item("homes", "loss", "CNY", "homes", {"rain_flood": step}, "complement", 1.0)


def wet_shares(folder: Path) -> np.ndarray:
    """Share of the cells of the file, by centre, that are half a metre deep in each coarse cell."""
    with rasterio.open(folder / "depth_100.tif") as source:
        depth, place = source.read(1), source.transform
    rows, columns = np.indices(depth.shape)
    x = place.c + 100.0 * (columns.ravel() + 0.5)
    y = place.f - 100.0 * (rows.ravel() + 0.5)
    lon, lat = Transformer.from_crs(METRES, "EPSG:4490", always_xy=True).transform(x, y)
    row, column = np.floor((NORTH - lat) / SIZE), np.floor((lon - WEST) / SIZE)
    inside = (row >= 0) & (row < ROWS) & (column >= 0) & (column < COLUMNS)
    cell = (row[inside] * COLUMNS + column[inside]).astype(int)
    return np.bincount(cell, depth.ravel()[inside] >= LEVEL) / np.bincount(cell)


def lost(census: xr.DataTree, fine: bool) -> np.ndarray:
    """Loss in CNY of each of the three storms."""
    maps = {"rain_flood": curves("rain_flood", cell_maps(census, "rain_flood"))}
    cells = fine_cells(census, curves) if fine else None
    table = compile_table(census, maps, [item()], depth_spread=0.0, fine=cells)
    found = occurrence_table(storms(census["zones"].sizes["cell"]), table)
    mean = found["mean"].sum("column").values
    return np.bincount(found["row_occurrence"].values, mean, minlength=3)


def test_losses_are_those_of_the_cells_of_the_file(folder: Path, census: xr.DataTree) -> None:
    value = np.zeros(ROWS * COLUMNS)
    zones = census["zones"].to_dataset()
    np.add.at(value, zones["entry_cell"].values, census["exposure"]["value"].values[:, 0])
    shares = wet_shares(folder)
    assert (0.2 < shares).all()
    assert (shares < 0.6).all()
    expected = [
        0.7 * sum(value[c] * shares[c] for c in range(value.size) if c % (storm + 1) == 0)
        for storm in range(3)
    ]
    np.testing.assert_allclose(lost(census, fine=True), expected, rtol=1e-6)


def test_the_mean_depth_would_cost_nothing(census: xr.DataTree) -> None:
    assert lost(census, fine=False).tolist() == [0.0, 0.0, 0.0]


def test_a_fine_depth_beyond_the_cap_is_refused(census: xr.DataTree) -> None:
    with pytest.raises(ReturnPeriodError, match="exceeds the cap"):
        fine_cells(census, lambda peril, maps: curves(peril, maps, cap=1.0))


def test_fine_cells_of_another_census_are_refused(census: xr.DataTree) -> None:
    bare = census["fine"].to_dataset(inherit=False)
    for fine in (bare, bare.assign(parent=bare["parent"] + 1)):
        nodes = {"zones": census["zones"].to_dataset(), "fine": fine}
        with pytest.raises(CensusError, match=r"of other census cells.*to do: .*fine_of_cells"):
            fine_cells(xr.DataTree.from_dict(nodes), curves)


def test_a_census_without_fine_maps_has_no_fine_cells(census: xr.DataTree) -> None:
    whole = {name: node for name, node in census.children.items() if name != "fine"}
    assert fine_cells(xr.DataTree.from_dict(whole), curves) is None
