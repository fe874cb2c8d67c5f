"""Location file: by hand, conserving value, read back to the bit, refusals by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from pandas.testing import assert_frame_equal

from riskmodel.core.errors import SchemaError, UnitsError
from riskmodel.core.messages import names
from riskmodel.exchange.oed import (
    VALUES,
    insured_value,
    location_table,
    not_carried,
    peril_code,
    read_locations,
    write_locations,
)
from tests.exchange.conftest import ZONES

PERILS = ["typhoon_wind", "rain_flood", "flash_flood", "landslide"]


def test_locations_by_hand(exposure: xr.Dataset, zones: xr.Dataset) -> None:
    frame = location_table(exposure, zones, PERILS)
    columns = ["zone", "latitude", "exposure_class", "building_value", "other_value"]
    assert frame[columns].values.tolist() == [
        ["330302", 28.1, "residential_rc", 0.1, 0.0],
        ["330302", 28.1, "crops", 0.0, 7.0],
        ["330302", 28.0, "residential_rc", 0.2, 0.0],
        ["330381", 28.0, "residential_rc", 1.0 / 3.0, 0.0],
        ["330381", 28.0, "crops", 0.0, 2.0],
    ]
    assert set(frame["perils"]) == {"WTC;OO1;OSF"}
    assert frame["location"].tolist() == [1, 2, 3, 4, 5]
    codes = frame.groupby("exposure_class")[["occupancy", "construction"]].first()
    assert codes.loc["residential_rc"].tolist() == [1050, 5150]
    assert codes.loc["crops"].tolist() == [1360, 8000]


def test_value_is_conserved_by_zone(exposure: xr.Dataset, zones: xr.Dataset) -> None:
    frame = location_table(exposure, zones, PERILS)
    found = frame.groupby("zone")[list(VALUES)].sum().sum(axis=1)
    total = insured_value(exposure)
    assert total.values.tolist() == pytest.approx([7.3, 2.0 + 1.0 / 3.0], rel=1e-15)
    np.testing.assert_allclose(found[ZONES].to_numpy(), total.values, rtol=1e-15)


def test_the_file_is_read_back(tmp_path: Path, exposure: xr.Dataset, zones: xr.Dataset) -> None:
    frame = location_table(exposure, zones, PERILS)
    path = write_locations(tmp_path / "location.csv", frame)
    head, line = path.read_text().splitlines()[:2]
    assert head == (
        "PortNumber,AccNumber,LocNumber,CountryCode,GeogScheme1,GeogName1,Latitude,"
        "Longitude,OccupancyCode,ConstructionCode,NumberOfBuildings,LocPerilsCovered,BuildingTIV,"
        "OtherTIV,ContentsTIV,BITIV,LocCurrency,LocUserDef1,OEDVersion"
    )
    assert line == (
        "1,330302,1,CN,XGBT,330302,28.1,120.5,1050,5150,0,WTC;OO1;OSF,0.1,0.0,0.0,0.0,CNY,"
        "residential_rc,4.0.0"
    )
    assert_frame_equal(read_locations(path), frame, check_exact=True)


def test_every_peril_of_the_census_has_a_code_or_none() -> None:
    codes = {peril: peril_code(peril) for peril in names("peril", "en")}
    assert codes["storm_surge"] == "WSS"
    assert [peril for peril, code in codes.items() if code is None] == ["landslide", "drought"]
    with pytest.raises(SchemaError, match=r"an unknown peril.*'hail'"):
        peril_code("hail")


def test_what_has_no_place_is_listed(exposure: xr.Dataset) -> None:
    assert not_carried(exposure, PERILS) == [
        "population: a count, not a value",
        "landslide: no peril code of the standard fits",
    ]


def test_perils_without_a_code_alone_are_refused(exposure: xr.Dataset, zones: xr.Dataset) -> None:
    with pytest.raises(SchemaError, match=r"\['drought'\].*name a further peril"):
        location_table(exposure, zones, ["drought"])


def test_a_class_without_codes_is_named(exposure: xr.Dataset, zones: xr.Dataset) -> None:
    renamed = exposure.assign_coords(exposure_class=["residential_rc", "meadows", "population"])
    with pytest.raises(SchemaError, match=r"class without codes.*'meadows'.*table of names"):
        location_table(renamed, zones, PERILS)


def test_other_data_or_money_are_refused(exposure: xr.Dataset, zones: xr.Dataset) -> None:
    with pytest.raises(UnitsError, match=r"found 'USD'"):
        location_table(exposure.assign_attrs(currency="USD"), zones, PERILS)
    with pytest.raises(UnitsError, match=r"found 'USD'"):
        insured_value(exposure.assign_attrs(currency="USD"))
    with pytest.raises(SchemaError, match=r"census\.zones\.latitude"):
        location_table(exposure, zones.drop_vars("latitude"), PERILS)
    with pytest.raises(SchemaError, match=r"different censuses.*one census"):
        location_table(exposure, zones.isel(entry=slice(3)), PERILS)


@pytest.mark.parametrize(
    ("old", "new", "error", "told"),
    [
        (",CNY,", ",USD,", UnitsError, r"money in another currency"),
        (",28.1,", ",98.1,", SchemaError, r"coordinates outside the globe.*latitude"),
        ("1,330302,2,", "1,330302,1,", SchemaError, r"a location number twice"),
        (",4.0.0", ",1.1.5", SchemaError, r"another version than 4\.0\.0.*1\.1\.5"),
        ("Longitude", "Lon", SchemaError, r"columns are missing.*'Longitude'"),
        (",7.0,", ",-7.0,", SchemaError, r"column OtherTIV, row 2"),
    ],
)
def test_a_spoilt_file_is_refused(
    tmp_path: Path, exposure: xr.Dataset, zones: xr.Dataset,
    old: str, new: str, error: type[Exception], told: str,
) -> None:  # fmt: skip
    path = write_locations(tmp_path / "location.csv", location_table(exposure, zones, PERILS))
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(error, match=told):
        read_locations(path)


def test_nothing_is_written_when_a_row_is_unsound(
    tmp_path: Path, exposure: xr.Dataset, zones: xr.Dataset
) -> None:
    frame = location_table(exposure, zones, PERILS).assign(currency="EUR")
    with pytest.raises(UnitsError, match="convert the amounts to yuan"):
        write_locations(tmp_path / "location.csv", frame)
    assert not list(tmp_path.iterdir())
