"""Ningbo's table on flooded households: counts by step, and means worked by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.errors import ParamError
from riskmodel.cover.programme import load_programme
from riskmodel.run.work.ningbo import (
    GROUND_FLOOR,
    TEMPLATE,
    Case,
    Flooded,
    by_step,
    claim_rate_above,
    mean_benefit,
    ningbo_records,
    ningbo_table,
    published,
    step_items,
    water_table,
)
from tests.run.work_case import make_run

PAYS = np.array([500.0, 1000.0, 2000.0])


def test_the_published_mean_of_2015() -> None:
    """More than 7,840 万元 to 13.4 万 households."""
    assert published() == pytest.approx(585.0, abs=0.1)


def test_households_reach_a_step_where_water_in_the_dwelling_does() -> None:
    table = water_table(load_programme(TEMPLATE))
    items = step_items(table, [Case(0.15, GROUND_FLOOR, 0.6), Case(0.45, GROUND_FLOOR, 0.6)])
    assert len(items) == 6
    for item in items:
        case, step = map(int, item.column.split(".")[1:])
        edge = (0.2, 0.5, 1.0)[step] + (0.15, 0.45)[case]
        for response in item.responses.values():
            assert response.at([edge - 1e-9, edge, 5.0]).tolist() == [0.0, 1.0, 1.0]


def test_households_are_in_the_highest_step_that_they_reach() -> None:
    reached = {"households.0.0": [8.0, 4.0], "households.0.1": [3.0, 4.0]}
    names = [name for name in reached for _ in ("rain_flood", "storm_surge")]
    half = np.array([np.array(reached[name]) / 2 for name in names]).T  # a half by each peril
    table = xr.Dataset(
        {
            "mean": (("row", "column"), half),
            "row_occurrence": ("row", [2, 0]),
            "item": ("column", names),
            "year": ("occurrence", [0, 1, 1]),
        }
    )
    expected = np.array([[[0.0, 0.0, 5.0], [4.0, 0.0, 3.0]]])
    np.testing.assert_array_equal(by_step(table, 1, 2), expected)


def flooded() -> Flooded:
    cases = tuple(Case(f, GROUND_FLOOR, 0.6) for f in (0.15, 0.0, 0.45, 0.15, 0.15))
    base = np.array([[60.0, 20.0], [15.0, 5.0], [5.0, 15.0]])  # (step, occurrence)
    counts = np.stack([base, 2 * base, base[::-1], base, base])
    year, parent = np.array([0, 1]), np.array(["plum_rain", "typhoon"])
    return Flooded(cases, PAYS, counts, year, parent, years=2, blocks=2)


def test_table_beside_the_published_mean() -> None:
    table = ningbo_table(flooded()).set_index("case")
    frame, effect = table["yuan a paid household"], table["effect (yuan)"]
    # 80 x 500 + 20 x 1,000 + 20 x 2,000 = 100,000 for 120 households
    assert frame["model: floor at 0.15 m, all claim"] == 833
    assert frame["floor at 0 m"] == 833  # twice as many everywhere
    assert frame["floor at 0.45 m"] == 1583  # 20 x 500 + 20 x 1,000 + 80 x 2,000 = 190,000
    assert frame["50% claim in the lowest step"] == 1000  # 80,000 for 80 households
    assert frame["storms of source plum_rain"] == 688  # 55,000 for 80
    assert frame["storms of source typhoon"] == 1125  # 45,000 for 40
    assert effect["floor at 0.45 m"] == 750  # 1,583.3 less 833.3
    assert effect["Ningbo 2015, published"] == -248
    assert effect["every household on a ground floor"] == 0
    solved = [name for name in frame.index if "solved" in name]
    assert frame[solved[0]] == frame["Ningbo 2015, published"] == 585


def test_solved_claim_rate_gives_the_mean() -> None:
    count = np.array([80.0, 20.0, 20.0])
    rate = claim_rate_above(count, PAYS, 585.0)
    assert mean_benefit(count * np.array([1.0, rate, rate]), PAYS) == pytest.approx(585.0)


def test_the_record_spans_blocks_and_cases(tmp_path: Path) -> None:
    (record,) = ningbo_records(make_run(tmp_path, "04_tiers"), flooded())
    assert record.value == pytest.approx(100_000 / 120)
    kinds = {interval.kind: interval for interval in record.intervals}
    assert set(kinds) == {"simulation", "model"}
    assert kinds["model"].upper == pytest.approx(190_000 / 120)


def test_a_programme_without_water_table_is_refused() -> None:
    programme = load_programme(TEMPLATE)
    persons = programme.model_copy(update={"covers": programme.covers[:1]})
    with pytest.raises(ParamError, match="no benefit by water depth"):
        water_table(persons)
