"""Both accounts balance, and altering one term in one place is noticed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskmodel.core.errors import ConservationError, SchemaError
from riskmodel.core.files import write_dataset
from riskmodel.cover import ledger as ledger_module
from riskmodel.cover.balance import check_balance, check_payouts, ledger_means
from riskmodel.cover.ledger import build_ledger
from riskmodel.cover.pay import pay
from riskmodel.cover.programme import Programme

Inputs = Callable[..., Any]


def payouts_of(programme: Programme, given: Any) -> xr.Dataset:
    return pay(programme, given.losses, given.benefits, given.triggers, population=given.population)


def ledger_of(programme: Programme, given: Any, payouts: xr.Dataset | None = None) -> xr.Dataset:
    payouts = payouts_of(programme, given) if payouts is None else payouts
    return build_ledger(programme, given.losses, given.benefits, payouts)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25
)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 160), years=st.integers(1, 30))
def test_accounts_balance(
    programme: Programme, given_inputs: Inputs, seed: int, count: int, years: int
) -> None:
    given = given_inputs(programme, seed=seed, count=count, years=years)
    payouts = payouts_of(programme, given)
    ledger = ledger_of(programme, given, payouts)
    assert check_balance(ledger) <= 1e-12
    assert check_payouts(ledger, payouts) <= 1e-12


def test_lines_and_payers(programme: Programme, given_inputs: Inputs) -> None:
    ledger = ledger_of(programme, given_inputs(programme))
    assert ledger["line"].to_numpy().tolist() == [
        "direct_loss.household",
        "direct_loss.farm",
        "direct_loss.enterprise",
        "direct_loss.public_body",
        "direct_loss.tier_1.basic",
        "direct_loss.tier_n.rural",
        "direct_loss.tier_x.mixed",
        "benefits.tier_1.basic",
        "benefits.tier_n.index",
        "benefits.city",
        "benefits.county",
        "benefits.province",
    ]
    moved = ledger["amount"].sum(("occurrence", "zone")).to_numpy()
    assert (moved > 0.0).all()  # every line is exercised
    over = ledger["overpayment"].sum(("occurrence", "zone"))
    assert float(over.sel(line="direct_loss.tier_1.basic")) > 0.0
    assert float(over.sel(line="benefits.tier_n.index")) > 0.0
    split = ledger["amount"].sel(line=["benefits.city", "benefits.county"])
    np.testing.assert_allclose(split[:, 0] * 0.5, split[:, 1] * 0.4)


COVERS_AND_PARTS = [
    ("rural", "paid"),
    ("rural", "deductible"),
    ("rural", "coinsurance"),
    ("rural", "above_event_limit"),
    ("rural", "above_year_limit"),
    ("mixed", "paid"),
    ("mixed", "deductible"),
    ("mixed", "coinsurance"),
    ("mixed", "above_event_limit"),
    ("mixed", "above_year_limit"),
]


@pytest.mark.parametrize(("cover", "part"), COVERS_AND_PARTS)
def test_an_altered_term_is_noticed(
    cover: str, part: str, programme: Programme, given_inputs: Inputs
) -> None:
    """One part of one cover of one occurrence and zone, altered by one part in ten thousand."""
    given = given_inputs(programme)
    payouts = payouts_of(programme, given)
    check_balance(ledger_of(programme, given, payouts))
    altered = payouts.copy(deep=True)
    weight = altered[part].sel(cover=cover).to_numpy() / given.losses.sum("sector").to_numpy()
    assert weight.max() > 1e-4
    row, zone = np.unravel_index(weight.argmax(), weight.shape)
    place = {"occurrence": row, "zone": zone, "cover": list(payouts["cover"].values).index(cover)}
    altered[part][place] *= 1.0 + 1e-4
    with pytest.raises(ConservationError, match=rf"occurrence {row}, account direct_loss, zone"):
        check_balance(ledger_of(programme, given, altered))


@pytest.mark.parametrize("variable", ["benefit_paid", "benefit_scaled_back"])
@pytest.mark.parametrize("benefit", ["basic.deaths", "basic.resettlement"])
def test_an_altered_benefit_is_noticed(
    variable: str, benefit: str, programme: Programme, given_inputs: Inputs
) -> None:
    given = given_inputs(programme)
    altered = payouts_of(programme, given).copy(deep=True)
    number = altered["benefit"].to_numpy().tolist().index(benefit)
    # where the index pays nothing, so that it cannot hide the alteration
    quiet = altered["paid"].sel(cover="index").sum("zone").to_numpy() == 0.0
    values = altered[variable].to_numpy()[:, :, number] * quiet[:, None]
    row, zone = np.unravel_index(values.argmax(), values.shape)
    assert values[row, zone] > 0.0
    altered[variable].to_numpy()[row, zone, number] *= 1.0 + 1e-6
    with pytest.raises(ConservationError, match=rf"occurrence {row}, account benefits, zone"):
        check_balance(ledger_of(programme, given, altered))


def test_each_altered_line_and_need_is_noticed(programme: Programme, given_inputs: Inputs) -> None:
    ledger = ledger_of(programme, given_inputs(programme))
    for name, dim in (("amount", "line"), ("need", "account")):
        for number in range(ledger.sizes[dim]):
            altered = ledger.copy(deep=True)
            altered[name].to_numpy()[:, number] *= 1.0 + 1e-6
            with pytest.raises(ConservationError, match="payments do not sum to the need"):
                check_balance(altered)


def test_an_altered_rule_is_noticed(
    programme: Programme, given_inputs: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The uninsured slice, taken from another programme than the covers were paid from."""
    given = given_inputs(programme)
    payouts = payouts_of(programme, given)
    whole = ledger_module.slices

    def smaller(*arguments: Any) -> xr.Dataset:
        found = whole(*arguments)
        return found.assign(uninsured=found["uninsured"] * 0.999)

    monkeypatch.setattr(ledger_module, "slices", smaller)
    with pytest.raises(ConservationError, match="account direct_loss"):
        check_balance(ledger_of(programme, given, payouts))


def test_a_payout_that_is_not_booked_is_noticed(programme: Programme, given_inputs: Inputs) -> None:
    given = given_inputs(programme)
    payouts = payouts_of(programme, given)
    ledger = ledger_of(programme, given, payouts)
    for cover in ("basic", "index", "rural", "mixed"):
        altered = payouts.copy(deep=True)
        altered["paid"].loc[{"cover": cover}] *= 1.001
        with pytest.raises(ConservationError, match=f"cover {cover}, occurrence"):
            check_payouts(ledger, altered)


@pytest.mark.parametrize("value", [np.nan, -1.0, np.inf])
def test_odd_amounts_are_noticed(value: float, programme: Programme, given_inputs: Inputs) -> None:
    for name in ("amount", "need"):
        altered = ledger_of(programme, given_inputs(programme)).copy(deep=True)
        altered[name].to_numpy()[3, 0, 1] = value
        with pytest.raises(ConservationError, match="occurrence 3, account direct_loss, zone"):
            check_balance(altered)


def test_a_dataset_that_is_no_ledger_is_refused(programme: Programme, given_inputs: Inputs) -> None:
    ledger = ledger_of(programme, given_inputs(programme))
    with pytest.raises(SchemaError, match=r"Ledger\.need"):
        check_balance(ledger.drop_vars("need"))


def test_means(programme: Programme, given_inputs: Inputs) -> None:
    given = given_inputs(programme)
    ledger = ledger_of(programme, given)
    means = ledger_means(ledger)
    assert means["aal"].dims == ("account", "payer")
    years = given.losses.attrs["years"]
    direct = float(means["aal"].sel(account="direct_loss").sum())
    assert direct == pytest.approx(float(given.losses.sum()) / years)
    np.testing.assert_allclose(means["aal_by_zone"].sum("zone"), means["aal"])


def test_insurance_moves_losses_but_not_their_sum(
    programme: Programme, programme_content: Inputs, given_inputs: Inputs
) -> None:
    given = given_inputs(programme)
    what = programme_content()
    what["covers"][2]["deductible"] = "1 元"
    other = Programme.model_validate(what)
    totals = [
        float(ledger_means(ledger_of(p, given))["aal"].sel(account="direct_loss").sum())
        for p in (programme, other)
    ]
    assert totals[0] == pytest.approx(totals[1], rel=1e-12)


def test_no_occurrence_at_all(programme: Programme, given_inputs: Inputs) -> None:
    given = given_inputs(programme)
    none = replace(
        given,
        losses=given.losses.isel(occurrence=slice(0)),
        benefits=given.benefits.isel(occurrence=slice(0)),
        triggers=given.triggers.isel(occurrence=slice(0)),
    )
    ledger = ledger_of(programme, none)
    assert check_balance(ledger) == 0.0
    assert float(ledger_means(ledger)["aal"].sum()) == 0.0


def test_ledger_survives_a_file(programme: Programme, given_inputs: Inputs, tmp_path: Path) -> None:
    ledger = ledger_of(programme, given_inputs(programme))
    back = xr.load_dataset(write_dataset(tmp_path / "ledger.nc", ledger))
    xr.testing.assert_equal(back, ledger)
    assert check_balance(back) <= 1e-9
