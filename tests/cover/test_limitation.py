"""A programme limited to some zones: what stays, what shrinks, what goes."""

from __future__ import annotations

import math
from typing import Any

import pytest

from riskmodel.core.errors import TermsError
from riskmodel.cover.covers import IndemnityCover, ParametricCover
from riskmodel.cover.limitation import limited_to
from riskmodel.cover.programme import Programme, check_zones, load_programme
from riskmodel.cover.treaties import ExcessOfLoss
from riskmodel.run.folder import ROOT
from tests.cover.conftest import ZONES, content, from_content

ONE = ["330381"]


def changed(**changes: dict[str, Any]) -> Programme:
    """The small programme with keys of single covers changed."""
    made = content()
    for cover in made["covers"]:
        cover |= changes.get(cover["cover"], {})
    return from_content(made)


def test_event_and_year_limits_shrink_and_terms_of_a_zone_stay() -> None:
    whole = load_programme(ROOT / "params" / "tiers" / "illustrative.yml")
    part = limited_to(whole, ONE, share=0.25)
    assert [c.cover for c in part.covers] == [c.cover for c in whole.covers]
    for before, after in zip(whole.covers, part.covers, strict=True):
        assert after.limits.event == pytest.approx(0.25 * before.limits.event)
        assert after.limits.year == pytest.approx(0.25 * before.limits.year)
        if isinstance(before, IndemnityCover) and isinstance(after, IndemnityCover):
            assert after.limits.zone == before.limits.zone
            assert (after.deductible, after.coinsurance) == (before.deductible, before.coinsurance)
            for sector, take_up in after.take_up.items():
                assert take_up.at(ONE).tolist() == before.take_up[sector].at(ONE).tolist()
    check_zones(part, ONE)  # names no zone that is not there
    with pytest.raises(Exception, match="an unknown zone"):
        check_zones(whole, ONE)


def test_the_reserve_shrinks_alike_and_goes_with_its_covers() -> None:
    whole = load_programme(ROOT / "params" / "tiers" / "illustrative.yml")
    old, new = whole.reserve, limited_to(whole, ONE, share=0.25).reserve
    assert old is not None
    assert new is not None
    assert new.opening_balance == pytest.approx(0.25 * old.opening_balance)
    assert new.contribution.premium == pytest.approx(0.25 * old.contribution.premium)
    assert new.drawdown.above == pytest.approx(0.25 * old.drawdown.above)
    assert (new.contribution.share, new.horizon) == (old.contribution.share, old.horizon)
    basic = whole.covers[0].model_copy(update={"zones": ("330302",)})
    other = whole.model_copy(update={"covers": (basic, *whole.covers[1:])})
    assert limited_to(other, ONE, share=0.25).reserve is None


def test_treaties_shrink_with_their_covers_and_go_with_them() -> None:
    whole = load_programme(ROOT / "params" / "tiers" / "illustrative.yml")
    limited = limited_to(whole, ONE, share=0.25)
    tower, before = limited.treaties[0], whole.treaties[0]
    assert [t.treaty for t in limited.treaties] == [t.treaty for t in whole.treaties]
    assert isinstance(tower, ExcessOfLoss)
    assert isinstance(before, ExcessOfLoss)
    for old, new in zip(before.layers, tower.layers, strict=True):
        assert new.attachment == pytest.approx(0.25 * old.attachment)
        assert new.exhaustion == pytest.approx(0.25 * old.exhaustion)
        assert new.premium == pytest.approx(0.25 * old.premium)
        assert math.isinf(new.annual_limit)
        assert (new.shares, new.rates) == (old.shares, old.rates)
        # a reinstatement costs the same part of the limit
        assert new.premium / new.limit == pytest.approx(old.premium / old.limit)
    basic = whole.covers[0].model_copy(update={"zones": ("330302",)})
    without = whole.model_copy(update={"covers": (basic, *whole.covers[1:])})
    left = [t.treaty for t in limited_to(without, ONE, share=0.25).treaties]
    assert left == ["voluntary_tower"]


def test_steps_of_an_index_still_end_at_the_event_limit() -> None:
    whole = load_programme(ROOT / "params" / "tiers" / "illustrative.yml")
    stepped = 0
    for before, after in zip(whole.covers, limited_to(whole, ONE, share=0.25).covers, strict=True):
        if not (isinstance(after, ParametricCover) and after.trigger.steps):
            continue
        assert isinstance(before, ParametricCover)
        stepped += 1
        assert after.trigger.steps[-1].pays == pytest.approx(after.limits.event)
        for old, new in zip(before.trigger.steps, after.trigger.steps, strict=True):
            assert new.pays == pytest.approx(0.25 * old.pays)
            assert new.start == old.start
    assert stepped


def test_unlimited_stays_unlimited() -> None:
    limits = dict.fromkeys(("zone", "event", "year"), "unlimited") | {"year_rule": "pro_rata"}
    cover = limited_to(changed(mixed={"limits": limits}), ONE, share=0.1).covers[-1]
    assert math.isinf(cover.limits.event)
    assert math.isinf(cover.limits.year)


def test_limits_written_for_the_zones_stay() -> None:
    whole = from_content(content())
    part = limited_to(whole, ONE, share=1.0)
    assert [c.limits for c in part.covers] == [c.limits for c in whole.covers]


def test_covers_of_other_zones_go_and_lists_are_cut() -> None:
    elsewhere = changed(rural={"zones": ["330302"]}, mixed={"zones": ["330381", "330327"]})
    part = limited_to(elsewhere, ONE, share=0.5)
    assert [c.cover for c in part.covers] == ["basic", "index", "mixed"]
    assert part.covers[-1].zones == ("330381",)


def test_a_declared_split_decides_instead_of_the_people() -> None:
    split = {"330302": 0.5, "330381": 0.3, "330327": 0.2}
    whole = changed(index={"split": split})
    index = limited_to(whole, ["330381", "330327"], share=0.1).covers[1]
    assert isinstance(index, ParametricCover)
    assert index.limits.event == pytest.approx(0.5 * whole.covers[1].limits.event)
    assert index.split == {"330381": pytest.approx(0.6), "330327": pytest.approx(0.4)}
    none = changed(index={"split": {"330302": 1.0}})
    assert [c.cover for c in limited_to(none, ONE, share=0.1).covers] == ["basic", "rural", "mixed"]


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1, math.nan])
def test_a_share_outside_its_range_is_refused(share: float) -> None:
    with pytest.raises(TermsError, match="no share to limit"):
        limited_to(from_content(content()), ZONES, share=share)


def test_a_programme_without_a_cover_is_refused() -> None:
    only = {name: {"zones": ["330302"]} for name in ("basic", "index", "rural", "mixed")}
    with pytest.raises(TermsError, match=r"no cover .*330381"):
        limited_to(changed(**only), ONE, share=0.5)
