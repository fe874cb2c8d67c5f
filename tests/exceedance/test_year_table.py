"""Year loss tables: empty years count, figures by hand, and bad input."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.core.errors import ReturnPeriodError, SchemaError
from riskmodel.exceedance.imported_rows import label_values, with_label
from riskmodel.exceedance.metrics import tail_value_at_risk, value_at_risk
from riskmodel.exceedance.year_table import (
    annual_losses,
    recurrence_loss,
    table_metrics,
    year_table,
)

MONEY = {"currency": "CNY", "price_year": 2022, "source": "by hand"}


def table_of(year: object, loss: object, *, years: int, **more: object) -> xr.Dataset:
    numbers = np.asarray(year)
    return year_table(
        np.arange(numbers.size), numbers, loss, years=years, **MONEY, **more  # type: ignore[arg-type]
    )  # fmt: skip


# a record of 1991 to 2000: two losses in 1993, one in 1998, seven years without any
RECORD = table_of([1993, 1998, 1993], [4.0, 10.0, 3.0], years=10, first_year=1991)


def test_empty_years_count() -> None:
    losses = annual_losses(RECORD)
    assert losses.total.tolist() == [0, 0, 7, 0, 0, 0, 0, 10, 0, 0]
    assert losses.largest.tolist() == [0, 0, 4, 0, 0, 0, 0, 10, 0, 0]


def test_figures_by_hand() -> None:
    found = {name: m.value for name, m in table_metrics(RECORD, [0.5, 2.5, 5.0, 10.0]).items()}
    assert found["loss.aal"] == pytest.approx(1.7)
    assert found["loss.standard_deviation"] == pytest.approx(np.sqrt(14.9 - 1.7**2))
    # OEP and AEP: one year beyond the 10-year loss, two beyond the 5-year loss
    assert (found["loss.oep.10"], found["loss.oep.5"]) == (4.0, 0.0)
    assert (found["loss.aep.10"], found["loss.aep.5"]) == (7.0, 0.0)
    assert (found["loss.tvar.10"], found["loss.tvar.5"]) == (10.0, 8.5)
    # EEF: of three losses in ten years two exceed 3, one exceeds 4
    assert (found["loss.eef.10"], found["loss.eef.5"], found["loss.eef.2.5"]) == (4.0, 3.0, 0.0)
    assert found["loss.eef.0.5"] == 0.0
    assert "loss.oep.0.5" not in found


def test_more_than_one_occurrence_a_year_has_losses_below_one_year() -> None:
    assert (
        recurrence_loss([8.0, 1.0, 2.0, 5.0, 3.0, 9.0], 2, 0.5) == 2.0
    )  # four in two years exceed
    assert recurrence_loss([8.0, 1.0, 2.0, 5.0, 3.0, 9.0], 2, 0.1) == 0.0


occurrences = st.lists(st.tuples(st.integers(1, 30), st.floats(0.0, 1e9)), min_size=1, max_size=40)


@settings(max_examples=50, deadline=None)
@given(rows=occurrences, factor=st.floats(1e-3, 1e3))
def test_invariants(rows: list[tuple[int, float]], factor: float) -> None:
    year, loss = zip(*rows, strict=True)
    periods = [2.0, 5.0, 12.5, 30.0]
    table = table_of(year, loss, years=30)
    found = {n: m.value for n, m in table_metrics(table, periods).items()}
    scaled = table_metrics(table_of(year, np.multiply(loss, factor), years=30), periods)
    totals = np.array([sum(x for y, x in rows if y == number) for number in range(1, 31)])
    assert found["loss.aal"] == pytest.approx(totals.mean())
    for name, value in found.items():
        assert scaled[name].value == pytest.approx(factor * value, rel=1e-9, abs=1e-9)
    for kind in ("oep", "aep", "tvar", "eef"):
        assert (np.diff([found[f"loss.{kind}.{t:g}"] for t in periods]) >= -1e-6).all()
    for t in periods:
        assert found[f"loss.oep.{t:g}"] <= found[f"loss.aep.{t:g}"] * (1 + 1e-12)
        assert found[f"loss.oep.{t:g}"] <= found[f"loss.eef.{t:g}"]
        assert found[f"loss.aep.{t:g}"] == pytest.approx(value_at_risk(totals, t))
        assert found[f"loss.tvar.{t:g}"] == pytest.approx(tail_value_at_risk(totals, t))
        assert found[f"loss.tvar.{t:g}"] >= found[f"loss.aep.{t:g}"] * (1 - 1e-12)


def test_labels_keep_the_years() -> None:
    table = table_of([1, 1, 3], [4.0, 6.0, 9.0], years=5, labels={"zone": ["a", "b", "a"]})
    assert label_values(table, "zone") == ["a", "b"]
    part = with_label(table, "zone", "a")
    assert annual_losses(part).total.tolist() == [4, 0, 9, 0, 0]
    with pytest.raises(SchemaError, match=r"found 'peril'.*import the table with this label"):
        label_values(table, "peril")
    with pytest.raises(SchemaError, match=r"found 'c'.*choose a value that the table has"):
        with_label(table, "zone", "c")


@pytest.mark.parametrize("years", [None, 0, -3, 2.5, True, "10"])
def test_the_number_of_years_is_required(years: object) -> None:
    with pytest.raises(SchemaError, match="years without a loss count too") as caught:
        table_of([1], [4.0], years=years)  # type: ignore[arg-type]
    assert caught.value.where == "year_loss_table.years"


def test_a_table_that_lost_its_years_is_refused() -> None:
    bare = RECORD.copy()
    del bare.attrs["years"]
    with pytest.raises(SchemaError, match="years without a loss count too"):
        annual_losses(bare)


@pytest.mark.parametrize(
    ("change", "where", "remedy"),
    [
        ({"year": [1, 2, 6]}, "year_loss_table.year", "years without a loss count too"),
        ({"year": [0, 2, 3]}, "year_loss_table.year", "correct first_year"),
        ({"year": [1.5, 2.0, 3.0]}, "year_loss_table.year", "correct first_year"),
        ({"loss": [1.0, -2.0, 3.0]}, "year_loss_table.loss", "a recovery is no negative loss"),
        ({"loss": [1.0, np.nan, 3.0]}, "year_loss_table.loss", "correct or drop these rows"),
        ({"loss": [1.0, np.inf, 3.0]}, "year_loss_table.loss", "correct or drop these rows"),
        ({"occurrence": ["a", "b", "a"]}, "year_loss_table.occurrence", "sum the rows"),
        ({"loss": [1.0, 2.0]}, "", "give every column"),
        ({"occurrence": [], "year": [], "loss": []}, "", "give every column"),
    ],
)
def test_bad_input_is_refused(change: dict[str, object], where: str, remedy: str) -> None:
    good: dict[str, object] = {
        "occurrence": ["a", "b", "c"], "year": [1, 2, 2], "loss": [1.0, 2.0, 3.0], "years": 5,
    }  # fmt: skip
    with pytest.raises(SchemaError, match=remedy) as caught:
        year_table(**(good | change), **MONEY)  # type: ignore[arg-type]
    assert caught.value.where == where


@pytest.mark.parametrize("t", [10.5, 1e4])
def test_more_years_than_the_table_has_are_refused(t: float) -> None:
    with pytest.raises(ReturnPeriodError, match=r"at most 10 years.*import more years"):
        table_metrics(RECORD, [t])


@pytest.mark.parametrize("t", [0.0, -1.0, float("nan")])
def test_a_return_period_is_positive(t: float) -> None:
    with pytest.raises(ReturnPeriodError, match="correct the return periods"):
        table_metrics(RECORD, [t])
