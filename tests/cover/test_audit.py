"""The ledger beside a second way to it, and the proof that the second way notices every term."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import xarray as xr

from riskmodel.cover.balance import check_balance, check_payouts
from riskmodel.cover.bearers import REINSURERS, RESERVE, book_bearer, check_bearer
from riskmodel.cover.ledger import build_ledger
from riskmodel.cover.pay import pay
from riskmodel.cover.programme import Programme
from riskmodel.cover.reinsurance import reinsure
from riskmodel.cover.reserve_account import reserve_account
from tests.cover.audit import Ledger, audit, facts_of, largest_difference

TEXTS = {"name": "a", "name_zh": "甲", "modelled_on": "c", "source": "d", "status": "illustrative"}
BACKSTOP = {"city": 0.4, "county": 0.35, "province": 0.25}
TREATIES = [
    {
        "treaty": "stop", "kind": "stop_loss", "covers": ["basic", "mixed"], "after": ["tower"],
        **TEXTS, "hours_clause": "none", "attachment": "150 万元", "exhaustion": "250 万元",
        "shares": {"a": 0.5},
    },
    {
        "treaty": "tower", "kind": "excess_of_loss", "covers": ["basic", "mixed"], "after": [],
        **TEXTS, "hours_clause": 72, "between_layers": "as_written",
        "layers": [
            {
                "layer": "low", "attachment": "40 万元", "exhaustion": "120 万元",
                "annual_limit": "140 万元", "annual_deductible": "10 万元", "premium": "20 万元",
                "shares": {"a": 0.5, "b": 0.4},
                "reinstatements": {"rates": [0.5, 1.0], "pro_rata": "amount_and_time"},
            },
            {
                "layer": "up", "attachment": "150 万元", "exhaustion": "400 万元",
                "annual_limit": "300 万元", "annual_deductible": "20 万元", "premium": "10 万元",
                "shares": {"a": 0.7}, "reinstatements": {"rates": [1.0], "pro_rata": "amount"},
            },
        ],
    },
    {
        "treaty": "share", "kind": "quota_share", "covers": ["index", "rural"], **TEXTS,
        "after": [], "hours_clause": "none", "cession": 0.25, "event_limit": "120 万元",
        "annual_limit": "250 万元", "shares": {"a": 0.8},
    },
]  # fmt: skip
RESERVES = {
    "premium": {
        "reserve": "fund", "covers": ["basic", "rural"], "opening_balance": "30 万元", **TEXTS,
        "contribution": {"of": "premium", "share": 0.2, "premium": "200 万元"}, "interest": 0.02,
        "cap": "72 万元", "drawdown": {"above": "60 万元", "of": "year"}, "horizon": 5,
    },
    "surplus": {
        "reserve": "fund", "covers": ["rural"], "opening_balance": "5 万元", **TEXTS,
        "contribution": {"of": "surplus", "share": 0.3, "premium": "150 万元"}, "interest": 0.03,
        "cap": "60 万元", "drawdown": {"above": "30 万元", "of": "occurrence"}, "horizon": 4,
    },
}  # fmt: skip
# what is due of benefits is an input; prices, names and who pays premiums move no loss
NOT_HERE = {"price_year", "payer_of_premium", "steps", "depth_from", "days", "tier", "exposure"}
NOT_HERE |= {"hours_clause"}
INPUTS = ("losses", "benefits", "triggers", "population")
Content = dict[str, Any]


@pytest.fixture(params=RESERVES)
def content(request: pytest.FixtureRequest, programme_content: Callable[..., Content]) -> Content:
    what = programme_content()
    what["covers"][3]["limits"]["zone"] = "90 万元"
    reserve = {"reserve": RESERVES[request.param]}
    return copy.deepcopy(what | {"treaties": TREATIES, "relief_backstop": BACKSTOP} | reserve)


@pytest.fixture
def given_inputs_dated(given_inputs: Callable[..., Any], content: Content) -> Any:
    """Inputs with ends and parent events, as an hours clause needs them; twenty years."""
    given = given_inputs(Programme.model_validate(content), seed=3, count=80)
    count = given.losses.sizes["occurrence"]
    days = np.where(np.arange(count) % 4 == 0, 5.0, 1.0)
    # three of four belong to close groups of one parent, so that windows merge
    start = given.losses["start"].values
    start = np.where(np.arange(count) % 4 < 2, 100.0 + start / 100.0, start)
    losses = given.losses.assign_coords(
        start=("occurrence", start),
        end=("occurrence", start + days),
        parent_event=("occurrence", np.where(np.arange(count) % 3 > 0, "typhoon", "plum_rain")),
    )
    return given.__class__(losses, given.benefits, given.triggers, given.population)


def before_bearers(content: Content, given: Any) -> tuple[xr.Dataset, xr.Dataset]:
    """Payouts of covers, and the ledger without reinsurers and reserve."""
    programme = Programme.model_validate(content)
    payouts = pay(
        programme, given.losses, given.benefits, given.triggers, population=given.population
    )
    return payouts, build_ledger(programme, given.losses, given.benefits, payouts)


def ledger_of(content: Content, payouts: xr.Dataset, ledger: xr.Dataset) -> xr.Dataset:
    """Book reinsurers and reserve, each checked."""
    programme = Programme.model_validate(content)
    recoveries = reinsure(programme, payouts)
    assert programme.reserve is not None
    account = reserve_account(programme.reserve, payouts, recoveries)
    ledger = book_bearer(ledger, REINSURERS, recoveries["net"])
    ledger = book_bearer(ledger, RESERVE, account["payment"])
    layers = (recoveries["recovery"] - recoveries["reinstatement_premium"]).sum("layer")
    check_bearer(ledger, REINSURERS, layers.values)
    check_bearer(ledger, RESERVE, account["payment"].sum("cover").values)
    return ledger


def terms_of(what: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of all numbers and amounts of a programme file."""
    entries = what.items() if isinstance(what, dict) else enumerate(what)
    for key, value in entries:
        if key in NOT_HERE:
            continue
        if isinstance(value, dict | list):
            yield from terms_of(value, (*path, key))
        elif isinstance(value, int | float) or str(value).endswith("元"):
            yield (*path, key)


def altered(content: Content, path: tuple[Any, ...]) -> Content:
    """Alter one term by a per cent; of shares that must sum to 1, one grows as another falls."""
    what = copy.deepcopy(content)
    *parents, last = path
    holder = what
    for key in parents:
        holder = holder[key]
    value = holder[last]
    if last == "horizon":
        holder[last] = value + 1
    elif isinstance(value, str):
        number, unit = value.split()
        factor = 1.01 if last == "need" else 0.99  # a need is no less than its benefit
        holder[last] = f"{factor * float(number):.6f} {unit}"
    elif parents == ["relief_backstop"]:
        other = next(key for key in holder if key != last)
        holder[last], holder[other] = value - 0.01, holder[other] + 0.01
    else:
        holder[last] = 0.99 * value
    return what


def test_every_payer_is_found_the_second_way(content: Content, given_inputs_dated: Any) -> None:
    payouts, before = before_bearers(content, given_inputs_dated)
    ledger = ledger_of(content, payouts, before)
    assert check_balance(ledger) <= 1e-9
    assert check_payouts(ledger, payouts) <= 1e-9
    facts = facts_of(**{n: getattr(given_inputs_dated, n) for n in INPUTS})
    difference, key = largest_difference(ledger, audit(content, facts)[1])
    assert difference <= 1e-9, key
    payers = set(ledger["payer"].values.tolist())
    assert payers == {
        "household", "farm", "enterprise", "public_body", "tier_1", "tier_n", "tier_x",
        "reinsurer", "reserve", "city", "county", "province",
    }  # fmt: skip


def unnoticed(
    content: Content, given: Any, found: tuple[Ledger, Ledger], paths: list[Any], alter: Any
) -> list[str]:
    """Terms that the audit does not notice: the ledger is made with one altered, it with none.

    Of terms of covers the ledger before reinsurers and reserve tells.
    """
    unaltered, missed = before_bearers(content, given), []
    for path in paths:
        what = alter(content, path)
        behind = path[0] in ("treaties", "reserve")
        ledger = ledger_of(what, *unaltered) if behind else before_bearers(what, given)[1]
        assert check_balance(ledger) <= 1e-9  # another programme, which balances too
        if largest_difference(ledger, found[behind])[0] <= 1e-9:
            missed.append(".".join(map(str, path)))
    return missed


def test_each_term_in_turn_altered_is_noticed(content: Content, given_inputs_dated: Any) -> None:
    found = audit(content, facts_of(**{n: getattr(given_inputs_dated, n) for n in INPUTS}))
    paths = list(terms_of(content))
    if content["reserve"]["contribution"]["of"] == "surplus":  # all else is as with a premium
        paths = [path for path in paths if path[0] == "reserve"]
    assert len(paths) >= 7
    assert not unnoticed(content, given_inputs_dated, found, paths, altered)
