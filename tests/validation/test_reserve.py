"""Reserves worked by hand: each folder holds terms, losses and the arithmetic in words.

Amounts are yuan. Keys that a case does not write: nothing to begin with, a fifth of a premium of
100 set aside, no interest, no cap, one sequence. What `expected.csv` does not list must be zero.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
import yaml

from riskmodel.cover.reinsurance import reinsure
from riskmodel.cover.reserve import Reserve
from riskmodel.cover.reserve_account import ENTRIES, reserve_account
from tests.validation.test_reinsurance import TEXTS, payouts_of, programme_of

HERE = Path(__file__).parent
CASES = sorted(p.parent for p in HERE.glob("*/reserve.yml"))
TERMS = {
    "reserve": "fund",
    "covers": ["home"],
    "opening_balance": "0 元",
    "contribution": {"of": "premium", "share": 0.2, "premium": "100 元"},
    "interest": 0.0,
    "cap": "unlimited",
    "horizon": 10,
    **TEXTS,
}


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Path:
    return request.param


def account_of(case: Path) -> xr.Dataset:
    content: dict[str, Any] = yaml.safe_load((case / "reserve.yml").read_text(encoding="utf-8"))
    payouts = payouts_of(case, years=content.get("years", 2), blocks=content.get("blocks", 1))
    programme = programme_of(content, payouts["cover"].to_numpy().tolist())
    reserve = Reserve.model_validate({**TERMS, **content["reserve"]})
    return reserve_account(reserve, payouts, reinsure(programme, payouts))


def test_every_case_explains_itself(case: Path) -> None:
    assert (case / "README.md").read_text(encoding="utf-8").startswith("# ")


def test_account(case: Path) -> None:
    account = account_of(case)
    expected = pd.read_csv(case / "expected_years.csv")
    assert expected["year"].tolist() == account["year"].to_numpy().tolist()
    for name in (*ENTRIES, "shortfall"):
        np.testing.assert_allclose(account[name], expected[name], atol=1e-9, err_msg=name)


def test_payments(case: Path) -> None:
    account = account_of(case)
    expected = xr.zeros_like(account["payment"])
    for row in pd.read_csv(case / "expected.csv").itertuples():
        expected.loc[{"cover": row.cover}][row.occurrence] = row.payment
    np.testing.assert_allclose(account["payment"], expected, atol=1e-9)
