"""The identity of annual maxima against an independent quadrature, and its failure on faults."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy import integrate

from riskmodel.core.returnperiod import Frequency, rate_from_probability
from riskmodel.hazard.intensity import Reading, intensity_curves
from riskmodel.hazard.position import position_of_rate, rank_positions, stored_ranks
from riskmodel.loss.compilation import compile_table
from riskmodel.loss.identity import average_from_maps
from riskmodel.loss.response import Item, Response

YEARS, SHIFT, PERIODS = 2000, 0.5, (5.0, 20.0, 100.0)
MAPS = np.array([[20.0], [30.0], [40.0]], dtype="f4")
POISSON = Frequency("poisson")
DAMAGE = Response(
    "wind", "typhoon_wind", "m s-1", (20.0, 60.0), (0.0, 0.8), "linear", "test", "synthetic"
)


def tree() -> xr.DataTree:
    zones = xr.Dataset(
        {
            "entry_cell": ("entry", [0]), "entry_zone": ("entry", [0]),
            "name_zh": ("zone", ["甲"]), "name_en": ("zone", ["A"]),
        },
        {"zone": ["330302"]},
    )  # fmt: skip
    exposure = xr.Dataset(
        {"value": (("entry", "exposure_class"), [[1000.0]])},
        {"exposure_class": ["brick"]},
        {"currency": "CNY", "price_year": 2022},
    )
    wind = xr.Dataset(attrs={"units": "m s-1"})
    return xr.DataTree.from_dict({"typhoon_wind": wind, "zones": zones, "exposure": exposure})


def catalogue(positions: np.ndarray) -> xr.DataTree:
    count = positions.size
    root = xr.Dataset(
        {
            "block": ("occurrence", np.zeros(count, np.int16)),
            "year": ("occurrence", np.arange(count)),
        },
        attrs={"blocks": 1, "years_per_block": YEARS, "frequency": "poisson", "kappa": 0.0},
    )
    pairs = xr.Dataset(
        {
            "pointer": ("edge", np.array([0, count])),
            "occurrence": ("pair", np.arange(count, dtype=np.uint32)),
            "position": ("pair", positions),
        }
    )
    return xr.DataTree.from_dict({"/": root, "block_00/typhoon_wind": pairs})


def check(positions: np.ndarray) -> xr.Dataset:
    return check_tree(catalogue(positions))


def check_tree(catalogued: xr.DataTree) -> xr.Dataset:
    maps = xr.DataArray(MAPS, {"return_period": list(PERIODS)}, ("return_period", "cell"))
    reading = Reading("zero_below", None, "gumbel", 55.0, "loglinear")
    curves = intensity_curves(maps, reading, POISSON, storage_rate=0.3, peril="typhoon_wind")
    item = Item("residential", "loss", "CNY", "brick", {"typhoon_wind": DAMAGE}, "complement")
    table = compile_table(tree(), {"typhoon_wind": curves}, [item], depth_spread=0.0)
    return average_from_maps(catalogued, table)


def stored() -> np.ndarray:
    positions = rank_positions(YEARS, SHIFT, PERIODS, POISSON)
    return positions[: stored_ranks(positions, 0.3)]


def loss(probability: float) -> float:
    """Loss of the event of one annual probability, by hand: a line in log-rate between maps."""
    variate = -np.log(rate_from_probability(probability, POISSON))
    at = -np.log(rate_from_probability(1.0 / np.array(PERIODS), POISSON))
    if variate < at[0]:
        return 0.0
    slope = 10.0 / (at[2] - at[1])
    wind = np.interp(variate, at, MAPS[:, 0]) if variate < at[2] else 40 + slope * (variate - at[2])
    return 1000.0 * float(DAMAGE.at(min(wind, 55.0)))


def test_maps_give_the_integral_of_loss_over_probability() -> None:
    parts = [(1e-7, 1e-4), (1e-4, 1e-3), (1e-3, 0.01), (0.01, 0.05), (0.05, 0.2)]
    expected = sum(integrate.quad(loss, a, b, limit=200)[0] for a, b in parts) + 1e-7 * loss(1e-7)
    assert float(check(stored())["aal_from_maps"][0]) == pytest.approx(expected, rel=1e-3)


def test_ranked_maxima_cost_what_the_maps_say() -> None:
    found = check(stored())
    assert abs(float(found["annual_maxima_error"][0])) < 0.01
    assert float(found["other_storms_share"][0]) == 0.0


def test_a_catalogue_that_is_too_rare_or_too_frequent_shows() -> None:
    assert float(check(stored() + np.uint16(400))["annual_maxima_error"][0]) > 0.02
    assert float(check(stored() - np.uint16(400))["annual_maxima_error"][0]) < -0.02


def with_second_storms(positions: np.ndarray, second: np.ndarray) -> xr.DataTree:
    """Add a second storm to the first years, each at a position of its own."""
    tree = catalogue(positions)
    root = tree.to_dataset()
    year = np.concatenate([np.arange(positions.size), np.arange(second.size)])
    both = np.concatenate([positions, second])
    order = np.argsort(year, kind="stable")
    made = catalogue(both[order])
    dates = made.to_dataset().assign(year=("occurrence", year[order])).assign_attrs(root.attrs)
    return xr.DataTree.from_dict(
        {"/": dates, "block_00/typhoon_wind": made["block_00/typhoon_wind"].to_dataset()}
    )


def test_second_storms_of_a_year_are_counted_apart_by_hand() -> None:
    """Fifty second storms that read as the 20-year map, 30 m/s, cost 0.2 of 1,000 each."""
    positions = stored()
    mapped = int(position_of_rate(rate_from_probability(1.0 / 20.0, POISSON)))
    assert (positions[:50] > mapped).all()  # the first storms of those years are rarer
    plain = check(positions)
    found = check_tree(with_second_storms(positions, np.full(50, mapped, np.uint16)))
    maps = float(plain["aal_from_maps"][0])
    assert float(found["aal_from_maps"][0]) == maps
    assert float(found["other_storms_share"][0]) == pytest.approx(
        50 * 200.0 / YEARS / maps, rel=2e-3
    )
    assert float(found["annual_maxima_error"][0]) == float(plain["annual_maxima_error"][0])


def test_an_annual_maximum_that_is_missing_shows() -> None:
    """The rarest year alone carries more than the quadrature's error."""
    error = float(check(stored()[1:])["annual_maxima_error"][0])
    assert error < float(check(stored())["annual_maxima_error"][0]) - 1e-3
