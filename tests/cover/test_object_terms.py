"""Payments for objects that differ: between nothing and the damage, and monotone in their terms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.core.errors import TermsError
from riskmodel.cover.benefits import benefit_items
from riskmodel.cover.damage_payments import Damaged
from riskmodel.cover.object_terms import LEVELS, ObjectTerms, damage_quantiles, paid_response
from riskmodel.cover.programme import Programme
from riskmodel.loss.curves import DamageLevers, damage_items
from riskmodel.loss.response import Response
from tests.cover.conftest import PEOPLE, content, yuan

VALUE = 2e5
SHARES = {"rc": 0.2, "brick_concrete": 0.5, "brick_wood": 1.0, "other": 0.0}
LEVERS = DamageLevers(
    92.0, 25.7, 1.21, "jrc_asia", 0.921, 1.0, 1.2, 0.15,
    {f"residential_{name}": share for name, share in SHARES.items()},
)  # fmt: skip
DAMAGE = Damaged(damage_items(LEVERS), LEVERS.ground_floor_share)


def terms(deductible: float, franchise: float, limit: float) -> ObjectTerms:
    amounts = {"deductible": deductible, "franchise": franchise, "limit": limit}
    return ObjectTerms(perils=("rain_flood",), **{k: yuan(a) for k, a in amounts.items()})


def paid(response: Response, these: ObjectTerms, reached: float = 1.0) -> np.ndarray:
    found = paid_response(response, these.pays, unit_value=VALUE, reached=reached, name="a")
    return np.asarray(found.value)


@pytest.fixture(scope="module")
def flood() -> Response:
    items = {item.exposure: item for item in damage_items(LEVERS)}
    return items["residential_brick_wood"].responses["rain_flood"]


@given(mean=st.floats(0.0, 1.0), part=st.floats(0.0, 1.0))
def test_objects_have_the_mean_and_spread_of_the_curve(mean: float, part: float) -> None:
    spread = part * np.sqrt(mean * (1.0 - mean))
    ratios = damage_quantiles(np.array([mean]), np.array([spread]))[0]
    assert ((ratios >= 0.0) & (ratios <= 1.0)).all()
    assert (np.diff(ratios) >= -1e-300).all()  # the least normal number comes and goes
    assert ratios.mean() == pytest.approx(mean, abs=1.0 / LEVELS.size)
    assert ratios.std() == pytest.approx(spread, abs=0.05)


def test_without_terms_the_damage_is_paid(flood: Response) -> None:
    whole = paid(flood, terms(0.0, 0.0, np.inf))
    np.testing.assert_allclose(whole, flood.value, atol=2e-3)


@given(
    deductible=st.floats(0.0, 5e4), more=st.floats(0.0, 5e4), limit=st.floats(1e3, 2e5),
    reached=st.floats(0.5, 1.0),
)  # fmt: skip
def test_terms_take_away_and_never_add(
    flood: Response, deductible: float, more: float, limit: float, reached: float
) -> None:
    base = paid(flood, terms(deductible, 0.0, limit), reached)
    assert (base >= 0.0).all()
    assert (base <= np.asarray(flood.value) + 2e-3).all()
    assert (base <= reached * limit / VALUE + 1e-9).all()
    assert (np.diff(base) >= 0.0).all()
    assert (paid(flood, terms(deductible + more, 0.0, limit), reached) <= base + 1e-12).all()
    assert (paid(flood, terms(deductible, 0.0, limit + more), reached) >= base - 1e-12).all()
    franchise = deductible + more + 1.0
    assert (paid(flood, terms(deductible, franchise, limit), reached) <= base + 1e-12).all()


def test_columns_of_objects_and_where_water_reaches_nobody() -> None:
    what = content()
    what["covers"][2]["per_object"] = {
        "perils": ["typhoon_wind", "rain_flood"], "deductible": "0 元", "franchise": "0 元",
        "limit": "1.8 万元",
    }  # fmt: skip
    what["covers"][0]["benefits"]["dwellings"] = {
        "kind": "damage", "sector": "residential", "perils": ["typhoon_wind"], "source": "a",
        "status": "illustrative", "grades": [{"from": 0.5, "pays": "900 元"}],
    }  # fmt: skip
    what["covers"][0]["benefits"]["claims"] = {
        "kind": "consequential", "sector": "industrial", "perils": ["rain_flood"], "rate": 0.25,
        "source": "a", "status": "illustrative",
    }  # fmt: skip
    programme = Programme.model_validate(what)
    with pytest.raises(TermsError, match="need the damage of the run"):
        benefit_items(programme, floor_height=0.15, people=PEOPLE)
    items = benefit_items(programme, floor_height=0.15, people=PEOPLE, damage=DAMAGE)
    own = {item.exposure: item for item in items if item.column == "rural.objects.residential"}
    assert set(own) == {f"residential_{name}" for name in SHARES}
    assert set(own["residential_rc"].responses) == {"typhoon_wind", "rain_flood"}
    assert max(own["residential_other"].responses["rain_flood"].value) == 0.0
    wind = own["residential_other"].responses["typhoon_wind"]
    assert max(wind.value) == pytest.approx(0.2, abs=5e-3)  # 18,000 of 90,000 元, all destroyed
    assert all(item.combine == "highest" and item.quantity == "benefit" for item in items)
    industry = {item.column: item for item in damage_items(LEVERS)}["industrial"]
    claims = next(item for item in items if item.column == "basic.claims")
    np.testing.assert_allclose(
        claims.responses["rain_flood"].value,
        0.25 * np.asarray(industry.responses["rain_flood"].value),
    )


def test_a_peril_without_damage_curve_is_refused() -> None:
    what = content()
    what["covers"][2]["per_object"] = {
        "perils": ["drought"], "deductible": "0 元", "franchise": "0 元", "limit": "9 元",
    }  # fmt: skip
    programme = Programme.model_validate(what)
    with pytest.raises(TermsError, match=r"rural\.objects\.residential: perils.*drought"):
        benefit_items(programme, floor_height=0.15, people=PEOPLE, damage=DAMAGE)
