"""Treaties are read whole or refused with file, treaty and key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from riskmodel.core.errors import ParamError, RiskModelError, TermsError, UnitsError
from riskmodel.cover.inuring import inuring_order
from riskmodel.cover.programme import Programme
from riskmodel.cover.treaties import ExcessOfLoss, tower_faults

Load = Callable[[dict[str, Any]], Programme]
Content = Callable[..., dict[str, Any]]
TEXTS = {"name": "a", "name_zh": "甲", "modelled_on": "c", "source": "d", "status": "illustrative"}


def layer(name: str, attachment: str, exhaustion: str, **other: Any) -> dict[str, Any]:
    return {
        "layer": name, "attachment": attachment, "exhaustion": exhaustion,
        "annual_deductible": "0 元", "annual_limit": "unlimited", "premium": "10 元",
        "reinstatements": {"rates": [1.0], "pro_rata": "amount"}, "shares": {"a": 0.6, "b": 0.4},
    } | other  # fmt: skip


def treaties() -> list[dict[str, Any]]:
    return [
        {
            "treaty": "share", "kind": "quota_share", "covers": ["rural"], "after": [], **TEXTS,
            "hours_clause": "none", "cession": 0.3, "event_limit": "50 万元",
            "annual_limit": "unlimited", "shares": {"a": 1.0},
        },
        {
            "treaty": "tower", "kind": "excess_of_loss", "covers": ["rural", "mixed"],
            "after": ["share"], **TEXTS, "hours_clause": 72, "between_layers": "contiguous",
            "layers": [layer("low", "100 元", "300 元"), layer("high", "300 元", "700 元")],
        },
        {
            "treaty": "stop", "kind": "stop_loss", "covers": ["mixed"], "after": ["tower"],
            **TEXTS, "hours_clause": "none", "attachment": "900 元", "exhaustion": "unlimited",
            "shares": {"a": 1.0},
        },
    ]  # fmt: skip


@pytest.fixture
def whole(programme_content: Content) -> dict[str, Any]:
    return programme_content() | {"treaties": treaties()}


def test_a_programme_without_treaties_is_whole(load: Load, programme_content: Content) -> None:
    assert load(programme_content()).treaties == ()


def test_treaties_are_read(load: Load, whole: dict[str, Any]) -> None:
    programme = load(whole)
    assert [t.treaty for t in programme.treaties] == ["share", "tower", "stop"]
    tower = programme.treaties[1]
    assert isinstance(tower, ExcessOfLoss)
    assert [x.limit for x in tower.layers] == [200.0, 400.0]
    assert [x.yearly for x in tower.layers] == [400.0, 800.0]


def test_the_order_is_that_of_after_not_of_the_file(load: Load, whole: dict[str, Any]) -> None:
    whole["treaties"].reverse()
    ordered = inuring_order(load(whole).treaties)
    assert [t.treaty for t in ordered] == ["share", "tower", "stop"]


Change = dict[str, Any]
# the place of what is changed, and by what (None: removed); the error; what its message must hold
BAD: dict[str, tuple[tuple[str | int, ...], Any, type[RiskModelError], list[str]]] = {
    "limit of 0": (
        (0, "event_limit"), "0 元", TermsError, ["treaty share: event_limit", "unlimited"]
    ),
    "unit missing": ((0, "event_limit"), 500, UnitsError, ["treaty share: event_limit", "500"]),
    "cession over 1": ((0, "cession"), 30, TermsError, ["treaty share: cession", "0 to 1"]),
    "cession of 0": ((0, "cession"), 0.0, TermsError, ["treaty share", "cedes nothing"]),
    "shares over 1": (
        (0, "shares"), {"a": 0.7, "b": 0.4}, TermsError, ["treaty share: shares", "1.1"]
    ),
    "attachment above exhaustion": (
        (1, "layers", 0, "attachment"), "400 元", TermsError,
        ["treaty tower: layer number 1", "not below the exhaustion"],
    ),
    "layer without width": (
        (1, "layers", 1, "exhaustion"), "300 元", TermsError, ["treaty tower: layer number 2"]
    ),
    "negative deductible": (
        (1, "layers", 0, "annual_deductible"), "-5 元", TermsError,
        ["treaty tower: layer number 1.annual_deductible", "negative"],
    ),
    "shares of a layer over 1": (
        (1, "layers", 1, "shares"), {"a": 0.9, "b": 0.2}, TermsError,
        ["treaty tower: layer number 2.shares"],
    ),
    "gap": (
        (1, "layers", 0, "exhaustion"), "250 元", TermsError,
        ["treaty tower: layers", "gap between layers low and high", "250 to 300"],
    ),
    "overlap": (
        (1, "layers", 0, "exhaustion"), "350 元", TermsError,
        ["overlap between layers low and high", "300 to 350"],
    ),
    "same layer twice": ((1, "layers", 1, "layer"), "low", TermsError, ["share a name"]),
    "negative rate": (
        (1, "layers", 0, "reinstatements", "rates"), [-1.0], TermsError,
        ["treaty tower: layer number 1", "negative rate"],
    ),
    "reinstatement dearer than the limit": (
        (1, "layers", 0, "premium"), "500 元", TermsError, ["costs more than the limit"]
    ),
    "paid reinstatement without premium": (
        (1, "layers", 0, "premium"), "0 元", TermsError, ["without premium"]
    ),
    "reinstatement of an unlimited layer": (
        (1, "layers", 1, "exhaustion"), "unlimited", TermsError, ["nothing to reinstate"]
    ),
    "other hours": ((1, "hours_clause"), 96, TermsError, ["treaty tower: hours_clause", "96"]),
    "order missing": ((1, "after"), None, ParamError, ["treaty tower: after", "missing"]),
    "circular order": ((0, "after"), ["stop"], TermsError, ["treaty share: after", "circular"]),
    "after itself": ((0, "after"), ["share"], TermsError, ["circular"]),
    "no order": ((1, "after"), [], TermsError, ["share and tower", "rural", "in no order"]),
    "unknown treaty": ((1, "after"), ["shore"], ParamError, ["treaty tower: after", "shore"]),
    "unknown cover": ((1, "covers"), ["rurol"], ParamError, ["treaty tower: covers", "rurol"]),
    "a cover twice": (
        (1, "covers"), ["rural", "rural"], TermsError, ["treaty tower: covers", "twice"]
    ),
    "reinstatements as a number": (
        (1, "layers", 0, "reinstatements"), 1, ParamError,
        ["treaty tower: layer number 1.reinstatements: input should be a mapping"],
    ),
    "unknown key": ((2, "limit"), "5 元", ParamError, ["treaty stop", "unknown key", "limit"]),
    "stop loss upside down": (
        (2, "exhaustion"), "800 元", TermsError, ["treaty stop: attachment", "not below"]
    ),
    "same treaty twice": ((2, "treaty"), "tower", TermsError, ["treaties", "share a name"]),
    "better status": ((2, "status"), "placeholder", TermsError, ["status is better"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_refused_with_file_treaty_and_key(name: str, load: Load, whole: dict[str, Any]) -> None:
    path, value, error, words = BAD[name]
    *parents, last = path
    at: Any = whole["treaties"]
    for key in parents:
        at = at[key]
    if value is None:
        del at[last]
    else:
        at[last] = value
    with pytest.raises(error) as refused:
        load(whole)
    for word in ["small.yml", *words]:
        assert word in str(refused.value)


def test_faults_may_stand_where_the_file_says_so(load: Load, whole: dict[str, Any]) -> None:
    tower = whole["treaties"][1]
    tower["between_layers"] = "as_written"
    half = {"a": 0.5}
    tower["layers"] = [
        layer("low", "100 元", "300 元", shares=half),
        layer("side", "200 元", "250 元", shares=half),
        layer("top", "350 元", "400 元"),
    ]
    made = load(whole).treaties[1]
    assert isinstance(made, ExcessOfLoss)
    assert tower_faults(made.layers) == [
        "overlap between layers low and side: 200 to 250 CNY",
        "gap between layers low and top: 300 to 350 CNY",
    ]
    tower["layers"][1]["shares"] = {"a": 0.6}
    with pytest.raises(TermsError, match="more than the whole of a band"):
        load(whole)
