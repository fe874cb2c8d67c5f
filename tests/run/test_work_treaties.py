"""Reinsurance of a run: the tower's table, chart and records, each worked another way."""

from __future__ import annotations

import numpy as np
import pytest

from riskmodel.cover.programme import Programme
from riskmodel.run.folder import Run
from riskmodel.run.work.tiers import Paid
from riskmodel.run.work.treaties import (
    clause_table,
    placement_table,
    tower_layers,
    tower_table,
    treaty_records,
)
from tests.run.work_case import (
    BLOCKS,
    YEARS,
)

LOW, HIGH = 0.5e8, 3.0e8  # ends of the illustrative tower


def by_hand(paid: Paid) -> np.ndarray:
    """Recoveries (year, layer) of the illustrative tower, storms merged within seven days."""
    amount = paid.payouts["paid"].sel(cover="basic").sum("zone").values
    year, start = paid.payouts["year"].values, paid.payouts["start"].values
    totals = np.zeros((BLOCKS * YEARS, 3))
    for number in range(BLOCKS * YEARS):
        rows = np.flatnonzero(year == number)
        opened, merged = -np.inf, []
        for row in rows[np.argsort(start[rows])]:
            if start[row] >= opened + 7.0:
                opened = start[row]
                merged.append(0.0)
            merged[-1] += amount[row]
        for k, (low, high, share) in enumerate([(0.5, 1, 1), (1, 2, 1), (2, 3, 0.9)]):
            to_layer = sum(min(max(x - low * 1e8, 0.0), (high - low) * 1e8) for x in merged)
            totals[number, k] = share * min(to_layer, 2 * (high - low) * 1e8)
    return totals


def test_table_and_records_say_what_each_layer_recovers(run: Run, paid: Paid) -> None:
    expected = by_hand(paid)
    assert (expected.mean(axis=0) > 0.0).all()
    frame = tower_table(paid).iloc[:3]  # those of tier 1
    np.testing.assert_allclose(
        frame["mean recovery (万元)"], expected.mean(axis=0) / 1e4, atol=0.051
    )  # fmt: skip
    np.testing.assert_allclose(
        frame["years with recovery"], (expected >= 0.01).mean(axis=0), atol=6e-5
    )  # fmt: skip
    records = {r.name: r for r in treaty_records(run, paid, [paid])}
    for k, layer in enumerate(("first", "second", "third")):
        aal = records[f"ledger.reinsurance.basic_tower.{layer}.aal"]
        assert aal.value == pytest.approx(expected[:, k].mean(), rel=1e-9)
        assert [interval.kind for interval in aal.intervals] == ["simulation"]
        rare = records[f"ledger.reinsurance.basic_tower.{layer}.oep.100"]
        assert 0.0 < rare.value <= np.sort(expected[:, k])[::-1][BLOCKS * YEARS // 100]


def test_chart_spans_the_tower(programme: Programme, paid: Paid) -> None:
    layers = tower_layers(programme, paid).isel(cover=slice(3))
    ends = layers["attachment"].values + layers["limit"].values
    assert layers["attachment"].values[0] == LOW
    assert ends[-1] == HIGH
    np.testing.assert_array_equal(ends[:-1], layers["attachment"].values[1:])
    assert set(layers["tier"].values.tolist()) == {"1"}
    np.testing.assert_allclose(layers["expected"], by_hand(paid).mean(axis=0), rtol=1e-9)


def test_the_mean_ledger_holds_recoveries_less_reinstatement_premiums(run: Run, paid: Paid) -> None:
    ledger, r = paid.ledger, paid.recoveries
    own = np.flatnonzero(ledger["payer"].values == "reinsurer")
    booked = (ledger["amount"] + ledger["overpayment"]).isel(line=own).sum()
    assert float(booked) == pytest.approx(
        float(r["recovery"].sum() - r["reinstatement_premium"].sum()), rel=1e-9
    )


def test_long_occurrences_are_told_with_their_windows(programme: Programme, paid: Paid) -> None:
    """All storms of the case last two days: none is longer than 72 hours, until some are."""
    frame = clause_table(programme, paid).set_index(["treaty", "source"])
    assert (frame["longer than the window (%)"] == 0.0).all()
    assert (frame["most windows of one"] == 1).all()
    start = paid.payouts["start"]
    due = paid.payouts["paid"].sel(cover="basic").sum("zone")
    first = int(np.flatnonzero(due.values > 0.0)[0])
    length = np.full(start.size, 2.0)
    length[first] = 60.0  # days: nine windows of seven
    longer = paid.payouts.assign_coords(end=start + length)
    frame = clause_table(programme, paid._replace(payouts=longer)).set_index(["treaty", "source"])
    row = frame.loc[("basic_tower", "typhoon")]
    assert row["most windows of one"] == 9
    assert row["longest (days)"] == 60.0
    share = 100.0 * float(due[first] / due.sum())
    assert row["of the amount (%)"] == pytest.approx(share, abs=0.051)


def test_what_towers_leave_is_named(programme: Programme) -> None:
    frame = placement_table(programme).set_index("treaty")
    assert "third: 10% from 200,000,000 CNY" in frame.loc["basic_tower", "left"]
    assert frame.loc["voluntary_tower", "left"] == "nothing"
    tower = programme.treaties[0]
    second = tower.layers[1].model_copy(update={"attachment": 1.2e8})  # type: ignore[union-attr]
    layers = (tower.layers[0], second)  # type: ignore[union-attr]
    torn = tower.model_copy(update={"layers": layers})
    left = placement_table(programme.model_copy(update={"treaties": (torn,)}))["left"]
    assert left.tolist() == ["gap between layers first and second: 100,000,000 to 120,000,000 CNY"]
