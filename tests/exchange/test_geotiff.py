"""Maps as GeoTIFF: what goes in comes out, with what the file says of itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr

from riskmodel.core.errors import SchemaError
from riskmodel.exchange.geotiff import NODATA, write_geotiff

TAGS = {"status": "合成 synthetic", "price_year": "2022"}


def field(y: list[float], x: list[float]) -> xr.DataArray:
    values = 1e7 * np.arange(6.0).reshape(2, 3) / 3.0
    values[0, 1] = np.nan
    attrs = {"units": "CNY a year and cell", "long_name": "mean annual loss"}
    return xr.DataArray(values, {"y": y, "x": x}, ("y", "x"), attrs=attrs)


def test_a_map_comes_back_with_place_unit_and_tags(tmp_path: Path) -> None:
    data = field([28.0, 27.5], [120.0, 120.5, 121.0])
    path = write_geotiff(tmp_path / "a.tif", data, crs="EPSG:4490", tags=TAGS)
    with rasterio.open(path) as source:
        assert (source.crs.to_epsg(), source.nodata, source.dtypes) == (4490, NODATA, ("float32",))
        assert source.bounds == pytest.approx((119.75, 27.25, 121.25, 28.25))
        assert (source.units, source.descriptions) == (
            ("CNY a year and cell",), ("mean annual loss",)
        )  # fmt: skip
        assert TAGS.items() <= source.tags().items()
        read = source.read(1, masked=True)
        for row, y in enumerate(data["y"].values):
            for column, x in enumerate(data["x"].values):
                assert source.index(x, y) == (row, column)
    assert read.mask.tolist() == np.isnan(data.values).tolist()
    np.testing.assert_allclose(read.filled(np.nan), data.values, rtol=1e-7)
    assert list(tmp_path.iterdir()) == [path]


def test_north_is_up_whatever_the_order(tmp_path: Path) -> None:
    down = field([28.0, 27.5], [120.0, 120.5, 121.0])
    paths = [tmp_path / "a.tif", tmp_path / "b.tif"]
    write_geotiff(paths[0], down, crs="EPSG:4490", tags=TAGS)
    write_geotiff(paths[1], down.isel(y=[1, 0], x=[2, 1, 0]), crs="EPSG:4490", tags=TAGS)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_map_without_unit_is_refused_and_nothing_written(tmp_path: Path) -> None:
    bare = field([28.0, 27.5], [120.0, 120.5, 121.0]).drop_attrs()
    with pytest.raises(SchemaError, match=r"a\.tif.*units"):
        write_geotiff(tmp_path / "a.tif", bare, crs="EPSG:4490", tags=TAGS)
    assert not list(tmp_path.iterdir())
