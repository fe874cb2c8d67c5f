"""Maps of one peril: classes, units, repair, NetCDF and Zarr beside GeoTIFF."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from pyproj import CRS
from rasterio import Affine

from riskmodel.census.hazard import read_hazard
from riskmodel.census.manifest import ClassValues, HazardLayer
from tests.census.conftest import COLUMNS, NORTH, ROWS, SIZE, WEST, Draft, wind, write_tif

CRS_TEXT = "EPSG:4490"


def read(folder: Path, peril: str, layer: HazardLayer) -> xr.Dataset:
    found, findings = read_hazard(folder, peril, layer, CRS_TEXT)
    assert found is not None, findings
    return found


def as_array_file(folder: Path, name: str, values: np.ndarray) -> None:
    y, x = NORTH - SIZE * (np.arange(ROWS) + 0.5), WEST + SIZE * (np.arange(COLUMNS) + 0.5)
    data = xr.Dataset({"wind": (("lat", "lon"), values)}, {"lat": y, "lon": x})
    data = data.assign_coords(crs=((), 0, CRS.from_epsg(4490).to_cf()))
    data["wind"].attrs["grid_mapping"] = "crs"
    if name.endswith(".zarr"):
        data.to_zarr(folder / name, zarr_format=2, consolidated=False)
    else:
        data.to_netcdf(folder / name)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_netcdf_and_zarr_are_read_like_geotiff(suffix: str, tmp_path: Path) -> None:
    for t in (5, 50):
        write_tif(tmp_path / f"{t}.tif", wind(t))
        as_array_file(tmp_path, f"{t}{suffix}", wind(t).astype(np.float32))
    layers = [
        HazardLayer(unit="m s-1", files={t: f"{t}{one}" for t in (5, 50)})
        for one in (".tif", suffix)
    ]
    tif, other = (read(tmp_path, "typhoon_wind", layer) for layer in layers)
    assert np.array_equal(tif["intensity"].values, other["intensity"].values)
    assert np.allclose(tif["x"], other["x"], rtol=0, atol=1e-12)


def test_units_are_converted(tmp_path: Path) -> None:
    for t in (5, 50):
        write_tif(tmp_path / f"{t}.tif", np.full((2, 2), 36.0 * t / 5))
    layer = HazardLayer(unit="km/h", files={5: "5.tif", 50: "50.tif"})
    found = read(tmp_path, "typhoon_wind", layer)
    assert found.attrs["units"] == "m s-1"
    assert found["intensity"].values[:, 0, 0] == pytest.approx([10.0, 100.0])  # 36 km/h = 10 m/s


def test_classes_become_their_numbers(tmp_path: Path) -> None:
    for t, one in ((10, 4), (100, 3)):
        write_tif(tmp_path / f"{t}.tif", np.array([[one, 4], [4, 4]]), dtype="uint8", nodata=255)
    values = {1: 3.0, 2: 2.0, 3: 1.0, 4: 0.25}
    classes = ClassValues(direction="1_is_highest", values=values)
    layer = HazardLayer(unit="class", files={10: "10.tif", 100: "100.tif"}, classes=classes)
    found = read(tmp_path, "storm_surge", layer)
    assert found["intensity"].values[:, 0].tolist() == [[0.25, 0.25], [1.0, 0.25]]


def falling(draft: Draft, folder: Path, **layer: str) -> tuple[xr.Dataset | None, list]:
    draft.maps["typhoon_wind"][50][1, 2] = 5.0
    draft.write(folder)
    files = draft.manifest["hazard"]["typhoon_wind"]["files"]
    asked = HazardLayer(unit="m s-1", files=files, **layer)
    return read_hazard(folder, "typhoon_wind", asked, CRS_TEXT)


def test_a_falling_cell_is_found_with_its_share_and_place(draft: Draft, tmp_path: Path) -> None:
    (one,) = falling(draft, tmp_path)[1]
    assert one.code == "not_monotone"
    assert one.place == "row 1, column 2, the first of 1 cells (4.17%)"  # of 24
    assert one.cells is not None
    assert np.argwhere(one.cells.values).tolist() == [[1, 2]]


def test_a_named_repair_is_recorded(draft: Draft, tmp_path: Path) -> None:
    found, (one,) = falling(draft, tmp_path, repair="raise_to_shorter")
    assert (one.code, one.severity, one.found) == ("map_repaired", "note", "raise_to_shorter")
    assert found is not None
    assert (found.attrs["repair"], found.attrs["repaired_cells"]) == ("raise_to_shorter", 1)
    at = found["intensity"].values[:, 1, 2]
    assert at[1] == at[0] == np.float32(wind(5)[1, 2])
    assert at[2] == np.float32(wind(200)[1, 2])


def test_an_offset_is_measured(tmp_path: Path) -> None:
    write_tif(tmp_path / "5.tif", wind(5))
    place = Affine(SIZE, 0, WEST + 0.3 * SIZE, 0, -SIZE, NORTH)
    write_tif(tmp_path / "50.tif", wind(50), transform=place)
    layer = HazardLayer(unit="m s-1", files={5: "5.tif", 50: "50.tif"})
    _, (one,) = read_hazard(tmp_path, "typhoon_wind", layer, CRS_TEXT)
    assert (one.code, one.found) == ("grid_other", "offset of 0 rows and 0.3 columns")
