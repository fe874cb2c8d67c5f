"""The reserve of a run, each figure worked from the account's years in another way."""

from __future__ import annotations

import numpy as np
import pytest

from riskmodel.core.errors import TermsError
from riskmodel.cover.programme import Programme
from riskmodel.run.folder import Run
from riskmodel.run.work.reserve import account_of, reserve_path, reserve_records, reserve_table
from riskmodel.run.work.tiers import Paid, pay_table
from tests.run.work_case import (
    BLOCKS,
    YEARS,
    make_census,
    make_table,
)


def balances(paid: Paid) -> tuple[np.ndarray, np.ndarray]:
    """Closing balance and shortfall (year,) of Ningbo's rule, from the payments net of treaties."""
    net = (paid.payouts["paid"].sum("zone") - paid.recoveries["net"]).sel(cover="basic").values
    by_year = np.bincount(paid.payouts["year"].values, net, minlength=BLOCKS * YEARS)
    closing, short, balance = np.zeros(by_year.size), np.zeros(by_year.size), 0.0
    for year, amount in enumerate(by_year):
        balance = 5e6 if year % YEARS % 30 == 0 else balance
        balance += 8.2e6
        asked = max(amount - 32.8e6, 0.0)
        short[year] = max(asked - balance, 0.0)
        balance = closing[year] = max(balance - asked, 0.0)
    return closing, short


def test_records_are_those_of_a_plain_loop(run: Run, paid: Paid) -> None:
    closing, short = balances(paid)
    assert (short > 1.0).any() and (closing > 0.0).any()
    # thirteen whole sequences in each of two blocks of 400 years
    whole = [b * YEARS + s * 30 for b in range(BLOCKS) for s in range(13)]
    records = {r.name: r for r in reserve_records(run, paid, [paid])}
    for t in (10, 20, 30):
        exhausted = np.mean([(short[first : first + t] > 1e-6).any() for first in whole])
        found = records[f"ledger.reserve.exhaustion.{t}y"]
        assert found.value == pytest.approx(exhausted, abs=1e-12)
        assert found.unit == "1"
        balance = np.mean([closing[first + t - 1] for first in whole])
        assert records[f"ledger.reserve.balance.{t}y"].value == pytest.approx(balance, rel=1e-9)
    assert records["ledger.reserve.shortfall"].value == pytest.approx(short.mean(), rel=1e-9)
    assert records["ledger.reserve.contribution"].value == pytest.approx(8.2e6)
    assert 0.0 < records["ledger.reserve.share_fully_paid"].value < 1.0
    assert [i.kind for i in records["ledger.reserve.drawn"].intervals] == ["simulation"]


def test_table_and_path_agree(programme: Programme, paid: Paid) -> None:
    assert programme.reserve is not None
    path = reserve_path(programme.reserve, paid)
    frame = reserve_table(paid).set_index("")
    shown = frame.loc["after 20 years: mean balance", "万元"]
    assert shown == pytest.approx(float(path["mean"].sel(year_of_sequence=20)) / 1e4, abs=0.051)
    assert (np.diff(path["exhausted"]) >= 0.0).all()
    assert (path["quantile_balance"].values[0] <= path["quantile_balance"].values[-1]).all()


def test_blocks_add_up_to_the_whole(paid: Paid) -> None:
    parts = [account_of(paid, block) for block in range(BLOCKS)]
    drawn = sum(float(part["drawn"].sum()) for part in parts)
    assert drawn == pytest.approx(float(account_of(paid)["drawn"].sum()), rel=1e-12)
    assert sum(part.sizes["occurrence"] for part in parts) == paid.payouts.sizes["occurrence"]


def test_a_programme_without_a_reserve(run: Run, programme: Programme) -> None:
    none = programme.model_copy(update={"reserve": None})
    without = pay_table(run, none, make_census(), make_table(2))
    assert "reserve" not in without.ledger["payer"].values
    assert reserve_records(run, without, []) == []
    assert "no reserve" in reserve_table(without).iloc[0, 0]
    with pytest.raises(TermsError, match="no reserve"):
        account_of(without)
