"""The hazard verbs: footprints in return periods, fidelity in words, and a missing catalogue."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.errors import StageError
from riskmodel.core.returnperiod import Frequency
from riskmodel.hazard.position import mapped_positions
from riskmodel.run.stages import save_stage
from riskmodel.run.work.fidelity import bracket_width, fidelity_table, hazard_records
from riskmodel.run.work.footprint import footprint, reading_of
from riskmodel.run.work.hazard import catalogue_of, record_against_model
from tests.run.work_case import make_run

PERIL = "rain_flood"
POISSON = Frequency("poisson")
FIRST = [5.0, 50.0]  # years, of occurrence 0 of block 0 at cells 0 and 2
SECOND = [20_000.0]  # of occurrence 1 of block 1 at cell 1


def pairs(cells: list[int], occurrence: int, periods: list[float]) -> xr.Dataset:
    counts = np.bincount(cells, minlength=3)
    return xr.Dataset(
        {
            "pointer": ("edge", np.concatenate([[0], np.cumsum(counts)])),
            "occurrence": ("pair", np.full(len(cells), occurrence, np.uint32)),
            "position": ("pair", mapped_positions(periods, POISSON).astype(np.uint16)),
        }
    )


@pytest.fixture(scope="module")
def catalogue() -> xr.DataTree:
    """Three storms in a block of two years and two in the next."""
    root = xr.Dataset(
        {
            "block": ("occurrence", np.array([0, 0, 0, 1, 1])),
            "minimum_pressure": (
                ("occurrence", "box"),
                [[950.0], [np.nan], [960.0], [970.0], [np.nan]],
            ),
            "parent_event": ("occurrence", ["typhoon"] * 3 + ["plum_rain", "typhoon"]),
        },
        {"box": ["wenzhou_150km"]},
        attrs={"blocks": 2, "years_per_block": 2, "frequency": "poisson"},
    )
    return xr.DataTree.from_dict(
        {
            "/": root,
            f"block_00/{PERIL}": pairs([0, 2], 0, FIRST),
            f"block_01/{PERIL}": pairs([1], 1, SECOND),
        }
    )


@pytest.fixture(scope="module")
def census() -> xr.DataTree:
    zones = xr.Dataset({"row": ("cell", [0, 0, 1]), "column": ("cell", [0, 2, 1])})
    state = xr.Dataset({"state": (("y", "x"), np.ones((2, 3), np.int8))})
    return xr.DataTree.from_dict({"zones": zones, PERIL: state})


def test_footprint_puts_return_periods_on_the_grid(
    catalogue: xr.DataTree, census: xr.DataTree
) -> None:
    field = footprint(catalogue, census, PERIL, 0)
    expected = np.array([[5.0, np.nan, np.nan], [np.nan, 50.0, np.nan]])
    np.testing.assert_allclose(field.values, expected, rtol=2e-4)  # half a step of position
    assert field.attrs["units"] == "years"


def test_footprints_of_later_blocks_are_counted_from_their_start(
    catalogue: xr.DataTree, census: xr.DataTree
) -> None:
    field = footprint(catalogue, census, PERIL, 4)
    assert np.argwhere(np.isfinite(field.values)).tolist() == [[0, 2]]
    assert float(field[0, 2]) == pytest.approx(SECOND[0], rel=2e-4)
    for silent in (1, 2, 3):
        assert not np.isfinite(footprint(catalogue, census, PERIL, silent).values).any()


def test_maps_stand_at_their_own_return_periods_on_the_curve(
    catalogue: xr.DataTree, tmp_path: Path
) -> None:
    """Three cells in two zones; the occurrence reaches cells 0 and 2, most people live in 2."""
    periods, depth = [5.0, 10.0, 20.0, 50.0, 100.0, 200.0], [0.0, 0.1, 0.2, 0.5, 0.8, 1.2]
    layers = np.multiply.outer(depth, np.arange(1.0, 7.0).reshape(2, 3)).astype(np.float32)
    flood = xr.Dataset(
        {"intensity": (("return_period", "y", "x"), layers), "state": (("y", "x"), layers[0] + 2)},
        {"return_period": periods},
        {"units": "m"},
    )
    zones = xr.Dataset(
        {"row": ("cell", [0, 0, 1]), "column": ("cell", [0, 2, 1])}
        | {"entry_cell": ("entry", [0, 1, 2]), "entry_zone": ("entry", [0, 0, 1])}
        | {f"name_{code}": ("zone", ["A", "B"]) for code in ("zh", "en")}
    )
    people = xr.Dataset(
        {"value": (("entry", "exposure_class"), [[10.0], [90.0], [20.0]])},
        {"exposure_class": ["population"]},
    )
    census = xr.DataTree.from_dict({"zones": zones, "exposure": people, PERIL: flood})
    found = reading_of(make_run(tmp_path, "02_hazard"), catalogue, census, PERIL, 0)
    assert found["map_return_period"].values.tolist() == periods
    np.testing.assert_allclose(found["map_intensity"], layers[:, 1, 1])
    on_curve = found["intensity"].sel(
        return_period=periods
    )  # to the digit, so that rings sit on it
    np.testing.assert_allclose(on_curve, layers[:, 1, 1], atol=1e-6)
    assert found["return_period"].values[[0, -1]] == pytest.approx([2.0, 2000.0], rel=6e-3)
    assert float(found["shown_return_period"]) == pytest.approx(50.0, rel=2e-4)
    assert float(found["shown_intensity"]) == pytest.approx(0.5 * 5.0)
    assert found["storm_return_period"].values == pytest.approx([50.0], rel=2e-4)
    assert found.attrs["cell_en"].endswith("B")


def checks() -> dict[str, xr.Dataset]:
    bracketed = np.ones((2, 2, 10), dtype=bool)
    bracketed[1, 0, 3] = False
    errors = np.zeros((2, 2, 10), dtype=np.int64)
    errors[0, 1, 4], errors[1, 1, 5] = -3, 2
    one = xr.Dataset(
        {
            "bracketed": (("block", "return_period", "cell"), bracketed),
            "year_count_error": (("block", "return_period", "cell"), errors),
        },
        {"return_period": [5.0, 100.0]},
    )
    return {"typhoon_wind": one, PERIL: one.where(False, one).isel(cell=slice(0, 2))}


def test_a_single_miss_shows_in_table_and_record(catalogue: xr.DataTree, tmp_path: Path) -> None:
    run = make_run(tmp_path, "02_hazard")
    thinned = catalogue.to_dataset().isel(occurrence=slice(0, 4))
    save_stage(run, "catalogue", thinned)
    table = fidelity_table(checks()).set_index(["peril", "return period"])
    assert table.loc[("typhoon_wind", 5.0), "bracketed"] == pytest.approx(19 / 20)
    assert table.loc[("typhoon_wind", 100.0), "bracketed"] == 1.0
    assert table.loc[("typhoon_wind", 100.0), "largest year-count error"] == 3
    assert table["checks"].tolist() == [20, 20, 4, 4]
    records = {r.name: r.value for r in hazard_records(run, catalogue, checks())}
    assert records == {
        "hazard.years": 4.0,
        "hazard.occurrences": 5.0,
        "hazard.scenario_occurrences": 4.0,
        "hazard.fidelity.bracketed_share": pytest.approx(47 / 48),
        "hazard.fidelity.max_year_count_error": 3.0,
    }


def test_the_width_of_a_bracket_is_shown_where_the_map_is_given_back(census: xr.DataTree) -> None:
    dims = ("block", "return_period", "cell")
    check = xr.Dataset(
        {
            "lower": (dims, [[[1.9, 0.9, 4.0]], [[1.8, 0.9, 4.0]]]),
            "upper": (dims, [[[2.1, 1.1, 4.0]], [[2.2, 1.1, 4.0]]]),
            "map": (dims[1:], [[2.0, 1.0, 4.0]]),
            "bracketed": (dims, [[[True, True, True]], [[True, False, True]]]),
            "year_count_error": (dims, np.zeros((2, 1, 3), np.int64)),
        },
        {"return_period": [100.0], "cell": [0, 1, 2]},
    )
    found = bracket_width(census, check, peril=PERIL, return_period=100.0)
    # cell 0: 10 and 20 % in its blocks; cell 1 is missed in a block; cell 2 is exact
    width, missed = found["width"], found["missed"]
    np.testing.assert_allclose(width.values, [[15.0, np.nan, np.nan], [np.nan, 0.0, np.nan]])
    assert np.argwhere(missed.values).tolist() == [[0, 2]]
    assert width.attrs["units"] == "%"
    assert missed.attrs["long_name_en"] == "Cells not given back: 1"


def test_a_dry_cell_has_no_width_but_can_be_missed(census: xr.DataTree) -> None:
    dims = ("block", "return_period", "cell")
    check = xr.Dataset(
        {name: (dims, np.zeros((1, 1, 3))) for name in ("lower", "upper")}
        | {
            "map": (dims[1:], np.zeros((1, 3))),
            "bracketed": (dims, np.ones((1, 1, 3), bool)),
            "year_count_error": (dims, np.array([[[0, 0, -1]]])),
        },
        {"return_period": [100.0], "cell": [0, 1, 2]},
    )
    found = bracket_width(census, check, peril=PERIL, return_period=100.0)
    assert not np.isfinite(found["width"].values).any()
    assert np.argwhere(found["missed"].values).tolist() == [[1, 1]]


def test_each_figure_of_the_record_has_a_verdict(tmp_path: Path) -> None:
    table = record_against_model(make_run(tmp_path, "02_hazard")).set_index("figure")
    assert {"storms within 500 km a year", "landfalls on the coast of Zhejiang a year"} <= set(
        table.index
    )
    assert len(table) > 40
    inside = table["record"].between(table["model_low"], table["model_high"])
    # rounding for the table may move a figure across a limit, but not many
    assert ((table["verdict"] == "inside") == inside).mean() > 0.95
    assert set(table["verdict"]) <= {"inside", "outside"}


def test_a_catalogue_that_is_gone_says_what_to_run(tmp_path: Path) -> None:
    run = make_run(tmp_path, "03_exceedance")
    with pytest.raises(StageError, match="02_hazard"):
        catalogue_of(run)
    stage = xr.Dataset({"block": ("occurrence", [0])}, attrs={"key": "0123456789abcdef"})
    save_stage(make_run(tmp_path, "02_hazard"), "catalogue", stage)
    with pytest.raises(StageError, match=r"0123456789abcdef: the catalogue is gone.*02_hazard"):
        catalogue_of(run)
