"""Each item under each scenario has one lane, and lanes of other outcomes never share a sum."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.loss.compilation import compile_scenarios
from riskmodel.loss.lanes import LANES, lanes_of
from riskmodel.loss.occurrence_table import occurrence_tables
from riskmodel.loss.response import Item
from riskmodel.loss.scenario import Scenario
from tests.loss.conftest import City

PERILS = 3
item_facts = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2**PERILS - 1), st.booleans()),
    min_size=1, max_size=12,
)  # fmt: skip


@given(item_facts, st.integers(1, 40))
def test_sums_are_shared_by_parts_of_the_same_outcomes_alone(
    facts: list[tuple[int, int, bool]], scenarios: int
) -> None:
    column, acts, highest = (np.array(fact) for fact in zip(*facts, strict=True))
    made = lanes_of(
        np.ones((2, len(facts))), column, acts, highest, perils=PERILS, scenarios=scenarios
    )
    used = made.scenario >= 0
    placed = sorted(zip(made.item[used].tolist(), made.scenario[used].tolist(), strict=True))
    assert placed == [(i, s) for i in range(len(facts)) if acts[i] for s in range(scenarios)]
    outcomes = np.where(used, column[made.item] * 100 + made.scenario, -1)
    numbers: dict[tuple[int, ...], int] = {}
    for bundle, perils in enumerate(made.perils):
        for p in range(PERILS):
            if perils >> p & 1:
                number = int(made.slot[p, bundle])
                assert numbers.setdefault((p, *outcomes[bundle].tolist()), number) == number
    assert sorted(numbers.values()) == list(range(made.slots))


def test_classes_of_one_column_add_up_to_what_they_cost_on_their_own(
    city: City, items: list[Item]
) -> None:
    losses = [item for item in items if item.quantity == "loss"]
    one = [replace(item, column="all") for item in losses]
    own = [replace(item, column=f"class {n}") for n, item in enumerate(losses)]
    found = []
    for chosen in (one, own):
        scenarios = {f"floor {s}": Scenario(city.curves, chosen, 0.1 * s) for s in range(LANES)}
        tables = compile_scenarios(city.census, scenarios)
        bundles = sum(table.lanes.item.shape[0] for table in tables)
        shared = bundles * len(city.curves) - sum(table.lanes.slots for table in tables)
        assert (shared > 0) == (chosen is one)
        found.append(occurrence_tables(city.catalogue, tables))
    for name, table in found[0].items():
        apart = found[1][name]
        for peril in city.curves:
            together, parts = (
                t["mean"].values[:, t["peril"].values == peril].sum(axis=1) for t in (table, apart)
            )
            np.testing.assert_allclose(together, parts, rtol=1e-12)
            assert together.sum() > 0.0
