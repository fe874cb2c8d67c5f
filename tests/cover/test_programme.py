"""A programme file is read whole or refused with file, cover and key."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from riskmodel.core.errors import ParamError, RiskModelError, TermsError, UnitsError
from riskmodel.core.status import worst
from riskmodel.cover.overview import annual_limit, programme_table
from riskmodel.cover.programme import Programme, load_programme, slices

Load = Callable[[dict[str, Any]], Programme]
Content = Callable[..., dict[str, Any]]
ALONE = {"ningbo_2014": {"N", "X"}}  # a scheme of one tier
TEMPLATES = sorted((Path(__file__).parents[2] / "params" / "tiers").glob("*.yml"))


def put(what: dict[str, Any], path: str, value: Any) -> None:
    """Set, or with None remove, what a dotted path names."""
    *parents, last = path.split(".")
    for key in parents:
        what = what[int(key)] if isinstance(what, list) else what[key]
    at = int(last) if isinstance(what, list) else last
    if value is None:
        del what[at]
    else:
        what[at] = value


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.name)
def test_templates_load_and_say_that_they_are_illustrative(path: Path) -> None:
    programme = load_programme(path)
    assert programme.status == worst(c.status for c in programme.covers)
    assert {c.tier for c in programme.covers} == {"1", "N", "X"} - ALONE.get(path.stem, set())
    assert all(c.modelled_on for c in programme.covers)
    assert [c.cover for c in programme.covers if c.status != "illustrative"] in ([], ["forest"])


# what is changed, where; the error; and what the message must hold
BAD: dict[str, tuple[str, Any, type[RiskModelError], list[str]]] = {
    "unknown key": (
        "covers.2.deductable",
        "5 元",
        ParamError,
        ["small.yml: cover rural", "unknown key", "deductable", "deductible"],
    ),
    "kind of a cover missing": (
        "covers.2.kind",
        None,
        ParamError,
        ["small.yml: cover rural: the key kind is missing"],
    ),
    "kind of a cover unknown": (
        "covers.2.kind",
        "indemnty",
        ParamError,
        ["cover rural: kind 'indemnty' is none of", "'indemnity'", "found 'a mapping of"],
    ),
    "covers as a mapping": (
        "covers",
        {"basic": {}},
        ParamError,
        ["covers: input should be a list"],
    ),
    "no zones": ("covers.2.zones", [], TermsError, ["cover rural: zones", "an empty list"]),
    "a zone twice": (
        "covers.2.zones",
        ["330302", "330302"],
        TermsError,
        ["cover rural: zones", "twice"],
    ),
    "take-up of a zone outside": (
        "covers.2.zones",
        ["330381"],
        TermsError,
        ["cover rural: take_up.residential", "330302", "is not for"],
    ),
    "year limit below the event limit": (
        "covers.2.limits.year",
        "1 元",
        TermsError,
        ["cover rural: limits.year", "event limit"],
    ),
    "commas not by thousands": (
        "covers.2.deductible",
        "1,00 元",
        UnitsError,
        ["cover rural: deductible", "1,00"],
    ),
    "depth of a peril without water": (
        "covers.0.benefits.contents.perils",
        ["cold_snow"],
        TermsError,
        ["cover basic: benefits.contents.perils", "cold_snow", "flash_flood"],
    ),
    "reserve for a cover twice": (
        "reserve.covers",
        ["rural", "rural"],
        TermsError,
        ["reserve.covers", "twice"],
    ),
    "unknown key of the programme": ("colour", 1, ParamError, ["small.yml", "colour"]),
    "missing key": (
        "covers.2.coinsurance",
        None,
        ParamError,
        ["small.yml: cover rural: coinsurance", "missing"],
    ),
    "missing currency": ("currency", None, ParamError, ["small.yml: currency", "missing"]),
    "other currency": ("currency", "USD", UnitsError, ["small.yml: currency", "'USD'", "CNY"]),
    "missing unit": (
        "covers.2.deductible",
        200000,
        UnitsError,
        ["small.yml: cover rural: deductible", "200000", "亿元"],
    ),
    "negative deductible": (
        "covers.2.deductible",
        "-5 元",
        TermsError,
        ["cover rural: deductible", "negative", "-5 元"],
    ),
    "limit 0": (
        "covers.0.limits.event",
        "0 元",
        TermsError,
        ["cover basic: limits.event", "limit of 0", "unlimited"],
    ),
    "take-up over 1": (
        "covers.2.take_up",
        {"residential": 1.2},
        TermsError,
        ["cover rural: take_up.residential", "1.2", "0 to 1"],
    ),
    "a high take-up over 1": (
        "covers.2.take_up",
        {"residential": {"default": 0.4, "330381": {"low": 0.1, "mid": 0.2, "high": 1.2}}},
        TermsError,
        ["cover rural: take_up.residential.330381.high", "1.2", "0 to 1"],
    ),
    "take-up of a zone over 1": (
        "covers.2.take_up",
        {"residential": {"default": 0.1, "330381": 40}},
        TermsError,
        ["cover rural: take_up.residential.330381", "40"],
    ),
    "take-up without default": (
        "covers.2.take_up",
        {"residential": {"330381": 0.4}},
        ParamError,
        ["cover rural: take_up.residential", "default"],
    ),
    "zone code without quotes": (
        "covers.2.take_up",
        {"residential": {"default": 0.1, 330381: 0.4}},
        ParamError,
        ["cover rural: take_up.residential", "330381", "quotes"],
    ),
    "unknown sector": (
        "covers.2.take_up",
        {"dwellings": 0.1},
        ParamError,
        ["cover rural: take_up.dwellings", "residential"],
    ),
    "unknown zone of take-up": (
        "covers.2.take_up.residential.330399",
        0.1,
        ParamError,
        ["small.yml: cover rural: take_up.residential", "330399", "330302"],
    ),
    "unknown zone": (
        "covers.1.zones",
        ["330302", "440100"],
        ParamError,
        ["small.yml: cover index: zones", "440100"],
    ),
    "unknown peril": (
        "covers.0.benefits.contents.perils",
        ["flood"],
        ParamError,
        ["cover basic: benefits.contents.perils", "'flood'", "rain_flood"],
    ),
    "unknown payer": (
        "covers.0.payer_of_premium",
        {"citizens": 1.0},
        ParamError,
        ["cover basic: payer_of_premium.citizens", "city"],
    ),
    "premium shares": (
        "covers.0.payer_of_premium",
        {"city": 0.5, "county": 0.4},
        TermsError,
        ["cover basic", "payer_of_premium do not sum to 1", "0.9"],
    ),
    "slices over 1": (
        "covers.3.take_up.residential",
        {"default": 0.05, "330381": 0.7},
        TermsError,
        ["cover rural and mixed: take_up.residential", "330381", "'rural': 0.4", "1.1"],
    ),
    "attachment beyond exhaustion": (
        "covers.1.trigger.attachment",
        910,
        TermsError,
        ["cover index: trigger", "attachment beyond exhaustion", "910", "above"],
    ),
    "wind attachment beyond exhaustion": (
        "covers.1.trigger",
        {
            "index": "maximum_wind",
            "box": "b",
            "unit": "m/s",
            "payout": "linear",
            "attachment": 50,
            "exhaustion": 30,
        },
        TermsError,
        ["cover index: trigger", "below"],
    ),
    "trigger unit": (
        "covers.1.trigger.unit",
        "m/s",
        UnitsError,
        ["cover index: trigger", "'m/s'", "hPa"],
    ),
    "trigger without box": ("covers.1.trigger.box", None, ParamError, ["cover index: trigger.box"]),
    "index cover without limit": (
        "covers.1.limits.event",
        "unlimited",
        TermsError,
        ["cover index: limits.event", "unlimited"],
    ),
    "split shares": (
        "covers.1.split",
        {"330302": 0.3, "330381": 0.3},
        TermsError,
        ["cover index", "split do not sum to 1", "0.6"],
    ),
    "overlapping steps": (
        "covers.0.benefits.contents.steps.1.from",
        0.4,
        TermsError,
        ["cover basic: benefits.contents", "steps overlap", "0.4"],
    ),
    "gap between steps": (
        "covers.0.benefits.contents.steps.1.from",
        0.6,
        TermsError,
        ["cover basic: benefits.contents", "leave a gap"],
    ),
    "falling steps": (
        "covers.0.benefits.contents.steps.1.pays",
        "400 元",
        TermsError,
        ["cover basic: benefits.contents", "fall"],
    ),
    "closed last step": (
        "covers.0.benefits.contents.steps.1.to",
        0.9,
        TermsError,
        ["cover basic: benefits.contents", "closed"],
    ),
    "benefit above need": (
        "covers.0.benefits.resettlement.need",
        "80 元",
        TermsError,
        ["cover basic: benefits.resettlement", "above the need"],
    ),
    "unknown kind": ("covers.3.kind", "treaty", ParamError, ["cover mixed", "treaty"]),
    "unknown tier": ("covers.3.tier", "Y", ParamError, ["cover mixed: tier", "'Y'"]),
    "tiers out of order": ("covers.3.tier", "1", TermsError, ["covers", "out of order", "mixed"]),
    "two covers of one name": ("covers.3.cover", "rural", TermsError, ["covers", "share a name"]),
    "status better than its covers": ("status", "real", TermsError, ["status", "illustrative"]),
    "not a number": (
        "covers.2.coinsurance",
        "0.3",
        ParamError,
        ["cover rural: coinsurance", "not a number"],
    ),
    "true is no share": ("covers.2.coinsurance", True, ParamError, ["cover rural: coinsurance"]),
    "no coordination": ("coordination", None, ParamError, ["small.yml: coordination", "missing"]),
    "unknown coordination": ("coordination", "first", ParamError, ["coordination", "'first'"]),
    "coordinated cover of several owners": (
        "coordination",
        "primary",
        TermsError,
        ["cover mixed: take_up", "one owner", "farm"],
    ),
    "no day of the year": (
        "covers.2.policy_year_start",
        "02-30",
        ParamError,
        ["cover rural: policy_year_start", "02-30", "07-01"],
    ),
    "a date": (
        "covers.2.policy_year_start",
        "2022-07-01",
        ParamError,
        ["cover rural: policy_year_start", "2022-07-01"],
    ),
    "waiting for a year": (
        "covers.2.waiting_period",
        {"days": 365, "new_policies": 1.0},
        ParamError,
        ["cover rural: waiting_period.days", "365"],
    ),
    "an index of which a part waits": (
        "covers.1.waiting_period",
        {"days": 10, "new_policies": 0.5},
        TermsError,
        ["cover index: waiting_period.new_policies", "0.5"],
    ),
    "consortium": (
        "covers.0.consortium",
        {"lead": 0.6, "second": 0.5},
        TermsError,
        ["cover basic", "consortium do not sum to 1", "1.1"],
    ),
    "claims handling in per cent": (
        "covers.0.claims_handling",
        8,
        TermsError,
        ["cover basic: claims_handling", "0 to 1"],
    ),
    "negative franchise": (
        "covers.2.franchise",
        "-1 元",
        TermsError,
        ["cover rural: franchise", "negative"],
    ),
    "franchise within the deductible of an object": (
        "covers.2.per_object",
        {"perils": ["rain_flood"], "deductible": "9 元", "franchise": "9 元", "limit": "20 元"},
        TermsError,
        ["cover rural: per_object.franchise", "changes nothing"],
    ),
    "object limit 0": (
        "covers.2.per_object",
        {"perils": ["rain_flood"], "deductible": "0 元", "franchise": "0 元", "limit": "0 元"},
        TermsError,
        ["cover rural: per_object.limit", "limit of 0", "unlimited"],
    ),
    "object of an unknown peril": (
        "covers.2.per_object",
        {"perils": ["hail"], "deductible": "0 元", "franchise": "0 元", "limit": "9 元"},
        ParamError,
        ["cover rural: per_object.perils", "'hail'"],
    ),
    "top-up of nothing": (
        "covers.3.top_up_of",
        "urban",
        TermsError,
        ["cover mixed", "top-up", "one sector"],
    ),
    "range that falls": (
        "covers.2.take_up",
        {"residential": {"low": 0.4, "mid": 0.3, "high": 0.5}},
        TermsError,
        ["cover rural: take_up.residential.default", "do not rise"],
    ),
    "range without middle": (
        "covers.2.take_up",
        {"residential": {"default": {"low": 0.1, "high": 0.5}}},
        ParamError,
        ["cover rural: take_up.residential.default", "low, mid, high"],
    ),
    "slices over 1 at the high end": (
        "covers.3.take_up.residential",
        {"low": 0.05, "mid": 0.05, "high": 0.7},
        TermsError,
        ["cover rural and mixed: take_up.residential", "1.1"],
    ),
    "benefit above the limit of a household": (
        "covers.0.limits.person",
        "440 元",
        TermsError,
        ["cover basic: limits.person", "above the limit of a person", "deaths"],
    ),
    "anchor without source": (
        "covers.0.anchor",
        {"year": 2022, "premium": "1 元"},
        ParamError,
        ["cover basic: anchor.source", "missing"],
    ),
    "backstop": (
        "relief_backstop",
        {"city": 0.5, "county": 0.6},
        TermsError,
        ["relief_backstop", "1.1"],
    ),
    "backstop with a province": (
        "relief_backstop.province",
        0.2,
        TermsError,
        ["relief_backstop", "province", "1.1"],
    ),
    "reserve of an unknown cover": (
        "reserve.covers",
        ["basic", "bicycles"],
        ParamError,
        ["reserve.covers", "bicycles", "rural"],
    ),
    "reserve without anything": (
        "reserve.contribution.share",
        0.0,
        TermsError,
        ["reserve.contribution", "begins empty"],
    ),
    "reserve above its cap": (
        "reserve.opening_balance",
        "5 亿元",
        TermsError,
        ["reserve.opening_balance", "above the cap", "1e+08"],
    ),
    "share of a reserve over 1": (
        "reserve.contribution.share",
        20,
        TermsError,
        ["reserve.contribution.share", "0.2, not 20"],
    ),
    "interest of a reserve in per cent": (
        "reserve.interest",
        2.0,
        ParamError,
        ["reserve.interest", "less than 1"],
    ),
    "cap 0": ("reserve.cap", "0 元", TermsError, ["reserve.cap", "unlimited"]),
    "horizon of a reserve missing": ("reserve.horizon", None, ParamError, ["reserve.horizon"]),
    "unknown key of a reserve": (
        "reserve.drawdown.over",
        "1 元",
        ParamError,
        ["reserve.drawdown", "over", "above"],
    ),
}
RESERVE = {
    "reserve": "fund",
    "covers": ["basic"],
    "opening_balance": "0 元",
    "contribution": {"of": "premium", "share": 0.2, "premium": "100 万元"},
    "interest": 0.02,
    "cap": "1 亿元",
    "drawdown": {"above": "80 万元", "of": "year"},
    "horizon": 10,
    **dict.fromkeys(("name", "name_zh", "modelled_on", "source"), "a"),
    "status": "illustrative",
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused_by_name(name: str, load: Load, programme_content: Content) -> None:
    path, value, error, holds = BAD[name]
    what = programme_content() | {"reserve": copy.deepcopy(RESERVE)}
    load(what)  # sound before the change
    put(what, path, value)
    with pytest.raises(error) as caught:
        load(what)
    for words in ["small.yml", *holds]:
        assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- 1\n- 2\n", "mapping"),
        ("a: [1\n", "YAML"),
        ("covers: []\ncovers: []\n", "covers.*is written twice"),
        (None, "does not exist"),
    ],
)
def test_files_that_are_no_programme(tmp_path: Path, text: str | None, words: str) -> None:
    path = tmp_path / "odd.yml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ParamError, match=r"(?s)odd\.yml.*" + words):
        load_programme(path)


def test_units_are_read(load: Load, programme_content: Content) -> None:
    what = programme_content()
    what["covers"][2]["limits"]["event"] = "0.015 亿元"
    what["covers"][2]["deductible"] = "20 万元"
    rural = load(what).covers[2]
    assert (rural.limits.event, rural.deductible) == (1.5e6, 2e5)  # type: ignore[union-attr]


def test_slices_are_disjoint_and_cover_the_sector(programme: Programme) -> None:
    found = slices(programme, ["residential", "crops"], ["330302", "330381"])
    home = found.sel(sector="residential", zone="330381")
    np.testing.assert_allclose(home["lower"], [0.0, 0.4])
    np.testing.assert_allclose(home["upper"], [0.4, 0.45])
    assert float(home["uninsured"]) == pytest.approx(0.55)


def test_programme_table(programme: Programme) -> None:
    table = programme_table(programme)
    assert table["cover"].to_numpy().tolist() == ["basic", "index", "rural", "mixed"]
    assert table["attachment"].to_numpy().tolist() == [0.2, 980.0, 2e5, 2e5]
    assert table["attachment_unit"].to_numpy().tolist() == ["m", "hPa", "CNY", "CNY"]
    assert "minimum_pressure below 980 hPa" in table["trigger"].to_numpy()[1]
    assert table["payer_of_premium"].to_numpy()[0] == "city 50%, county 50%"
    assert table["limit"].to_numpy().tolist() == [annual_limit(c) for c in programme.covers]


def test_programme_file_is_plain_yaml() -> None:
    for path in TEMPLATES:
        status = yaml.safe_load(path.read_text(encoding="utf-8"))["status"]
        assert status in ("illustrative", "placeholder")
