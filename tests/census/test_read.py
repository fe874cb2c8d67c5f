"""A census written to a folder comes back, and every bad input is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr
import yaml
from rasterio import Affine

from riskmodel.census.finding import FoundError, errors_of
from riskmodel.census.read import (
    AFFECTED,
    OUTSIDE,
    SURVEYED_DRY,
    examine,
    load_census,
    read_raster,
)
from riskmodel.core.errors import CensusError, RiskModelError
from tests.census.conftest import COLUMNS, NORTH, ROWS, SIZE, WEST, Draft, wind, write_tif

Spoil = Callable[[Draft], object]


def loaded(draft: Draft, folder: Path) -> xr.DataTree:
    return load_census(draft.write(folder))


# --- the round trip -----------------------------------------------------------------------------


def test_maps_come_back_where_they_were_written(draft: Draft, tmp_path: Path) -> None:
    layer = loaded(draft, tmp_path)["typhoon_wind"].to_dataset()
    assert layer["return_period"].values.tolist() == [5.0, 50.0, 200.0]
    assert layer["x"].values == pytest.approx(WEST + SIZE * (np.arange(COLUMNS) + 0.5))
    assert layer["y"].values == pytest.approx(NORTH - SIZE * (np.arange(ROWS) + 0.5))
    for t in (5, 50, 200):
        stored = layer["intensity"].sel(return_period=t).values
        assert np.array_equal(stored, wind(t).astype(np.float32))
    assert layer.attrs["units"] == "m s-1"
    assert layer.attrs["return_period_basis"] == "annual_probability"


def test_order_of_files_in_the_manifest_does_not_matter(draft: Draft, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = loaded(draft, tmp_path / "a")
    draft.maps["typhoon_wind"] = dict(reversed(draft.maps["typhoon_wind"].items()))
    assert loaded(draft, tmp_path / "b").identical(first)


def test_totals_are_those_of_the_workbook_and_conserved(draft: Draft, tmp_path: Path) -> None:
    tree = loaded(draft, tmp_path)
    exposure, zones = tree["exposure"].to_dataset(), tree["zones"].to_dataset()
    assert exposure["exposure_class"].values.tolist() == ["homes", "people"]
    assert exposure["unit"].values.tolist() == ["CNY", "person"]
    written = np.array([[12.5e8, 100_003], [7.25e8, 77_777]])
    assert exposure["total"].values == pytest.approx(written, rel=1e-15)
    assert exposure["gdp"].values == pytest.approx([30.25e8, 20.5e8], rel=1e-15)
    for c in range(2):
        by_zone = np.bincount(zones["entry_zone"].values, exposure["value"].values[:, c])
        assert by_zone == pytest.approx(written[:, c], rel=1e-9)
    assert zones["name_zh"].values.tolist() == ["甲县", "乙县"]
    assert zones["zone"].values.tolist() == ["990001", "990002"]


def test_values_are_spread_by_weight_times_area(draft: Draft, tmp_path: Path) -> None:
    tree = loaded(draft, tmp_path)
    exposure, zones = tree["exposure"].to_dataset(), tree["zones"].to_dataset()
    of = {
        (int(z), int(zones["row"][c]), int(zones["column"][c])): v
        for z, c, v in zip(
            zones["entry_zone"].values,
            zones["entry_cell"].values,
            exposure["value"].values[:, 0],
            strict=True,
        )
    }
    # zone 0, row 1: weights 7 and 8 (row × 6 + column + 1); widths 0.15 and 0.25 of columns 0 and 1
    assert of[0, 1, 1] / of[0, 1, 0] == pytest.approx((8 * 0.25) / (7 * 0.15), rel=1e-9)
    # the column at 120.5 to 120.75 holds 0.20 of zone 0 and 0.05 of zone 1
    assert {key[0] for key in of if key[2] == 2} == {0, 1}


def test_three_states_of_a_cell(draft: Draft, tmp_path: Path) -> None:
    draft.maps["rain_flood"][10][0, 0] = draft.maps["rain_flood"][100][0, 0] = np.nan
    draft.maps["rain_flood"][10][2, 3] = draft.maps["rain_flood"][100][2, 3] = -9999.0
    for weight in draft.weights.values():
        weight[0, 0] = weight[2, 3] = 0.0
    state = loaded(draft, tmp_path)["rain_flood"].to_dataset()["state"].values
    # the squares reach columns 0 to 5 (120.1 to 121.3) and all rows; two cells are nodata
    expected = np.where(np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS) % 3 == 0, 1, 2)
    expected[0, 0] = expected[2, 3] = OUTSIDE
    assert (SURVEYED_DRY, AFFECTED) == (1, 2)
    assert state.tolist() == expected.tolist()


def test_cells_of_no_zone_are_outside(draft: Draft, tmp_path: Path) -> None:
    draft.table = draft.table[:3]
    state = loaded(draft, tmp_path)["typhoon_wind"].to_dataset()["state"].values
    assert (state[:, :3] == AFFECTED).all()
    assert (state[:, 3:] == OUTSIDE).all()


def test_rows_without_a_code_are_left_out(draft: Draft, tmp_path: Path) -> None:
    draft.table.append([None, "合计", "Total", 19.75, 177_780, 50.75])
    exposure = loaded(draft, tmp_path)["exposure"].to_dataset()
    assert float(exposure["total"].sel(exposure_class="people").sum()) == 177_780


def test_packed_maps_are_unpacked(draft: Draft, tmp_path: Path) -> None:
    """Whole centimetres with a scale of 0.01 in the file are metres."""
    plain = loaded(draft, tmp_path / "a")["rain_flood"]["intensity"].values
    folder = draft.write(tmp_path / "b")
    for t, values in draft.maps["rain_flood"].items():
        path = folder / f"hazard/rain_flood_{t}.tif"
        write_tif(path, np.rint(100.0 * values), dtype="int16", nodata=-9999)
        with rasterio.open(path, "r+") as target:
            target.scales = (0.01,)
    found = load_census(folder)["rain_flood"]["intensity"].values
    assert found == pytest.approx(plain, rel=1e-6)


# --- refusals -----------------------------------------------------------------------------------


def set_map(draft: Draft, peril: str, t: int, value: float) -> None:
    draft.maps[peril][t][1, 2] = value


REFUSED_MAPS: dict[str, tuple[Spoil, str]] = {
    "one return period": (
        lambda d: [d.maps["rain_flood"].pop(100)],
        r"rain_flood: one return period only.*\[10\.0\]",
    ),
    "falling": (
        lambda d: set_map(d, "typhoon_wind", 200, 1.0),
        r"typhoon_wind_200\.tif, row 1, column 2, the first of 1 cells \(4\.17%\): the map falls",
    ),
    "negative": (
        lambda d: set_map(d, "rain_flood", 10, -0.5),
        r"rain_flood_10\.tif, row 1, column 2, .*: negative intensity.*-0\.5",
    ),
    "nodata in one map": (
        lambda d: set_map(d, "rain_flood", 100, -9999.0),
        r"rain_flood_100\.tif, row 1, column 2, .*: surveyed in some return periods only",
    ),
    "nodata where something stands": (
        lambda d: [set_map(d, "rain_flood", t, -9999.0) for t in (10, 100)],
        r"rain_flood, zone 990001: exposure in cells outside the survey.*in 1 cells",
    ),
    "another CRS": (
        lambda d: d.profiles.update({"hazard/rain_flood_10.tif": {"crs": "EPSG:32651"}}),
        r"hazard/rain_flood_10\.tif, hazard\.rain_flood: another .*EPSG:32651.*EPSG:4490",
    ),
    "no CRS": (
        lambda d: d.profiles.update({"hazard/rain_flood_10.tif": {"crs": None}}),
        r"hazard/rain_flood_10\.tif, hazard\.rain_flood: no coordinate system",
    ),
    "two bands": (
        lambda d: d.profiles.update({"weights/even.tif": {"count": 2}}),
        r"even\.tif: not one band.*found 2; expected 1",
    ),
    "a map of another shape": (
        lambda d: d.maps["rain_flood"].update({100: np.ones((ROWS, COLUMNS + 1))}),
        r"rain_flood_100\.tif: another grid.*\(4, 7\) cells.*\(4, 6\)",
    ),
    "a peril on another grid": (
        lambda d: d.maps.update(rain_flood={t: np.ones((ROWS + 1, COLUMNS)) for t in (10, 100)}),
        r"typhoon_wind: another grid.*\(4, 6\) cells.*\(5, 6\)",
    ),
    "a weight on another grid": (
        lambda d: d.weights.update(even=np.ones((ROWS + 1, COLUMNS))),
        r"even\.tif: another grid",
    ),
    "a negative weight": (
        lambda d: d.weights.update(even=np.full((ROWS, COLUMNS), -1.0)),
        r"even\.tif: negative weight",
    ),
    "weight nowhere in a zone": (
        lambda d: d.weights["towns"].__setitem__((slice(None), slice(0, 3)), 0.0),
        r"homes, zone 990001: a zone has a total but no weight",
    ),
}


@pytest.mark.parametrize("fault", REFUSED_MAPS)
def test_bad_maps_are_refused(fault: str, draft: Draft, tmp_path: Path) -> None:
    spoil, told = REFUSED_MAPS[fault]
    spoil(draft)
    with pytest.raises(CensusError, match=f"{told}.*to do: "):
        loaded(draft, tmp_path)


@pytest.mark.parametrize(
    ("transform", "told"),
    [
        (Affine(SIZE, 0.0, WEST + SIZE / 2, 0.0, -SIZE, NORTH), "another grid"),
        (Affine(SIZE, 0.0, WEST, 0.0, -SIZE * 0.7, NORTH), "another resolution"),
        (Affine(SIZE, 0.01, WEST, 0.0, -SIZE, NORTH), "a rotated raster"),
    ],
)
def test_a_weight_in_another_place_is_refused(
    transform: Affine, told: str, draft: Draft, tmp_path: Path
) -> None:
    draft.profiles["weights/even.tif"] = {"transform": transform}
    with pytest.raises(CensusError, match=rf"even\.tif: {told}.*to do: resample"):
        loaded(draft, tmp_path)


def rewritten(folder: Path, old: str, new: str) -> None:
    """Change the text of the manifest, where something must change."""
    path = folder / "census.yml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


MAP_5, MAP_50 = "5: hazard/typhoon_wind_5.tif", "50: hazard/typhoon_wind_50.tif"


@pytest.mark.parametrize("key", ["5 years", '"5"', "0.5", "1", "-5", ".nan", ".inf", "yes", "null"])
def test_a_key_that_is_no_return_period_is_refused(key: str, draft: Draft, tmp_path: Path) -> None:
    rewritten(draft.write(tmp_path), f"      {MAP_5}", f"      {key}{MAP_5[1:]}")
    told = (
        r"census\.yml, hazard\.typhoon_wind\.files, hazard/typhoon_wind_5\.tif: no return period.*"
        "expected a number of years above 1, on the annual-probability basis; to do: write"
    )
    with pytest.raises(CensusError, match=told):
        load_census(tmp_path)


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("5", r"census\.yml: .*not readable.*key 5 is written twice.*line.*to do: correct"),
        ("5.0", r"census\.yml: .*not readable.*key 5\.0 is written twice"),
        ('"5"', r"census\.yml, hazard\.typhoon_wind.*found '5';.*to do: write .* without quotes"),
    ],
)
def test_two_maps_of_one_return_period_are_refused(
    key: str, told: str, draft: Draft, tmp_path: Path
) -> None:
    rewritten(draft.write(tmp_path), f"      {MAP_50}", f"      {key}{MAP_50[2:]}")
    with pytest.raises(CensusError, match=rf"(?s){told}"):
        load_census(tmp_path)


def drop_column(draft: Draft, name: str) -> None:
    at = draft.table[0].index(name)
    draft.table = [row[:at] + row[at + 1 :] for row in draft.table]


def set_cell(draft: Draft, row: int, name: str, value: object) -> None:
    draft.table[row][draft.table[0].index(name)] = value


REFUSED_TABLES: dict[str, tuple[Spoil, str]] = {
    **{
        f"no column {name}": (
            lambda d, name=name: drop_column(d, name),  # type: ignore[misc]
            rf"exposure\.xlsx: a column is missing.*expected {name}",
        )
        for name in ("code", "name_zh", "homes", "people", "gdp")
    },
    "a code twice": (
        lambda d: d.table.append(list(d.table[-1])),
        r"exposure\.xlsx: zone codes repeated.*990002",
    ),
    "no codes": (
        lambda d: d.table.__delitem__(slice(2, None)),
        r"exposure\.xlsx: a division code is missing.*no row with a code",
    ),
    "text for a number": (
        lambda d: set_cell(d, 3, "homes", "n/a"),
        r"column homes, zone 990002: not a number",
    ),
    "an empty cell": (
        lambda d: set_cell(d, 2, "people", None),
        r"column people, zone 990001: not a number",
    ),
    "a negative total": (
        lambda d: set_cell(d, 2, "gdp", -1.0),
        r"column gdp, zone 990001: not a number, or negative",
    ),
    "another sheet": (
        lambda d: d.manifest["exposure"].update(sheet="sums"),
        r"exposure\.xlsx: the sheet is not named.*\['totals'\]; expected sums",
    ),
    **{
        f"no key {key}": (
            lambda d, key=key: d.manifest.pop(key),  # type: ignore[misc]
            rf"census\.yml, {key}: a key is missing",
        )
        for key in ("crs", "price_year", "return_period_basis", "source")
    },
}


@pytest.mark.parametrize("fault", REFUSED_TABLES)
def test_bad_tables_are_refused(fault: str, draft: Draft, tmp_path: Path) -> None:
    spoil, told = REFUSED_TABLES[fault]
    spoil(draft)
    with pytest.raises(CensusError, match=f"{told}.*to do: "):
        loaded(draft, tmp_path)


@pytest.mark.parametrize("unit", ["亿", "billion CNY", ""])
def test_an_unknown_unit_is_refused(unit: str, draft: Draft, tmp_path: Path) -> None:
    draft.manifest["exposure"]["classes"]["homes"]["unit"] = unit
    with pytest.raises(FoundError, match=r"exposure\.homes: an unknown unit.*亿元.*to do: "):
        loaded(draft, tmp_path)


def test_gdp_is_money(draft: Draft, tmp_path: Path) -> None:
    draft.manifest["exposure"]["gdp"]["unit"] = "person"
    with pytest.raises(FoundError, match=r"exposure\.gdp: an unknown unit"):
        loaded(draft, tmp_path)


@pytest.mark.parametrize(
    "name", ["census.yml", "exposure.xlsx", "hazard/rain_flood_100.tif", "weights/even.tif"]
)
def test_a_missing_file_is_named(name: str, draft: Draft, tmp_path: Path) -> None:
    (draft.write(tmp_path) / name).unlink()
    word = "does not exist" if name == "census.yml" else "missing"
    with pytest.raises(CensusError, match=rf"{name}.*: .*{word}.*to do: "):
        load_census(tmp_path)


@pytest.mark.parametrize("name", ["exposure.xlsx", "hazard/rain_flood_100.tif"])
@pytest.mark.parametrize("part", [0.0, 0.3, 0.9])
def test_a_truncated_file_is_named(name: str, part: float, draft: Draft, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)  # noise, so that the file is long
    noise = rng.uniform(0.1, 0.2, (ROWS, COLUMNS))
    draft.maps["rain_flood"] = {10: noise, 100: noise * 2}
    path = draft.write(tmp_path) / name
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(CensusError, match=rf"{name}.*: .*(cannot be read|is empty).*to do: copy"):
        load_census(tmp_path)


def test_a_grid_that_misses_a_zone_is_refused(draft: Draft, tmp_path: Path) -> None:
    for series in draft.maps.values():
        series.update({t: one[:3] for t, one in series.items()})
    draft.weights = {name: one[:3] for name, one in draft.weights.items()}
    with pytest.raises(FoundError, match="zone 990001: the grid does not cover"):
        loaded(draft, tmp_path)


def test_nodata_is_read_as_nan(tmp_path: Path) -> None:
    values = np.array([[1.0, -9999.0], [0.0, 2.0]])
    write_tif(tmp_path / "a.tif", values)
    found = read_raster(tmp_path / "a.tif", "EPSG:4490").values
    assert np.array_equal(found, [[1.0, np.nan], [0.0, 2.0]], equal_nan=True)


def test_all_refusals_are_of_one_family() -> None:
    assert issubclass(FoundError, CensusError)
    assert issubclass(CensusError, RiskModelError)


def test_files_of_one_name_are_told_apart(draft: Draft, tmp_path: Path) -> None:
    """Two folders with a map of the same name: the finding has folder and layer."""
    folder = draft.write(tmp_path)
    hazard = draft.manifest["hazard"]
    for peril in ("rain_flood", "typhoon_wind"):
        for t, name in hazard[peril]["files"].items():
            new = f"{peril}/rp{t:03d}.tif"
            (folder / new).parent.mkdir(exist_ok=True)
            (folder / name).rename(folder / new)
            hazard[peril]["files"][t] = new
    text = yaml.safe_dump(draft.manifest, allow_unicode=True)
    (folder / "census.yml").write_text(text, encoding="utf-8")
    (folder / "rain_flood" / "rp100.tif").write_bytes(b"")
    (one,) = errors_of(examine(folder).findings)
    assert (one.code, one.file, one.layer) == (
        "file_empty", "rain_flood/rp100.tif", "hazard.rain_flood",
    )  # fmt: skip
