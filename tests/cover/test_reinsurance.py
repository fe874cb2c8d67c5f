"""Treaties applied to a programme's payouts, and the reinsurers in its ledger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.errors import ConservationError, SchemaError
from riskmodel.cover.balance import check_balance, check_payouts, ledger_means
from riskmodel.cover.ledger import build_ledger
from riskmodel.cover.pay import pay
from riskmodel.cover.programme import Programme
from riskmodel.cover.reinsurance import book_reinsurers, check_recoveries, reinsure

TEXTS = {"name": "a", "name_zh": "甲", "modelled_on": "c", "source": "d", "status": "illustrative"}
TREATIES = [
    {
        "treaty": "tower", "kind": "excess_of_loss", "covers": ["basic", "mixed"], "after": [],
        **TEXTS, "hours_clause": 72, "between_layers": "contiguous",
        "layers": [
            {
                "layer": name, "attachment": low, "exhaustion": high, "annual_limit": "unlimited",
                "annual_deductible": "0 元", "premium": "20 万元", "shares": {"a": 0.5, "b": 0.4},
                "reinstatements": {"rates": [1.0], "pro_rata": "amount_and_time"},
            }
            for name, low, high in [("low", "50 万元", "200 万元"), ("up", "200 万元", "500 万元")]
        ],
    },
    {
        "treaty": "share", "kind": "quota_share", "covers": ["index", "mixed"], **TEXTS,
        "after": ["tower"], "hours_clause": "none", "cession": 0.25, "event_limit": "unlimited",
        "annual_limit": "unlimited", "shares": {"a": 1.0},
    },
]  # fmt: skip


@pytest.fixture
def reinsured(programme_content: Callable[..., dict[str, Any]]) -> Programme:
    return Programme.model_validate(programme_content() | {"treaties": TREATIES})


@pytest.fixture
def booked(reinsured: Programme, given_inputs: Callable[..., Any]) -> tuple[xr.Dataset, ...]:
    """Payouts, ledger before reinsurance, and recoveries."""
    given = given_inputs(reinsured)
    count = given.losses.sizes["occurrence"]
    parents = np.where(np.arange(count) % 3 > 0, "typhoon", "plum_rain")
    losses = given.losses.assign_coords(
        end=("occurrence", given.losses["start"].to_numpy() + 4.0),
        parent_event=("occurrence", parents),
    )
    payouts = pay(reinsured, losses, given.benefits, given.triggers, population=given.population)
    ledger = build_ledger(reinsured, losses, given.benefits, payouts)
    return payouts, ledger, reinsure(reinsured, payouts)


def test_reinsurers_are_booked_and_the_ledger_balances(booked: tuple[xr.Dataset, ...]) -> None:
    payouts, ledger, recoveries = booked
    after = book_reinsurers(ledger, recoveries)
    assert check_balance(after) <= 1e-9
    assert check_payouts(after, payouts) <= 1e-9
    assert check_recoveries(after, recoveries) <= 1e-9
    means = ledger_means(after)
    paid = means["aal"].sum("account") + means["overpayment"].sum("account")
    layers = (recoveries["recovery"] - recoveries["reinstatement_premium"]).sum()
    mean = float(layers) / int(ledger.attrs["years"])
    assert mean > 0.0
    assert float(paid.sel(payer="reinsurer")) == pytest.approx(mean, rel=1e-9)


def test_every_layer_pays_and_leaves_covers_no_less_than_nothing(
    booked: tuple[xr.Dataset, ...],
) -> None:
    payouts, _, recoveries = booked
    assert (recoveries["recovery"].sum("occurrence") > 0.0).all()
    assert (recoveries["reinstatement_premium"].sum("occurrence") > 0.0).sum() == 2
    kept = payouts["paid"].sum("zone") - recoveries["net"]
    assert float(kept.min()) >= -1e-6


def test_the_ledger_is_as_before_for_owners_and_unreinsured_covers(
    booked: tuple[xr.Dataset, ...],
) -> None:
    _, ledger, recoveries = booked
    after = book_reinsurers(ledger, recoveries)
    same = [
        line for line in ledger["line"].to_numpy() if not line.endswith(("basic", "index", "mixed"))
    ]
    assert len(same) >= 5
    xr.testing.assert_equal(after["amount"].sel(line=same), ledger["amount"].sel(line=same))


def test_an_altered_recovery_is_found(booked: tuple[xr.Dataset, ...]) -> None:
    _, ledger, recoveries = booked
    after = book_reinsurers(ledger, recoveries)
    row = int(recoveries["recovery"].sum("layer").argmax("occurrence"))
    recoveries["recovery"][row, 0] += 1.0
    with pytest.raises(ConservationError, match=f"occurrence {row}"):
        check_recoveries(after, recoveries)


def test_without_treaties_the_ledger_stays(
    programme: Programme, booked: tuple[xr.Dataset, ...]
) -> None:
    payouts, ledger, _ = booked
    none = reinsure(programme, payouts)
    assert none.sizes["layer"] == 0
    xr.testing.assert_identical(book_reinsurers(ledger, none), ledger)


def test_order_of_occurrences_is_irrelevant(
    reinsured: Programme, booked: tuple[xr.Dataset, ...]
) -> None:
    payouts, _, recoveries = booked
    order = np.random.default_rng(5).permutation(payouts.sizes["occurrence"])
    turned = reinsure(reinsured, payouts.isel(occurrence=order))
    for name in ("recovery", "reinstatement_premium", "net"):
        np.testing.assert_allclose(turned[name], recoveries[name][order], rtol=1e-9, atol=1e-6)


def test_an_hours_clause_needs_parent_events(
    reinsured: Programme, booked: tuple[xr.Dataset, ...]
) -> None:
    with pytest.raises(SchemaError, match=r"treaty tower: payouts\.parent_event"):
        reinsure(reinsured, booked[0].drop_vars("parent_event"))
