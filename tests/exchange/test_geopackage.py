"""Zones as layers of a GeoPackage, and tables as sheets of a workbook."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely

from riskmodel.core.errors import SchemaError
from riskmodel.exchange.geopackage import Layer, write_geopackage
from riskmodel.exchange.workbook import write_workbook

TAGS = {"status": "合成 synthetic", "currency": "CNY"}


def layer(*names: str) -> Layer:
    frame = pd.DataFrame(
        {"code": ["330381", "330324"], "name_zh": ["瑞安市", "永嘉县"], "aal": [1.25e9, np.nan]}
    )
    frame["年数"] = [1, 2]
    return Layer(frame, [shapely.box(k, 27.0, k + 1.0, 28.0) for k in (120.0, 121.0)], TAGS)


def test_layers_come_back_with_polygons_columns_and_tags(tmp_path: Path) -> None:
    path = write_geopackage(
        tmp_path / "z.gpkg", {"zones": layer(), "again": layer()}, crs="EPSG:4490"
    )
    assert [str(name) for name, _ in pyogrio.list_layers(path)] == ["zones", "again"]
    info = pyogrio.read_info(path, layer="again")
    assert TAGS.items() <= info["layer_metadata"].items()
    meta, _, wkb, columns = pyogrio.raw.read(path, layer="zones")
    assert meta["crs"] == "EPSG:4490"
    found = dict(zip(meta["fields"], columns, strict=True))
    assert found["code"].tolist() == ["330381", "330324"]
    assert found["name_zh"].tolist() == ["瑞安市", "永嘉县"]
    assert found["aal"][0] == 1.25e9
    assert np.isnan(found["aal"][1])
    for shape, expected in zip(shapely.from_wkb(wkb), layer().polygons, strict=True):
        assert shape.geom_type == "MultiPolygon"
        assert shape.equals(expected)


def test_rows_without_polygons_are_refused_and_nothing_written(tmp_path: Path) -> None:
    short = layer()._replace(polygons=[shapely.box(0, 0, 1, 1)])
    with pytest.raises(SchemaError, match=r"layer zones.*not one polygon a row"):
        write_geopackage(tmp_path / "z.gpkg", {"zones": short}, crs="EPSG:4490")
    assert not list(tmp_path.iterdir())


def test_a_workbook_keeps_codes_as_text_and_chinese(tmp_path: Path) -> None:
    sheets = {"zones": layer().frame, "about": pd.DataFrame(TAGS, [0])}
    path = write_workbook(tmp_path / "t.xlsx", sheets)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["zones", "about"]
    rows = list(book["zones"].values)
    assert rows[0] == ("code", "name_zh", "aal", "年数")
    assert rows[1] == ("330381", "瑞安市", 1.25e9, 1)
    assert book["zones"].freeze_panes == "A2"
