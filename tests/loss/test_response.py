"""Responses by hand, and the committed damage curves against their published numbers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, special, stats

from riskmodel.core.errors import ResponseError
from riskmodel.loss.curves import DamageLevers, damage_items, emanuel, emanuel_spread
from riskmodel.loss.library import EmanuelCurve, load_library
from riskmodel.loss.response import Item, Response, outside_range

SHARES = {
    "residential_rc": 0.2, "residential_brick_concrete": 0.5,
    "residential_brick_wood": 1.0, "residential_other": 1.0,
}  # fmt: skip
LEVERS = DamageLevers(80.2, 25.7, 1.21, "jrc_asia", 1.0, 1.0, 1.2, 0.15, SHARES)
# Huizinga et al. 2017, Asia: share of the maximum damage at 0.5, 1, 1.5, 2, 3, 4, 5 and 6 m
DEPTHS = [0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0]
PUBLISHED = {
    "residential_rc": (0.327, 0.494, 0.617, 0.721, 0.870, 0.931, 0.984, 1.0),
    "commercial": (0.377, 0.538, 0.659, 0.763, 0.883, 0.942, 0.981, 1.0),
    "industrial": (0.283, 0.482, 0.629, 0.717, 0.857, 0.909, 0.955, 1.0),
    "infrastructure": (0.214, 0.373, 0.604, 0.710, 0.808, 0.887, 0.969, 1.0),
    "crops": (0.135, 0.370, 0.524, 0.558, 0.660, 0.834, 0.988, 1.0),
}


def made(intensity: tuple[float, ...], value: tuple[float, ...], kind: str = "linear") -> Response:
    return Response(
        "bad curve", "rain_flood", "m", intensity, value, kind, "test", "synthetic",
        spread=(0.0,) * len(value), valid_range=(0.0, max(intensity, default=1.0)),
    )  # fmt: skip


def test_line_by_hand() -> None:
    line = made((0.5, 1.0, 3.0), (0.1, 0.3, 0.4))
    found = line.at([0.0, 0.499, 0.5, 0.75, 1.0, 2.0, 3.0, 9.0])
    np.testing.assert_allclose(found, [0.0, 0.0, 0.1, 0.2, 0.3, 0.35, 0.4, 0.4], atol=1e-15)


def test_step_pays_from_its_threshold_on() -> None:
    table = made((0.2, 0.5, 1.0), (500.0, 1000.0, 2000.0), "step")
    found = table.at([0.0, 0.199, 0.2, 0.499, 0.5, 0.999, 1.0, 7.0])
    assert found.tolist() == [0.0, 0.0, 500.0, 500.0, 1000.0, 1000.0, 2000.0, 2000.0]


def test_one_step_is_a_response() -> None:
    assert made((0.5,), (450.0,), "step").at([0.4, 0.5]).tolist() == [0.0, 450.0]


@pytest.mark.parametrize(
    ("intensity", "value", "what"),
    [
        ((0.0, 1.0), (0.5, 0.2), "values fall"),
        ((0.0, 1.0), (-0.1, 0.2), "values fall or are negative"),
        ((0.0, 1.0), (0.0, float("nan")), "not a number"),
        ((0.0, float("inf")), (0.0, 1.0), "not a number"),
        ((1.0, 1.0), (0.0, 1.0), "do not rise"),
        ((1.0,), (0.5,), "do not match"),
        ((0.0, 1.0, 2.0), (0.0, 1.0), "do not match"),
        ((), (), "do not match"),
    ],
)
def test_unusable_curves_are_refused(
    intensity: tuple[float, ...], value: tuple[float, ...], what: str
) -> None:
    with pytest.raises(ResponseError, match=f"bad curve: .*{what}"):
        made(intensity, value)


def test_a_falling_curve_is_told_what_to_do() -> None:
    with pytest.raises(ResponseError, match="correct the curve file"):
        made((0.0, 1.0), (0.5, 0.2))


def test_items_refuse_what_does_not_fit() -> None:
    flood = made((0.0, 1.0), (0.0, 1.5))
    with pytest.raises(ResponseError, match="damage ratio above 1"):
        Item("homes", "loss", "CNY", "brick", {"rain_flood": flood}, "complement", 1.0)
    Item(
        "grant", "benefit", "CNY", "homes", {"rain_flood": flood}, "highest", 1.0
    )  # yuan, no ratio
    with pytest.raises(ResponseError, match="another peril"):
        Item("grant", "benefit", "CNY", "homes", {"storm_surge": flood}, "highest", 1.0)
    with pytest.raises(ResponseError, match="unknown rule"):
        Item("grant", "benefit", "CNY", "homes", {"rain_flood": flood}, "sum", 1.0)


def responses(peril: str, levers: DamageLevers = LEVERS) -> dict[str, Response]:
    return {item.exposure: item.responses[peril] for item in damage_items(levers)}


@pytest.mark.parametrize("exposure", PUBLISHED)
def test_depth_curves_are_the_published_ones_times_one_factor(exposure: str) -> None:
    found = responses("rain_flood")[exposure].at(DEPTHS)
    assert 0.0 < found[-1] <= 1.0
    np.testing.assert_allclose(found / found[-1], PUBLISHED[exposure], rtol=1e-9)
    assert responses("rain_flood")[exposure].at([0.0]).tolist() == [0.0]


def test_levers_of_depth_scale_and_are_cut_at_the_whole_value() -> None:
    plain, surge = responses("rain_flood"), responses("storm_surge")
    half = responses("rain_flood", replace(LEVERS, flood_damage_scale=0.5))
    huge = responses("storm_surge", replace(LEVERS, flood_damage_scale=2.0, surge_multiplier=3.0))
    for exposure, curve in plain.items():
        np.testing.assert_allclose(half[exposure].at(DEPTHS), 0.5 * curve.at(DEPTHS))
        expected = np.minimum(1.2 * curve.at(DEPTHS), 1.0)
        np.testing.assert_allclose(surge[exposure].at(DEPTHS), expected)
        assert max(huge[exposure].value) <= 1.0


@pytest.mark.parametrize(("v_half", "at_45"), [(74.7, 0.058), (86.3, 0.031), (112.8, 0.011)])
def test_emanuel_at_45_metres_a_second(v_half: float, at_45: float) -> None:
    assert float(emanuel(45.0, v_half=v_half, v_threshold=25.7)) == pytest.approx(at_45, abs=5e-4)


def test_emanuel_at_its_three_points() -> None:
    found = emanuel([10.0, 25.7, 60.0, 1e9], v_half=60.0, v_threshold=25.7)
    np.testing.assert_allclose(found, [0.0, 0.0, 0.5, 1.0], atol=1e-12)


def test_wind_of_the_census_is_turned_into_one_minute_wind() -> None:
    """A dwelling of brick and concrete has the V_half of the params: half is lost at 80.2 m/s."""
    curve = responses("typhoon_wind")["residential_brick_concrete"]
    assert float(curve.at(80.2 / 1.21)) == pytest.approx(0.5, abs=1e-4)
    assert float(curve.at(25.7 / 1.21)) == 0.0
    winds = np.linspace(22.0, 70.0, 200)
    exact = emanuel(winds * 1.21, v_half=80.2, v_threshold=25.7)
    np.testing.assert_allclose(curve.at(winds), exact, atol=1e-4)


def test_weaker_structures_lose_more_at_any_wind() -> None:
    winds = np.linspace(25.0, 70.0, 50)
    of = responses("typhoon_wind")
    order = ["rc", "brick_concrete", "brick_wood", "other"]
    ladder = np.stack([of[f"residential_{name}"].at(winds) for name in order])
    assert (np.diff(ladder, axis=0) >= 0).all()
    assert (np.diff(ladder, axis=0)[:, -1] > 0).all()


def test_floors_above_the_curve_s_keep_dwellings_dry_longer_and_nothing_else() -> None:
    """Floors 0.30 m above those of the curve: a dwelling at 0.8 m suffers as one at 0.5 m did."""
    plain = responses("rain_flood")
    high = responses("rain_flood", replace(LEVERS, floor_height=0.45))
    for exposure, curve in plain.items():
        shift = 0.30 if exposure in SHARES else 0.0
        depth = np.array([0.1, 0.5, 1.0, 4.0])
        np.testing.assert_allclose(high[exposure].at(depth + shift), curve.at(depth))
        assert high[exposure].valid_range[1] == pytest.approx(6.0 + shift)


def test_water_reaches_the_share_on_ground_floors() -> None:
    plain = responses("storm_surge")
    half = {name: share / 2 for name, share in SHARES.items()}
    found = responses("storm_surge", replace(LEVERS, ground_floor_share=half))
    for exposure, curve in plain.items():
        factor = 0.5 if exposure in SHARES else 1.0
        np.testing.assert_allclose(found[exposure].at(DEPTHS), factor * curve.at(DEPTHS))


def test_every_class_of_dwellings_needs_its_share() -> None:
    with pytest.raises(ResponseError, match="one share for each class of dwellings"):
        damage_items(replace(LEVERS, ground_floor_share={"residential_rc": 0.2}))


def test_spread_scales_with_damage_as_long_as_it_can() -> None:
    """Industry at 1 m: 0.35 of value at most, JRC's spread 0.296 of that; surge 1.2 times more."""
    flood, surge = (responses(peril)["industrial"] for peril in ("rain_flood", "storm_surge"))
    assert float(flood.spread_at(1.0)) == pytest.approx(0.35 * 0.296)
    assert float(surge.spread_at(1.0)) == pytest.approx(1.2 * 0.35 * 0.296)
    for item in damage_items(replace(LEVERS, flood_damage_scale=2.0, surge_multiplier=3.0)):
        for response in item.responses.values():
            mean, spread = np.array(response.value), np.array(response.spread)
            assert (spread <= np.sqrt(mean * (1.0 - mean)) + 1e-12).all()


@pytest.mark.parametrize("location", [-6.0, -2.0, 0.0, 1.5, 4.0])
def test_wind_spread_is_that_of_v_half_over_storms(location: float) -> None:
    """With ln(V_half - V0) normal the ratio is logit-normal; moments by adaptive quadrature."""
    curve = load_library().curves["emanuel_china"]
    assert isinstance(curve, EmanuelCurve)
    scale = 3.0 * np.log((130.9 - 25.7) / (53.8 - 25.7)) / (2.0 * 0.6744897501960817)

    def moment(order: int) -> float:
        def integrand(z: float) -> float:
            return float(special.expit(location + scale * z) ** order * stats.norm.pdf(z))

        return float(integrate.quad(integrand, -10.0, 10.0, epsabs=1e-12, limit=200)[0])

    mean = moment(1)
    exact = np.sqrt(moment(2) - mean**2)
    assert float(emanuel_spread(mean, curve)) == pytest.approx(exact, rel=2e-3)


def test_wind_spread_vanishes_where_nothing_or_all_is_lost() -> None:
    curve = load_library().curves["emanuel_china"]
    assert isinstance(curve, EmanuelCurve)
    assert emanuel_spread([0.0, 1.0], curve).tolist() == [0.0, 0.0]
    ratio = np.linspace(0.0, 1.0, 1001)
    assert (emanuel_spread(ratio, curve) <= np.sqrt(ratio * (1.0 - ratio)) + 1e-12).all()


def test_beyond_its_range_a_line_is_constant_and_counted_apart() -> None:
    line = replace(made((0.0, 2.0, 4.0), (0.0, 0.2, 0.6)), valid_range=(0.0, 2.0))
    beyond = outside_range(line)
    assert beyond is not None
    depth = np.array([0.0, 1.0, 2.0, 2.01, 3.0, 4.0, 9.0])
    expected = np.where(depth > 2.0, line.at(depth), 0.0)
    np.testing.assert_allclose(beyond.at(depth), expected)
    whole = outside_range(made((0.0, 4.0), (0.0, 0.6)))
    assert whole is not None
    assert whole.at([3.9, 4.0, 5.0, 99.0]).tolist() == [0.0, 0.0, 0.6, 0.6]


def test_a_contract_holds_for_any_depth() -> None:
    contract = replace(made((0.5,), (450.0,), "step"), valid_range=(0.0, math.inf))
    assert outside_range(contract) is None


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"spread": (0.1, -0.1)}, "no standard deviation"),
        ({"spread": (0.1, float("nan"))}, "no standard deviation"),
        ({"spread": (0.1,)}, "no standard deviation"),
        ({"valid_range": (0.0, 2.0)}, "the valid range"),
        ({"valid_range": (0.9, 1.0)}, "the valid range"),
        ({"valid_range": (float("nan"), 1.0)}, "the valid range"),
    ],
)
def test_spread_and_range_that_are_none(changes: dict[str, tuple[float, ...]], what: str) -> None:
    with pytest.raises(ResponseError, match=what) as error:
        replace(made((0.0, 1.0), (0.2, 0.4)), **changes)
    assert error.value.remedy


@pytest.mark.parametrize("unit_value", [0.0, -1.0, math.nan, math.inf])
def test_a_unit_is_worth_something(unit_value: float) -> None:
    flood = made((0.0, 1.0), (0.0, 0.5))
    with pytest.raises(ResponseError, match="no value of one unit"):
        Item("homes", "loss", "CNY", "brick", {"rain_flood": flood}, "complement", unit_value)


def test_a_spread_wider_than_all_or_nothing_is_no_ratio() -> None:
    wide = replace(made((0.0, 1.0), (0.0, 0.5)), spread=(0.0, 0.51))
    with pytest.raises(ResponseError, match="a spread that no ratio"):
        Item("homes", "loss", "CNY", "brick", {"rain_flood": wide}, "complement", 1.0)
