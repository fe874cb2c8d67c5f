"""Questions answered from the pairs that they can change, beside a pass of all pairs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.core.errors import ResponseError
from riskmodel.loss.affected import Part, answer, changed_perils, part_for, same_form
from riskmodel.loss.compilation import CompiledTable, compile_table
from riskmodel.loss.occurrence_table import occurrence_table
from riskmodel.loss.response import Item
from tests.loss.conftest import UNITS, City, damage, make_city, response, small_items

PERILS = tuple(UNITS)


def table_of(city: City, items: list[Item], spread: float = 0.0) -> CompiledTable:
    return compile_table(city.census, city.curves, items, depth_spread=spread)


def changed(items: list[Item], perils: set[str], height: float) -> list[Item]:
    """The same items with another damage curve of some perils in the first three."""
    return [
        replace(item, responses=item.responses | {p: damage(p, height) for p in perils})
        for item in items[:3]
    ] + items[3:]


def assert_answers(city: City, part: Part, table: CompiledTable) -> None:
    found, expected = (answer(city.catalogue, part, table), occurrence_table(city.catalogue, table))
    for name in ("row_occurrence", "row_zone"):
        np.testing.assert_array_equal(found[name].values, expected[name].values)
    largest = float(expected["mean"].max())
    np.testing.assert_allclose(
        found["mean"].values, expected["mean"].values, rtol=1e-12, atol=1e-14 * largest
    )
    np.testing.assert_allclose(
        found["extrapolated"].values, expected["extrapolated"].values, rtol=1e-6,
        atol=1e-7 * largest,
    )  # fmt: skip
    assert found.attrs == expected.attrs
    for name in ("column", "occurrence", "zone"):
        xr.testing.assert_identical(
            found.drop_dims("row").drop_dims([d for d in found.sizes if d not in (name, "row")]),
            expected.drop_dims([d for d in expected.sizes if d != name]),
        )


@settings(max_examples=12, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.sets(st.sampled_from(PERILS)), st.sampled_from([0.0, 0.6]),
    st.floats(0.1, 0.95),
)  # fmt: skip
def test_an_answer_is_what_a_pass_of_all_pairs_gives(
    seed: int, perils: set[str], spread: float, height: float
) -> None:
    city, items = make_city(seed), small_items()
    base = table_of(city, items, spread)
    question = table_of(city, changed(items, perils, height), spread)
    assert changed_perils(base, question) == perils
    part = part_for(city.catalogue, base, [question])
    assert part.perils == perils
    assert part.holds(question)
    assert_answers(city, part, question)


def test_a_part_answers_other_questions_of_the_same_perils(city: City, items: list[Item]) -> None:
    base = table_of(city, items)
    part = part_for(city.catalogue, base, [table_of(city, changed(items, {"rain_flood"}, 0.2))])
    for height in (0.35, 0.8):
        assert_answers(city, part, table_of(city, changed(items, {"rain_flood"}, height)))
    assert_answers(city, part, base)


def test_pairs_are_parted_and_few_of_them_are_kept(city: City, items: list[Item]) -> None:
    """By hand: the storms and cells where surge costs anything, and all that acts there."""
    base = table_of(city, items)
    reached = city.intensity("storm_surge") > 0.0  # each unit of depth costs
    part = part_for(city.catalogue, base, [table_of(city, changed(items, {"storm_surge"}, 0.2))])
    there = [reached & (city.intensity(p) > 0.0) for p in PERILS]
    costs = [city.intensity(p) > (18.0 if p == "typhoon_wind" else 0.0) for p in PERILS]
    expected = sum(int((t & c).sum()) for t, c in zip(there, costs, strict=True))
    kept = sum(block.position.size for block in part.blocks)
    least_bin = 75.0 / 1499  # the threshold of wind is one bin wide
    unclear = int((np.abs(city.intensity("typhoon_wind") - 18.0) < 2 * least_bin).sum())
    assert abs(kept - expected) <= unclear
    assert kept < sum(int((city.position[p] >= 0).sum()) for p in PERILS) / 2


def test_a_question_that_costs_earlier_is_not_held(city: City, items: list[Item]) -> None:
    base = table_of(city, items)
    part = part_for(city.catalogue, base, [table_of(city, changed(items, {"typhoon_wind"}, 0.2))])
    gale = response("typhoon_wind", [10.0, 60.0], [0.0, 0.5], "linear")
    early = table_of(
        city, [replace(i, responses=i.responses | {"typhoon_wind": gale}) for i in items[:3]]
        + items[3:],
    )  # fmt: skip
    assert not part.holds(early)
    again = part_for(city.catalogue, base, [early])
    assert again.holds(early)
    assert_answers(city, again, early)


def test_another_curve_is_a_change_of_its_peril(city: City, items: list[Item]) -> None:
    base, flood = table_of(city, items), city.curves["rain_flood"]
    curves = city.curves | {"rain_flood": replace(flood, left=flood.left * np.float32(0.5))}
    table = compile_table(city.census, curves, items, depth_spread=0.0)
    assert changed_perils(base, table) == {"rain_flood"}
    assert_answers(city, part_for(city.catalogue, base, [table]), table)


@pytest.mark.parametrize("what", ["exposure", "place", "column", "peril"])
def test_questions_of_another_form_are_refused(city: City, items: list[Item], what: str) -> None:
    base, other, curves, chosen = (
        table_of(city, items),
        city.census.copy(deep=True),
        city.curves,
        items,
    )
    if what == "exposure":
        other["exposure"]["value"][0, 0] *= 2.0
    if what == "place":
        other["zones"]["entry_cell"][0] = 0
    if what == "column":
        chosen = [replace(items[0], column="other"), *items[1:]]
    if what == "peril":
        curves = {p: c for p, c in curves.items() if p != "storm_surge"}
    table = compile_table(other, curves, chosen, depth_spread=0.0)
    assert not same_form(base, table)
    with pytest.raises(ResponseError, match=r"more than curves.*pass all pairs"):
        part_for(city.catalogue, base, [table])


def test_an_empty_last_block_is_answered_too(city: City, items: list[Item]) -> None:
    root = city.catalogue.to_dataset()
    nodes = {
        f"{block}/{p}": city.catalogue[f"{block}/{p}"].to_dataset()
        for block in ("block_00", "block_01") for p in PERILS
    }  # fmt: skip
    empty = nodes["block_00/rain_flood"].isel(pair=slice(0, 0))
    empty = empty.assign(pointer=("edge", np.zeros(empty.sizes["edge"], np.int64)))
    nodes |= {f"block_02/{p}": empty for p in PERILS}
    catalogue = xr.DataTree.from_dict({"/": root.assign_attrs(blocks=3), **nodes})
    longer = replace(city, catalogue=catalogue)
    base = table_of(longer, items)
    question = table_of(longer, changed(items, {"rain_flood"}, 0.2))
    assert_answers(longer, part_for(catalogue, base, [question]), question)
