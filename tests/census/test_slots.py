"""Eleven slots and nine perils, each in both languages, and what is missing from a census."""

from __future__ import annotations

from pathlib import Path

import pytest

from riskmodel.census.manifest import read_manifest
from riskmodel.census.read import examine
from riskmodel.census.slots import completeness
from riskmodel.census.units import perils, slots
from riskmodel.core.messages import has_message
from tests.census.conftest import Draft


def test_there_are_eleven_slots_and_nine_perils() -> None:
    assert len(slots()) == 11
    assert len(perils()) == 9
    for peril, about in perils().items():
        assert has_message(f"peril.{peril}")
        assert next(iter(about["units"].values())) == 1.0  # the kept unit
        assert about["range"][0] == 0.0 < about["range"][1]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_missing_slot_says_what_it_disables(language: str, draft: Draft, tmp_path: Path) -> None:
    classes = draft.manifest["exposure"]["classes"]
    classes["population"] = classes.pop("people")
    draft.manifest["exposure"]["columns"] = {"population": "people"}
    draft.manifest["slots"] = {"historical_disasters": {"workbook": "exposure.xlsx"}}
    folder = draft.write(tmp_path)
    table = completeness(read_manifest(folder), language).set_index("slot")  # type: ignore[arg-type]
    present = set(table.index[table["present"]])
    assert present == {"hazards", "population", "industry_gdp", "historical_disasters"}
    assert table.loc["houses", "disabled"]
    assert table.loc["industry_gdp", ["layers", "missing"]].tolist() == [
        "gdp",
        "commercial, industrial",
    ]
    words = {"zh": "商业损失; 工业损失", "en": "losses of trade; losses of industry"}
    assert table.loc["industry_gdp", "disabled"] == words[language]
    assert words["en" if language == "zh" else "zh"] not in table["disabled"].tolist()
    lacking = table.loc["hazards", "missing"].split(", ")
    assert sorted([*lacking, "typhoon_wind", "rain_flood"]) == sorted(perils())
    missing = {one.layer for one in examine(folder).findings if one.code == "slot_missing"}
    assert missing == set(slots()) - present
