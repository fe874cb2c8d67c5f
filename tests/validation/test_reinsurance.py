"""Reinsurance worked by hand: each folder holds treaties, losses and the arithmetic in words.

Amounts are yuan. Keys that a case does not write have the least effect: no deductible, limits and
reinstatements unlimited, no premium, one reinsurer with the whole, no hours clause, no order.
Recoveries and premiums that `expected.csv` does not list must be zero.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
import yaml

from riskmodel.cover.pay import PAYOUTS
from riskmodel.cover.programme import Programme
from riskmodel.cover.reinsurance import reinsure

HERE = Path(__file__).parent
CASES = sorted(p.parent for p in HERE.glob("*/treaties.yml"))
TEXTS = {
    **{key: "by hand" for key in ("name", "name_zh", "modelled_on", "source")},
    "status": "illustrative",
}
PLACED = {"shares": {"a": 1.0}}
LAYER = {
    "annual_deductible": "0 元",
    "annual_limit": "unlimited",
    "reinstatements": "unlimited",
    "premium": "0 元",
    **PLACED,
}


def programme_of(case: Path, covers: list[str]) -> Programme:
    cover = {
        **TEXTS, "kind": "indemnity", "tier": "X", "policyholder": "by hand", "deductible": "0 元",
        "payer_of_premium": {"city": 1.0}, "coinsurance": 0.0,
        "limits": {"zone": "unlimited", "event": "unlimited", "year": "unlimited",
                   "year_rule": "date_order"},
    }  # fmt: skip
    take_up = 1.0 / len(covers)
    return Programme.model_validate(
        {
            **{k: v for k, v in TEXTS.items() if k != "modelled_on"},
            "programme": "by_hand", "reading": "by hand", "currency": "CNY",
            "price_year": 2022, "relief_backstop": {"city": 0.5, "county": 0.5},
            "coordination": "none",
            "covers": [{**cover, "cover": c, "take_up": {"residential": take_up}} for c in covers],
            "treaties": [completed(t) for t in read(case)["treaties"]],
        }
    )  # fmt: skip


def read(case: Path) -> dict[str, Any]:
    return yaml.safe_load((case / "treaties.yml").read_text(encoding="utf-8"))


def completed(treaty: dict[str, Any]) -> dict[str, Any]:
    rest = {"covers": ["home"], "after": [], "hours_clause": "none", **TEXTS}
    if "layers" in treaty:
        return {**rest, **treaty, "layers": [{**LAYER, **layer} for layer in treaty["layers"]]}
    return {**rest, **PLACED, **treaty}


def payouts_of(case: Path) -> xr.Dataset:
    """Payouts of covers as `pay` returns them, as far as treaties read them; one zone."""
    rows = pd.read_csv(case / "losses.csv")
    dates = rows.drop_duplicates("occurrence").set_index("occurrence").sort_index()
    covers = list(dict.fromkeys(rows["cover"]))
    paid = np.zeros((len(dates), 1, len(covers)))
    for row in rows.itertuples():
        paid[row.occurrence, 0, covers.index(row.cover)] = row.loss
    coords = {n: ("occurrence", dates[n].to_numpy()) for n in ("year", "start", "end")}
    parents = ("occurrence", dates["parent_event"].to_numpy(dtype=str))
    return xr.Dataset(
        {"paid": (("occurrence", "zone", "cover"), paid)},
        coords={**coords, "parent_event": parents, "cover": covers, "zone": ["330302"]},
        attrs={"years": 2, "blocks": 1, "price_year": 2022, "status": "illustrative"}
        | {"schema": PAYOUTS.name},
    )


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_every_case_explains_itself(case: Path) -> None:
    assert (case / "README.md").read_text(encoding="utf-8").startswith("# ")


def test_at_least_thirty_treaties_are_worked_by_hand() -> None:
    assert len(CASES) + len(list(HERE.glob("*/covers.yml"))) >= 30


def test_recoveries(case: Path) -> None:
    payouts = payouts_of(case)
    found = reinsure(programme_of(case, payouts["cover"].to_numpy().tolist()), payouts)
    expected = pd.read_csv(case / "expected.csv")
    for name in ("recovery", "reinstatement_premium"):
        wanted = xr.zeros_like(found[name])
        for row in expected.itertuples():
            wanted.loc[{"layer": row.layer}][row.occurrence] = getattr(row, name)
        np.testing.assert_allclose(found[name], wanted, atol=1e-9, err_msg=name)
    for row in expected.itertuples():
        left = found["remaining"].sel(layer=row.layer)[row.occurrence]
        assert float(left) == pytest.approx(row.remaining, abs=1e-9), row


def test_net_of_each_cover(case: Path) -> None:
    payouts = payouts_of(case)
    found = reinsure(programme_of(case, payouts["cover"].to_numpy().tolist()), payouts)
    layers = (found["recovery"] - found["reinstatement_premium"]).sum("layer")
    np.testing.assert_allclose(found["net"].sum("cover"), layers, atol=1e-9)
    if (case / "expected_net.csv").exists():
        for row in pd.read_csv(case / "expected_net.csv").itertuples():
            net = found["net"].sel(cover=row.cover)[row.occurrence]
            assert float(net) == pytest.approx(row.net, abs=1e-9)
