"""Scenarios are columns of one pass; threads, chunks and memory change nothing in them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numba as nb
import numpy as np
import pytest
import xarray as xr

from riskmodel.core.errors import CatalogueError, MemoryLimitError, ResponseError
from riskmodel.hazard.catalogue import block_names
from riskmodel.loss import engine
from riskmodel.loss.compilation import compile_scenarios, compile_table
from riskmodel.loss.engine import plan_pass
from riskmodel.loss.occurrence_table import occurrence_table, occurrence_tables
from riskmodel.loss.reading import stored_blocks
from riskmodel.loss.response import Item
from riskmodel.loss.scenario import Scenario
from tests.loss.conftest import STORMS, City, damage, make_city, small_items


def variants(city: City, items: list[Item]) -> dict[str, Scenario]:
    """A baseline, sixteen other damage curves, and a wind map that is stronger."""
    made = {"baseline": Scenario(city.curves, items, 0.6)}
    for number in range(16):
        curves = {p: damage(p, 0.2 + 0.04 * number) for p in city.curves}
        changed = [replace(item, responses=curves) for item in items[:2]]
        made[f"curve {number}"] = Scenario(city.curves, [*changed, *items[2:]], 0.6)
    wind = city.curves["typhoon_wind"]
    stronger = replace(wind, left=wind.left * np.float32(1.1), right=wind.right * np.float32(1.1))
    made["wind"] = Scenario({**city.curves, "typhoon_wind": stronger}, items, 0.6)
    return made


def assert_equal(one: dict[str, xr.Dataset], other: dict[str, xr.Dataset]) -> None:
    assert list(one) == list(other)
    for name, table in one.items():
        xr.testing.assert_identical(table, other[name])


def test_one_pass_gives_what_a_pass_for_each_scenario_gives(city: City, items: list[Item]) -> None:
    chosen = variants(city, items)
    tables = compile_scenarios(city.census, chosen)
    assert [len(table.scenarios) for table in tables] == [17, 1]
    together = occurrence_tables(city.catalogue, tables)
    assert set(together) == set(chosen)
    for name, scenario in chosen.items():
        alone = compile_table(city.census, scenario.curves, scenario.items, depth_spread=0.6)
        expected = occurrence_table(city.catalogue, alone)
        for key in ("row_occurrence", "row_zone"):
            np.testing.assert_array_equal(together[name][key].values, expected[key].values)
        for key in ("mean", "extrapolated"):
            found, slow = together[name][key].values, expected[key].values
            np.testing.assert_allclose(found, slow, rtol=1e-12, atol=1e-12 * slow.max())
    totals = [float(table["mean"].sum()) for table in together.values()]
    assert len(set(totals)) == len(totals)


def digests() -> list[str]:
    """Hashes of all tables with one thread, with two and with all there are."""
    city, found = make_city(20221), []
    tables = compile_scenarios(city.census, variants(city, small_items()))
    engine.LONGEST_RUN = 1  # several tasks in each zone
    for threads in (1, 2, nb.config.NUMBA_NUM_THREADS):
        nb.set_num_threads(threads)
        hashed = hashlib.sha256()
        for table in occurrence_tables(city.catalogue, tables).values():
            hashed.update(table["mean"].values.tobytes() + table["extrapolated"].values.tobytes())
        found.append(hashed.hexdigest())
    return found


def test_one_two_and_four_threads_give_the_same_bits() -> None:
    """In a process of its own, so that there are four threads on any machine."""
    code = "from tests.loss.test_scenarios import digests; print(*digests())"
    environment = {**os.environ, "NUMBA_NUM_THREADS": "4"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=Path(__file__).parents[2],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    one, two, four = done.stdout.split()
    assert one == two == four


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("LONGEST_RUN", 1), ("LONGEST_RUN", 100), ("TASKS", 1), ("LISTED_PAIRS", 1),
        ("LISTED_PAIRS", 3000), ("CHUNK_BYTES", 40_000), ("CHUNK_BYTES", 200_000),
    ],
)  # fmt: skip
def test_runs_and_chunks_change_no_bit(
    city: City, items: list[Item], name: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = compile_scenarios(city.census, {"baseline": Scenario(city.curves, items, 0.6)})
    expected = occurrence_tables(city.catalogue, tables)
    monkeypatch.setattr(engine, name, number)
    assert_equal(occurrence_tables(city.catalogue, tables), expected)


def test_blocks_in_memory_give_what_stored_blocks_give(city: City, items: list[Item]) -> None:
    tables = compile_scenarios(city.census, {"baseline": Scenario(city.curves, items, 0.6)})
    blocks = list(stored_blocks(city.catalogue, tables[0], keep=True))
    found = occurrence_tables(city.catalogue, tables, blocks=blocks)
    assert_equal(found, occurrence_tables(city.catalogue, tables))


def test_reading_ahead_changes_nothing_and_is_left_where_memory_is_short(
    city: City, items: list[Item]
) -> None:
    tables = compile_scenarios(city.census, {"baseline": Scenario(city.curves, items, 0.6)})
    free = plan_pass(city.catalogue, tables[0], memory_limit=1 << 30)
    tight = plan_pass(city.catalogue, tables[0], memory_limit=free.total - free.pairs // 2)
    assert free.ahead and not tight.ahead
    assert tight.pairs == free.pairs // 2 and tight.sums == free.sums
    one, other = (
        [
            of.tobytes()
            for pairs in stored_blocks(city.catalogue, tables[0], ahead=ahead)
            for of in pairs
        ]
        for ahead in (True, False)
    )
    assert one == other and len(one) == 3 * city.catalogue.attrs["blocks"]


def test_a_pass_that_fits_is_not_refused_for_reading_ahead(
    city: City, items: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a block has fewer occurrences than the shortest run, whose room is announced."""
    monkeypatch.setattr(engine, "SHORTEST_RUN", 10 * STORMS)
    tables = compile_scenarios(city.census, {"baseline": Scenario(city.curves, items, 0.6)})
    free = plan_pass(city.catalogue, tables[0], memory_limit=1 << 30)
    least = free.total - free.pairs // 2
    for limit in np.linspace(least, free.total, 20).astype(int):
        plan = plan_pass(city.catalogue, tables[0], memory_limit=int(limit))
        assert plan.total <= limit and plan.ahead == (limit == free.total)


def test_an_error_of_the_reading_thread_is_told(city: City, items: list[Item]) -> None:
    (table,) = compile_scenarios(city.census, {"baseline": Scenario(city.curves, items, 0.6)})
    broken = city.catalogue.copy()
    del broken["block_01"]["rain_flood"]
    with pytest.raises(CatalogueError, match=r"block_01.*rain_flood"):
        list(stored_blocks(broken, table, ahead=True))


def test_after_an_error_no_thread_takes_another_task(
    city: City, items: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    (table,) = compile_scenarios(city.census, {"baseline": Scenario(city.curves, items, 0.6)})
    calls: list[int] = []

    def task(*_: object) -> None:
        calls.append(len(calls))
        if len(calls) == 1:
            raise KeyboardInterrupt
        time.sleep(0.01)

    monkeypatch.setattr(engine, "SHORTEST_RUN", 1)
    monkeypatch.setattr(engine, "LONGEST_RUN", 1)
    monkeypatch.setattr(engine, "pass_task", task)
    with pytest.raises(KeyboardInterrupt):
        occurrence_table(city.catalogue, table)
    assert len(calls) < STORMS  # of three times as many


def test_scenarios_of_other_columns_are_refused(city: City, items: list[Item]) -> None:
    other = {
        "baseline": Scenario(city.curves, items, 0.6),
        "fewer": Scenario(city.curves, items[:-1], 0.6),
    }
    with pytest.raises(ResponseError, match=r"fewer.*columns, classes, perils and rules"):
        compile_scenarios(city.census, other)


def test_memory_is_announced_and_bounded(city: City, items: list[Item]) -> None:
    (table, _) = compile_scenarios(city.census, variants(city, items))
    free = plan_pass(city.catalogue, table, memory_limit=1 << 30)
    tight = plan_pass(city.catalogue, table, memory_limit=free.pairs + free.table + free.sums // 2)
    assert tight.sums <= free.sums // 2
    assert 0 < tight.chunk < free.chunk
    with pytest.raises(MemoryLimitError, match=r"17 scenarios.*memory .* MB.*to do: pass"):
        plan_pass(city.catalogue, table, memory_limit=free.pairs + free.table + 1000)
    with pytest.raises(MemoryLimitError, match="blocks of fewer years"):
        plan_pass(city.catalogue, table, memory_limit=free.pairs)


def test_rows_beyond_the_limit_are_refused(city: City, items: list[Item]) -> None:
    tables = compile_scenarios(city.census, variants(city, items))
    plan = max(plan_pass(city.catalogue, t, memory_limit=1 << 30).total for t in tables)
    with pytest.raises(MemoryLimitError, match=r"rows of the occurrence tables.*fewer scenarios"):
        occurrence_tables(
            city.catalogue, 60 * tables, memory_limit=plan
        )  # the rows of all are kept


def test_a_catalogue_without_any_occurrence_gives_tables_without_rows(
    city: City, items: list[Item]
) -> None:
    root = city.catalogue.to_dataset()
    nodes = {"/": root.isel(occurrence=slice(0, 0)).assign_attrs(root.attrs)}
    for block in block_names(city.catalogue):
        for peril, node in city.catalogue[block].children.items():
            some = node.to_dataset().isel(pair=slice(0, 0))
            nodes[f"{block}/{peril}"] = some.assign(
                pointer=("edge", np.zeros(some.sizes["edge"], np.int64))
            )
    tables = compile_scenarios(city.census, variants(city, items))
    found = occurrence_tables(xr.DataTree.from_dict(nodes), tables)
    full = occurrence_tables(city.catalogue, tables)
    assert list(found) == list(full)
    for name, table in found.items():
        assert table.sizes["row"] == table.sizes["occurrence"] == 0
        assert set(table.variables) == set(full[name].variables)
        assert {n: v.dtype for n, v in table.variables.items()} == {
            n: v.dtype for n, v in full[name].variables.items()
        }
