"""Intensity curves against closed forms and by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.errors import ReturnPeriodError
from riskmodel.core.returnperiod import Frequency, rate_from_return_period
from riskmodel.hazard.intensity import (
    IntensityCurves,
    Reading,
    cell_maps,
    intensity_curves,
)
from riskmodel.hazard.position import LAST_POSITION, STEP, mapped_positions, position_of_rate
from tests.hazard.conftest import CENSUSES, PERIODS, POISSON, census_named, make_census

# return periods whose rates fall on whole positions, so that nothing is rounded
MAPPED = np.array([6000, 9000, 12_000, 20_000])
ON_STEPS = -1.0 / np.expm1(-np.exp(-MAPPED * STEP))
PLAIN = Reading("zero_below", None, "gumbel", 1e4, "loglinear")
CELL = np.array([0])


def maps_of(values: np.ndarray, periods: np.ndarray = ON_STEPS) -> xr.DataArray:
    return xr.DataArray(values, {"return_period": periods}, ("return_period", "cell"))


def one_cell(
    *values: float, reading: Reading = PLAIN, storage_rate: float = 0.30
) -> IntensityCurves:
    maps = maps_of(np.array(values, dtype=float)[:, None], ON_STEPS[: len(values)])
    return intensity_curves(maps, reading, POISSON, storage_rate=storage_rate, peril="flood")


def at(curves: IntensityCurves, *positions: float) -> list[float]:
    return [float(curves.at(CELL, p)[0]) for p in positions]


# --- closed forms -------------------------------------------------------------------------------


def test_gumbel_maps_are_read_back_between_and_beyond_the_maps() -> None:
    # annual maxima exp(-exp(-(x - mu) / s)) and Poisson events: x = mu - s ln(rate)
    location, scale = np.array([20.0, 31.5, 5.0]), np.array([4.0, 0.5, 9.0])
    exact = location + scale * STEP * np.arange(LAST_POSITION + 1)[:, None]
    curves = intensity_curves(
        maps_of(exact[MAPPED]), PLAIN, POISSON, storage_rate=0.3, peril="wind"
    )
    for cell in range(3):
        found = curves.at(np.array(cell), np.arange(MAPPED[0], LAST_POSITION + 1))
        np.testing.assert_allclose(found, exact[MAPPED[0] :, cell], rtol=1e-6)  # float32 tables


def test_demo_return_periods_are_read_to_one_step() -> None:
    periods = np.array(PERIODS, dtype=float)
    location, scale = 20.0, 4.0
    exact = location - scale * np.log(rate_from_return_period(periods, POISSON))
    curves = intensity_curves(
        maps_of(exact[:, None], periods), PLAIN, POISSON, storage_rate=0.3, peril="wind"
    )
    between = np.exp(np.linspace(np.log(5.0), np.log(200.0), 300))
    rate = rate_from_return_period(between, POISSON)
    found = curves.at(CELL, position_of_rate(rate))
    # half a step for the position asked, half for each mapped position
    assert np.abs(found - (location - scale * np.log(rate))).max() < 1.5 * scale * STEP


@pytest.mark.parametrize("name", CENSUSES)
@pytest.mark.parametrize("peril", ["wind", "flood"])
@pytest.mark.parametrize("passage", ["loglinear", "step_at_wet", "step_at_dry"])
@pytest.mark.parametrize("head", ["zero_below", "loglinear_to_zero_at"])
@pytest.mark.parametrize("kappa", [None, 2.0])
def test_curves_at_mapped_positions_are_the_maps(
    name: str, peril: str, passage: str, head: str, kappa: float | None
) -> None:
    frequency = Frequency("negative_binomial", kappa) if kappa else POISSON
    reading = Reading(head, 3.9, "gumbel", 200.0, passage)  # type: ignore[arg-type]
    maps = cell_maps(census_named(name), peril)
    curves = intensity_curves(maps, reading, frequency, storage_rate=0.45, peril=peril)
    mapped = mapped_positions(PERIODS, frequency)
    found = curves.at(np.arange(maps.sizes["cell"])[:, None], mapped).T
    # a dry map that is read as wet already is the one case where the map is the step's lower end
    waking = np.zeros_like(found, dtype=bool)
    if passage == "step_at_dry":
        waking[:-1] = (maps.values[:-1] == 0) & (maps.values[1:] > 0)
    assert np.array_equal(found[~waking], maps.values[~waking].astype(np.float64))
    below = curves.at(np.arange(maps.sizes["cell"])[:, None], mapped - 1).T
    assert (below <= maps.values + 1e-6).all()


def test_curves_never_fall_with_position() -> None:
    for name in CENSUSES:
        for peril in ("wind", "flood"):
            maps = cell_maps(census_named(name), peril)
            curves = intensity_curves(maps, PLAIN, POISSON, storage_rate=0.45, peril=peril)
            found = curves.at(
                np.arange(maps.sizes["cell"])[:, None], np.arange(0, LAST_POSITION + 1, 37)
            )
            assert (np.diff(found, axis=1) >= -1e-5).all()


# --- head, tail, passage by hand ----------------------------------------------------------------


def test_head_zero_below() -> None:
    curves = one_cell(1.0, 2.0)
    assert at(curves, 0, 5999, 6000) == [0.0, 0.0, 1.0]


def test_head_line_to_zero() -> None:
    # 1 in 3.9 years: -ln(-ln(1 - 1/3.9)) / 0.00025 = 4,865.9
    reading = replace(PLAIN, head="loglinear_to_zero_at", head_return_period=3.9)
    curves = one_cell(1.0, 2.0, reading=reading)
    assert at(curves, 4866, 5433, 6000) == pytest.approx([0.0, 0.5, 1.0], abs=1e-6)
    assert at(curves, 4865, 100) == [0.0, 0.0]


def test_tail_flat_gumbel_and_cap() -> None:
    # maps 1 and 2 at 6,000 and 9,000: one more for each 3,000 positions
    assert at(one_cell(1.0, 2.0), 12_000, 60_000) == pytest.approx([3.0, 19.0], rel=1e-6)
    flat = one_cell(1.0, 2.0, reading=replace(PLAIN, tail="flat"))
    assert at(flat, 12_000, 60_000) == [2.0, 2.0]
    capped = one_cell(1.0, 2.0, reading=replace(PLAIN, tail_cap=2.5))
    assert at(capped, 9000, 10_500, 10_501, 60_000) == pytest.approx([2.0, 2.5, 2.5, 2.5])


@pytest.mark.parametrize("shape", [-0.3, -0.1, 0.114, 0.4])
def test_gev_tail_is_the_law_through_the_last_two_maps(shape: float) -> None:
    # annual maxima of a GEV and Poisson events: x = mu + s (rate**-shape - 1) / shape
    location, scale = 20.0, 4.0
    position = np.arange(LAST_POSITION + 1)
    exact = location + scale * (np.exp(shape * STEP * position) - 1.0) / shape
    reading = replace(PLAIN, tail="gev", tail_shape=shape, tail_cap=1e9)
    curves = one_cell(*exact[MAPPED], reading=reading)
    ends = curves.edges[curves.edges >= MAPPED[-1]][:-1]
    assert ends.size == 32
    np.testing.assert_allclose(at(curves, *ends), exact[ends], rtol=1e-6)  # float32 tables
    # a chord of a convex curve lies off by at most (shape h)² / 8 of what it has grown by
    tail = position[MAPPED[-1] :]
    width = np.diff(ends).max() * STEP
    growth = np.abs(exact[tail] - location) + scale / abs(shape)
    found = curves.at(CELL[:, None], tail[None, :])[0]
    assert (
        np.abs(found - exact[tail]) <= (shape * width) ** 2 / 8 * growth + 1e-5 * exact[tail]
    ).all()


def test_gev_without_shape_is_refused() -> None:
    with pytest.raises(ReturnPeriodError, match=r"flood\.tail_shape"):
        one_cell(1.0, 2.0, reading=replace(PLAIN, tail="gev"))


def test_gev_of_shape_zero_is_gumbel() -> None:
    zero = one_cell(1.0, 2.0, reading=replace(PLAIN, tail="gev", tail_shape=0.0))
    assert at(zero, 12_000, 60_000) == at(one_cell(1.0, 2.0), 12_000, 60_000)


@pytest.mark.parametrize(
    ("passage", "before", "halfway", "after"),
    [
        ("loglinear", 1e-3 / 3.0, 0.5, 1.0 - 1e-3 / 3.0),
        ("step_at_wet", 0.0, 0.0, 0.0),
        ("step_at_dry", 1.0, 1.0, 1.0),
    ],
)
def test_passage_from_dry_to_wet(passage: str, before: float, halfway: float, after: float) -> None:
    reading = replace(PLAIN, passage=passage)  # type: ignore[arg-type]
    curves = one_cell(0.0, 0.0, 1.0, 1.0, reading=reading)
    assert at(curves, 8999) == [0.0]
    assert at(curves, 9001, 10_500, 11_999) == pytest.approx([before, halfway, after], abs=1e-6)
    assert at(curves, 12_000, 16_000) == [1.0, 1.0]


def test_a_cell_dry_in_every_map_stays_dry() -> None:
    curves = one_cell(0.0, 0.0, 0.0)
    assert max(at(curves, 6000, 12_000, LAST_POSITION)) == 0.0


def test_extrapolation_begins_beyond_the_rarest_map() -> None:
    assert one_cell(1.0, 2.0, 3.0).first_extrapolated == MAPPED[2] + 1


# --- scenario factors ---------------------------------------------------------------------------

HEADED = replace(PLAIN, head="loglinear_to_zero_at", head_return_period=3.9)


def test_intensity_factor_multiplies_all_but_the_cap() -> None:
    base = one_cell(10.0, 20.0, 25.0)
    scaled = one_cell(10.0, 20.0, 25.0, reading=replace(PLAIN, intensity_factor=1.1, tail_cap=40.0))
    positions = np.arange(0, LAST_POSITION + 1, 11)
    expected = np.minimum(1.1 * base.at(CELL, positions), 40.0)
    np.testing.assert_allclose(scaled.at(CELL, positions), expected, rtol=1e-6)


@pytest.mark.parametrize("reading", [PLAIN, HEADED])
@pytest.mark.parametrize("shift", [-1500, 700, 2500])
def test_rate_factor_reads_the_curve_at_the_rate_over_it(reading: Reading, shift: int) -> None:
    factor = float(np.exp(shift * STEP))
    values = (10.0, 20.0, 25.0, 60.0)
    base = one_cell(*values, reading=reading, storage_rate=0.9)
    scaled = one_cell(*values, reading=replace(reading, rate_factor=factor), storage_rate=0.9)
    positions = np.arange(2600, LAST_POSITION - 2600)
    expected = base.at(CELL, positions + shift)
    np.testing.assert_allclose(scaled.at(CELL, positions), expected, rtol=2e-6, atol=1e-5)
    assert scaled.first_extrapolated == base.first_extrapolated - shift


def test_twice_as_many_events_by_hand() -> None:
    # with m = 2 the intensity of the 1-in-T map comes at twice its rate: 2,772.59 positions earlier
    scaled = one_cell(1.0, 2.0, reading=replace(PLAIN, rate_factor=2.0), storage_rate=0.9)
    assert at(scaled, 3227, 3226, 6227) == pytest.approx([1.0, 0.0, 2.0])


# --- tables -------------------------------------------------------------------------------------


def test_the_segment_table_reads_what_direct_evaluation_reads() -> None:
    curves = one_cell(0.0, 1.0, 4.0, 4.5, reading=replace(HEADED, tail_cap=6.0))
    every = np.arange(LAST_POSITION + 1)
    segment = curves.segment_table().astype(int)
    start, end = curves.edges[segment], curves.edges[segment + 1]
    part = (every - start) / (end - start)
    left, right = curves.left[0, segment], curves.right[0, segment]
    found = np.minimum(left + (right - left) * part, 6.0)
    np.testing.assert_allclose(found, curves.at(CELL, every), rtol=1e-6, atol=1e-9)


def test_maps_are_gathered_at_the_cells_and_nodata_reads_zero() -> None:
    values = np.arange(24.0).reshape(2, 12)
    values[:, 7] = np.nan
    tree = make_census({"wind": values}, periods=(5, 50))
    order = np.array([3, 7, 0])
    tree["zones"] = xr.DataTree(tree["zones"].to_dataset().isel(cell=order))
    found = cell_maps(tree, "wind")
    assert found.dims == ("return_period", "cell")
    assert found.values.tolist() == [[3.0, 0.0, 0.0], [15.0, 0.0, 12.0]]


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reading", "storage_rate", "told"),
    [
        (replace(HEADED, head_return_period=None), 0.3, "needs head_return_period"),
        (replace(HEADED, head_return_period=3.0), 0.3, "the head is not zero at the storage rate"),
        (replace(HEADED, head_return_period=6.0), 0.3, "reaches beyond the first map"),
        (replace(HEADED, rate_factor=1.2), 0.3, "the head is not zero at the storage rate"),
        (replace(PLAIN, rate_factor=2.0), 0.3, "more frequent than the storage rate"),
        (replace(PLAIN, tail_cap=1.5), 0.3, "exceeds the cap"),
        (replace(PLAIN, tail_cap=2.1, intensity_factor=1.1), 0.3, "exceeds the cap"),
    ],
)
def test_readings_that_would_lose_or_cut_something_are_refused(
    reading: Reading, storage_rate: float, told: str
) -> None:
    with pytest.raises(ReturnPeriodError, match=f"{told}.*to do: "):
        one_cell(1.0, 2.0, reading=reading, storage_rate=storage_rate)


# --- maps that cannot be read -------------------------------------------------------------------


def test_one_map_is_read_with_a_flat_tail_and_refused_with_a_gumbel_one() -> None:
    one = xr.DataArray([[20.0, 30.0]], {"return_period": [50.0]}, ("return_period", "cell"))
    flat = replace(HEADED, tail="flat")
    curves = intensity_curves(one, flat, POISSON, storage_rate=0.3, peril="wind")
    rare = np.array([[int(mapped_positions([50.0], POISSON)[0]), LAST_POSITION]])
    assert curves.at(np.array([[0], [1]]), rare).tolist() == [[20.0, 20.0], [30.0, 30.0]]
    with pytest.raises(ReturnPeriodError, match=r"wind\.tail.*one map, of 50.*take the flat tail"):
        intensity_curves(one, HEADED, POISSON, storage_rate=0.3, peril="wind")


def test_constant_maps_stay_constant_beyond_the_last() -> None:
    same = xr.DataArray(
        np.full((3, 1), 25.0), {"return_period": [5.0, 20.0, 100.0]}, ("return_period", "cell")
    )
    curves = intensity_curves(same, HEADED, POISSON, storage_rate=0.3, peril="wind")
    beyond = np.arange(int(mapped_positions([5.0], POISSON)[0]), LAST_POSITION, 1000)
    assert (curves.at(np.array([0]), beyond) == 25.0).all()


@pytest.mark.parametrize(
    ("periods", "values", "told"),
    [
        ([20.0, 5.0, 100.0], [10.0, 20.0, 30.0], r"maps of wind.*out of order.*to do: sort"),
        ([5.0, 5.0, 100.0], [10.0, 20.0, 30.0], r"maps of wind.*out of order"),
        (
            [5.0, 20.0, 100.0],
            [10.0, 9.0, 30.0],
            r"wind, 20 years, cell 1: a map lies below a more frequent one.*9 below 10, in 1 cells",
        ),
    ],
)
def test_maps_that_do_not_rise_are_refused(
    periods: list[float], values: list[float], told: str
) -> None:
    maps = np.stack([np.array([1.0, 2.0, 3.0]), values], axis=1)
    data = xr.DataArray(maps, {"return_period": periods}, ("return_period", "cell"))
    with pytest.raises(ReturnPeriodError, match=told):
        intensity_curves(data, HEADED, POISSON, storage_rate=0.3, peril="wind")


@pytest.mark.parametrize("shift", [0.3, -0.3])
@pytest.mark.parametrize("passage", ["loglinear", "step_at_wet", "step_at_dry"])
def test_a_depth_shift_moves_the_whole_wet_curve_and_nothing_else(
    shift: float, passage: str
) -> None:
    """Head, passage, tail and all maps move alike; what is dry stays dry, nothing is below zero."""
    maps = maps_of(np.array([[0.0, 0.2, 0.0], [0.5, 0.6, 0.0], [0.9, 1.0, 0.0]]), ON_STEPS[:3])
    reading = replace(HEADED, tail_cap=200.0, passage=passage)  # type: ignore[arg-type]
    cells, positions = np.arange(3)[:, None], np.arange(0, LAST_POSITION + 1, 7)

    def read(chosen: Reading) -> np.ndarray:
        curves = intensity_curves(maps, chosen, POISSON, storage_rate=0.9, peril="surge")
        return curves.at(cells, positions)

    plain, shifted = read(reading), read(replace(reading, depth_shift=shift))
    wet = plain > 1e-6
    expected = np.where(wet, np.maximum(plain + shift, 0.0), 0.0)
    np.testing.assert_allclose(shifted[wet], expected[wet], atol=1e-6)
    assert (shifted[2] == 0.0).all()
    assert (shifted[~wet] <= max(shift, 0.0) + 1e-6).all()  # the point where water begins
    assert (np.diff(shifted, axis=1) >= -1e-6).all()
