from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from riskmodel.core.errors import CatalogueError, CensusError, ParamError, UnitsError
from riskmodel.hazard.typhoon.archives import read_cma_text, read_ibtracs
from riskmodel.hazard.typhoon.conversions import (
    convert_wind,
    deficit_of_wind,
    ten_minute_ratio,
    wind_of_deficit,
)
from riskmodel.hazard.typhoon.record import read_ibtracs_recut, read_storm_tracks
from riskmodel.hazard.typhoon.tracks import TrackModel, storms_from_record

# A made-up storm in the layout of IBTrACS v04; only the columns that readers name are filled.
NAMES = (
    "SID,SEASON,BASIN,NAME,ISO_TIME,NATURE,LAT,LON,WMO_WIND,WMO_PRES,TRACK_TYPE,"
    "USA_LAT,USA_LON,USA_WIND,USA_PRES,CMA_LAT,CMA_LON,CMA_WIND,CMA_PRES\n"
    " ,Year, , , , ,degrees_north,degrees_east,kts,mb, ,"
    "degrees_north,degrees_east,kts,mb,degrees_north,degrees_east,kts,mb\n"
)
IBTRACS = NAMES + (
    "2099001N20130,2099,WP,MADEUP,2099-08-01 00:00:00,TS,24.0,124.0,60,970,main,"
    "24.1,124.1,65,968,24.0,124.0,64,970\n"
    "2099001N20130,2099,WP,MADEUP,2099-08-01 06:00:00,TS,25.0,123.0,70,960,main,"
    "25.1,123.1,75,955, , , , \n"
    "2099001N20130,2099,WP,MADEUP,2099-08-01 12:00:00,TS,26.0,122.0, , ,main,"
    "26.1,122.1, , , , , , \n"
    "2099001N20130,2099,WP,MADEUP,2099-08-01 12:00:00,TS,30.0,128.0, , ,spur-other,"
    " , , , , , , , \n"
)
CMA = """\
66666 0000    2 0001 9901 0 6 Madeup                             21000101
2099080100 3 240 1240  970      32
2099080106 4 250 1230  960      35
66666 0000    1 0001 9901 0 6 Madeup(-)1                         21000101
2099080106 1 270 1200 1000       0
66666 0000    1 0002 0000 0 6 (nameless)                         21000101
2099090100 1 200 1300 1002       0
"""
HEADER = "sid,name,time,latitude,longitude,pressure,wind\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def tracks(folder: Path, *rows: str) -> Path:
    return write(folder, "tracks.csv", HEADER + "".join(f"A,X,{row}\n" for row in rows))


def test_ibtracs_of_the_wmo_agency_is_in_knots_and_ten_minutes(tmp_path: Path) -> None:
    record = read_ibtracs(write(tmp_path, "ibtracs.WP.csv", IBTRACS))
    assert record["storm"].values.tolist() == ["2099001N20130"] * 3
    assert record["name"].values.tolist() == ["MADEUP"] * 3
    np.testing.assert_allclose(record["latitude"].values, [24.0, 25.0, 26.0])
    np.testing.assert_allclose(
        record["wind"].values, [60 * 0.514444, 70 * 0.514444, np.nan], rtol=1e-6
    )
    np.testing.assert_allclose(record["pressure"].values, [970.0, 960.0, np.nan])
    assert str(record["time"].values[1])[:16] == "2099-08-01T06:00"


def test_ibtracs_of_other_agencies_takes_their_fixes_and_averaging(tmp_path: Path) -> None:
    path = write(tmp_path, "ibtracs.WP.csv", IBTRACS)
    usa = read_ibtracs(path, agency="usa")
    np.testing.assert_allclose(usa["latitude"].values, [24.1, 25.1, 26.1])
    assert usa["wind"].values[0] == pytest.approx(65 * 0.514444 / 1.05)
    cma = read_ibtracs(path, agency="cma")
    assert cma.sizes["fix"] == 1
    assert cma["wind"].values[0] == pytest.approx(64 * 0.514444 / 1.06)
    with pytest.raises(ParamError, match="no such agency"):
        read_ibtracs(path, agency="nobody")


def test_ibtracs_names_storm_and_row(tmp_path: Path) -> None:
    bad = IBTRACS.replace(",25.0,123.0,70,960", ",25.0,123.0,-70,960")
    with pytest.raises(CensusError, match=r"storm 2099001N20130, row 4: wind cannot be"):
        read_ibtracs(write(tmp_path, "a.csv", bad))
    with pytest.raises(CensusError, match="columns are missing"):
        read_ibtracs(write(tmp_path, "b.csv", IBTRACS.replace("TRACK_TYPE", "KIND")))
    with pytest.raises(CensusError, match="no fixes"):
        read_ibtracs(write(tmp_path, "c.csv", NAMES))
    only_wmo = NAMES + IBTRACS.splitlines()[4] + "\n"
    with pytest.raises(CensusError, match="take another agency"):
        read_ibtracs(write(tmp_path, "d.csv", only_wmo), agency="cma")


def test_cma_text_becomes_the_common_layout(tmp_path: Path) -> None:
    record = read_cma_text(write(tmp_path, "CH2099BST.txt", CMA))
    assert record["storm"].values.tolist() == ["CMA2099001", "CMA2099001", "CMA2099002"]
    np.testing.assert_allclose(record["latitude"].values, [24.0, 25.0, 20.0])
    np.testing.assert_allclose(record["longitude"].values, [124.0, 123.0, 130.0])
    np.testing.assert_allclose(record["wind"].values, [32 / 1.06, 35 / 1.06, np.nan])
    assert record["name"].values[0] == "Madeup"
    assert "CMA2099002, row 7: one fix only" in record.attrs["remarks"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CMA.replace("    2 0001", "    3 0001"), "1 fewer than its header says"),
        (CMA.replace("    2 0001", "    1 0001"), r"row 3.*outside its storm"),
        (CMA.split("\n", 1)[1], r"row 1.*outside its storm"),
        (CMA.replace(" 250 1230  960      35", " 250"), r"storm CMA2099001, row 3: a fix is cut"),
        (CMA.replace("66666 0000    2 0001", "66666 0000    x 0001"), "not a header line"),
        (CMA.replace("2099080106 4", "2099089906 4"), r"row 3: time is not a date"),
        (CMA.replace(" 250 1230", " 2x0 1230"), r"row 3: latitude is not a number"),
        ("", "no fixes"),
    ],
)
def test_bad_cma_text_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CensusError, match=message):
        read_cma_text(write(tmp_path, "CH2099BST.txt", text))


def test_cma_text_needs_its_name(tmp_path: Path) -> None:
    with pytest.raises(CensusError, match="keep the name"):
        read_cma_text(write(tmp_path, "tracks.txt", CMA))
    with pytest.raises(CensusError, match="does not exist"):
        read_cma_text(tmp_path / "CH2099BST.txt")


def test_a_track_across_the_date_line_stays_one_line(tmp_path: Path) -> None:
    path = tracks(
        tmp_path, "2099-08-01T00:00Z,20,-179.5,990,20", "2099-08-01T06:00Z,20,179.5,990,20"
    )
    np.testing.assert_allclose(read_storm_tracks(path)["longitude"].values, [180.5, 179.5])


def test_jumps_and_two_places_at_one_time_are_refused(tmp_path: Path) -> None:
    path = tracks(tmp_path, "2099-08-01T00:00Z,20,130,990,20", "2099-08-01T06:00Z,20,150,990,20")
    with pytest.raises(CensusError, match=r"storm A, row 3: the storm jumps"):
        read_storm_tracks(path)
    path = tracks(tmp_path, "2099-08-01T00:00Z,20,130,990,20", "2099-08-01T00:00Z,22,130,990,20")
    with pytest.raises(CensusError, match=r"row 3: the storm has two places"):
        read_storm_tracks(path)


def test_what_is_kept_is_remarked(tmp_path: Path) -> None:
    path = tracks(
        tmp_path,
        "2099-08-01T00:00Z,20,130,990,20",
        "2099-08-01T00:00Z,20,130.1,985,22",
        "2099-08-02T06:00Z,22,128,980,25",
    )
    record = read_storm_tracks(path)
    assert record["pressure"].values.tolist() == [990.0, 980.0]
    remarks = record.attrs["remarks"].splitlines()
    assert remarks == [
        "tracks.csv, storm A, row 3: doubled time, the first stays",
        "tracks.csv, storm A, row 4: gap of 30 h before it, bridged by a line",
    ]
    path = tracks(tmp_path, "2099-08-01T00:00Z,20,130,,")
    remarks = read_storm_tracks(path).attrs["remarks"].splitlines()
    assert [r.partition(": ")[2] for r in remarks] == [
        "one fix only, it stands still",
        "neither pressure nor wind in any fix",
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2099-08-01T06:00Z,25,129,inf,20", "row 3: pressure cannot be"),
        ("2099-08-01T06:00Z,25,129,990,-inf", "row 3: wind cannot be"),
        ("2099-08-01T06:00Z,inf,129,990,20", "row 3: latitude cannot be"),
        ("2099-08-01T06:00Z,25,129,-999,20", "row 3: pressure cannot be"),
        ("2099-08-01T06:00Z,25,489,990,20", "row 3: longitude cannot be"),
        ("2999-08-01T06:00Z,25,129,990,20", "row 3: time is not"),
        ("0001-08-01T06:00Z,25,129,990,20", "row 3: time is not"),
        (",25,129,990,20", "row 3: time is missing"),
    ],
)
def test_absurd_values_and_times_are_refused(tmp_path: Path, row: str, message: str) -> None:
    path = tracks(tmp_path, "2099-08-01T00:00Z,25,130,990,20", row)
    with pytest.raises(CensusError, match=f"storm A, {message}"):
        read_storm_tracks(path)


def test_a_fix_without_storm_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "tracks.csv", HEADER + ",X,2099-08-01T00:00Z,25,130,990,20\n")
    with pytest.raises(CensusError, match="storm without id, row 2: sid is missing"):
        read_storm_tracks(path)


def test_missing_pressure_and_wind_are_remarked_and_filled_in_time(tmp_path: Path) -> None:
    path = tracks(
        tmp_path,
        "2099-08-01T00:00Z,27,122,1000,",
        "2099-08-01T09:00Z,27,122,,0",
        "2099-08-01T12:00Z,27,122,960,30",
    )
    record = read_storm_tracks(path)
    assert record.attrs["remarks"].splitlines() == [
        "tracks.csv, storm A, row 3: no pressure here, the first of 1 such fixes in 3; "
        "taken from the wind, else from a line in time",
        "tracks.csv, storm A, row 2: no wind here, the first of 2 such fixes in 3; "
        "taken from the pressure",
    ]
    # From 10 to 50 hPa below 1010 in twelve hours: 40 hPa after three quarters of the time.
    deficit = storms_from_record(record)["deficit"].values[0]
    np.testing.assert_allclose(deficit[[0, 9, 12]], [10.0, 40.0, 50.0])


def test_storms_that_never_come_near_are_named(tmp_path: Path) -> None:
    text = HEADER + "".join(
        f"{sid},{name},2099-08-0{day}T00:00Z,{latitude},122,970,30\n"
        for sid, name, day, latitude in (("A", "Near", 1, 27), ("B", "Far", 5, 10))
    )
    record = read_storm_tracks(write(tmp_path, "tracks.csv", text))
    storms = storms_from_record(record)
    assert storms["storm_id"].values.tolist() == ["A"]
    assert storms.attrs["remarks"].startswith("storm B Far: never near, left out; 20")
    with pytest.raises(CatalogueError, match=r"storm asked for never comes near.*storm B Far"):
        storms_from_record(record, ["Near", "Far"])
    with pytest.raises(CatalogueError, match=r"none of these storms comes near.*storm B Far"):
        storms_from_record(record, ["Far"])


def test_a_cut_of_ibtracs_without_units_keeps_its_first_fix(tmp_path: Path) -> None:
    header, _, *rows = IBTRACS.splitlines(keepends=True)
    cut = read_ibtracs(write(tmp_path, "cut.csv", header + "".join(rows)))
    whole = read_ibtracs(write(tmp_path, "whole.csv", IBTRACS))
    np.testing.assert_array_equal(cut["time"].values, whole["time"].values)


def test_one_fix_makes_a_storm_that_stands_still(tmp_path: Path) -> None:
    storms = storms_from_record(
        read_storm_tracks(tracks(tmp_path, "2099-08-01T00:00Z,27,122,970,"))
    )
    assert storms.sizes == {"storm": 1, "step": 1}
    assert (storms["speed"].item(), storms["deficit"].item()) == (0.0, 40.0)


def test_recut_of_ibtracs_is_in_knots(tmp_path: Path) -> None:
    text = (
        "sid,name,time,lat,lon,wmo_wind_kt,wmo_pressure_hpa\nB,Y,2099-08-01T00:00Z,20,130,50,985\n"
    )
    record = read_ibtracs_recut(write(tmp_path, "recut.csv", text))
    assert record["wind"].item() == pytest.approx(25.7222)


def test_averaging_times_convert_there_and_back() -> None:
    # WMO/TD-No. 1555, table 1.1, at sea: gust 1.23 and 1-minute 1.05 times the 10-minute mean.
    assert convert_wind(40.0, given="10-minute", wanted="gust") == pytest.approx(49.2)
    assert convert_wind(42.0, given="1-minute", wanted="10-minute") == pytest.approx(40.0)
    there = convert_wind([10.0, 30.0], given="2-minute", wanted="1-minute")
    np.testing.assert_allclose(
        convert_wind(there, given="1-minute", wanted="2-minute"), [10.0, 30.0]
    )
    with pytest.raises(UnitsError, match="averaging time"):
        ten_minute_ratio("hourly")


def test_pressure_wind_relation_is_near_the_published_one(model: TrackModel) -> None:
    a, b, _ = model.pressure_wind
    deficit = np.array([20.0, 40.0, 60.0, 80.0])
    # Atkinson & Holliday 1977: 6.7 (1010 - p)^0.644 knots, 1-minute.
    published = convert_wind(6.7 * deficit**0.644 * 0.514444, given="1-minute", wanted="10-minute")
    np.testing.assert_allclose(wind_of_deficit(deficit, a, b), published, rtol=0.15)
    np.testing.assert_allclose(deficit_of_wind(wind_of_deficit(deficit, a, b), a, b), deficit)
    assert np.isnan(deficit_of_wind([0.0], a, b)).all()
