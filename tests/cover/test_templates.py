"""Templates reproduce the published figures of the schemes that they follow."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from riskmodel.core.errors import TermsError
from riskmodel.core.money import parse_amount
from riskmodel.core.vocabulary import WATER, Peril
from riskmodel.cover.benefit_table import HarmBenefit
from riskmodel.cover.benefits import benefit_items
from riskmodel.cover.covers import BenefitCover, IndemnityCover, ParametricCover
from riskmodel.cover.programme import Programme, load_programme
from riskmodel.cover.reach import reach_items
from riskmodel.loss.classes import load_classes
from riskmodel.loss.people import PeopleLevers, people_responses

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def schemes() -> dict[str, Any]:
    text = (ROOT / "data" / "schemes" / "public_schemes.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)


def template(name: str) -> Programme:
    return load_programme(ROOT / "params" / "tiers" / f"{name}.yml")


def cover(programme: Programme, name: str) -> Any:
    return next(c for c in programme.covers if c.cover == name)


def yuan(text: str) -> float:
    return parse_amount(text, where="public_schemes.yml")


def test_each_scheme_names_its_source(schemes: dict[str, Any]) -> None:
    assert all(scheme["source"] for scheme in schemes.values())


def test_ningbo_2014(schemes: dict[str, Any]) -> None:
    facts, programme = schemes["ningbo_2014"], template("ningbo_2014")
    persons, households = programme.covers
    assert isinstance(persons, BenefitCover)
    assert isinstance(households, BenefitCover)
    assert persons.limits.person == yuan(facts["limit_of_a_person"]) == 1e5
    assert persons.limits.year == yuan(facts["aggregate_of_persons"]) == 3e8
    assert households.limits.household == yuan(facts["limit_of_a_household"]) == 2000.0
    assert households.limits.year == yuan(facts["aggregate_of_households"]) == 3e8
    assert all(c.payer_of_premium == {"city": 1.0} for c in programme.covers)
    deaths, injuries = persons.benefits["deaths"], persons.benefits["injuries"]
    assert isinstance(deaths, HarmBenefit)
    assert isinstance(injuries, HarmBenefit)
    assert deaths.amount == yuan(facts["limit_of_a_person"])
    assert injuries.amount == yuan(facts["lowest_payment_to_a_person"])
    assert programme.anchor is not None
    assert programme.anchor.premium == yuan(facts["premium"]) == 3.8e7
    assert programme.anchor.sum_insured == persons.limits.year + households.limits.year
    # 3,800 万元 for limits of 6 亿元: the rate on line of 6.3 % that reports derive
    assert programme.anchor.premium / programme.anchor.sum_insured == pytest.approx(0.063, abs=5e-4)


@pytest.mark.parametrize(
    ("name", "of"),
    [("ningbo_2014", "households"), ("illustrative", "basic"), ("by_peril", "main")],
)
def test_water_table(schemes: dict[str, Any], name: str, of: str) -> None:
    table = cover(template(name), of).benefits["contents"]
    facts = schemes["ningbo_2014"]["water_table"]
    found = [(s.start, s.to, s.pays) for s in table.steps]
    assert found == [
        (s["from_cm"] / 100, s["to_cm"] / 100 if "to_cm" in s else None, yuan(s["pays"]))
        for s in facts
    ]


def test_riders_of_the_reading_by_peril(schemes: dict[str, Any]) -> None:
    facts, programme = schemes["ningbo_2021"], template("by_peril")
    assert programme.reading == "peril"
    assert programme.anchor is not None
    assert programme.anchor.premium == yuan(facts["bid_cap"])
    assert cover(programme, "main").consortium["lead"] >= facts["least_share_of_the_lead"]
    resettlement = cover(programme, "public_safety").benefits["resettlement"]
    assert resettlement.amount == yuan(facts["resettlement"]["pays"])
    assert resettlement.days <= facts["resettlement"]["days"]


def test_tiers_of_the_reading_by_level(schemes: dict[str, Any]) -> None:
    programme = template("illustrative")
    assert programme.reading == "level"
    rural, liability = cover(programme, "rural_housing"), cover(programme, "safety_liability")
    facts = schemes["zhejiang_rural_housing"]
    assert isinstance(rural, IndemnityCover)
    assert rural.per_object is not None
    assert rural.per_object.limit == yuan(facts["limit_of_a_household"]) == 18_000.0
    assert rural.payer_of_premium["household"] == facts["share_of_the_farmer"]
    assert rural.anchor is not None
    assert rural.anchor.policies == facts["households_in_wenzhou"]
    facts = schemes["wenzhou_safety_liability_2022"]
    assert liability.anchor.policies == facts["firms"] == 9235
    assert liability.anchor.premium == yuan(facts["premium"])
    assert liability.anchor.sum_insured == yuan(facts["sum_insured"])
    # 1.34 per mille of cover and 14,618 元 a firm, as the report's figures give
    assert liability.anchor.premium / liability.anchor.sum_insured == pytest.approx(
        1.337e-3, rel=1e-3
    )
    assert liability.anchor.premium / liability.anchor.policies == pytest.approx(14_618, abs=1)


def test_index_cover_stays_within_guangzhous_limit(schemes: dict[str, Any]) -> None:
    index = cover(template("illustrative"), "typhoon_index")
    facts = schemes["guangzhou_2019"]
    assert isinstance(index, ParametricCover)
    assert index.limits.year == yuan(facts["limit_of_typhoon"])
    assert index.payer_of_premium["city"] == facts["share_of_the_city"]


def test_tiers_n_and_x_hold_the_sectors_of_the_pilot() -> None:
    """Tier N and tier X of the reading by level hold what the pilot asks for."""
    programme = template("illustrative")
    sectors = {
        tier: {s for c in programme.covers if c.tier == tier and isinstance(c, IndemnityCover)
               for s in c.take_up}
        for tier in ("N", "X")
    }  # fmt: skip
    assert {"residential", "crops", "aquaculture", "infrastructure", "forest"} <= sectors["N"]
    assert {"residential", "commercial", "industrial"} <= sectors["X"]
    assert any(getattr(c, "top_up_of", None) for c in programme.covers)


@pytest.mark.parametrize(("name", "of"), [("illustrative", "basic"), ("by_peril", "main")])
def test_tier_one_pays_for_all_harm_to_persons_that_a_run_counts(name: str, of: str) -> None:
    """No death or injury of any peril is left out of the relief that is needed."""
    people = PeopleLevers("jonkman_2008", 0.2, 0.8, 0.75, 0.95, 0.67)
    benefits = cover(template(name), of).benefits
    harming = {peril: set(people_responses(people, peril)) for peril in get_args(Peril)}
    for benefit, harm in (("deaths", "dead"), ("injuries", "injured")):
        assert set(benefits[benefit].perils) == {p for p, does in harming.items() if harm in does}
    assert {"landslide", "earthquake", *WATER} == set(benefits["deaths"].perils)


def test_a_flash_flood_reaches_a_fifth_of_a_cell() -> None:
    """What is paid by depth, and how many are counted, is for the share that the water reaches."""
    programme = template("illustrative")
    programme = programme.model_copy(update={"covers": programme.covers[:1], "treaties": ()})
    people = PeopleLevers("jonkman_2008", 0.2, 0.8, 0.75, 0.95, 0.67)
    covers = [
        c.model_copy(update={"benefits": {k: c.benefits[k] for k in ("contents", "resettlement")}})
        for c in programme.covers
    ]
    items = benefit_items(
        programme.model_copy(update={"covers": tuple(covers)}), floor_height=0.15, people=people
    )
    share = load_classes().water["flash_flood"].reached
    assert share == 0.2
    for item in (*items, *reach_items(items)):
        slow, flash = (item.responses[p].value for p in ("rain_flood", "flash_flood"))
        assert flash == pytest.approx([share * value for value in slow]), item.column
        assert item.responses["flash_flood"].intensity == item.responses["rain_flood"].intensity


def test_deaths_of_a_peril_that_kills_nobody_are_refused_by_cover_and_benefit() -> None:
    programme = template("illustrative")
    basic = programme.covers[0]
    dry = {"deaths": basic.benefits["deaths"].model_copy(update={"perils": ("drought",)})}
    programme = programme.model_copy(
        update={"covers": (basic.model_copy(update={"benefits": dry}),), "treaties": ()}
    )
    people = PeopleLevers("jonkman_2008", 0.2, 0.8, 0.75, 0.95, 0.67)
    with pytest.raises(TermsError, match=r"cover basic: benefits\.deaths, drought.*thirst"):
        benefit_items(programme, floor_height=0.15, people=people)
