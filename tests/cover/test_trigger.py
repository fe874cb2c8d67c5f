"""Triggers: what is refused by name, steps and lines in both directions, where indices are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.core.errors import ParamError, RiskModelError, SchemaError, TermsError, UnitsError
from riskmodel.cover.index_readings import landfall_inside, read_index
from riskmodel.cover.overview import programme_table
from riskmodel.cover.parametric import index_fraction, payout_fraction, step_fraction
from riskmodel.cover.pay import pay
from riskmodel.cover.programme import Programme

Load = Callable[[dict[str, Any]], Programme]
Content = Callable[..., dict[str, Any]]
STEPS = [
    {"from": 300, "to": 400, "pays": "0.5 万元"},
    {"from": 400, "pays": "200 万元"},
]
RAIN = {
    "index": "rain_24h",
    "stations": {"reading": "own"},
    "unit": "mm",
    "payout": "step",
    "steps": STEPS,
}
LINE = {"payout": "linear", "attachment": 300, "exhaustion": 500}
FALLING = [{"from": 975, "to": 950, "pays": "1 万元"}, {"from": 950, "pays": "200 万元"}]
SNOW = {"index": "snow_depth", "area": {"weight": "crops"}, "unit": "cm", "payout": "linear",
        "attachment": 10, "exhaustion": 30}  # fmt: skip
BOX = {"index": "minimum_pressure", "box": "wenzhou_150km", "unit": "hPa"}


def other_trigger(content: Content, trigger: dict[str, Any]) -> dict[str, Any]:
    what = content()
    what["covers"][1]["trigger"] = trigger
    return what


def without(trigger: dict[str, Any], key: str) -> dict[str, Any]:
    return {k: v for k, v in trigger.items() if k != key}


BAD: dict[str, tuple[dict[str, Any], type[RiskModelError], list[str]]] = {
    "no station": (without(RAIN, "stations"), ParamError, ["stations", "index without station"]),
    "an empty list of stations": (
        RAIN | {"stations": {"reading": "mean", "of": []}}, TermsError, ["index without station"],
    ),
    "a station twice": (
        RAIN | {"stations": {"reading": "mean", "of": ["330302", "330302"]}},
        TermsError, ["station is named twice", "330302"],
    ),
    "a mean of no stations": (
        RAIN | {"stations": {"reading": "mean"}}, ParamError, ["stations", "which stations"],
    ),
    "own stations that are listed": (
        RAIN | {"stations": {"reading": "own", "of": "all"}}, ParamError, ["which stations"],
    ),
    "a station that is no code": (
        RAIN | {"stations": {"reading": "mean", "of": [330302]}}, ParamError, ["of", "quotes"],
    ),
    "an areal reading without a rule": (
        RAIN | {"stations": {"of": "all"}}, ParamError, ["reading", "missing"],
    ),
    "a box for an index at stations": (
        RAIN | {"box": "wenzhou_150km"}, ParamError, ["box", "rain_24h", "does not read"],
    ),
    "stations for a pressure": (
        BOX | LINE | {"stations": {"reading": "own"}}, ParamError, ["stations", "does not read"],
    ),
    "no steps": (without(RAIN, "steps"), ParamError, ["trigger.steps", "missing"]),
    "a line without exhaustion": (
        without(RAIN | LINE, "exhaustion") | {"steps": []}, ParamError, ["exhaustion", "missing"],
    ),
    "a line with steps": (RAIN | LINE, ParamError, ["trigger.steps", "does not read"]),
    "steps with an attachment": (
        RAIN | {"attachment": 300}, ParamError, ["trigger.attachment", "does not read"],
    ),
    "overlapping steps": (
        RAIN | {"steps": [STEPS[0], {**STEPS[1], "from": 390}]},
        TermsError, ["trigger.steps: steps overlap", "390"],
    ),
    "a gap between steps": (
        RAIN | {"steps": [STEPS[0], {**STEPS[1], "from": 410}]}, TermsError, ["gap", "410"],
    ),
    "falling amounts": (
        RAIN | {"steps": [{**STEPS[0], "pays": "300 万元"}, STEPS[1]]}, TermsError, ["fall"],
    ),
    "steps of a pressure that go up": (
        BOX | {"payout": "step", "steps": [{**FALLING[0], "from": 940}, FALLING[1]]},
        TermsError, ["ends before it starts", "940"],
    ),
    "overlapping steps of a pressure": (
        BOX | {"payout": "step", "steps": [FALLING[0], {**FALLING[1], "from": 960}]},
        TermsError, ["overlap", "960"],
    ),
    "a closed last step": (
        RAIN | {"steps": [STEPS[0], {**STEPS[1], "to": 500}]}, TermsError, ["closed"],
    ),
    "steps below the event limit": (
        RAIN | {"steps": [STEPS[0], {**STEPS[1], "pays": "100 万元"}]},
        TermsError, ["trigger.steps", "not the event limit", "2000000"],
    ),
    "an amount without unit": (
        RAIN | {"steps": [STEPS[0], {**STEPS[1], "pays": 2_000_000}]}, UnitsError, ["万元"],
    ),
    "another unit": (RAIN | {"unit": "m"}, UnitsError, ["trigger.unit", "'m'", "mm"]),
    "an unknown index": (RAIN | {"index": "hail"}, ParamError, ["trigger.index", "rain_24h"]),
    "frost that pays above": (
        {"index": "lowest_temperature", "stations": {"reading": "own"}, "unit": "°C",
         "payout": "linear", "attachment": -5, "exhaustion": 0},
        TermsError, ["attachment beyond exhaustion", "above"],
    ),
    "snow without an area": (without(SNOW, "area"), ParamError, ["trigger.area", "missing"]),
    "an area without a weight": (SNOW | {"area": {}}, ParamError, ["area.weight", "missing"]),
    "a weight without a name": (
        SNOW | {"area": {"weight": ""}}, ParamError, ["trigger.area.weight"],
    ),
    "snow at stations": (
        SNOW | {"stations": {"reading": "own"}}, ParamError, ["stations", "does not read"],
    ),
    "an area for rain": (
        RAIN | {"area": {"weight": "crops"}}, ParamError, ["trigger.area", "does not read"],
    ),
    "snow in metres": (SNOW | {"unit": "m"}, UnitsError, ["trigger.unit", "'m'", "cm"]),
    "snow that pays below": (
        SNOW | {"attachment": 30, "exhaustion": 10}, TermsError, ["attachment beyond exhaustion"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_triggers_are_refused_by_file_cover_and_key(
    name: str, load: Load, programme_content: Content
) -> None:
    trigger, error, holds = BAD[name]
    with pytest.raises(error) as caught:
        load(other_trigger(programme_content, trigger))
    for words in ["small.yml: cover index", *holds]:
        assert words in str(caught.value)


@pytest.mark.parametrize(
    ("trigger", "words"),
    [
        (RAIN, "rain_24h above 300 mm at each county's own station, 2 steps, full at 400"),
        (
            RAIN | {"stations": {"reading": "mean", "of": ["330302", "330381"]}},
            "rain_24h above 300 mm mean of 330302, 330381, 2 steps, full at 400",
        ),
        (
            BOX | {"payout": "step", "steps": FALLING},
            "minimum_pressure below 975 hPa in wenzhou_150km, 2 steps, full at 950",
        ),
        (SNOW, "snow_depth above 10 cm in the mean over crops of each county, full at 30"),
    ],
)
def test_triggers_are_told_in_words(
    load: Load, programme_content: Content, trigger: dict[str, Any], words: str
) -> None:
    programme = load(other_trigger(programme_content, trigger))
    assert programme_table(programme)["trigger"].values[1] == words


# --- lines and steps -----------------------------------------------------------------------------

knots = st.lists(st.integers(-50, 50), min_size=1, max_size=5, unique=True).map(sorted)


@settings(deadline=None)
@given(knots, st.lists(st.integers(-60, 60), min_size=1, max_size=8), st.booleans())
def test_steps_pay_the_worst_step_reached(
    starts: list[int], index: list[int], falling: bool
) -> None:
    """Against the definition, one index and one step at a time; mirrored for a falling index."""
    shares = np.linspace(0.0, 1.0, len(starts) + 1)[1:]
    sign = -1 if falling else 1
    found = step_fraction(
        [sign * i for i in index], [sign * s for s in starts], shares.tolist(), falling=falling
    )
    expected = [max([0.0, *(p for s, p in zip(starts, shares, strict=True) if i >= s)])
                for i in index]  # fmt: skip
    np.testing.assert_array_equal(found, expected)
    assert step_fraction([np.nan], starts, shares.tolist(), falling=falling)[0] == 0.0


@settings(deadline=None)
@given(st.floats(-100, 100), st.floats(0.1, 100), st.floats(-300, 300))
def test_many_small_steps_come_to_the_line(start: float, width: float, index: float) -> None:
    count = 1000
    starts = start + width * np.arange(count) / count
    shares = (np.arange(count) + 0.5) / count
    steps = step_fraction([index], starts.tolist(), shares.tolist(), falling=False)
    line = payout_fraction([index], start, start + width)
    assert abs(steps[0] - line[0]) <= 0.5 / count + 1e-9


# --- where an index is read ----------------------------------------------------------------------


def station_triggers(values: list[list[float]], codes: list[str]) -> xr.Dataset:
    return xr.Dataset(
        {"rain_24h": (("occurrence", "station"), values, {"units": "mm"})}, {"station": codes}
    )


def rain_cover(load: Load, content: Content, **keys: Any) -> Any:
    return load(other_trigger(content, RAIN | keys)).covers[1]


def test_each_county_reads_its_own_station(load: Load, programme_content: Content) -> None:
    cover = rain_cover(load, programme_content)
    triggers = station_triggers([[100.0, 350.0, 420.0]], ["330327", "330302", "330381"])
    zones = ["330302", "330327", "330381"]
    index = read_index(cover, triggers, zones)
    assert index.tolist() == [[350.0, 100.0, 420.0]]
    assert index_fraction(cover, index).tolist() == [[0.0025, 0.0, 1.0]]


def test_a_county_without_a_station_is_refused(load: Load, programme_content: Content) -> None:
    cover = rain_cover(load, programme_content)
    triggers = station_triggers([[100.0, 350.0]], ["330327", "330302"])
    with pytest.raises(TermsError, match=r"cover index.*stations.*without station.*330381"):
        read_index(cover, triggers, ["330302", "330327", "330381"])


def test_an_unknown_station_is_refused(load: Load, programme_content: Content) -> None:
    cover = rain_cover(load, programme_content, stations={"reading": "worst", "of": ["330399"]})
    with pytest.raises(SchemaError, match=r"cover index.*stations\.of.*without station.*330399"):
        read_index(cover, station_triggers([[1.0]], ["330302"]), ["330302"])


@pytest.mark.parametrize("index", ["snow_24h", "lowest_temperature"])
def test_an_index_whose_peril_is_not_in_the_run_is_refused(
    load: Load, programme_content: Content, index: str
) -> None:
    line = {"payout": "linear", "attachment": 5, "exhaustion": -5 if "low" in index else 50}
    trigger = {
        "index": index,
        "stations": {"reading": "own"},
        "unit": "°C" if "low" in index else "mm",
    } | line
    cover = load(other_trigger(programme_content, trigger)).covers[1]
    assert cover.kind == "parametric"
    with pytest.raises(SchemaError, match=rf"cover index: trigger\.index.*cold_snow.*{index}"):
        read_index(cover, station_triggers([[1.0]], ["330302"]), ["330302"])


def test_another_unit_in_the_catalogue_is_refused(load: Load, programme_content: Content) -> None:
    triggers = station_triggers([[1.0, 1.0, 1.0]], ["330302", "330327", "330381"])
    triggers["rain_24h"].attrs["units"] = "cm"
    with pytest.raises(UnitsError, match=r"cover index: trigger\.unit.*'cm'.*mm"):
        read_index(rain_cover(load, programme_content), triggers, ["330302"])


def test_landfalls_in_boxes() -> None:
    """A degree of latitude is 111 km: 29.3 N lies within 150 km of 28.0 N, 29.4 N does not."""
    assert landfall_inside(
        "wenzhou_150km", [28.0, 29.3, 29.4, np.nan], [120.7, 120.7, 120.7, np.nan]
    ).tolist() == [True, True, False, False]
    assert landfall_inside("zhejiang_coast", [27.15, 27.1, np.nan], [120.0] * 3).tolist() == [
        True, False, False,
    ]  # fmt: skip


def test_an_unknown_landfall_box_is_refused(load: Load, programme_content: Content) -> None:
    trigger = {"index": "landfall_wind", "box": "taizhou", "unit": "m/s", "payout": "linear",
               "attachment": 30, "exhaustion": 50}  # fmt: skip
    cover = load(other_trigger(programme_content, trigger)).covers[1]
    triggers = xr.Dataset({"landfall_wind": ("occurrence", [40.0], {"units": "m/s"})})
    with pytest.raises(SchemaError, match=r"cover index: trigger\.box.*taizhou"):
        read_index(cover, triggers, ["330302"])


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_no_occurrence_pays_more_than_the_limit_and_a_worse_index_never_less(seed: int) -> None:
    from tests.cover.conftest import content, from_content, make_inputs

    what = content()
    what["covers"][1]["trigger"] = RAIN
    programme = from_content(what)
    given_ = make_inputs(programme, seed=seed, count=20, years=20)
    rain = np.random.default_rng(seed).uniform(0.0, 600.0, (20, 3))

    def due(values: np.ndarray) -> np.ndarray:
        triggers = given_.triggers.assign(
            station_triggers(values.tolist(), given_.losses["zone"].values.tolist())
        )
        inputs = replace(given_, triggers=triggers)
        payouts = pay(
            programme, inputs.losses, inputs.benefits, inputs.triggers, population=inputs.population
        )
        return payouts["due"].sel(cover="index").values

    mild, worse = due(rain), due(rain + 50.0)
    assert (mild.sum(axis=1) <= 2e6 * (1 + 1e-12)).all()
    assert (worse >= mild).all()
