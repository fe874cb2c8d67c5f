"""Fine maps stay fine: cells by their centre, shares by a stated rule, intensities as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
import xarray as xr
import yaml
from rasterio import Affine

from riskmodel.census.checks.grids import refinement, same_grid, summed
from riskmodel.census.crs import converted
from riskmodel.census.draft import draft_manifest
from riskmodel.census.finding import FoundError
from riskmodel.census.fine import fine_of_cells
from riskmodel.census.read import examine, load_census
from riskmodel.census.storage import import_census, open_census
from tests.census.conftest import COLUMNS, NORTH, ROWS, SIZE, SQUARES, WEST, Draft, write_tif

PARTS = 5  # fine cells along each side of a census cell
FINE = Affine(SIZE / PARTS, 0, WEST, 0, -SIZE / PARTS, NORTH)
SHAPE = (ROWS * PARTS, COLUMNS * PARTS)


def depths(period: int) -> np.ndarray:
    """A stripe of water in the eastern fifth of each census cell, deeper to the south."""
    row, column = np.indices(SHAPE)
    return np.where(column % PARTS == PARTS - 1, 0.01 * period * (1.0 + row), 0.0)


def add_fine(draft: Draft, folder: Path, **keys: Any) -> None:
    files = {}
    for period in (10, 100):
        files[period] = f"fine/depth_{period}.tif"
        write_tif(folder / files[period], depths(period), transform=FINE)
    stated = {"files": files, "spread": "by_area", **keys}
    draft.manifest["hazard"]["rain_flood"]["fine"] = stated


def nodes(tree: xr.DataTree) -> tuple[xr.Dataset, xr.Dataset, xr.Dataset]:
    fine = tree["fine"]
    return (
        fine.to_dataset(), fine["rain_flood"].to_dataset(), tree["zones"].to_dataset(),
    )  # fmt: skip


def codes(folder: Path) -> dict[str, Any]:
    return {one.code: one for one in examine(folder).findings}


def test_an_exact_refinement_is_kept_cell_by_cell(draft: Draft, tmp_path: Path) -> None:
    add_fine(draft, tmp_path)
    folder = draft.write(tmp_path)
    cells, water, zones = nodes(load_census(folder))
    assert not {"fine_cells_cut", "fine_kept_coarse"} & set(codes(folder))
    parent, share = cells["parent"].values, cells["share"].values
    # five wet cells of 25 each, and the other twenty, dry in both maps, as one
    assert np.bincount(parent).tolist() == [PARTS + 1] * zones.sizes["cell"]
    assert sorted(set(np.round(share, 12))) == [0.04, 0.8]
    assert np.bincount(parent, share) == pytest.approx(1.0)
    first = water["intensity"].sel(return_period=100.0).values[parent == 0]
    assert sorted(first.tolist()) == pytest.approx([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    for number in (0, 7, zones.sizes["cell"] - 1):
        row = int(zones["row"][number])
        expected = [0.0, *(1.0 * (row * PARTS + i + 1) for i in range(PARTS))]
        found = water["intensity"].sel(return_period=100.0).values[parent == number]
        assert sorted(found.tolist()) == pytest.approx(expected)


def test_weights_say_what_stands_in_a_fine_cell(draft: Draft, tmp_path: Path) -> None:
    """Nine tenths stand in the wet stripe of each cell, nothing in its first column."""
    column = np.indices(SHAPE)[1] % PARTS
    weight = np.select([column == PARTS - 1, column == 0], [9.0 * 3, 0.0], 1.0)
    write_tif(tmp_path / "fine/buildings.tif", weight, transform=FINE)
    add_fine(draft, tmp_path, spread="fine/buildings.tif")
    cells, water, _ = nodes(load_census(draft.write(tmp_path)))
    wet = water["intensity"].values.max(axis=0) > 0
    parent, share = cells["parent"].values, cells["share"].values
    assert np.bincount(parent[wet], share[wet]) == pytest.approx(0.9)
    assert np.bincount(parent[~wet], share[~wet]) == pytest.approx(0.1)


@pytest.mark.parametrize("crs", ["EPSG:4549", "EPSG:4528", "EPSG:3857"])
def test_metres_over_degrees_go_by_centre_and_say_so(
    crs: str, draft: Draft, tmp_path: Path
) -> None:
    """Fine cells of 2.5 km in a projection, over cells in degrees."""
    corners = shapely.box(WEST, NORTH - ROWS * SIZE, WEST + COLUMNS * SIZE, NORTH)
    x, y = converted(*np.array(corners.buffer(0.1).exterior.coords).T, "EPSG:4490", crs)
    size = 2500.0
    shape = (int(np.ptp(y) / size) + 1, int(np.ptp(x) / size) + 1)
    place = Affine(size, 0, x.min(), 0, -size, y.max())
    files = {t: f"fine/d{t}.tif" for t in (10, 100)}
    random = np.random.default_rng(7)
    base = random.uniform(0.1, 3.0, shape)
    for t, name in files.items():
        write_tif(tmp_path / name, base * (1 + t / 100), crs=crs, transform=place)
    stated = {"files": files, "spread": "by_area", "crs": crs}
    draft.manifest["hazard"]["rain_flood"]["fine"] = stated
    folder = draft.write(tmp_path)
    found = codes(folder)
    assert found["fine_cells_cut"].severity == "note"
    assert found["fine_cells_cut"].found.endswith("% of the cells")
    cells, water, zones = nodes(load_census(folder))
    parent, step = cells["parent"].values, SIZE
    row = np.floor((NORTH - cells["latitude"].values) / step)
    column = np.floor((cells["longitude"].values - WEST) / step)
    assert row.tolist() == zones["row"].values[parent].tolist()
    assert column.tolist() == zones["column"].values[parent].tolist()
    # every depth of the file that has its centre here is there, as it was written
    kept = water["intensity"].sel(return_period=100.0).values
    assert set(kept.tolist()) <= set((base * 2).astype(np.float32).ravel().tolist())
    assert kept.size > 0.8 * base.size * (COLUMNS * ROWS * SIZE**2) / corners.buffer(0.1).area


def test_cells_that_fine_maps_cover_in_part_keep_the_coarse_map(
    draft: Draft, tmp_path: Path
) -> None:
    add_fine(draft, tmp_path)
    for t in (10, 100):
        values = depths(t)
        values[:PARTS, :PARTS] = np.where(np.eye(PARTS), -9999.0, values[:PARTS, :PARTS])
        write_tif(tmp_path / f"fine/depth_{t}.tif", values, transform=FINE)
    folder = draft.write(tmp_path)
    assert codes(folder)["fine_kept_coarse"].found == "1 of 24 census cells"
    cells, _, _ = nodes(load_census(folder))
    assert np.unique(cells["parent"]).tolist() == list(range(1, 24))
    draft.manifest["hazard"]["rain_flood"]["fine"]["nodata_means"] = "dry"
    folder = draft.write(tmp_path)
    found = codes(folder)
    assert "fine_kept_coarse" not in found
    assert found["nodata_is_dry"].severity == "note"
    assert np.unique(nodes(load_census(folder))[0]["parent"]).size == 24


def test_maps_that_end_within_a_cell_leave_it_coarse(draft: Draft, tmp_path: Path) -> None:
    add_fine(draft, tmp_path)
    for t in (10, 100):
        write_tif(tmp_path / f"fine/depth_{t}.tif", depths(t)[:, : -PARTS + 2], transform=FINE)
    folder = draft.write(tmp_path)
    assert codes(folder)["fine_kept_coarse"].found == "4 of 24 census cells"


def test_a_peril_with_fine_maps_only_shows_the_highest(draft: Draft, tmp_path: Path) -> None:
    add_fine(draft, tmp_path)
    folder = draft.write(tmp_path)
    manifest = folder / "census.yml"
    del draft.manifest["hazard"]["rain_flood"]["files"]
    manifest.write_text(yaml.safe_dump(draft.manifest, allow_unicode=True), encoding="utf-8")
    tree = load_census(folder)
    node = tree["rain_flood"].to_dataset()
    assert node.attrs["coarse"].startswith("highest of the fine cells")
    shown = node["intensity"].sel(return_period=100.0).values
    assert shown.tolist() == np.repeat([[5.0], [10.0], [15.0], [20.0]], COLUMNS, axis=1).tolist()
    assert sorted(tree.attrs["perils"]) == ["rain_flood", "typhoon_wind"]


def villages(folder: Path, shapes: list[Any], columns: dict[str, Any], crs: str) -> None:
    pyogrio.raw.write(
        folder / "villages.gpkg",
        shapely.to_wkb(np.array(shapes, dtype=object)),
        [np.array(column) for column in columns.values()],
        list(columns),
        geometry_type="Unknown",
        crs=crs,
        layer="villages",
    )


def test_village_polygons_by_hand(draft: Draft, tmp_path: Path) -> None:
    """One column of cells, 120.00 to 120.25: the eastern 0.05 is a wet village, the rest dry.

    The county begins at 120.10, so that its part of the cell is 0.15 wide.
    """
    whole = shapely.union_all(list(SQUARES.values()))
    wet = shapely.box(120.20, 27.60, 120.25, 28.40)
    rest = shapely.difference(whole, wet)
    columns = {"D10": [0.5, 0.0], "D100": [150.0, 0.0], "people": [600.0, 300.0]}
    villages(tmp_path, [wet, rest], columns, "EPSG:4490")
    polygons = {"file": "villages.gpkg", "columns": {10: "D10", 100: "D100"}}
    stated = {"polygons": polygons, "spread": "by_area", "unit": "cm"}
    draft.manifest["hazard"]["rain_flood"]["fine"] = stated
    cells, water, zones = nodes(load_census(draft.write(tmp_path)))
    assert water.attrs["units"] == "m"
    west = np.flatnonzero(zones["column"].values == 0)
    parent, share = cells["parent"].values, cells["share"].values
    depth = water["intensity"].sel(return_period=100.0).values
    for number in west:
        of = parent == number
        assert dict(zip(depth[of].tolist(), share[of].tolist(), strict=True)) == pytest.approx(
            {1.5: 1 / 3, 0.0: 2 / 3}
        )
    assert (depth[~np.isin(parent, west)] == 0).all()
    # by people: the village has 600 on its 0.04 square degrees, the rest 300 on 0.92
    stated["spread"] = "people"
    cells, water, _ = nodes(load_census(draft.write(tmp_path)))
    parent, share = cells["parent"].values, cells["share"].values
    depth = water["intensity"].sel(return_period=100.0).values
    village, others = 600 / 0.04 * 0.05, 300 / 0.92 * 0.10
    assert share[(parent == west[0]) & (depth > 0)] == pytest.approx(village / (village + others))


def test_what_villages_leave_out_is_coarse_or_dry(draft: Draft, tmp_path: Path) -> None:
    wet = shapely.box(120.10, 27.60, 120.20, 28.40)
    villages(tmp_path, [wet], {"D10": [0.5], "D100": [1.5]}, "EPSG:4490")
    polygons = {"file": "villages.gpkg", "columns": {10: "D10", 100: "D100"}}
    stated = {"polygons": polygons, "spread": "by_area", "nodata_means": "dry"}
    draft.manifest["hazard"]["rain_flood"]["fine"] = stated
    folder = draft.write(tmp_path)
    cells, water, _ = nodes(load_census(folder))
    depth = water["intensity"].sel(return_period=100.0).values
    wet_share = cells["share"].values[depth > 0]
    assert wet_share == pytest.approx(2 / 3)  # 0.10 of the county's 0.15
    stated["nodata_means"] = "outside"
    folder = draft.write(tmp_path)
    assert codes(folder)["fine_kept_coarse"].found == "4 of 4 census cells"
    assert load_census(folder)["fine"].sizes["fine"] == 0


def test_overlapping_villages_are_warned_of(draft: Draft, tmp_path: Path) -> None:
    shapes = [shapely.box(120.0, 27.5, 121.5, 28.5), shapely.box(120.25, 27.5, 120.75, 28.0)]
    villages(tmp_path, shapes, {"D10": [0.5, 0.1], "D100": [1.5, 0.2]}, "EPSG:4490")
    polygons = {"file": "villages.gpkg", "columns": {10: "D10", 100: "D100"}}
    fine = {"polygons": polygons, "spread": "by_area"}
    draft.manifest["hazard"]["rain_flood"]["fine"] = fine
    one = codes(draft.write(tmp_path))["polygons_overlap"]
    assert (one.severity, one.found) == ("warning", "in 4 census cells")


def test_fine_cells_of_some_census_cells(draft: Draft, tmp_path: Path) -> None:
    add_fine(draft, tmp_path)
    whole = load_census(draft.write(tmp_path))["fine"]
    chosen = np.array([7, 3, 20])
    part = fine_of_cells(whole, chosen)
    assert part["parent"].values.tolist() == [1] * 6 + [0] * 6 + [2] * 6
    for new, old in enumerate(chosen):
        for name in ("share", "rain_flood/intensity"):
            one, other = (
                tree[name].values[..., tree["parent"].values == number]
                for tree, number in ((part, new), (whole, old))
            )
            assert np.array_equal(one, other)


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "no rule": ({"spread": None}, "manifest_value"),
    "files and polygons": (
        {"polygons": {"file": "v.gpkg", "columns": {10: "D10", 100: "D100"}}}, "manifest_value",
    ),
    "weights on another grid": ({"spread": "weights/even.tif"}, "resolution_other"),
    "another CRS than the file": ({"crs": "EPSG:4549"}, "crs_other"),
    "one return period": ({"files": {10: "fine/depth_10.tif"}}, "one_return_period"),
    "swapped": (
        {"files": {100: "fine/depth_10.tif", 10: "fine/depth_100.tif"}}, "periods_swapped",
    ),
    "a return period of a quarter": (
        {"files": {0.25: "fine/depth_10.tif", 100: "fine/depth_100.tif"}}, "return_period_invalid",
    ),
    "a path that leaves the folder": ({"spread": "../w.tif"}, "path_outside"),
    "a unit of nothing": ({"unit": "feet"}, "unit_unknown"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_of_fine_maps_are_named(fault: str, draft: Draft, tmp_path: Path) -> None:
    changes, code = FAULTS[fault]
    add_fine(draft, tmp_path, **changes)
    folder = draft.write(tmp_path)
    found = codes(folder)
    assert code in found, list(found)
    assert found[code].severity == "error"
    with pytest.raises(FoundError):
        load_census(folder)


def state_unit(folder: Path, unit: str) -> None:
    """Write a unit into the headers of the fine maps."""
    for path in (folder / "fine").glob("*.tif"):
        with rasterio.open(path, "r+") as target:
            target.units = (unit,)


@pytest.mark.parametrize(
    ("stated", "manifest", "code"),
    [
        ("cm", None, "unit_disagrees"),  # the layer's own unit is m
        ("厘米", "m", "unit_disagrees"),
        ("Meters", "cm", "unit_disagrees"),
        ("feet", "m", "unit_disagrees"),
        ("m/s", "m", "unit_disagrees"),
        ("米", "m", None),
        ("metres", None, None),
        ("1", "m", None),
        ("above ground", "m", "unit_not_read"),
    ],
)
def test_the_unit_in_a_fine_map_is_compared_with_the_manifest(
    stated: str, manifest: str | None, code: str | None, draft: Draft, tmp_path: Path
) -> None:
    add_fine(draft, tmp_path, **({} if manifest is None else {"unit": manifest}))
    state_unit(tmp_path, stated)
    found = [one for one in examine(draft.write(tmp_path)).findings if one.code.startswith("unit")]
    assert {one.code for one in found} == ({code} if code else set())
    if code == "unit_not_read":
        assert (len(found), found[0].severity) == (1, "warning")  # once a peril, not once a map
        assert load_census(tmp_path)["fine"].sizes["fine"] > 0
    elif code:
        assert [one.severity for one in found] == ["error", "error"]
        assert {one.file for one in found} == {"fine/depth_10.tif", "fine/depth_100.tif"}
        assert (found[0].found, found[0].expected) == (stated, manifest or "m")
        with pytest.raises(FoundError, match="unit"):
            load_census(tmp_path)


@pytest.mark.parametrize("name", ["水深{}年（厘米）", "dep_cm_{}", "D{}_CM"])
def test_the_unit_in_a_column_of_villages_is_compared(
    name: str, draft: Draft, tmp_path: Path
) -> None:
    names = {t: name.format(t) for t in (10, 100)}
    whole = shapely.box(120.0, 27.5, 121.5, 28.5)
    villages(tmp_path, [whole], {names[10]: [0.5], names[100]: [1.5]}, "EPSG:4490")
    polygons = {"file": "villages.gpkg", "columns": names}
    stated = {"polygons": polygons, "spread": "by_area"}
    draft.manifest["hazard"]["rain_flood"]["fine"] = stated
    one = codes(draft.write(tmp_path))["unit_disagrees"]
    assert (one.severity, one.expected) == ("error", "m")
    assert one.place == f"column {names[100]}"
    stated["unit"] = "cm"
    assert "unit_disagrees" not in codes(draft.write(tmp_path))


def test_fine_maps_of_another_magnitude_are_told(draft: Draft, tmp_path: Path) -> None:
    """Centimetres that no header states: 5 and 20 where the coarse map has 0.05 and 0.2 m."""
    depth = {10: 0.05, 100: 0.2}
    draft.maps["rain_flood"] = {t: np.full((ROWS, COLUMNS), v) for t, v in depth.items()}
    add_fine(draft, tmp_path)
    for t, value in depth.items():
        deep = np.full(SHAPE, 100.0 * value)
        write_tif(tmp_path / f"fine/depth_{t}.tif", deep, transform=FINE)
    one = codes(draft.write(tmp_path))["fine_scale_other"]
    assert (one.severity, one.place) == ("warning", "10 years")
    assert one.found == "fine over coarse 100"
    draft.manifest["hazard"]["rain_flood"]["fine"]["unit"] = "cm"
    assert "fine_scale_other" not in codes(draft.write(tmp_path))


@pytest.mark.parametrize(("fine", "drafted"), [("厘米", "cm"), ("metre", None), ("", None)])
def test_a_draft_states_the_unit_of_fine_maps_where_it_is_another(
    fine: str, drafted: str | None, tmp_path: Path
) -> None:
    for t in (10, 100):
        coarse = tmp_path / f"rain_flood_rp{t}.tif"
        write_tif(coarse, np.full((ROWS, COLUMNS), 0.1 * t))
        with rasterio.open(coarse, "r+") as target:
            target.units = ("m",)
        write_tif(tmp_path / f"fine/rain_flood_rp{t}.tif", depths(t), transform=FINE)
    state_unit(tmp_path, fine)
    layer = yaml.safe_load(draft_manifest(tmp_path))["hazard"]["rain_flood"]
    assert layer["unit"] == "m"
    assert layer["fine"].get("unit") == drafted


def test_maps_no_finer_than_the_grid_are_refused(draft: Draft, tmp_path: Path) -> None:
    add_fine(draft, tmp_path)
    for t in (10, 100):
        write_tif(tmp_path / f"fine/depth_{t}.tif", draft.maps["rain_flood"][t] + t)
    one = codes(draft.write(tmp_path))["fine_not_finer"]
    assert one.found == "1 cells in a census cell"


def test_two_perils_share_their_cells_or_are_refused(draft: Draft, tmp_path: Path) -> None:
    add_fine(draft, tmp_path)
    fine = dict(draft.manifest["hazard"]["rain_flood"]["fine"])
    draft.manifest["hazard"]["typhoon_wind"]["fine"] = fine | {
        "files": {t: f"fine/gust_{t}.tif" for t in (5, 50)}
    }
    for t in (5, 50):
        write_tif(tmp_path / f"fine/gust_{t}.tif", 20.0 + depths(t), transform=FINE)
    tree = load_census(draft.write(tmp_path))
    assert set(tree["fine"].children) == {"rain_flood", "typhoon_wind"}
    assert tree["fine/typhoon_wind"].sizes["return_period"] == 2
    for t in (5, 50):
        write_tif(
            tmp_path / f"fine/gust_{t}.tif", np.full((ROWS * 10, COLUMNS * 10), 20.0 + t),
            transform=Affine(SIZE / 10, 0, WEST, 0, -SIZE / 10, NORTH),
        )  # fmt: skip
    assert "fine_cells_differ" in codes(draft.write(tmp_path))


def test_fine_cells_are_kept_in_the_file(draft: Draft, tmp_path: Path) -> None:
    add_fine(draft, tmp_path / "in")
    tree = import_census(draft.write(tmp_path / "in"), tmp_path / "c.nc")
    with open_census(tmp_path / "c.nc") as kept:
        for name in ("fine", "fine/rain_flood"):
            one, other = (t[name].to_dataset(inherit=False) for t in (kept, tree))
            xr.testing.assert_equal(one, other)
        assert kept["fine/rain_flood"]["intensity"].attrs["units"] == "m"


# --- grids that refine one another --------------------------------------------------------------


def grid(
    rows: int, columns: int, size: float, west: float = 0.0, north: float = 0.0
) -> xr.DataArray:
    y = north - size * (np.arange(rows) + 0.5)
    x = west + size * (np.arange(columns) + 0.5)
    return xr.DataArray(np.ones((rows, columns)), {"y": y, "x": x}, ("y", "x"))


COARSE = grid(4, 6, 0.25, 120.0, 28.5)


@pytest.mark.parametrize(
    ("fine", "parts"),
    [
        (grid(20, 30, 0.05, 120.0, 28.5), (5, 5)),
        (grid(8, 10, 0.05, 120.25, 28.0), (5, 5)),  # a part, from an edge of a cell
        (grid(4, 6, 0.25, 120.0, 28.5), None),
        (grid(20, 30, 0.05, 120.01, 28.5), None),  # off by a fifth of a fine cell
        (grid(20, 30, 0.0501, 120.0, 28.5), None),
        (grid(2, 3, 0.5, 120.0, 28.5), None),
    ],
)
def test_exact_refinements_are_told_from_others(
    fine: xr.DataArray, parts: tuple[int, int] | None
) -> None:
    assert refinement(fine, COARSE) == parts
    found = list(same_grid(fine, COARSE, file="f"))
    if parts is not None:
        assert [one.code for one in found] == ["grid_finer"]
    elif fine.shape != COARSE.shape:
        assert [one.code for one in found] == ["resolution_other"]


def test_offsets_are_measured() -> None:
    (one,) = same_grid(grid(20, 30, 0.05, 120.01, 28.5), COARSE, file="f")
    assert "5 x 5 cells to one, offset of 0 rows and 0.04 columns" in str(one.found)


def test_finer_weights_are_summed_and_told(draft: Draft, tmp_path: Path) -> None:
    row, column = np.indices(SHAPE)
    fine = 1.0 + row * SHAPE[1] + column
    plain = load_census(draft.write(tmp_path / "a"))
    blocks = fine.reshape(ROWS, PARTS, COLUMNS, PARTS).sum(axis=(1, 3))
    draft.weights["towns"] = blocks
    coarse = load_census(draft.write(tmp_path / "b"))
    draft.weights["towns"] = fine
    draft.profiles["weights/towns.tif"] = {"transform": FINE}
    found = load_census(draft.write(tmp_path / "c"))
    assert found["exposure"]["value"].values == pytest.approx(coarse["exposure"]["value"].values)
    assert not np.allclose(found["exposure"]["value"], plain["exposure"]["value"])
    assert codes(tmp_path / "c")["weight_summed"].found == "5 x 5 cells to one"
    assert float(summed(grid(20, 30, 0.05, 120.0, 28.5), COARSE).values.sum()) == 600.0


def test_rows_from_the_south_are_turned(draft: Draft, tmp_path: Path) -> None:
    plain = load_census(draft.write(tmp_path / "a"))
    south = Affine(SIZE, 0, WEST, 0, SIZE, NORTH - ROWS * SIZE)
    for t in (10, 100):
        draft.maps["rain_flood"][t] = draft.maps["rain_flood"][t][::-1]
        draft.profiles[f"hazard/rain_flood_{t}.tif"] = {"transform": south}
    found = load_census(draft.write(tmp_path / "b"))
    assert np.array_equal(
        found["rain_flood"]["intensity"].values, plain["rain_flood"]["intensity"].values
    )
