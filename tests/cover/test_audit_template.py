"""The whole programme of the demo beside a second way to it; each term altered is noticed."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import xarray as xr
import yaml

from riskmodel.core.vocabulary import Sector
from riskmodel.cover.balance import check_balance, check_payouts
from riskmodel.cover.benefits import benefit_column, object_column
from tests.cover.audit import audit, facts_of, largest_difference
from tests.cover.conftest import Given
from tests.cover.test_audit import INPUTS, Content, before_bearers, ledger_of, unnoticed

TEMPLATE = Path(__file__).parents[2] / "params" / "tiers" / "illustrative.yml"
ZONES = ["330302", "330303", "330304", "330305", "330324", "330326"]
ZONES += ["330327", "330328", "330329", "330381", "330382", "330383"]
SECTORS = list(get_args(Sector))
# what is due of benefits and objects is an input; premiums and names move no payment
NOT_HERE = {
    "price_year", "payer_of_premium", "consortium", "claims_handling", "anchor", "low", "high",
    "person", "household", "per_object", "rate", "grades", "to", "depth_from", "modelled_on",
}  # fmt: skip
WORDS = {
    "primary": "none", "date_order": "pro_rata", "pro_rata": "date_order", 72: 168, 168: 72,
    "amount": "amount_and_time", "amount_and_time": "amount",
}  # fmt: skip


@pytest.fixture(scope="module")
def content() -> Content:
    what = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))
    for treaty in what["treaties"]:
        treaty["between_layers"] = "as_written"  # so that one end of a layer can be moved alone
    return what


def columns_of(content: Content) -> list[str]:
    """Columns of benefits and objects that the programme reads."""
    found = []
    for cover in content["covers"]:
        found += [benefit_column(cover["cover"], name) for name in cover.get("benefits", {})]
        if "per_object" in cover:
            found += [object_column(cover["cover"], sector) for sector in cover["take_up"]]
    return found


@pytest.fixture(scope="module")
def given(content: Content) -> Given:
    """Twenty years of twelve occurrences, from trifles to more than any limit; some last weeks.

    A third hits about one county, so that limits of a zone act alone; some begin when years do.
    """
    rng, count, years = np.random.default_rng(12), 240, 20
    size = 1e6 * (1.0 + rng.pareto(0.4, count))[:, None, None].clip(0.0, 4e4)
    hit = rng.random((count, len(ZONES), 1)) < rng.choice([0.1, 0.5, 1.0], (count, 1, 1))
    columns = columns_of(content)

    def draw(labels: int, share: float) -> np.ndarray:
        shape = (count, len(ZONES), labels)
        return hit * size * rng.random(shape) * (rng.random(shape) < share)

    losses, due = draw(len(SECTORS), 0.7), draw(len(columns), 0.6) / 20.0
    losses[:, :, SECTORS.index("residential")] *= 10.0  # little of its value is insured by tier X
    for number, name in enumerate(columns):
        if ".objects." in name:
            loss = losses[:, :, SECTORS.index(name.rpartition(".")[2])]
            due[:, :, number] = 1.1 * loss * rng.random(loss.shape)
    start, occurrence = rng.uniform(1.0, 366.0, count), np.arange(count)
    start[:40] = rng.choice([1.0, 60.0, 121.0], 40) + rng.uniform(0.0, 10.0, 40)
    dates = {
        "year": ("occurrence", rng.integers(0, years, count)), "start": ("occurrence", start),
        "end": ("occurrence", start + rng.choice([0.0, 1.5, 9.0, 40.0], count)),
        "parent_event": ("occurrence", rng.choice(["typhoon", "plum_rain"], count)),
    }  # fmt: skip
    attrs = {"years": years, "blocks": 2, "currency": "CNY", "price_year": 2022}
    rain = rng.uniform(200.0, 600.0, (count, len(ZONES)))
    pressure = np.where(rng.random((count, 1)) < 0.6, rng.uniform(900, 1000, (count, 1)), np.nan)
    rain[rng.random(count) < 0.2] = np.nan
    snow = rng.uniform(0.0, 40.0, (count, len(ZONES), 1)) * (rng.random((count, 1, 1)) < 0.5)
    zone = {"occurrence": occurrence, "zone": ZONES}
    return Given(
        xr.DataArray(
            losses, {**zone, "sector": SECTORS, **dates}, ("occurrence", "zone", "sector"),
            attrs=attrs,
        ),
        xr.DataArray(due, {**zone, "benefit": columns}, ("occurrence", "zone", "benefit")),
        xr.Dataset(
            {
                "minimum_pressure": (("occurrence", "box"), pressure, {"units": "hPa"}),
                "rain_24h": (("occurrence", "station"), rain, {"units": "mm"}),
                "snow_depth": (("occurrence", "zone", "weight"), snow, {"units": "cm"}),
            },
            {**zone, "box": ["wenzhou_150km"], "station": ZONES, "weight": ["infrastructure"]},
        ),
        xr.DataArray(np.arange(3.0, 15.0) * 1e5, {"zone": ZONES}, ("zone",)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def found(content: Content, given: Given) -> Any:
    return audit(content, facts_of(**{name: getattr(given, name) for name in INPUTS}))


@pytest.fixture(scope="module")
def unaltered(content: Content, given: Given) -> Any:
    return before_bearers(content, given)


def test_every_payer_is_found_the_second_way(content: Content, found: Any, unaltered: Any) -> None:
    ledger = ledger_of(content, *unaltered)
    assert check_balance(ledger) <= 1e-9
    assert check_payouts(ledger, unaltered[0]) <= 1e-9
    difference, key = largest_difference(ledger, found[1])
    assert difference <= 1e-9, key
    paid = ledger["amount"].sum(("occurrence", "zone")).groupby("cover").sum()
    assert all(float(paid.sel(cover=c["cover"])) > 0.0 for c in content["covers"])


def terms_of(what: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of all terms that decide who pays: numbers, amounts, rules, days and zones."""
    for key, value in what.items() if isinstance(what, dict) else enumerate(what):
        of_benefit = "benefits" in path and key in ("steps", "days")
        if key in NOT_HERE or of_benefit:
            continue
        if key == "policy_year_start" or (key == "zones" and isinstance(value, list)):
            yield (*path, key)
        elif isinstance(value, dict | list):
            yield from terms_of(value, (*path, key))
        elif isinstance(value, int | float) or str(value).endswith("元") or value in WORDS:
            yield (*path, key)


def altered(content: Content, path: tuple[Any, ...]) -> Content:
    """Alter one term, and only what the schema ties to it."""
    what = copy.deepcopy(content)
    *parents, last = path
    holder: Any = what
    for key in parents:
        above, holder = holder, holder[key]
    value = holder[last]
    if last == "policy_year_start":
        holder[last] = "08-01"
    elif last == "zones":
        holder[last] = value[1:]
    elif value in WORDS:
        holder[last] = WORDS[value]
    elif parents == ["relief_backstop"]:
        other = next(key for key in holder if key != last)
        holder[last], holder[other] = value - 0.01, holder[other] + 0.01
    elif last == "horizon":
        holder[last] = 2  # the blocks are of ten years
    else:
        holder[last] = _moved(value, str(last))
    if last == "from" and (number := parents[-1]) > 0:
        above[number - 1]["to"] = holder[last]
    cover = what["covers"][path[1]] if path[0] == "covers" else {}
    if steps := cover.get("trigger", {}).get("steps"):
        if last == "event":
            steps[-1]["pays"] = holder[last]
        cover["limits"]["event"] = steps[-1]["pays"]  # the highest step pays the event limit
    return what


def _moved(value: Any, name: str) -> Any:
    """Move an amount or a number so far that something of the inputs meets it."""
    up = {"franchise": 2.0, "days": 2.0, "need": 1.01, "attachment": 1.01, "year": 1.01}
    if not isinstance(value, str):
        if value == 0:
            return 0.01
        return value * (2 if name == "days" else 0.99)
    number, unit = value.replace(",", "").split()
    if float(number) == 0.0:
        return "100 万元"
    return f"{float(number) * up.get(name, 0.99):.6f} {unit}"


def test_each_term_in_turn_altered_is_noticed(content: Content, given: Given, found: Any) -> None:
    paths = list(terms_of(content))
    assert len(paths) > 150
    missed = unnoticed(content, given, found, paths, altered)
    assert not missed
