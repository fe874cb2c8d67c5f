"""Curves of tiers and payers, beside sorted years worked apart from the package's curves."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from riskmodel.cover.programme import Programme, load_programme
from riskmodel.run.folder import Run
from riskmodel.run.work.payers import payer_records, payer_table, payments
from riskmodel.run.work.tiers import Paid, pay_all
from tests.run.work_case import (
    PROGRAMME,
    YEARS,
    ZONES,
    make_census,
    make_run,
    make_table,
    save_triggers,
)


@pytest.fixture(scope="module")
def programme() -> Programme:
    return load_programme(PROGRAMME, zones=ZONES)


@pytest.fixture(scope="module")
def case(
    tmp_path_factory: pytest.TempPathFactory, programme: Programme
) -> tuple[Run, Paid, list[Paid], xr.Dataset]:
    place, table = tmp_path_factory.mktemp("payers"), make_table(2)
    save_triggers(place, table)
    run = make_run(place, "04_tiers")
    paid, others = pay_all(run, programme, make_census(), table, {"less": make_table(2, 0.5)})
    return run, paid, others, table


def test_payments_of_payers_and_tiers_add_up_by_occurrence(
    case: tuple[Run, Paid, list[Paid], xr.Dataset],
) -> None:
    _, paid, _, _ = case
    amounts = payments(paid.ledger)
    every = (paid.ledger["amount"] + paid.ledger["overpayment"]).sum(("line", "zone"))
    np.testing.assert_allclose(amounts.sum("payer"), every)
    covers = paid.payouts["paid"].sum(("cover", "zone"))
    tiers = amounts.sel(payer=["tier_1", "tier_n", "tier_x", "reinsurer", "reserve"])
    np.testing.assert_allclose(tiers.sum("payer"), covers, atol=1e-3)


def test_figures_are_the_sorted_years(case: tuple[Run, Paid, list[Paid], xr.Dataset]) -> None:
    run, paid, others, _ = case
    figures = {r.name: r for r in payer_records(run, paid, others)}
    amounts, year = payments(paid.ledger).sel(payer="household").values, paid.ledger["year"]
    years = int(paid.ledger.attrs["years"])
    assert years == 2 * YEARS
    largest, total = np.zeros(years), np.zeros(years)
    np.maximum.at(largest, year.values, amounts)
    np.add.at(total, year.values, amounts)
    # the loss that 8 of 800 years exceed, and the mean of these 8
    assert figures["ledger.oep.100.household"].value == pytest.approx(np.sort(largest)[-9])
    assert figures["ledger.aep.100.household"].value == pytest.approx(np.sort(total)[-9])
    assert figures["ledger.tvar.100.household"].value == pytest.approx(np.sort(total)[-8:].mean())
    kinds = {i.kind for i in figures["ledger.aep.10.tier_1"].intervals}
    assert "simulation" in kinds
    shown = set(payer_table(list(figures.values()), "en").iloc[:, 0])
    assert "100-year largest payment of an event (OEP): Households" in shown
    assert not shown & set(figures)  # each in words
