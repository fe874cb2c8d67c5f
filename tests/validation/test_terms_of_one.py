"""Terms of one person, household or object, and what a cover states beside its terms, by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
import yaml

from riskmodel.cover.benefit_table import DamageBenefit
from riskmodel.cover.benefits import benefit_items
from riskmodel.cover.covers import BenefitCover
from riskmodel.cover.damage_payments import graded
from riskmodel.cover.object_terms import ObjectTerms, paid_response
from riskmodel.cover.pay import pay
from riskmodel.cover.programme import Programme, has_uncertain_take_up, with_take_up
from riskmodel.loss.response import Response
from riskmodel.price.premiums import Loads, premiums
from riskmodel.price.principles import ExpectedValue
from tests.validation.test_treaties import PEOPLE, programme_of

HERE = Path(__file__).parent
VALUE = 100_000.0
OBJECTS = 400  # equally likely ones stand for all, so that a mean is good to about 1 / 400


def programme(covers: list[dict[str, Any]], tmp_path: Path) -> Programme:
    text = yaml.safe_dump({"years": 1, "covers": covers}, allow_unicode=True)
    (tmp_path / "covers.yml").write_text(text, encoding="utf-8")
    return programme_of(tmp_path, tmp_path)[0]


def test_limit_of_a_household(tmp_path: Path) -> None:
    case = HERE / "63_limit_of_a_household"
    table = yaml.safe_load((case / "table.yml").read_text(encoding="utf-8"))
    basic = {"cover": "basic", "kind": "benefits", "tier": "1", **table}
    items = benefit_items(programme([basic], tmp_path), floor_height=0.0, people=PEOPLE)
    expected = pd.read_csv(case / "depths.csv")
    for item in items:
        pays = item.responses["rain_flood"].at(expected["depth"].to_numpy())
        np.testing.assert_allclose(pays, expected[item.column.removeprefix("basic.")])


def damage(mean: float, spread: float) -> Response:
    return Response(
        "flat", "rain_flood", "m", (0.5, 9.0), (mean, mean), "linear", "hand", "illustrative",
        (spread, spread), (0.5, 9.0),
    )  # fmt: skip


@pytest.mark.parametrize(
    "row", pd.read_csv(HERE / "64_objects_that_differ" / "cases.csv").to_dict("records"), ids=str
)
def test_terms_of_objects_that_differ(row: dict[str, float]) -> None:
    terms = ObjectTerms(
        perils=("rain_flood",),
        **{key: yuan(row[key]) for key in ("deductible", "franchise", "limit")},
    )
    paid = paid_response(
        damage(row["mean"], row["spread"]), terms.pays, unit_value=VALUE,
        reached=row["reached"], name="a",
    )  # fmt: skip
    assert VALUE * paid.value[0] == pytest.approx(row["payment"], abs=VALUE / OBJECTS**2 * 20)


def yuan(amount: float) -> str:
    return "unlimited" if np.isinf(amount) else f"{amount:.2f} 元"


def test_grades_of_objects_that_differ() -> None:
    benefit = DamageBenefit.model_validate(
        {
            "kind": "damage", "sector": "residential", "perils": ["rain_flood"], "source": "hand",
            "status": "illustrative",
            "grades": [{"from": 0.3, "pays": "1,000 元"}, {"from": 0.6, "pays": "5,000 元"}],
        }
    )  # fmt: skip
    paid = paid_response(
        damage(0.5, 12**-0.5), graded(benefit, VALUE), unit_value=VALUE, reached=1.0, name="a"
    )
    assert VALUE * paid.value[0] == pytest.approx(2300.0, abs=5000 / OBJECTS)


def test_claims_handling() -> None:
    data = xr.DataArray(
        [[100.0], [300.0]],
        dims=("year", "cover"),
        coords={"cover": ["home"]},
        attrs={"currency": "CNY", "price_year": 2022, "status": "illustrative"},
    )
    built = premiums(
        data,
        loads=Loads(expenses=0.10, profit=0.05, tax=0.04, guarantee_fund=0.01),
        principles=[ExpectedValue(theta=0.30)],
        headline="expected_value",
        limits={},
        claims_handling={"home": 0.08 * 200.0},
    ).isel(cover=0, principle=0)
    by_hand = {
        "pure": 200.0, "risk_load": 60.0, "claims_handling": 16.0, "expenses": 34.5,
        "profit": 17.25, "guarantee_fund": 3.45, "tax": 13.8, "gross": 345.0,
    }  # fmt: skip
    for name, amount in by_hand.items():
        assert float(built[name]) == pytest.approx(amount), name


def test_range_of_take_up(tmp_path: Path) -> None:
    default = {"low": 0.2, "mid": 0.3, "high": 0.45}
    home = {
        "cover": "home", "kind": "indemnity", "tier": "X", "deductible": "0 元",
        "coinsurance": 0.0, "take_up": {"residential": {"default": default, "330302": 0.1}},
        "limits": {"zone": "unlimited", "event": "unlimited", "year": "unlimited",
                   "year_rule": "date_order"},
    }  # fmt: skip
    middle = programme([home], tmp_path)
    assert has_uncertain_take_up(middle)
    zones = ["330302", "330381"]
    losses = xr.DataArray(
        np.full((1, 2, 1), 1000.0),
        dims=("occurrence", "zone", "sector"),
        coords={"zone": zones, "sector": ["residential"], "year": ("occurrence", [0]),
                "start": ("occurrence", [9.0])},
        attrs={"years": 1, "blocks": 1, "currency": "CNY", "price_year": 2022},
    )  # fmt: skip
    benefits = xr.DataArray(
        np.zeros((1, 2, 0)), dims=("occurrence", "zone", "benefit"),
        coords={"zone": zones, "benefit": np.array([], dtype=str)},
    )  # fmt: skip
    triggers = xr.Dataset(coords={"occurrence": [0]}).drop_vars("occurrence")
    triggers["minimum_pressure"] = (("occurrence", "box"), [[np.nan]])
    expected = {"low": [100, 200], "middle": [100, 300], "high": [100, 450]}
    programmes = {"low": with_take_up(middle, "low"), "middle": middle,
                  "high": with_take_up(middle, "high")}  # fmt: skip
    for name, one in programmes.items():
        paid = pay(one, losses, benefits, triggers)["paid"]
        np.testing.assert_allclose(paid[0, :, 0], expected[name], err_msg=name)


def test_a_person_is_not_paid_above_the_limit(tmp_path: Path) -> None:
    death = {
        "kind": "deaths", "exposure": "population", "perils": ["rain_flood"],
        "intensity_unit": "m", "amount": "100 元", "need": "100 元", "source": "hand",
        "status": "illustrative",
    }  # fmt: skip
    limits = {"event": "unlimited", "year": "unlimited", "year_rule": "pro_rata"}
    basic = {"cover": "basic", "kind": "benefits", "tier": "1", "benefits": {"deaths": death}}
    found = programme([{**basic, "limits": {**limits, "person": "100 元"}}], tmp_path).covers[0]
    assert isinstance(found, BenefitCover)
    assert found.limits.person == 100.0
    with pytest.raises(ValueError, match=r"cover basic: limits\.person: a benefit above the limit"):
        programme([{**basic, "limits": {**limits, "person": "99 元"}}], tmp_path)
