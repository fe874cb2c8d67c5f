"""However covers are coordinated, nobody recovers more than the loss and the accounts balance."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskmodel.cover.balance import check_balance, check_payouts
from riskmodel.cover.ledger import build_ledger
from riskmodel.cover.pay import PARTS, pay
from riskmodel.cover.programme import Programme
from tests.cover.conftest import content, make_inputs, yuan

Change = Callable[[dict[str, Any]], None]
SINGLE = {"primary", "excess", "contribution"}


def programme(rule: str, *, change: Change = lambda what: None) -> Programme:
    """The small programme with covers of one owner, a top-up and terms that may be left out."""
    what = content()
    what["coordination"] = rule
    mixed = what["covers"][3]
    mixed |= {"take_up": {"residential": {"low": 0.1, "mid": 0.3, "high": 0.5}},
              "policy_year_start": "07-01", "franchise": yuan(3e5),
              "waiting_period": {"days": 60, "new_policies": 0.3}}  # fmt: skip
    business = copy.deepcopy(mixed) | {
        "cover": "business",
        "take_up": {"commercial": 0.4, "industrial": 0.1},
    }
    more = copy.deepcopy(mixed) | {
        "cover": "more",
        "top_up_of": "rural",
        "take_up": {"residential": 0.6},
    }
    what["covers"] += [business, more]
    change(what)
    return Programme.model_validate(what)


def generous(what: dict[str, Any]) -> None:
    """Take away what keeps covers from paying all they insure, so that they meet in one loss."""
    for cover in what["covers"]:
        if cover["kind"] != "parametric":
            cover["limits"] |= {key: "unlimited" for key in cover["limits"] if key != "year_rule"}
        if cover["kind"] == "indemnity":
            cover |= {"deductible": "0 元", "franchise": "0 元", "coinsurance": 0.0}


def applied(one: Programme, seed: int, count: int) -> tuple[Any, xr.Dataset, xr.Dataset]:
    given = make_inputs(one, seed=seed, count=count, years=12)
    payouts = pay(one, given.losses, given.benefits, given.triggers, population=given.population)
    return given, payouts, build_ledger(one, given.losses, given.benefits, payouts)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
@given(
    seed=st.integers(0, 2**32 - 1), count=st.integers(1, 40),
    rule=st.sampled_from(["primary", "excess", "contribution", "none"]), loose=st.booleans(),
)  # fmt: skip
def test_accounts_balance_and_nobody_is_paid_twice(
    seed: int, count: int, rule: str, loose: bool
) -> None:
    one = programme(rule, change=generous) if loose else programme(rule)
    given, payouts, ledger = applied(one, seed, count)
    assert check_balance(ledger) <= 1e-9
    assert check_payouts(ledger, payouts) <= 1e-9
    sums = sum(payouts[part] for part in PARTS if part != "due")
    np.testing.assert_allclose(sums, payouts["due"], rtol=1e-9, atol=1e-6)
    for part in PARTS:
        assert float(payouts[part].min()) >= -1e-6, part
    if rule in SINGLE:
        over = ledger["overpayment"].isel(line=ledger["line_account"].values == "direct_loss")
        assert float(over.max()) <= 1e-6
        homes = payouts["paid"].sel(cover=["rural", "mixed", "more"]).sum("cover")
        homes = homes + payouts["benefit_paid"].sel(benefit="basic.contents")
        loss = given.losses.sel(sector="residential").transpose(*homes.dims)
        assert float((homes - loss).max()) <= 1e-6


def test_every_rule_moves_money_here() -> None:
    """Otherwise the invariants above would prove nothing."""
    totals = {}
    for rule in ("primary", "excess", "contribution", "none"):
        _, payouts, _ = applied(programme(rule, change=generous), seed=3, count=60)
        totals[rule] = payouts[["paid", "coordination"]].sum(("occurrence", "zone"))
    for rule in SINGLE:
        assert float(totals[rule]["coordination"].sum()) > 0.0
    basic = {rule: float(t["paid"].sel(cover="basic")) for rule, t in totals.items()}
    assert basic["excess"] < basic["contribution"] < basic["primary"] < basic["none"]
    assert float(totals["none"]["coordination"].sum()) == 0.0
    home = {rule: float(t["paid"].sel(cover="rural")) for rule, t in totals.items()}
    assert home["primary"] < home["contribution"] < home["excess"] == home["none"]


def test_who_insures_nothing_is_not_affected() -> None:
    """Without indemnity covers the three rules agree: the benefit, at most the loss."""

    def bare(what: dict[str, Any]) -> None:
        what["covers"] = what["covers"][:2]

    paid = [applied(programme(rule, change=bare), seed=5, count=40)[1]["paid"] for rule in SINGLE]
    for other in paid[1:]:
        np.testing.assert_allclose(other, paid[0], rtol=1e-12)


@pytest.mark.parametrize("rule", ["primary", "excess", "contribution", "none"])
def test_money_scales(rule: str) -> None:
    given = make_inputs(programme(rule), seed=2)
    one = pay(programme(rule), given.losses, given.benefits, given.triggers,
              population=given.population)["paid"]  # fmt: skip

    def tenfold(what: dict[str, Any]) -> None:
        larger = content(10.0)["covers"]
        for cover, big in zip(what["covers"], [*larger, larger[3], larger[3]], strict=True):
            cover |= {k: big[k] for k in ("limits", "deductible", "benefits") if k in big}
            if "franchise" in cover:
                cover["franchise"] = yuan(3e6)

    losses = (10.0 * given.losses).assign_attrs(given.losses.attrs)
    ten = pay(programme(rule, change=tenfold), losses, 10.0 * given.benefits, given.triggers,
              population=given.population)["paid"]  # fmt: skip
    np.testing.assert_allclose(ten, 10.0 * one, rtol=1e-9, atol=1e-3)
