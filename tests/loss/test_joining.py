"""Tables of independent groups on the years of a base table, by hand and by what must hold."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.core.errors import SchemaError, UnitsError
from riskmodel.core.schema import check, stamp
from riskmodel.hazard.pairing import paired_years
from riskmodel.loss.joining import join_tables
from riskmodel.loss.occurrence_table import SCHEMA

ZONES = ["330302", "330303"]
Column = tuple[str, str, str, str]
WIND: Column = ("loss", "CNY", "house", "typhoon_wind")
FLOOD: Column = ("loss", "CNY", "house", "rain_flood")
QUAKE: Column = ("loss", "CNY", "house", "earthquake")
DEATHS: Column = ("benefit", "CNY", "deaths", "earthquake")


def table(
    occurrences: list[tuple[int, float]],
    rows: list[tuple[int, int, list[float]]],
    columns: list[Column],
    *,
    years: int,
    blocks: int = 1,
    parent_event: str = "typhoon",
) -> xr.Dataset:
    """Table from (year, start) of the occurrences and (occurrence, zone, means) of the rows."""
    year = np.array([y for y, _ in occurrences], dtype=np.int64)
    start = np.array([s for _, s in occurrences])
    mean = np.array([m for _, _, m in rows]).reshape(len(rows), len(columns))
    data = xr.Dataset(
        {
            "mean": (("row", "column"), mean),
            "extrapolated": (("row", "column"), mean / 2.0),
            "row_occurrence": ("row", np.array([o for o, _, _ in rows], dtype=np.int64)),
            "row_zone": ("row", np.array([z for _, z, _ in rows], dtype=np.int16)),
            "year": ("occurrence", year),
            "block": ("occurrence", (year // (years // blocks)).astype(np.int16)),
            "start": ("occurrence", start),
            "end": ("occurrence", start + 1.0),
            "parent_event": ("occurrence", np.full(year.size, parent_event)),
            "name_zh": ("zone", ["甲", "乙"]),
            "name_en": ("zone", ["A", "B"]),
        },
        {"zone": ZONES},
    )
    names = ("quantity", "unit", "item", "peril")
    data = data.assign({n: ("column", [c[i] for c in columns]) for i, n in enumerate(names)})
    return stamp(
        data, SCHEMA, source="test", history="test",
        years=years, blocks=blocks, currency="CNY", price_year=2022,
    )  # fmt: skip


def base_table() -> xr.Dataset:
    """Four years in two blocks; the third year is quiet."""
    rows = [(0, 0, [1.0, 2.0]), (0, 1, [4.0, 0.0]), (2, 1, [8.0, 16.0])]
    dates = [(0, 200.0), (1, 100.0), (1, 250.0), (3, 220.0)]
    return table(dates, rows, [WIND, FLOOD], years=4, blocks=2)


def quake_table(years: int = 2) -> xr.Dataset:
    """One occurrence in the first of some years, without an outcome in the first zone."""
    return table(
        [(0, 150.0)], [(0, 1, [32.0, 64.0])], [QUAKE, DEATHS],
        years=years, parent_event="earthquake",
    )  # fmt: skip


def year_losses(data: xr.Dataset) -> np.ndarray:
    """Sums (year, zone) over all columns."""
    sums = np.zeros((int(data.attrs["years"]), len(ZONES)))
    year = data["year"].values[data["row_occurrence"].values]
    np.add.at(sums, (year, data["row_zone"].values), data["mean"].values.sum(axis=1))
    return sums


def test_a_joined_table_by_hand() -> None:
    seed = next(
        s for s in range(100) if paired_years(4, 2, seed=s, group="quakes").tolist() == [1, 0, 1, 0]
    )
    joined = check(join_tables(base_table(), {"quakes": quake_table()}, seed=seed), SCHEMA)
    # the group's first year is taken by the years 1 and 3; day 150 falls between the storms of 1
    assert joined["year"].values.tolist() == [0, 1, 1, 1, 3, 3]
    assert joined["start"].values.tolist() == [200.0, 100.0, 150.0, 250.0, 150.0, 220.0]
    assert joined["end"].values.tolist() == [201.0, 101.0, 151.0, 251.0, 151.0, 221.0]
    assert joined["block"].values.tolist() == [0, 0, 0, 0, 1, 1]
    assert joined["parent_event"].values.tolist() == [
        "typhoon", "typhoon", "earthquake", "typhoon", "earthquake", "typhoon"
    ]  # fmt: skip
    assert joined["row_occurrence"].values.tolist() == [0, 0, 2, 3, 4]
    assert joined["row_zone"].values.tolist() == [0, 1, 1, 1, 1]
    assert joined["peril"].values.tolist() == [
        "typhoon_wind", "rain_flood", "earthquake", "earthquake"
    ]  # fmt: skip
    assert joined["quantity"].values.tolist() == ["loss", "loss", "loss", "benefit"]
    expected = [
        [1.0, 2.0, 0.0, 0.0],
        [4.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 32.0, 64.0],
        [8.0, 16.0, 0.0, 0.0],
        [0.0, 0.0, 32.0, 64.0],
    ]
    np.testing.assert_array_equal(joined["mean"].values, expected)
    np.testing.assert_array_equal(joined["extrapolated"].values, np.array(expected) / 2.0)
    assert joined["zone"].values.tolist() == ZONES
    assert joined["name_en"].values.tolist() == ["A", "B"]
    facts = {k: joined.attrs[k] for k in ("years", "blocks", "groups", "group_years")}
    assert facts == {"years": 4, "blocks": 2, "groups": ["quakes"], "group_years": [2]}


def test_no_group_leaves_the_table_as_it_is() -> None:
    xr.testing.assert_equal(join_tables(base_table(), {}, seed=1), base_table())


def test_a_shared_column_is_one_column() -> None:
    group = table([(1, 170.0)], [(0, 0, [5.0])], [FLOOD], years=2, parent_event="plum_rain")
    joined = join_tables(base_table(), {"plum rain": group}, seed=1)
    assert joined.sizes["column"] == 2
    of_group = joined["parent_event"].values[joined["row_occurrence"].values] == "plum_rain"
    np.testing.assert_array_equal(joined["mean"].values[of_group], [[0.0, 5.0]] * 2)


@st.composite
def tables(draw: st.DrawFn, columns: list[Column], name: str) -> xr.Dataset:
    """Tables of whole amounts, whose sums are exact."""
    blocks, block_years = draw(st.integers(1, 3)), draw(st.integers(1, 5))
    years = blocks * block_years
    dates = draw(st.lists(st.tuples(st.integers(0, years - 1), st.integers(0, 364)), max_size=8))
    dates.sort()
    rows = [
        (o, z, draw(st.lists(st.integers(1, 99), min_size=len(columns), max_size=len(columns))))
        for o in range(len(dates))
        for z in sorted(draw(st.sets(st.integers(0, 1))))
    ]
    return table(dates, rows, columns, years=years, blocks=blocks, parent_event=name)


@settings(max_examples=25, deadline=None)
@given(
    base=tables([WIND, FLOOD], "typhoon"),
    quakes=tables([QUAKE, DEATHS], "earthquake"),
    rains=tables([FLOOD], "plum_rain"),
    seed=st.integers(0, 99),
)
def test_year_losses_add_and_the_base_stays_bit_equal(
    base: xr.Dataset, quakes: xr.Dataset, rains: xr.Dataset, seed: int
) -> None:
    joined = join_tables(base, {"quakes": quakes, "rains": rains}, seed=seed)
    years = int(base.attrs["years"])
    expected = year_losses(base)
    for name, group in (("quakes", quakes), ("rains", rains)):
        taken = paired_years(years, int(group.attrs["years"]), seed=seed, group=name)
        expected += year_losses(group)[taken]
    np.testing.assert_array_equal(year_losses(joined), expected)
    assert (np.lexsort((joined["start"], joined["year"])) == np.arange(joined["year"].size)).all()
    block_years = years // int(base.attrs["blocks"])
    np.testing.assert_array_equal(joined["block"], joined["year"] // block_years)

    storm = np.flatnonzero(joined["parent_event"].values == "typhoon")
    row = np.isin(joined["row_occurrence"].values, storm)
    for name in ("year", "block", "start", "end"):
        np.testing.assert_array_equal(joined[name].values[storm], base[name].values)
    for name in ("mean", "extrapolated"):
        np.testing.assert_array_equal(joined[name].values[row][:, :2], base[name].values)
        assert (joined[name].values[row][:, 2:] == 0.0).all()
    np.testing.assert_array_equal(joined["row_zone"].values[row], base["row_zone"].values)
    again = np.searchsorted(storm, joined["row_occurrence"].values[row])
    np.testing.assert_array_equal(again, base["row_occurrence"].values)


def test_average_annual_losses_add_when_the_years_are_a_multiple() -> None:
    base, quakes = base_table(), quake_table(years=2)
    joined = join_tables(base, {"quakes": quakes}, seed=4)
    # (1 + 2 + 4 + 8 + 16) / 4 and (32 + 64) / 2
    assert year_losses(joined).sum() / 4 == 31.0 / 4 + 96.0 / 2


def test_another_group_leaves_the_rows_of_the_first_as_they_are() -> None:
    alone = join_tables(base_table(), {"quakes": quake_table()}, seed=4)
    rains = table([(0, 170.0)], [(0, 0, [5.0])], [FLOOD], years=1, parent_event="plum_rain")
    both = join_tables(base_table(), {"rains": rains, "quakes": quake_table()}, seed=4)
    kept = both["parent_event"].values != "plum_rain"
    for name in ("year", "start", "parent_event"):
        np.testing.assert_array_equal(both[name].values[kept], alone[name].values)
    row = kept[both["row_occurrence"].values]
    np.testing.assert_array_equal(both["mean"].values[row], alone["mean"].values)


def with_unit(unit: str) -> xr.Dataset:
    return table([(0, 1.0)], [(0, 0, [1.0])], [("loss", unit, "house", "rain_flood")], years=2)


@pytest.mark.parametrize(
    ("group", "error", "message"),
    [
        (
            quake_table().assign_coords(zone=["330302", "330304"]),
            SchemaError,
            "group quakes, zone: .*to do: make both tables with one census",
        ),
        (quake_table().isel(zone=[1, 0]), SchemaError, "group quakes, zone"),
        (
            quake_table().assign_attrs(currency="USD"),
            UnitsError,
            "group quakes, currency: .*to do: bring the exposure",
        ),
        (quake_table().assign_attrs(price_year=2020), UnitsError, "price_year: .*found 2020"),
        (
            quake_table().assign(year=("occurrence", [2])),
            SchemaError,
            "group quakes, occurrence 0: .*found 2; expected 0 … 1",
        ),
        (with_unit("persons"), UnitsError, "loss, house, rain_flood: .*to do: compile the tables"),
        (quake_table().drop_vars("parent_event"), SchemaError, "parent_event"),
        (quake_table().assign_attrs(years=0), SchemaError, "expected 0 … -1"),
    ],
)
def test_a_group_that_does_not_fit_is_refused(
    group: xr.Dataset, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        join_tables(base_table(), {"quakes": group}, seed=1)
