"""The pass against plain arrays: three perils, shared cells, two items a column, two blocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numba as nb
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from riskmodel.core.errors import CatalogueError
from riskmodel.exceedance.metrics import value_at_risk
from riskmodel.loss.compilation import CompiledTable, compile_table
from riskmodel.loss.response import Item, Response
from tests.loss.conftest import BLOCKS, STORMS, UNITS, YEARS, City, make_city, small_items
from tests.loss.dense import block_results

Read = Callable[[int, Response, np.ndarray], np.ndarray]
COLUMNS = ("residential", "industrial", "contents", "deaths")


def compiled(city: City, items: list[Item], spread: float = 0.6) -> CompiledTable:
    return compile_table(city.census, city.curves, items, depth_spread=spread)


def passed(city: City, table: CompiledTable) -> tuple[np.ndarray, np.ndarray]:
    """Mean and its extrapolated part, (zone, occurrence, column, peril), blocks joined."""
    blocks = list(block_results(city.catalogue, table))
    assert len(blocks) == BLOCKS
    mean, rare = (np.concatenate(part, axis=1) for part in zip(*blocks, strict=True))
    return mean, rare


def evaluated(city: City, items: list[Item], read: Read) -> tuple[np.ndarray, np.ndarray]:
    """The same from dense arrays, item by item, entry by entry; nothing compiled is used."""
    zones, exposure = city.census["zones"].to_dataset(), city.census["exposure"].to_dataset()
    shape = (zones.sizes["zone"], BLOCKS * STORMS, len(COLUMNS), len(UNITS))
    mean, beyond = np.zeros(shape), np.zeros(shape)
    stored = np.stack([city.position[p] >= 0 for p in UNITS])
    rare = np.stack([city.position[p] >= city.curves[p].first_extrapolated for p in UNITS])
    for number, item in enumerate(items):
        single = np.stack(
            [
                np.where(stored[p], read(number, item.responses[peril], city.intensity(peril)), 0.0)
                if peril in item.responses
                else np.zeros(stored[p].shape)
                for p, peril in enumerate(UNITS)
            ]
        )
        if item.combine == "highest":
            ratio = single * (np.arange(3)[:, None, None] == single.argmax(axis=0))
        else:
            combined, total = 1.0 - (1.0 - single).prod(axis=0), single.sum(axis=0)
            ratio = np.divide(
                combined * single, total, out=np.zeros_like(single), where=single > 0.0
            )
        value = exposure["value"].sel(exposure_class=item.exposure).values
        column = COLUMNS.index(item.column)
        for entry, (cell, zone) in enumerate(
            zip(zones["entry_cell"].values, zones["entry_zone"].values, strict=True)
        ):
            amount = (ratio[:, cell] * value[entry]).T
            mean[zone, :, column] += amount
            beyond[zone, :, column] += np.where(rare[:, cell].T, amount, 0.0)
    return mean, beyond


@pytest.mark.parametrize("spread", [0.0, 0.6])
def test_pass_agrees_with_dense_arrays_to_rounding(
    city: City, items: list[Item], spread: float
) -> None:
    table = compiled(city, items, spread)
    assert table.columns == COLUMNS

    def read(number: int, response: Response, intensity: np.ndarray) -> np.ndarray:
        peril = table.perils.index(response.peril)
        layer = table.layers[peril]
        bins = np.arange(layer.bins) / layer.density
        mean = table.of_layer(peril)[:, number, 0]
        return np.interp(intensity, bins, mean.astype(np.float64))

    for found, expected in zip(passed(city, table), evaluated(city, items, read), strict=True):
        assert expected.sum() > 0
        # float32 curves are read at double precision by both; only the order of sums differs
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9 * expected.max())


def lognormal_mean(response: Response, intensity: np.ndarray, spread: float) -> np.ndarray:
    """Mean over 4,000 equally likely depths; slow, and no closed form."""
    sigma = np.sqrt(np.log1p(spread**2))
    factor = np.exp(sigma * special.ndtri((np.arange(4000) + 0.5) / 4000))
    factor /= factor.mean()
    return np.array([response.at(x * factor).mean() for x in intensity.ravel()]).reshape(
        intensity.shape
    )


@pytest.mark.parametrize("spread", [0.0, 0.6])
def test_columns_stay_within_a_thousandth_of_direct_evaluation(
    city: City, items: list[Item], spread: float
) -> None:
    """The bound of the design: AAL of each column, and the 100-year loss of each zone."""

    def read(number: int, response: Response, intensity: np.ndarray) -> np.ndarray:
        if spread == 0.0 or response.intensity_unit != "m":
            return response.at(intensity)
        return lognormal_mean(response, intensity, spread)

    mean, _ = passed(city, compiled(city, items, spread))
    expected, _ = evaluated(city, items, read)
    np.testing.assert_allclose(mean.sum(axis=(0, 1, 3)), expected.sum(axis=(0, 1, 3)), rtol=1e-3)
    years = city.catalogue.to_dataset()["year"].values
    for zone in range(3):
        annual = [np.zeros(BLOCKS * YEARS), np.zeros(BLOCKS * YEARS)]
        for into, source in zip(annual, (mean, expected), strict=True):
            np.add.at(into, years, source[zone, :, :2].sum(axis=(1, 2)))
        found, exact = (value_at_risk(losses, 100.0) for losses in annual)
        assert found == pytest.approx(exact, rel=1e-3)


def test_damage_of_three_perils_by_hand() -> None:
    """0.2, 0.3 and 0.5 of a value of 1,000 leave 0.8 · 0.7 · 0.5 = 0.28 of it."""
    city = make_city(3)
    flat = {
        p: Response(
            p, p, UNITS[p], (0.0, 90.0), (d, d), "linear", "test", "synthetic",
            spread=(0.0, 0.0), valid_range=(0.0, 90.0),
        )
        for p, d in zip(UNITS, (0.2, 0.3, 0.5), strict=True)
    }  # fmt: skip
    items = [Item("residential", "loss", "CNY", "brick", flat, "complement", 1.0)]
    together = np.all([city.intensity(p)[0] > 0.0 for p in UNITS], axis=0)
    assert together.any()
    exposure = city.census["exposure"].to_dataset()
    zones = city.census["zones"].to_dataset()
    of_cell = zones["entry_cell"].values == 0
    exposure["value"].values[:] = np.where(of_cell[:, None], 1000.0, 0.0)
    city.census["exposure"] = xr.DataTree(exposure)
    mean, _ = passed(city, compiled(city, items, 0.0))
    booked = mean[0, together, 0]
    np.testing.assert_allclose(booked.sum(axis=1), 720.0, rtol=1e-6)
    np.testing.assert_allclose(booked, [[144.0, 216.0, 360.0]] * int(together.sum()), rtol=1e-6)


def test_highest_benefit_is_paid_once_and_booked_to_its_peril(
    city: City, items: list[Item]
) -> None:
    mean, _ = passed(city, compiled(city, items))
    alone = []
    for peril in ("rain_flood", "storm_surge"):
        one = [
            replace(i, responses={peril: i.responses[peril]})
            for i in items
            if i.combine == "highest"
        ]
        alone.append(passed(city, compiled(city, one))[0].sum(axis=3))
    paid = mean[:, :, 2:].sum(axis=3)
    slack = 1e-9 * paid.max()
    assert (paid >= np.maximum(*alone) - slack).all()
    assert (paid <= alone[0] + alone[1] + slack).all()
    assert paid.sum() < 0.99 * (alone[0] + alone[1]).sum()  # a sum would pay some twice


def test_zones_and_nothing_else_make_the_total(city: City, items: list[Item]) -> None:
    """One zone that holds all entries pays what the three zones pay together."""
    mean, rare = passed(city, compiled(city, items))
    zones = city.census["zones"].to_dataset()
    one = zones[["entry_cell"]].assign(
        entry_zone=("entry", np.zeros(zones.sizes["entry"], np.int64)),
        name_zh=("zone", ["市"]), name_en=("zone", ["city"]),
    ).assign_coords(zone=["330300"])  # fmt: skip
    tree = xr.DataTree.from_dict(
        {n: c.to_dataset() for n, c in city.census.children.items()} | {"zones": one}
    )
    whole = City(tree, city.curves, city.catalogue, city.position)
    both = passed(whole, compiled(whole, items))
    for parts, total in zip((mean, rare), both, strict=True):
        np.testing.assert_allclose(parts.sum(axis=0), total[0], rtol=1e-12)


def test_perils_that_do_not_act_leave_no_trace(city: City, items: list[Item]) -> None:
    """A peril alone costs the same whether or not the table knows the other perils' curves."""
    only = {"rain_flood": city.curves["rain_flood"]}
    alone = compile_table(city.census, only, items, depth_spread=0.6)
    silent = [replace(i, responses={"rain_flood": i.responses["rain_flood"]}) for i in items]
    wide = passed(city, compiled(city, silent))[0]
    assert (wide[..., [0, 2]] == 0.0).all()
    np.testing.assert_array_equal(wide[..., 1], passed(city, alone)[0][..., 0])


def test_no_more_than_the_sum_and_no_less_than_the_largest(city: City, items: list[Item]) -> None:
    together = passed(city, compiled(city, items))[0].sum(axis=3)
    singles = []
    for peril, curve in city.curves.items():
        table = compile_table(city.census, {peril: curve}, items, depth_spread=0.6)
        singles.append(passed(city, table)[0].sum(axis=3))
    slack = 1e-9 * together.max()
    assert (together <= np.sum(singles, axis=0) + slack).all()
    assert (together >= np.max(singles, axis=0) - slack).all()


def test_loss_is_linear_in_what_is_exposed(city: City, items: list[Item]) -> None:
    base = passed(city, compiled(city, items))[0]
    doubled = make_city(20221)
    exposure = doubled.census["exposure"].to_dataset()
    exposure["value"].loc[{"exposure_class": "wood"}] *= 2.0
    doubled.census["exposure"] = xr.DataTree(exposure)
    wood = [i for i in items if i.exposure == "wood"]
    added = passed(city, compiled(city, wood))[0]
    found = passed(doubled, compiled(doubled, items))[0]
    np.testing.assert_allclose(found[:, :, 0], base[:, :, 0] + added[:, :, 0], rtol=1e-12)
    np.testing.assert_array_equal(found[:, :, 1:], base[:, :, 1:])


def test_threads_do_not_change_a_bit(city: City, items: list[Item]) -> None:
    table, threads = compiled(city, items), nb.get_num_threads()
    results = []
    for number in (1, max(2, threads)):
        try:
            nb.set_num_threads(min(number, threads))
            results.append(passed(city, table))
        finally:
            nb.set_num_threads(threads)
    for one, more in zip(*results, strict=True):
        np.testing.assert_array_equal(one, more)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.6]))
def test_loss_is_never_above_the_value_nor_below_zero(seed: int, spread: float) -> None:
    city = make_city(seed)
    table = compiled(city, small_items(), spread)
    mean, rare = passed(city, table)
    assert (rare >= 0.0).all()
    assert (rare <= mean * (1 + 1e-12)).all()
    zones, exposure = city.census["zones"].to_dataset(), city.census["exposure"].to_dataset()
    for column, classes in enumerate((["brick", "wood"], ["works"])):
        value = exposure["value"].sel(exposure_class=classes).sum("exposure_class").values
        most = np.bincount(zones["entry_zone"].values, value)
        assert (mean[:, :, column].sum(axis=2) <= most[:, None] * (1 + 1e-6)).all()


def test_a_catalogue_without_a_peril_is_refused(city: City, items: list[Item]) -> None:
    nodes = {"/": city.catalogue.to_dataset()}
    for block in range(BLOCKS):
        name = f"block_{block:02d}/typhoon_wind"
        nodes[name] = city.catalogue[name].to_dataset()
    poor = City(city.census, city.curves, xr.DataTree.from_dict(nodes), city.position)
    with pytest.raises(CatalogueError, match=r"block_00.*rain_flood.*storm_surge"):
        passed(poor, compiled(city, items))


@pytest.mark.parametrize("size", [1e-6, 1e-10, 1e-17])
def test_tiny_ratios_combine_to_the_last_digit(city: City, size: float) -> None:
    """What perils do together is then the sum of what each does alone, but for a part of a · b.

    Taken as 1 - (1 - a)(1 - b) it would lose all digits below 1e-16.
    """

    def summed(perils: tuple[str, ...]) -> np.ndarray:
        items = [
            replace(item, responses={p: _scaled(item.responses[p], size) for p in perils})
            for item in small_items()[:3]
        ]
        return passed(city, compiled(city, items, 0.0))[0].sum(axis=-1)

    perils = tuple(small_items()[0].responses)
    together, alone = summed(perils), sum(summed((p,)) for p in perils)
    assert len(perils) > 1 and together.sum() > 0.0
    np.testing.assert_allclose(together, alone, rtol=2.0 * size + 1e-13)


def _scaled(response: Response, factor: float) -> Response:
    return replace(response, value=tuple(factor * v for v in response.value))
