"""The pass agrees with a slow, independent evaluation; threads, shares and bounds hold."""

from __future__ import annotations

from itertools import pairwise

import numba as nb
import numpy as np
import pytest
import xarray as xr
from scipy import integrate, stats

from riskmodel.core.errors import ResponseError, UnitsError
from riskmodel.hazard.intensity import IntensityCurves
from riskmodel.hazard.position import LAST_POSITION
from riskmodel.loss.compilation import CompiledTable, compile_table
from riskmodel.loss.curves import emanuel
from riskmodel.loss.lookup import mean_over_spread
from riskmodel.loss.response import Item, Response
from tests.loss.dense import block_results

PERILS = ("typhoon_wind", "rain_flood")
UNIT = {"typhoon_wind": "m s-1", "rain_flood": "m"}
CELLS, STORMS = 4, 30


def curve(seed: int, cap: float) -> IntensityCurves:
    random = np.random.default_rng(seed)
    edges = np.array([0, 6000, 12_000, 20_000, LAST_POSITION + 1])
    levels = np.sort(random.uniform(0, cap * 0.8, (CELLS, 5)), axis=1)
    levels[:, 0] = 0.0
    return IntensityCurves(
        edges, levels[:, :-1].astype("f4"), levels[:, 1:].astype("f4"), cap, 20_001
    )


CURVES = {"typhoon_wind": curve(1, 75.0), "rain_flood": curve(2, 6.0)}


def response(peril: str, values: tuple[float, ...], step: bool = False) -> Response:
    knots = (20.0, 40.0, 70.0) if peril == "typhoon_wind" else (0.1, 1.0, 5.0)
    kind = "step" if step else "linear"
    return Response(
        f"{peril} test", peril, UNIT[peril], knots, values, kind, "test", "synthetic",
        spread=(0.0, 0.0, 0.0), valid_range=(0.0, knots[-1]),
    )  # fmt: skip


def items() -> list[Item]:
    wind, flood = (response(p, (0.0, 0.3, 0.9)) for p in PERILS)
    pays = {p: response(p, (100.0, 200.0, 500.0)) for p in PERILS}
    both = {"typhoon_wind": wind, "rain_flood": flood}
    return [
        Item("residential", "loss", "CNY", "brick", both, "complement", 1.0),
        Item("residential", "loss", "CNY", "wood", {"rain_flood": flood}, "complement", 1.0),
        Item("contents", "benefit", "CNY", "households", pays, "highest", 1.0),
    ]


def census(unit: str = "m") -> xr.DataTree:
    random = np.random.default_rng(3)
    classes = ["brick", "wood", "households"]
    exposure = xr.Dataset(
        {"value": (("entry", "exposure_class"), random.uniform(1.0, 9.0, (5, 3)))},
        {"exposure_class": classes},
        {"currency": "CNY", "price_year": 2022},
    )
    zones = xr.Dataset(
        {
            "entry_cell": ("entry", [0, 1, 1, 2, 3]),
            "entry_zone": ("entry", [0, 0, 1, 1, 1]),
            "name_zh": ("zone", ["甲", "乙"]),
            "name_en": ("zone", ["A", "B"]),
        },
        {"zone": ["330302", "330303"]},
    )
    nodes = {p: xr.Dataset(attrs={"units": UNIT[p]}) for p in PERILS}
    nodes["rain_flood"].attrs["units"] = unit
    return xr.DataTree.from_dict({**nodes, "zones": zones, "exposure": exposure})


def catalogue() -> xr.DataTree:
    random = np.random.default_rng(4)
    nodes: dict[str, xr.Dataset] = {}
    for peril in PERILS:
        runs = [np.sort(random.choice(STORMS, 12, replace=False)) for _ in range(CELLS)]
        nodes[f"block_00/{peril}"] = xr.Dataset(
            {
                "pointer": ("edge", np.arange(CELLS + 1) * 12),
                "occurrence": ("pair", np.concatenate(runs).astype(np.uint32)),
                "position": ("pair", random.integers(4000, 40_000, CELLS * 12).astype(np.uint16)),
            }
        )
    root = xr.Dataset({"block": ("occurrence", np.zeros(STORMS, np.int16))}, attrs={"blocks": 1})
    return xr.DataTree.from_dict({"/": root, **nodes})


def compiled() -> CompiledTable:
    return compile_table(census(), CURVES, items(), depth_spread=0.0)


def slow_evaluation() -> np.ndarray:
    """Loop over everything with direct curves and responses: (zone, storm, column)."""
    tree, pairs = census(), catalogue()
    value = tree["exposure"].to_dataset()["value"]
    zones = tree["zones"].to_dataset()
    out = np.zeros((2, STORMS, 2))
    for entry in range(5):
        cell, zone = int(zones.entry_cell[entry]), int(zones.entry_zone[entry])
        for storm in range(STORMS):
            intensity = {}
            for peril in PERILS:
                node = pairs[f"block_00/{peril}"].to_dataset()
                run = slice(int(node.pointer[cell]), int(node.pointer[cell + 1]))
                hit = np.flatnonzero(node.occurrence.values[run] == storm)
                if hit.size:
                    position = float(node.position.values[run][hit[0]])
                    where = np.array([cell])
                    intensity[peril] = float(CURVES[peril].at(where, np.array([position]))[0])
            for item in items():
                ratios = [
                    float(r.at(intensity[p])) for p, r in item.responses.items() if p in intensity
                ]
                if not ratios:
                    continue
                ratio = (
                    max(ratios)
                    if item.combine == "highest"
                    else 1.0 - float(np.prod([1.0 - r for r in ratios]))
                )
                column = ["residential", "contents"].index(item.column)
                exposed = float(value.sel(exposure_class=item.exposure)[entry])
                out[zone, storm, column] += ratio * exposed
    return out


def test_pass_agrees_with_a_slow_independent_evaluation() -> None:
    ((mean, _),) = block_results(catalogue(), compiled())
    expected = slow_evaluation()
    assert expected.sum() > 0
    # the look-up grid rounds the kinks of a response to one of 1,500 bins
    np.testing.assert_allclose(mean.sum(axis=3), expected, rtol=2e-3, atol=2e-3 * expected.max())
    assert mean.sum() == pytest.approx(expected.sum(), rel=1e-3)


def test_extrapolated_part_is_bounded_and_there() -> None:
    ((mean, extrapolated),) = block_results(catalogue(), compiled())
    assert (extrapolated <= mean + 1e-12).all()
    assert 0 < extrapolated.sum() < mean.sum()


def test_loss_never_exceeds_the_value() -> None:
    ((mean, _),) = block_results(catalogue(), compiled())
    value = census()["exposure"].to_dataset()["value"].sel(exposure_class=["brick", "wood"])
    by_zone = [float(value[:2].sum()), float(value[2:].sum())]
    for zone in range(2):
        assert (mean[zone, :, 0].sum(axis=1) <= by_zone[zone] * (1 + 1e-6)).all()


def test_one_thread_and_two_give_the_same_bits() -> None:
    threads = nb.get_num_threads()
    try:
        nb.set_num_threads(1)
        ((one, _),) = block_results(catalogue(), compiled())
    finally:
        nb.set_num_threads(threads)
    ((more, _),) = block_results(catalogue(), compiled())
    np.testing.assert_array_equal(one, more)


def test_units_and_classes_are_refused_by_name() -> None:
    with pytest.raises(UnitsError, match="rain_flood test"):
        compile_table(census("cm"), CURVES, items(), depth_spread=0.0)
    unknown = Item("x", "loss", "CNY", "marble", items()[0].responses, "complement", 1.0)
    with pytest.raises(ResponseError, match="marble"):
        compile_table(census(), CURVES, [unknown], depth_spread=0.0)


@pytest.mark.parametrize("step", [False, True])
@pytest.mark.parametrize("depth", [0.05, 0.4, 1.3, 4.0])
def test_mean_over_spread_is_the_lognormal_integral(step: bool, depth: float) -> None:
    one, spread = response("rain_flood", (0.2, 0.5, 0.9), step), 0.6
    sigma = np.sqrt(np.log1p(spread**2))
    law = stats.lognorm(s=sigma, scale=depth * np.exp(-(sigma**2) / 2))
    edges = [0.0, 0.1, 1.0, 5.0, 200.0]
    expected = sum(
        integrate.quad(lambda h: float(one.at(h)) * law.pdf(h), a, b, limit=200)[0]
        for a, b in pairwise(edges)
    )
    assert mean_over_spread(one, np.array([depth]), spread)[0] == pytest.approx(expected, abs=2e-6)


def test_mean_over_spread_keeps_a_dry_cell_dry() -> None:
    assert mean_over_spread(response("rain_flood", (0.2, 0.5, 0.9)), np.zeros(1), 0.6)[0] == 0.0


# Published table of the Emanuel form at 35, 45, 55 and 65 m/s (V0 = 25.7 m/s).
TABLE = {
    74.7: (0.0068, 0.058, 0.176, 0.340),
    80.2: (0.0049, 0.043, 0.134, 0.273),
    101.5: (0.0018, 0.016, 0.055, 0.122),
    112.8: (0.0012, 0.011, 0.037, 0.084),
}


@pytest.mark.parametrize("v_half", TABLE)
def test_emanuel_curve_matches_the_published_table(v_half: float) -> None:
    found = emanuel([35.0, 45.0, 55.0, 65.0], v_half=v_half, v_threshold=25.7)
    np.testing.assert_allclose(found, TABLE[v_half], atol=6e-4)


@pytest.mark.parametrize(
    ("intensity", "value", "word"),
    [
        ((1.0,), (0.5,), "do not match"),
        ((1.0, 2.0), (0.5, 0.4), "fall"),
        ((2.0, 1.0), (0.1, 0.4), "do not rise"),
        ((1.0, float("nan")), (0.1, 0.4), "not a number"),
    ],
)
def test_bad_curves_are_refused(
    intensity: tuple[float, ...], value: tuple[float, ...], word: str
) -> None:
    with pytest.raises(ResponseError, match=word):
        Response(
            "bad", "rain_flood", "m", intensity, value, "linear", "test", "synthetic",
            spread=(0.0,) * len(value), valid_range=(0.0, 1.0),
        )  # fmt: skip


def test_damage_above_one_is_refused() -> None:
    high = response("rain_flood", (0.0, 0.5, 1.2))
    with pytest.raises(ResponseError, match="above 1"):
        Item("x", "loss", "CNY", "brick", {"rain_flood": high}, "complement", 1.0)
