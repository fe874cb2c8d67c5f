"""Responses by hand, and the committed damage curves against their published numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from riskmodel.core.errors import ResponseError
from riskmodel.loss.curves import DamageLevers, damage_items, emanuel
from riskmodel.loss.response import Item, Response

SHARES = {
    "residential_rc": 0.2, "residential_brick_concrete": 0.5,
    "residential_brick_wood": 1.0, "residential_other": 1.0,
}  # fmt: skip
LEVERS = DamageLevers(80.2, 25.7, 1.21, "jrc_asia", 1.0, 1.2, 0.15, SHARES)
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


def test_every_class_answers_to_three_perils_in_the_units_of_the_maps() -> None:
    for item in damage_items(LEVERS):
        assert set(item.responses) == {"typhoon_wind", "rain_flood", "storm_surge"}
        units = {p: r.intensity_unit for p, r in item.responses.items()}
        assert units == {"typhoon_wind": "m s-1", "rain_flood": "m", "storm_surge": "m"}
        assert item.combine == "complement"
