"""Penetration by county: take-up as stated, and shares of the loss worked apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from riskmodel.cover.programme import load_programme
from riskmodel.run.work.penetration import anchor_table, penetration_table
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


def test_public_schemes_stand_beside_what_is_modelled(tmp_path: Path) -> None:
    """Households by hand: 3 % of one million in all, and 1 to 9 % where the range says so."""
    run, table = make_run(tmp_path, "04_tiers"), make_table(2)
    save_triggers(tmp_path, table)
    text = PROGRAMME.read_text(encoding="utf-8")
    anchor = "{year: 2020, premium: 1 亿元, sum_insured: 1000 亿元, policies: 5000, source: test}"
    uniform = "take_up: {residential: {low: 0.01, mid: 0.03, high: 0.09}}"
    (tmp_path / "anchored.yml").write_text(
        text.replace(FIXED, f"{uniform}\n    anchor: {anchor}"), encoding="utf-8"
    )
    programme = load_programme(tmp_path / "anchored.yml", zones=ZONES)
    named = [cover.cover for cover in programme.covers if cover.anchor is not None]
    census = make_census()
    exposure = census["exposure"].to_dataset()
    homes = exposure["total"].sel(exposure_class=["population"]) * 0.0 + 1e6 / 12
    total = xr.concat([exposure["total"], homes.assign_coords(exposure_class=["households"])],
                      "exposure_class")  # fmt: skip
    rest = exposure.drop_vars(["total", "exposure_class"])
    census["exposure"] = xr.DataTree(rest.assign(total=total))
    paid = pay_all(run, programme, census, table, {})[0]
    (row,) = anchor_table(programme, census, paid).to_dict("records")
    assert row["cover"] == named[0] and row["public figures of"] == 2020
    assert row["insured households in the model"] == "30,000 (10,000 - 90,000)"
    assert row["sum insured a policy (万元)"] == 2000.0
    assert row["premium of sum insured (%)"] == 0.1
    mean = float(paid.payouts["paid"].sel(cover=named[0]).sum()) / 800
    assert row["modelled pure premium (万元)"] == round(mean / 1e4, 1)
    assert row["modelled of public (%)"] == round(mean / 1e6, 1)
