"""Reported losses are brought to one year by declared arithmetic; the bands are those of ADR 1."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from riskmodel.core.errors import SchemaError
from riskmodel.economy.history import FOLDER, plausible_bands, reported_losses
from riskmodel.run.folder import ROOT

ADR = ROOT / "docs" / "adr" / "0001-plausibility-bands.md"
STORM = {
    "loss": 10.0,
    "as_of": "2010-08-01",
    "is_final": False,
    "gdp": 2000.0,
    "trend": 0.5,
    "use": "rank",
    "return_period": 7,
    "scope": "city",
    "source": "bulletin",
}
ROWS = {
    "average annual loss / GDP": "gdp.loss_ratio",
    "20-year annual loss": "loss.aep.20",
    "50-year annual loss": "loss.aep.50",
    "100-year annual loss": "loss.aep.100",
}


def written(folder: Path, storms: dict[str, object]) -> Path:
    path = folder / "reported.yml"
    path.write_text(yaml.safe_dump({"gdp_2022": 8000.0, "storms": storms}), encoding="utf-8")
    return path


def test_one_storm_by_hand(tmp_path: Path) -> None:
    compared = {k: v for k, v in STORM.items() if k != "return_period"} | {"use": "comparison"}
    found = reported_losses(written(tmp_path, {"Ann 2010": STORM, "Bea 2011": compared}))
    assert list(found.index) == ["Ann 2010", "Bea 2011"]
    ann = found.loc["Ann 2010"]
    # 10亿 of a GDP of 2,000亿 is 0.5 %; half as vulnerable, 0.25 % of 8,000亿 is 20亿
    assert ann["today"] == pytest.approx(20e8, rel=1e-12)
    assert ann["reported"] == pytest.approx(10e8)
    assert ann["return_period"] == 7.0
    assert (ann["use"], ann["scope"], ann["source"]) == ("rank", "city", "bulletin")
    assert np.isnan(found.loc["Bea 2011", "return_period"])


def test_haitang_at_the_gdp_of_2022() -> None:
    """78.12 / 1596 = 4.895 % of GDP then; × 0.30 × 8029.8亿 = 117.9亿."""
    haitang = reported_losses().loc["Haitang 2005"]
    assert haitang["reported"] == pytest.approx(78.12e8)
    assert haitang["today"] == pytest.approx(117.91e8, rel=1e-4)
    assert not haitang["is_final"]


@pytest.mark.parametrize("key", [k for k in STORM if k != "return_period"])
def test_a_storm_without_a_key_is_refused(tmp_path: Path, key: str) -> None:
    storm = {k: v for k, v in STORM.items() if k != key}
    with pytest.raises(SchemaError, match=f"Ann 2010.*{key}"):
        reported_losses(written(tmp_path, {"Ann 2010": storm}))


def test_committed_storms_say_what_they_are_used_for() -> None:
    found = reported_losses()
    assert set(found["use"]) <= {"replay", "rank", "comparison"}
    ranked = found["use"] == "rank"
    assert (found["return_period"].notna() == ranked).all()
    assert found["is_final"].map(lambda v: isinstance(v, bool)).all()


def adr_rows() -> dict[str, list[str]]:
    table = ADR.read_text(encoding="utf-8").split("## Bands")[1].split("##")[0]
    cells = [[c.strip() for c in line.strip("|").split("|")] for line in table.splitlines()]
    return {row[0]: row[1:] for row in cells if row[0] in ROWS}


def test_bands_are_those_of_the_decision_record() -> None:
    rows, bands = adr_rows(), plausible_bands()
    assert set(rows) == set(ROWS)
    for label, cells in rows.items():
        stated = tuple(float(re.findall(r"([\d.]+) %", cell)[0]) / 100.0 for cell in cells)
        assert bands[ROWS[label]][:2] == pytest.approx(stated, rel=1e-12)
    # the one band beside them reads the line of ordinary years in the table of evidence
    ordinary = re.findall(r"ordinary years \| +\| ([\d.]+)-([\d.]+) %", ADR.read_text("utf-8"))
    assert set(bands) - set(ROWS.values()) <= {"loss.median_year"}
    for name in set(bands) - set(ROWS.values()):
        assert bands[name][:2] == pytest.approx([float(v) / 100.0 for v in ordinary[0]])


def test_a_central_reading_lies_inside_its_band() -> None:
    for name, band in plausible_bands().items():
        assert 0.0 < band.lower < band.upper < 1.0, name
        assert np.isnan(band.record) or band.lower <= band.record <= band.upper, name


def test_amounts_of_the_decision_record_are_its_shares_of_gdp() -> None:
    content = yaml.safe_load((FOLDER / "reported_losses.yml").read_text(encoding="utf-8"))
    for label, cells in adr_rows().items():
        for cell, share in zip(cells, plausible_bands()[ROWS[label]][:2], strict=True):
            for amount in re.findall(r"([\d,]+)亿", cell):
                stated = float(amount.replace(",", "")) / content["gdp_2022"]
                assert stated == pytest.approx(share, rel=0.01)
