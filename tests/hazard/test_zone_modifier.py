"""Curves read at other rates or intensities by place, against the one factor for all places."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.core.errors import CatalogueError
from riskmodel.core.returnperiod import Frequency
from riskmodel.hazard.intensity import IntensityCurves, Reading, intensity_curves
from riskmodel.hazard.position import LAST_POSITION, STEP, position_of_rate, rate_of_position
from riskmodel.hazard.zone_modifier import modified_curves

POSITIONS = np.unique(np.concatenate([np.arange(0, LAST_POSITION, 97), [LAST_POSITION]]))
LINES = Reading("loglinear_to_zero_at", 9.0, "gumbel", 50.0, "loglinear")
STEPS = Reading("zero_below", None, "flat", 1.0, "step_at_wet")
FACTORS = st.floats(0.5, 2.0)


def curves(reading: Reading, storage: float = 0.4) -> IntensityCurves:
    maps = np.array([[0.0, 1.0, 2.0], [1.0, 1.5, 2.0], [2.0, 4.0, 2.5]])
    if reading.passage == STEPS.passage:
        maps = np.array([[0.0, 0.2, 0.0], [0.0, 0.2, 0.1], [0.3, 0.2, 0.1]])
    data = xr.DataArray(maps, {"return_period": [10.0, 50.0, 200.0]}, ("return_period", "cell"))
    return intensity_curves(data, reading, Frequency("poisson"), storage_rate=storage, peril="x")


def read(one: IntensityCurves) -> np.ndarray:
    return one.at(np.arange(3)[:, None], POSITIONS[None, :])


@settings(deadline=None)
@given(factor=FACTORS, reading=st.sampled_from([LINES, STEPS]))
def test_one_factor_for_all_is_the_reading_at_other_rates(factor: float, reading: Reading) -> None:
    expected = curves(replace(reading, rate_factor=factor))
    found = modified_curves(
        curves(reading), np.full(3, factor), np.ones(3), storage_rate=0.4, peril="x"
    )
    # edges of the other way are rounded after, ours before the shift: one step of position
    near = [
        found.at(np.arange(3)[:, None], np.clip(POSITIONS + d, 0, LAST_POSITION)) for d in (-1, 1)
    ]
    low, high = np.minimum(*near), np.maximum(*near)
    assert (low - 1e-5 <= read(expected)).all()
    assert (read(expected) <= high + 1e-5).all()
    assert abs(found.first_extrapolated - expected.first_extrapolated) <= 1


@settings(deadline=None)
@given(factors=st.tuples(FACTORS, FACTORS, FACTORS), reading=st.sampled_from([LINES, STEPS]))
def test_each_cell_is_read_at_its_own_rate(
    factors: tuple[float, float, float], reading: Reading
) -> None:
    base, rate = curves(reading), np.array(factors)
    found = modified_curves(base, rate, np.ones(3), storage_rate=0.4, peril="x")
    shift = np.rint(np.log(rate) / STEP).astype(int)
    inside = POSITIONS[(POSITIONS > 3000) & (POSITIONS < LAST_POSITION - 3000)]
    for cell in range(3):
        expected = base.at(np.full(inside.size, cell), inside + shift[cell])
        np.testing.assert_allclose(
            found.at(np.full(inside.size, cell), inside), expected, atol=2e-6
        )


def test_steps_cost_in_proportion_to_their_rate() -> None:
    """Σ over rates of a step of height h at rate ν is h ν; a factor m makes it h m ν."""
    rate = np.array([0.5, 1.0, 1.7])
    found = modified_curves(
        curves(STEPS), rate, np.array([2.0, 1.0, 0.5]), storage_rate=0.4, peril="x"
    )
    every = np.arange(LAST_POSITION)
    weight = -np.diff(rate_of_position(np.arange(LAST_POSITION + 1)))
    cost = [float(found.at(np.full(every.size, c), every) @ weight) for c in range(3)]
    nu = -np.log1p(-1.0 / np.array([10.0, 50.0, 200.0]))
    expected = [0.6 * 0.5 * nu[2], 0.2 * nu[0], 0.05 * 1.7 * nu[1]]
    assert cost == pytest.approx(expected, rel=5e-4)


def test_neutral_factors_change_nothing() -> None:
    base = curves(LINES)
    assert modified_curves(base, np.ones(3), np.ones(3), storage_rate=0.2, peril="x") is base


def test_costs_below_the_storage_rate_are_refused() -> None:
    base = curves(LINES, storage=0.12)
    told = r"x, modifier of place, 1 cells: events .* begin to cost.*raise hazard\.storage_rate\.x"
    with pytest.raises(CatalogueError, match=told):
        modified_curves(base, np.array([1.0, 1.0, 1.5]), np.ones(3), storage_rate=0.12, peril="x")
    held = modified_curves(base, np.array([1.0, 1.0, 1.5]), np.ones(3), storage_rate=0.2, peril="x")
    assert held.at(np.arange(3), int(position_of_rate(0.2)) - 1).tolist() == [0.0, 0.0, 0.0]


def test_a_map_taken_beyond_the_cap_is_refused() -> None:
    told = r"curves\.x\.tail_cap: a map, as the modifier changes it, exceeds the cap"
    with pytest.raises(CatalogueError, match=told):
        modified_curves(curves(STEPS), np.ones(3), np.full(3, 4.0), storage_rate=0.4, peril="x")
