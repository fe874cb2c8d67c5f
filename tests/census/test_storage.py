"""An imported census: the same values, lazily, with CF attributes, outside its own folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from pyproj import CRS
from rasterio import Affine

from riskmodel.census.finding import FoundError
from riskmodel.census.storage import import_census, open_census
from tests.census.conftest import Draft


def test_values_come_back_and_are_read_when_used(draft: Draft, tmp_path: Path) -> None:
    folder = draft.write(tmp_path / "in")
    written = import_census(folder, tmp_path / "census.nc")
    with open_census(tmp_path / "census.nc") as found:
        assert set(found.children) == set(written.children)
        assert found.attrs["perils"] == written.attrs["perils"]
        intensity = found["rain_flood"].to_dataset()["intensity"]
        assert not intensity.variable._in_memory
        for name, node in written.children.items():
            stored = found[name].to_dataset().drop_vars("spatial_ref", errors="ignore")
            xr.testing.assert_equal(stored, node.to_dataset())
        assert "typhoon_wind" in found._repr_html_()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["census.nc", "in"]


def test_attributes_are_those_of_cf(draft: Draft, tmp_path: Path) -> None:
    import_census(draft.write(tmp_path / "in"), tmp_path / "census.nc")
    with open_census(tmp_path / "census.nc") as found:
        node = found["typhoon_wind"].to_dataset()
        assert found.attrs["Conventions"].startswith("CF-")
        assert node["intensity"].attrs["units"] == "m s-1"
        assert node["x"].attrs["standard_name"] == "longitude"
        assert CRS.from_cf(node["spatial_ref"].attrs).to_epsg() == 4490


def test_one_peril_stays_a_list(draft: Draft, tmp_path: Path) -> None:
    del draft.maps["rain_flood"], draft.manifest["hazard"]["rain_flood"]
    import_census(draft.write(tmp_path / "in"), tmp_path / "census.nc")
    with open_census(tmp_path / "census.nc") as found:
        assert found.attrs["perils"] == ["typhoon_wind"]


def test_nothing_is_written_into_the_folder_or_after_an_error(draft: Draft, tmp_path: Path) -> None:
    folder = draft.write(tmp_path / "in")
    with pytest.raises(FoundError, match="lies in the folder"):
        import_census(folder, folder / "census.nc")
    draft.maps["rain_flood"][100][1, 2] = -1.0
    draft.write(folder)
    with pytest.raises(FoundError, match="negative"):
        import_census(folder, tmp_path / "census.nc")
    assert [p.name for p in tmp_path.iterdir()] == ["in"]


def test_a_census_in_metres(draft: Draft, tmp_path: Path) -> None:
    """The squares in a Gauss-Krüger grid: totals conserved, places still in degrees."""
    draft.manifest["crs"] = "EPSG:4549"
    names = [f"hazard/{p}_{t}.tif" for p, s in draft.maps.items() for t in s]
    names += [f"weights/{name}.tif" for name in draft.weights]
    place = {"crs": "EPSG:4549", "transform": Affine(25e3, 0, 500e3, 0, -25e3, 3_150e3)}
    draft.profiles = dict.fromkeys(names, place)
    tree = import_census(draft.write(tmp_path / "in"), tmp_path / "census.nc")
    zones, exposure = tree["zones"].to_dataset(), tree["exposure"].to_dataset()
    assert 27.4 < float(zones["latitude"].min()) < float(zones["latitude"].max()) < 28.6
    for c in range(2):
        by_zone = np.bincount(zones["entry_zone"].values, exposure["value"].values[:, c])
        assert by_zone == pytest.approx(exposure["total"].values[:, c], rel=1e-9)
    with open_census(tmp_path / "census.nc") as found:
        assert found["typhoon_wind"]["x"].attrs["standard_name"] == "projection_x_coordinate"
