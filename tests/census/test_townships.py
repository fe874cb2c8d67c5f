"""Townships: read beside the zones, split by area inside the county, nothing lost or doubled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
import xarray as xr

from riskmodel.census.finding import FoundError
from riskmodel.census.read import load_census
from riskmodel.census.townships import Township, by_township, read_townships, zone_polygons
from riskmodel.core.errors import ConservationError
from tests.census.conftest import SQUARES, Draft

WEST, EAST = "990001", "990002"
# the western county is cut at 120.35, the eastern has one town that leaves a fifth of it
HALVES = {
    f"{WEST}001": Township("西镇", shapely.box(120.00, 27.50, 120.35, 28.50)),
    f"{WEST}002": Township("东镇", shapely.box(120.35, 27.50, 120.70, 28.50)),
    f"{EAST}001": Township("北镇", shapely.box(120.70, 27.76, 121.40, 28.50)),
}


@pytest.fixture
def census(draft: Draft, tmp_path: Path) -> xr.DataTree:
    return load_census(draft.write(tmp_path / "census"))


def write(path: Path, towns: dict[str, Township], codes: dict[str, str] | None = None) -> None:
    pyogrio.raw.write(
        path,
        shapely.to_wkb(np.array([t.polygon for t in towns.values()], dtype=object)),
        [
            np.array([(codes or {}).get(c, c) for c in towns], dtype=object),
            np.array([t.name for t in towns.values()], dtype=object),
        ],
        ["XZQDM", "乡镇名"],
        geometry_type="Polygon",
        crs="EPSG:4490",
    )


def with_townships(draft: Draft, folder: Path, towns: dict[str, Township], **keys: str) -> Path:
    stated = {"file": "towns.gpkg", "code": "XZQDM", "name": "乡镇名"} | keys
    draft.manifest["townships"] = stated
    draft.write(folder)
    write(folder / "towns.gpkg", towns)
    return folder


def test_values_of_townships_add_up_to_their_county(census: xr.DataTree) -> None:
    made = by_township(census, SQUARES, HALVES)
    codes = made["zones"]["zone"].values.tolist()
    assert codes == [f"{WEST}001", f"{WEST}002", f"{EAST}001", f"{EAST}000"]
    total, whole = made["exposure"]["total"].values, census["exposure"].to_dataset()
    cells = np.zeros((2, 2))
    np.add.at(cells, census["zones"]["entry_zone"].values, whole["value"].values)
    np.testing.assert_allclose(total[:2].sum(axis=0), cells[0], rtol=1e-12)
    np.testing.assert_allclose(total[2:].sum(axis=0), cells[1], rtol=1e-12)


def test_a_cell_is_split_by_area(census: xr.DataTree) -> None:
    """Cells are a quarter of a degree; the line at 120.35 cuts that of 120.25 to 120.50."""
    made = by_township(census, SQUARES, HALVES)
    zones, whole = made["zones"].to_dataset(), census["zones"].to_dataset()
    share = {}
    for number in (0, 1):
        own = zones["entry_zone"].values == number
        cell = zones["whole_cell"].values[zones["entry_cell"].values[own]]
        value = made["exposure"]["value"].sel(exposure_class="people").values[own]
        share[number] = dict(zip(cell.tolist(), value.tolist(), strict=True))
    column = {int(c): int(k) for c, k in enumerate(whole["column"].values)}
    cut = [c for c in share[0] if column[c] == 1]
    assert len(cut) == 4
    for cell in cut:
        west, east = share[0][cell], share[1][cell]
        assert west / (west + east) == pytest.approx(0.4)  # 120.25-120.35 of 120.25-120.50
    assert {column[c] for c in share[0]} == {0, 1}
    assert {column[c] for c in share[1]} == {1, 2}


def test_what_is_in_no_township_is_a_zone_of_its_own(census: xr.DataTree) -> None:
    made = by_township(census, SQUARES, HALVES)
    assert made["zones"]["name_zh"].values.tolist()[-1] == "未划入乡镇（街道）"
    # 27.60 to 27.76 of 27.60 to 28.40; cells of the lowest row are even in people
    people = made["exposure"]["total"].sel(exposure_class="people").values
    rows = census["zones"]["row"].values[census["zones"]["entry_cell"].values]
    east = census["zones"]["entry_zone"].values == 1
    value = census["exposure"]["value"].sel(exposure_class="people").values
    lowest = value[east & (rows == rows.max())].sum()
    # the lowest row of the county reaches from 27.60 to 27.75, the next from there to 28.00
    second = value[east & (rows == rows.max() - 1)].sum()
    assert people[-1] == pytest.approx(lowest + second * 0.01 / 0.25, rel=1e-9)


def test_townships_that_overlap_are_refused(census: xr.DataTree) -> None:
    wide = Township("大镇", shapely.box(120.00, 27.50, 120.40, 28.50))
    with pytest.raises(ConservationError, match=r"zone 990001.*townships overlap"):
        by_township(census, SQUARES, HALVES | {f"{WEST}001": wide})


def test_they_are_read_with_names_beside_the_zones(draft: Draft, tmp_path: Path) -> None:
    folder = with_townships(draft, tmp_path / "census", HALVES)
    load_census(folder)  # the manifest is a good one
    found = read_townships(folder, [WEST])
    assert found is not None
    assert {code: town.name for code, town in found.items()} == {
        f"{WEST}001": "西镇",
        f"{WEST}002": "东镇",
    }
    for code, town in found.items():
        assert town.polygon.symmetric_difference(HALVES[code].polygon).area < 1e-9


def test_a_census_without_a_file_has_none(draft: Draft, tmp_path: Path) -> None:
    assert read_townships(draft.write(tmp_path / "census"), [WEST]) is None


def test_a_zone_without_townships_is_named(draft: Draft, tmp_path: Path) -> None:
    only = {c: t for c, t in HALVES.items() if c.startswith(WEST)}
    folder = with_townships(draft, tmp_path / "census", only)
    with pytest.raises(FoundError, match=r"towns\.gpkg, XZQDM: no township.*990002"):
        read_townships(folder, [WEST, EAST])


def test_a_missing_field_of_names_is_named(draft: Draft, tmp_path: Path) -> None:
    folder = with_townships(draft, tmp_path / "census", HALVES, name="NAME")
    with pytest.raises(FoundError, match=r"towns\.gpkg.*XZQDM.*NAME"):
        read_townships(folder, [WEST])


def test_polygons_of_zones_are_those_of_the_census(
    draft: Draft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = draft.write(tmp_path / "census")
    packaged = {code: SQUARES[code] for code in (WEST, EAST)}
    monkeypatch.setattr(
        "riskmodel.census.townships.county_polygons", lambda codes: {c: packaged[c] for c in codes}
    )
    assert zone_polygons(folder, [EAST])[EAST].equals(SQUARES[EAST])
    draft.manifest["zones"] = {"file": "own.gpkg", "code": "XZQDM"}
    draft.write(folder)
    own = {code: Township("x", shape.buffer(0.01)) for code, shape in SQUARES.items()}
    write(folder / "own.gpkg", own)
    assert zone_polygons(folder, [EAST])[EAST].equals(own[EAST].polygon)
