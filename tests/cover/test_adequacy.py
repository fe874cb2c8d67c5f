"""Adequacy: parts add up to the loss, groups to the city, and a case worked by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskmodel.core.errors import SchemaError
from riskmodel.cover.adequacy import adequacy, income_groups, worst_years
from riskmodel.cover.benefits import benefit_items
from riskmodel.cover.ledger import build_ledger
from riskmodel.cover.pay import pay
from riskmodel.cover.programme import Programme
from riskmodel.cover.reach import reach_items
from tests.cover.conftest import PEOPLE, ZONES

Inputs = Callable[..., Any]
GROUPS = {"city": ZONES, "one": ZONES[:1], "others": ZONES[1:]}


def ledger_of(programme: Programme, inputs: Any) -> xr.Dataset:
    payouts = pay(
        programme, inputs.losses, inputs.benefits, inputs.triggers, population=inputs.population
    )
    return build_ledger(programme, inputs.losses, inputs.benefits, payouts)


def small_ledger() -> xr.Dataset:
    """Two years, one zone each hit: lines worked out in the tests."""
    lines = [
        ("direct_loss", "household", ""), ("direct_loss", "tier_1", "1"),
        ("direct_loss", "tier_x", "X"), ("direct_loss", "reinsurer", "1"),
        ("benefits", "tier_1", "1"), ("benefits", "tier_n", "N"), ("benefits", "city", ""),
    ]  # fmt: skip
    account, payer, tier = zip(*lines, strict=True)
    amount = np.zeros((2, len(lines), 2))
    amount[0, :, 0] = [80, 5, 10, 5, 6, 2, 2]
    amount[1, :, 1] = [300, 0, 100, 0, 10, 0, 30]
    need = np.zeros((2, 2, 2))
    need[0, :, 0], need[1, :, 1] = [100, 10], [400, 40]
    dims = ("occurrence", "line", "zone")
    return xr.Dataset(
        {
            "amount": (dims, amount), "overpayment": (dims, np.zeros_like(amount)),
            "need": (("occurrence", "account", "zone"), need), "year": ("occurrence", [0, 3]),
        },
        {
            "zone": ["330302", "330381"], "account": ["direct_loss", "benefits"],
            "line": [f"{a}.{p}" for a, p, _ in lines], "line_account": ("line", list(account)),
            "payer": ("line", list(payer)), "tier": ("line", list(tier)),
            "cover": ("line", [""] * len(lines)),
        },
        {"schema": "Ledger", "source": "by hand", "history": "", "currency": "CNY",
         "price_year": 2022, "years": 4, "blocks": 1, "status": "illustrative"},
    ).set_coords("year")  # fmt: skip


def test_by_hand() -> None:
    found = adequacy(small_ledger(), {"city": ["330302", "330381"], "a": ["330302"]})
    assert found["loss"].values.tolist() == [125.0, 25.0]  # 500 and 100 over four years
    # a reinsurer of tier 1 pays for tier 1
    assert found["paid"].values.tolist() == [[2.5, 0.0, 27.5], [2.5, 0.0, 2.5]]
    assert found["gap"].values.tolist() == [380 / 500, 80 / 100]
    assert found["relief_met"].values.tolist() == [18 / 50, 8 / 10]


def test_worst_years_are_those_of_the_largest_loss() -> None:
    assert worst_years(small_ledger(), 4.0).tolist() == [3]
    assert worst_years(small_ledger(), 2.0).tolist() == [3, 0]
    worst = adequacy(small_ledger(), {"b": ["330381"]}, years=np.array([3]))
    assert (float(worst["loss"][0]), float(worst["gap"][0])) == (400.0, 0.75)


def test_a_group_without_loss_has_no_share() -> None:
    worst = adequacy(small_ledger(), {"a": ["330302"]}, years=np.array([3]))
    assert np.isnan(worst["gap"].values).all()
    assert np.isnan(worst["relief_met"].values).all()


@pytest.mark.parametrize("zones", [[], ["330399"]])
def test_unknown_groups_are_refused(zones: list[str]) -> None:
    with pytest.raises(SchemaError, match="group x"):
        adequacy(small_ledger(), {"x": zones})


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30
)
@given(seed=st.integers(0, 2**32 - 1), period=st.sampled_from([None, 2.0, 5.0]))
def test_paid_and_retained_make_the_loss_and_groups_the_city(
    programme: Programme, given_inputs: Inputs, seed: int, period: float | None
) -> None:
    ledger = ledger_of(programme, given_inputs(programme, seed=seed))
    years = None if period is None else worst_years(ledger, period)
    found = adequacy(ledger, GROUPS, years=years)
    np.testing.assert_allclose(found["paid"].sum("tier") + found["retained"], found["loss"])
    assert ((found["gap"] >= 0.0) & (found["gap"] <= 1.0)).all()
    for name in ("loss", "paid", "retained", "relief"):
        parts = found[name].sel(group=["one", "others"]).sum("group")
        np.testing.assert_allclose(parts, found[name].sel(group="city"))


def test_income_groups_are_equal_in_number() -> None:
    gdp = {f"z{k}": 1.0 * k for k in range(1, 13)}
    people = dict.fromkeys(gdp, 2.0)
    made = income_groups(gdp, people, ["low", "middle", "high"])
    assert made == {
        "low": ["z1", "z2", "z3", "z4"], "middle": ["z5", "z6", "z7", "z8"],
        "high": ["z9", "z10", "z11", "z12"],
    }  # fmt: skip
    assert income_groups(gdp, {**people, "z12": 100.0}, ["low", "high"])["low"][0] == "z12"


def test_whom_a_benefit_reaches(programme: Programme) -> None:
    """One unit from the first step on; deaths are counted as such and not here."""
    benefits = benefit_items(programme, floor_height=0.15, people=PEOPLE)
    items = {item.column: item for item in reach_items(benefits)}
    assert list(items) == ["basic.contents.reached", "basic.resettlement.reached"]
    contents = items["basic.contents.reached"]
    assert (contents.unit, contents.exposure) == ("household", "ground_floor_households")
    depths = [0.34, 0.35, 0.65, 9.0]
    assert contents.responses["rain_flood"].at(depths).tolist() == [0.0, 1.0, 1.0, 1.0]
    resettled = items["basic.resettlement.reached"]
    assert (resettled.unit, resettled.quantity) == ("person", "reached")
    on_values = [replace(item, exposure="residential_rc") for item in benefits]
    assert not reach_items(on_values)
    by_column = {item.column: item for item in benefits}
    depth = np.linspace(0.0, 3.0, 61)
    for column in ("basic.contents", "basic.resettlement"):
        paid = by_column[column].responses["storm_surge"].at(depth)
        counted = items[f"{column}.reached"].responses["storm_surge"].at(depth)
        np.testing.assert_array_equal(counted, (paid > 0.0) * 1.0)
