from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskmodel.core.errors import CensusError
from riskmodel.hazard.typhoon.near_storms import near_storms, read_near_storms, write_near_storms

HEADER = "track_id,time,lon,lat,wind,slp\n"


def table(*rows: tuple[str, str, float, float, float]) -> pd.DataFrame:
    columns = ["track_id", "time", "lon", "lat", "slp"]
    return pd.DataFrame(list(rows), columns=columns).assign(wind=np.nan)


def test_pressure_is_read_between_fixes_inside_the_circle() -> None:
    """Due west along 28 N, a degree an hour: inside 150 km while within 1.53 degrees of 120.7 E."""
    fixes = table(
        ("A", "2000-07-01 00:00", 123.7, 28.0, 940.0),
        ("A", "2000-07-01 06:00", 117.7, 28.0, 1000.0),
        ("far", "2000-07-02 00:00", 128.0, 28.0, 900.0),
        ("bare", "2000-07-03 00:00", 120.7, 28.0, np.nan),
    )
    found = near_storms(fixes).set_index("sid")
    assert sorted(found.index) == ["A", "bare"]
    assert found.loc["A", "pressure"] == pytest.approx(940.0 + 20.0)  # two hours in, 121.7 E
    assert np.isnan(found.loc["bare", "pressure"])
    assert found.loc["A", "year"] == 2000


def test_only_years_of_the_record_are_written(tmp_path: Path) -> None:
    source = tmp_path / "wmo.csv"
    line = "{sid},{year}-07-01 00:00,120.7,28.0,30,{slp}\n"
    rows = [line.format(sid=f"S{y}", year=y, slp=980) for y in (1979, 1980, 2024, 2025)]
    source.write_text(HEADER + "".join(rows), encoding="utf-8")
    written = write_near_storms(source, tmp_path / "near.csv")
    assert read_near_storms(written)["year"].tolist() == [1980, 2024]
    written.write_text("sid,year\nA,1990\n", encoding="utf-8")
    with pytest.raises(CensusError, match="storm-tracks"):
        read_near_storms(written)
