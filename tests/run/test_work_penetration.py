"""Penetration by county: take-up as stated, and shares of the loss worked apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from riskmodel.cover.programme import load_programme
from riskmodel.run.work.penetration import penetration_table
from riskmodel.run.work.tiers import pay_all
from tests.run.work_case import PROGRAMME, ZONES, make_census, make_run, make_table, save_triggers

FIXED = "take_up: {residential: 0.03}"
RANGE = 'take_up: {residential: {default: {low: 0.01, mid: 0.03, high: 0.09}, "330302": 0.05}}'


def test_a_cover_without_terms_pays_what_it_insures(tmp_path: Path) -> None:
    run = make_run(tmp_path, "04_tiers")
    text = PROGRAMME.read_text(encoding="utf-8")
    assert FIXED in text
    for old, new in (
        (FIXED, RANGE),
        ("deductible: 50 万元", "deductible: 0 元"),
        ("coinsurance: 0.2", "coinsurance: 0.0"),
        ("event: 5 亿元, year: 10 亿元", "event: unlimited, year: unlimited"),
        ("take_up: {commercial: 0.10, industrial: 0.15}", "take_up: {commercial: 0.0}"),
    ):
        assert old in text, old
        text = text.replace(old, new)
    (tmp_path / "ranged.yml").write_text(text, encoding="utf-8")
    programme = load_programme(tmp_path / "ranged.yml", zones=ZONES)
    table = make_table(2)
    save_triggers(tmp_path, table)
    baseline, others = pay_all(run, programme, make_census(), table, {})
    assert len(others) == 2
    frame = penetration_table(run, programme, make_census(), baseline, others)
    assert frame["county"].tolist() == [f"zh {zone}" for zone in ZONES]
    homes = frame[[f"homes insured, {level} (%)" for level in ("low", "mid", "high")]]
    np.testing.assert_allclose(homes.iloc[0], [5.0, 5.0, 5.0])  # 330302 is known
    np.testing.assert_allclose(homes.iloc[1:], np.tile([1.0, 3.0, 9.0], (11, 1)))
    of_homes = table["item"].values == "residential"
    losses = table["quantity"].values == "loss"
    by_zone = np.zeros((2, 12))
    for row, columns in enumerate((of_homes, losses)):
        np.add.at(by_zone[row], table["row_zone"].values, table["mean"].values[:, columns].sum(1))
    share = by_zone[0] / by_zone[1]
    for level in ("low", "mid", "high"):
        expected = share * frame[f"homes insured, {level} (%)"]
        np.testing.assert_allclose(
            frame[f"loss paid by tier X, {level} (%)"], expected, atol=0.0051
        )


def test_a_programme_without_range_has_no_curve(tmp_path: Path) -> None:
    run, table = make_run(tmp_path, "04_tiers"), make_table(2)
    save_triggers(tmp_path, table)
    programme = load_programme(PROGRAMME, zones=ZONES)
    baseline, others = pay_all(run, programme, make_census(), table, {"less": make_table(2, 0.5)})
    assert len(others) == 1
    assert penetration_table(run, programme, make_census(), baseline, others).empty
