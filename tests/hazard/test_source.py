"""Sources pooled: order of date, one index for a peril, and what does not fit is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr

from riskmodel.core.errors import CatalogueError
from riskmodel.hazard.build import build_catalogue
from riskmodel.hazard.composition import month_of, season, source_shares
from riskmodel.hazard.fidelity import fidelity, summary
from riskmodel.hazard.grid import PhysicsGrid
from riskmodel.hazard.source import (
    Source,
    SourceBlock,
    common_grid,
    index_unit,
    pool_of,
    pooled_block,
)
from tests.hazard.conftest import GRID, census_named, curves_of, make_settings, make_source

YEARS = 400
FRONT = [1, 1, 3]  # years of three rain events of a front


def dated(year: list[int], start: list[float]) -> xr.Dataset:
    columns = {"year": np.array(year), "start": np.array(start), "end": np.array(start) + 1.0}
    return xr.Dataset({name: ("occurrence", values) for name, values in columns.items()})


def single(
    name: str, occurrences: xr.Dataset, indices: dict[str, npt.NDArray[np.float32]], **units: str
) -> Source:
    """A source that delivers the same block whatever is asked."""
    return Source(GRID, units, name, name, lambda b: SourceBlock(occurrences, indices))


def row(*values: float) -> npt.NDArray[np.float32]:
    """The same index at all nodes."""
    return np.tile(np.array(values, dtype=np.float32), (9, 1))


STORM = single(
    "storm",
    dated([0, 1, 3], [200.0, 190.0, 210.0]).assign(pressure=("occurrence", [950.0, 960.0, 970.0])),
    {"wind": row(30, 40, 50), "flood": row(100, 110, 120)},
    wind="m s-1",
    flood="mm",
)
RAIN = single("front", dated(FRONT, [170.0, 195.0, 180.0]), {"flood": row(60, 70, 80)}, flood="mm")


def test_two_sources_are_put_in_order_of_date() -> None:
    made = pooled_block([STORM, RAIN], 0)
    table = made.occurrences
    assert table["year"].values.tolist() == [0, 1, 1, 1, 3, 3]
    assert table["start"].values.tolist() == [200.0, 170.0, 190.0, 195.0, 180.0, 210.0]
    assert "".join(p[0] for p in table["parent_event"].values) == "sfsffs"
    # a front has no pressure
    np.testing.assert_array_equal(
        table["pressure"].values, [950, *[np.nan], 960, *[np.nan] * 2, 970]
    )


def test_a_pool_holds_all_sources_of_its_peril_under_their_common_numbers() -> None:
    made = pooled_block([STORM, RAIN], 0)
    flood, wind = pool_of(made, "flood", 5), pool_of(made, "wind", 5)
    assert flood.index[0].tolist() == [100, 60, 110, 70, 80, 120]
    assert flood.number.tolist() == [0, 1, 2, 3, 4, 5]
    assert flood.year_pointer.tolist() == [0, 1, 4, 4, 6, 6]
    assert wind.index[0].tolist() == [30, 40, 50]
    assert wind.number.tolist() == [0, 2, 5]
    assert wind.year_pointer.tolist() == [0, 1, 2, 2, 3, 3]


def test_the_order_of_the_sources_does_not_matter() -> None:
    a, b = pooled_block([STORM, RAIN], 0), pooled_block([RAIN, STORM], 0)
    assert a.occurrences.identical(b.occurrences[list(a.occurrences.data_vars)])
    for peril in ("flood", "wind"):
        one, two = pool_of(a, peril, 5), pool_of(b, peril, 5)
        assert np.array_equal(one.index, two.index)
        assert np.array_equal(one.number, two.number)


def rain_source(years: int, wetness: float = 1.0) -> Source:
    """Rain of fronts in June beside the storms of `make_source`."""

    def block(number: int) -> SourceBlock:
        whole = make_source(years, seed=77).block(number)
        early = whole.occurrences.assign(
            start=whole.occurrences["start"] - 100.0, end=whole.occurrences["end"] - 100.0
        )
        wet = whole.indices["flood"] * np.float32(wetness)
        return SourceBlock(early, {"flood": wet})

    return Source(GRID, {"flood": "mm"}, "front", f"front {years} {wetness}", block)


@pytest.fixture(scope="module")
def pooled(tmp_path_factory: pytest.TempPathFactory) -> xr.DataTree:
    folder: Path = tmp_path_factory.mktemp("pooled")
    sources = [make_source(YEARS), rain_source(YEARS)]
    return build_catalogue(folder, census_named("like the demo"), sources, make_settings(YEARS))


def test_a_pooled_catalogue_still_gives_every_map_back(pooled: xr.DataTree) -> None:
    census = census_named("like the demo")
    checks = {
        p: fidelity(pooled, census, {p: curves_of(census, p)}, peril=p) for p in ("wind", "flood")
    }
    assert summary(checks) == {"bracketed_share": 1.0, "max_year_count_error": 0.0}


def test_a_second_source_leaves_a_peril_of_the_first_bit_equal(
    pooled: xr.DataTree, tmp_path: Path
) -> None:
    census = census_named("like the demo")
    alone = build_catalogue(tmp_path, census, [make_source(YEARS)], make_settings(YEARS))
    storms = np.flatnonzero(pooled["parent_event"].values == "storm")
    block_of = pooled["block"].values
    for block in range(3):
        first = int(np.searchsorted(block_of, block))
        a = alone[f"block_{block:02d}/wind"].to_dataset()
        b = pooled[f"block_{block:02d}/wind"].to_dataset()
        own = storms[block_of[storms] == block] - first
        assert np.array_equal(own[a["occurrence"].values], b["occurrence"].values)
        assert np.array_equal(a["position"].values, b["position"].values)
        assert np.array_equal(a["pointer"].values, b["pointer"].values)


def test_shares_of_like_sources_are_even_and_sum_to_one(pooled: xr.DataTree) -> None:
    shares = source_shares(pooled, "flood", [5.0, 10.0, 20.0, 50.0])["share"]
    np.testing.assert_allclose(shares.sum("parent_event"), 1.0)
    # two sources of one law: 240 independent years reach 1 in 5, and places go together
    assert abs(float(shares.sel(parent_event="front", return_period=5.0)) - 0.5) < 0.1
    wind = source_shares(pooled, "wind", [5.0])["share"]
    assert wind.sel(parent_event="storm").item() == 1.0


def test_shares_by_hand(pooled: xr.DataTree) -> None:
    found = source_shares(pooled, "flood", [20.0])["share"]
    mapped = -np.log(-np.log1p(-1 / 20.0)) / 2.5e-4
    parent, block_of = pooled["parent_event"].values, pooled["block"].values
    count = {"storm": 0, "front": 0}
    for block in range(3):
        pairs = pooled[f"block_{block:02d}/flood"].to_dataset()
        rare = pairs["occurrence"].values[pairs["position"].values >= np.rint(mapped)]
        for name in count:
            count[name] += int((parent[block_of == block][rare] == name).sum())
    for name in count:
        assert float(found.sel(parent_event=name).item()) == count[name] / sum(count.values())


def test_the_season_counts_every_occurrence_in_its_month(pooled: xr.DataTree) -> None:
    found = season(pooled)["occurrences_a_year"]
    total = pooled.sizes["occurrence"] / (3 * YEARS)
    assert float(found.sum()) == pytest.approx(total)
    start = pooled["start"].values[pooled["parent_event"].values == "front"]
    in_may = ((start >= 121.0) & (start < 152.0)).sum() / (3 * YEARS)
    assert float(found.sel(parent_event="front", month=5)) == pytest.approx(in_may)


def test_months_of_days() -> None:
    assert month_of([1.0, 31.99, 32.0, 59.5, 60.0, 365.9]).tolist() == [1, 1, 2, 2, 3, 12]


# --- refusals -----------------------------------------------------------------------------------


def late_first(source: Source) -> Source:
    return replace(
        source,
        block=lambda b: SourceBlock(dated([1, 0], [1.0, 1.0]), {"flood": row(1, 2)}),
    )


def test_one_index_for_a_peril_over_all_sources() -> None:
    assert index_unit([STORM, RAIN], "flood") == "mm"
    inches = replace(RAIN, index_units={"flood": "inch"})
    told = r"peril flood: a peril needs one physical index.*inch.*to do: give each pooled source"
    with pytest.raises(CatalogueError, match=told):
        index_unit([STORM, inches], "flood")
    with pytest.raises(CatalogueError, match=r"peril drought.*no source"):
        index_unit([STORM, RAIN], "drought")


def test_sources_share_a_grid_and_have_names_of_their_own() -> None:
    assert common_grid([STORM, RAIN]) == GRID
    other = replace(RAIN, grid=PhysicsGrid(120.0, 27.0, 3, 3, 0.4))
    with pytest.raises(CatalogueError, match=r"storm and front.*to do: compute all sources on"):
        common_grid([STORM, other])
    for bad in ([], [STORM, STORM]):
        with pytest.raises(CatalogueError, match="sources need a name each"):
            common_grid(bad)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda i: i[:, :2], r"front, block 0, peril flood.*2 columns.*3 columns"),
        (lambda i: -i, r"smallest -80"),
        (lambda i: i * np.nan, r"smallest nan"),
    ],
)
def test_an_index_that_is_none_is_refused(
    spoil: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]], told: str
) -> None:
    made = RAIN.block(0)
    spoilt = replace(made, indices={"flood": spoil(made.indices["flood"])})
    with pytest.raises(CatalogueError, match=told):
        pooled_block([STORM, replace(RAIN, block=lambda b: spoilt)], 0)


def test_occurrences_out_of_order_are_refused() -> None:
    with pytest.raises(CatalogueError, match=r"front, block 0: occurrences are not in order"):
        pooled_block([STORM, late_first(RAIN)], 0)


def test_a_source_of_a_peril_without_maps_is_refused(tmp_path: Path) -> None:
    """A misspelt peril would feed no pool, and nobody would know."""
    misspelt = replace(rain_source(YEARS), index_units={"flod": "mm"})
    told = r"source front: a source causes perils.*flod.*flood.*wind.*to do: correct the perils"
    with pytest.raises(CatalogueError, match=told):
        build_catalogue(
            tmp_path, census_named("like the demo"), [make_source(YEARS), misspelt],
            make_settings(YEARS),
        )  # fmt: skip
