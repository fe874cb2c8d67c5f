"""A whole programme applied to random losses, and inputs that do not fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.errors import ParamError, RiskModelError, SchemaError, TermsError, UnitsError
from riskmodel.core.files import write_dataset
from riskmodel.cover.benefits import benefit_items, need_ratio
from riskmodel.cover.covers import BenefitCover
from riskmodel.cover.pay import CUTS_BEFORE_TERMS, PARTS, pay
from riskmodel.cover.programme import Programme
from riskmodel.cover.years import tier_year_totals, year_totals
from riskmodel.loss.people import people_items
from tests.cover.conftest import PEOPLE

Inputs = Callable[..., Any]


def paid(programme: Programme, given: Any) -> xr.Dataset:
    return pay(programme, given.losses, given.benefits, given.triggers, population=given.population)


def test_parts_sum_to_what_is_due(programme: Programme, given_inputs: Inputs) -> None:
    payouts = paid(programme, given_inputs(programme))
    sums = sum(payouts[part] for part in PARTS if part != "due")
    np.testing.assert_allclose(sums, payouts["due"], rtol=1e-12)
    for cover in programme.covers:
        one = payouts["paid"].sel(cover=cover.cover).sum("zone")
        assert float(one.max()) > 0.0
        assert float(one.max()) <= cover.limits.event * (1 + 1e-12)
        in_year = year_totals(payouts).sel(cover=cover.cover)
        assert float(in_year.max()) <= cover.limits.year * (1 + 1e-12)


def test_every_limit_bites_in_the_test_inputs(programme: Programme, given_inputs: Inputs) -> None:
    """Otherwise the tests here would prove nothing about it."""
    payouts = paid(programme, given_inputs(programme))
    for part in set(PARTS) - set(CUTS_BEFORE_TERMS):
        assert float(payouts[part].sel(cover="rural").sum()) > 0.0, part
    for cover in ("basic", "index", "mixed"):
        assert float(payouts["above_year_limit"].sel(cover=cover).sum()) > 0.0
    assert float(payouts["above_event_limit"].sel(cover="basic").sum()) > 0.0


@pytest.mark.parametrize("scale", [0.01, 7.0, 1000.0])
def test_scales_linearly_with_money(
    scale: float, programme: Programme, programme_content: Inputs, given_inputs: Inputs
) -> None:
    given = given_inputs(programme)
    other = replace(given, losses=given.losses * scale, benefits=given.benefits * scale)
    other.losses.attrs = given.losses.attrs
    scaled = paid(Programme.model_validate(programme_content(scale)), other)
    once = paid(programme, given)
    np.testing.assert_allclose(scaled["paid"], scale * once["paid"], rtol=1e-9, atol=1e-6 * scale)


def test_order_of_zones_sectors_and_benefits_is_irrelevant(
    programme: Programme, given_inputs: Inputs
) -> None:
    given = given_inputs(programme)
    turned = replace(
        given,
        losses=given.losses.isel(zone=[2, 0, 1], sector=[5, 3, 1, 0, 2, 4]).transpose(
            "sector", "occurrence", "zone"
        ),
        benefits=given.benefits.isel(zone=[1, 2, 0], benefit=[2, 0, 1]),
    )
    straight = paid(programme, given)["paid"]
    np.testing.assert_allclose(
        paid(programme, turned)["paid"].sel(zone=straight["zone"]), straight, rtol=1e-9
    )


def test_order_of_occurrences_is_irrelevant(programme: Programme, given_inputs: Inputs) -> None:
    given = given_inputs(programme)
    order = np.random.default_rng(5).permutation(given.losses.sizes["occurrence"])
    turned = replace(
        given,
        losses=given.losses.isel(occurrence=order),
        benefits=given.benefits.isel(occurrence=order),
        triggers=given.triggers.isel(occurrence=order),
    )
    straight = paid(programme, given)["paid"]
    np.testing.assert_allclose(paid(programme, turned)["paid"], straight[order], rtol=1e-9)


def test_a_cover_added_changes_no_other(
    programme: Programme, programme_content: Inputs, given_inputs: Inputs
) -> None:
    what = programme_content()
    what["covers"].append(
        {**what["covers"][3], "cover": "more", "take_up": {"infrastructure": 0.5}}
    )
    given = given_inputs(programme)
    more = paid(Programme.model_validate(what), given)
    old = paid(programme, given)
    for part in PARTS:
        np.testing.assert_array_equal(more[part].sel(cover=old["cover"]), old[part])


def test_year_totals_hold_quiet_years(programme: Programme, given_inputs: Inputs) -> None:
    payouts = paid(programme, given_inputs(programme, count=6, years=40))
    totals = year_totals(payouts)
    assert totals.dims == ("year", "cover")
    assert totals.sizes["year"] == 40
    assert totals["block"].to_numpy().tolist() == [0] * 20 + [1] * 20
    assert float(totals.sum()) == pytest.approx(float(payouts["paid"].sum()))
    by_tier = tier_year_totals(totals)
    assert by_tier["tier"].to_numpy().tolist() == ["1", "N", "X"]
    np.testing.assert_allclose(
        by_tier.sel(tier="N"), totals.sel(cover=["index", "rural"]).sum("cover")
    )
    assert by_tier.attrs["currency"] == "CNY"
    one = year_totals(payouts, zones=["330302"])
    assert float(one.sum()) == pytest.approx(float(payouts["paid"].sel(zone="330302").sum()))


def test_payouts_survive_a_file(programme: Programme, given_inputs: Inputs, tmp_path: Path) -> None:
    payouts = paid(programme, given_inputs(programme))
    back = xr.load_dataset(write_dataset(tmp_path / "payouts.nc", payouts))
    xr.testing.assert_equal(back, payouts)


def test_items_ask_the_loss_engine_for_what_pay_reads(programme: Programme) -> None:
    made = benefit_items(programme, floor_height=0.15, people=PEOPLE)
    items = {item.column: item for item in made}
    assert list(items) == ["basic.contents", "basic.deaths", "basic.resettlement"]
    assert all(item.combine == "highest" and item.unit == "CNY" for item in items.values())
    contents = items["basic.contents"].responses["storm_surge"]
    assert contents.at([0.3, 0.35, 0.65, 9.0]).tolist() == [0.0, 500.0, 1000.0, 1000.0]
    deaths = items["basic.deaths"].responses["rain_flood"]
    died = 0.1 * 100_000 * np.array([0.0, 0.0029, (0.0060 + 0.0119) / 2])
    np.testing.assert_allclose(deaths.at([0.4, 1.0, 3.0]), died)
    people = {item.column: item for item in people_items(PEOPLE)}
    dead = people["people.dead"].responses["rain_flood"]
    for read in ("at", "spread_at"):  # a benefit for a death counts the deaths of the people
        depth = np.linspace(0.0, 7.0, 71)
        expected = 100_000 * getattr(dead, read)(depth)
        np.testing.assert_allclose(getattr(deaths, read)(depth), expected)
    resettled = items["basic.resettlement"].responses["rain_flood"]
    assert resettled.at([0.49, 0.5]).tolist() == [0.0, 450.0]
    basic = programme.covers[0]
    assert isinstance(basic, BenefitCover)
    assert [need_ratio(b) for b in basic.benefits.values()] == [0.0, 1.0, pytest.approx(4 / 3)]


def without(name: str) -> Callable[[xr.DataArray], xr.DataArray]:
    def drop(data: xr.DataArray) -> xr.DataArray:
        left = data.drop_vars(name, errors="ignore")
        left.attrs = {k: v for k, v in data.attrs.items() if k != name}
        return left

    return drop


BAD: list[tuple[str, Callable[[Any], Any], type[RiskModelError], str]] = [
    ("losses", lambda d: d.isel(zone=0), SchemaError, "losses: other dims"),
    ("losses", lambda d: d.where(d > 0), SchemaError, "losses: negative or missing"),
    ("benefits", lambda d: -1.0 - d, SchemaError, "benefits: negative or missing"),
    ("losses", without("years"), SchemaError, "losses.years"),
    ("losses", without("start"), SchemaError, "losses.start"),
    ("losses", lambda d: d.assign_attrs(years=3), SchemaError, "losses.year: years outside"),
    ("losses", lambda d: d.assign_attrs(currency="USD"), UnitsError, "another currency"),
    ("losses", lambda d: d.assign_attrs(price_year=2015), UnitsError, "price years differ"),
    (
        "losses",
        lambda d: d.assign_coords(zone=["330302", "330381", "330383"]),
        SchemaError,
        "benefits: other zones",
    ),
    (
        "losses",
        lambda d: d.assign_coords(zone=["330301", "330381", "330327"]),
        ParamError,
        "cover rural: take_up.residential: an unknown zone",
    ),
    (
        "losses",
        lambda d: d.assign_coords(sector=["castles", *d["sector"].to_numpy()[1:]]),
        SchemaError,
        "unknown sectors",
    ),
    ("losses", lambda d: d.isel(sector=[0, 1, 2]), TermsError, "cover mixed: take_up.*crops"),
    ("benefits", lambda d: d.isel(benefit=[0, 1]), SchemaError, "cover basic.*resettlement"),
    ("benefits", lambda d: d.isel(occurrence=slice(5)), SchemaError, "benefits: other occurrences"),
    (
        "triggers",
        lambda d: d.assign_coords(occurrence=d["occurrence"] + 1),
        SchemaError,
        "triggers: other occurrences",
    ),
    (
        "triggers",
        lambda d: d.drop_vars("minimum_pressure"),
        SchemaError,
        "cover index: trigger.index",
    ),
    (
        "triggers",
        lambda d: d.assign_coords(box=["taizhou"]),
        SchemaError,
        "cover index: trigger.box",
    ),
    ("population", lambda d: None, TermsError, "cover index: split"),
]


@pytest.mark.parametrize(("which", "change", "error", "words"), BAD, ids=[b[3] for b in BAD])
def test_inputs_that_do_not_fit_are_refused(
    which: str,
    change: Callable[[Any], Any],
    error: type[RiskModelError],
    words: str,
    programme: Programme,
    given_inputs: Inputs,
) -> None:
    given = given_inputs(programme)
    with pytest.raises(error, match=words):
        paid(programme, replace(given, **{which: change(getattr(given, which))}))


def test_trigger_unit_is_checked(programme: Programme, given_inputs: Inputs) -> None:
    given = given_inputs(programme)
    given.triggers["minimum_pressure"].attrs["units"] = "Pa"
    with pytest.raises(UnitsError, match=r"cover index: trigger\.unit"):
        paid(programme, given)
