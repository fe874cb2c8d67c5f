"""Three simulated years in words, by hand: four events in two blocks of two years."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from riskmodel.run.folder import Run, RunFolder
from riskmodel.run.params import apply_overrides
from riskmodel.run.stages import save_stage
from riskmodel.run.work.season import loss_by_occurrence
from riskmodel.run.work.stories import event_rain, told_occurrences, told_years, years_in_words
from tests.run.conftest import because
from tests.run.work_case import make_run

START = [170.5, 209.0, 360.0, 30.0]


def table(*perils: str) -> xr.Dataset:
    """Losses in 亿元 by event and peril: the second event costs most, the third is a drought."""
    amounts = {
        "typhoon_wind": [0.0, 3.0, 0.0, 0.0], "rain_flood": [0.5, 1.0, 0.0, 0.0],
        "drought": [0.0, 0.0, 2.0, 0.0],
    }  # fmt: skip
    mean = np.array([amounts[peril] for peril in perils]).T * 1e8
    return xr.Dataset(
        {
            "mean": (("row", "column"), mean), "row_occurrence": ("row", np.arange(4)),
            "row_zone": ("row", np.zeros(4, np.int16)),
            "year": ("occurrence", [0, 0, 2, 3]), "block": ("occurrence", [0, 0, 1, 1]),
            "start": ("occurrence", START), "end": ("occurrence", np.add(START, [0.2, 2, 40, 0])),
            "parent_event": ("occurrence", ["plum_rain", "typhoon", "typhoon", "plum_rain"]),
            "quantity": ("column", ["loss"] * len(perils)), "peril": ("column", list(perils)),
        },
        attrs={"years": 4, "blocks": 2},
    )  # fmt: skip


RAIN = np.array([100.0, 50.0, 0.0, 30.0])


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return make_run(tmp_path, "03_exceedance")


def test_years_are_chosen_by_loss_rain_and_drought() -> None:
    years = told_years(table("typhoon_wind", "rain_flood", "drought"), RAIN)
    assert {story: (y.number, y.by) for story, y in years.items()} == {
        "worst": (0, "loss"), "wettest": (0, "rain"), "driest": (2, "drought"),
    }  # fmt: skip
    assert (years["worst"].loss, years["worst"].rain) == (4.5e8, 150.0)


def test_without_drought_the_driest_year_has_least_rain_then_fewest_events() -> None:
    """Years 1 and 2 have no rain; year 1 has no event at all."""
    years = told_years(table("typhoon_wind", "rain_flood"), RAIN)
    assert (years["driest"].number, years["driest"].by) == (1, "no_drought")
    assert list(told_years(table("typhoon_wind"), np.zeros(4))) == ["worst"]


def test_a_year_is_told_in_order_of_date(run: Run) -> None:
    made = table("typhoon_wind", "rain_flood", "drought")
    words = years_in_words(run, made, RAIN, told_years(made, RAIN))
    assert words["最差的一年"] == (
        "模拟第 1 年（全年损失最大）：2 次事件，共损失4.5 亿元，"
        "台风和梅雨在各县人口最密处的平均雨量合计 150 mm。"
        "6月19日，梅雨：损失0.5 亿元，暴雨洪涝占 100 %。"
        "7月28日至7月30日，台风：损失4 亿元，台风大风占 75 %。"
    )
    assert "12月26日至2月4日" in words["最干的一年"]  # into the next year


def test_events_that_cost_nothing_are_counted(run: Run) -> None:
    params = run.params.model_copy(update={"language": "en"})
    made, english = table("typhoon_wind", "rain_flood"), Run(params, run.folder, run.notebook)
    made["mean"][0] = 0.0
    words = years_in_words(english, made, RAIN, told_years(made, RAIN))
    assert words["The worst year"].endswith(
        "28 Jul to 30 Jul, Typhoon: 4 亿元, of it 75 % by Typhoon wind. "
        "The other 1 cost less or nothing."
    )
    assert words["The driest year"].count("0 events") == 1


def test_what_costs_less_than_a_thousandth_of_the_year_is_not_told(run: Run) -> None:
    made = table("typhoon_wind", "rain_flood")
    for loss, others in ((3e5, "其余 1 次"), (0.5, "其余 1 次"), (5e6, "6月19日")):
        made["mean"][0] = [0.0, loss]
        assert others in years_in_words(run, made, RAIN, told_years(made, RAIN))["最差的一年"]


def test_rows_of_a_year_add_up_to_it_and_carry_units(run: Run) -> None:
    made = table("typhoon_wind", "rain_flood", "drought")
    years = told_years(made, RAIN)
    frame = told_occurrences(run, made, RAIN, years)
    sums = frame.groupby("故事")["损失 (亿元)"].sum()
    assert sums["最差的一年"] == pytest.approx(years["worst"].loss / 1e8)
    assert frame["事件雨量 (mm)"].tolist() == [100.0, 50.0, 100.0, 50.0, 0.0]
    assert frame["主要灾种"].tolist()[:2] == ["暴雨洪涝", "台风大风"]
    assert loss_by_occurrence(made).sel(peril="drought").values.tolist() == [0.0, 0.0, 2e8, 0.0]


def test_rain_is_read_back_at_the_most_populous_cell_of_each_county(tmp_path: Path) -> None:
    """Cells 1 and 2 are read; two knots: 200 and 100 mm in cell 1, twice as much in cell 2.

    Event 0 lies half way between the knots in cell 1 alone: 150 mm, 75 as the mean of two places.
    Event 1 is beyond the last knot in both: (200 + 400) / 2. Event 2, of the other block, is at
    the lower knot of cell 2: 200 / 2.
    """
    census = xr.DataTree.from_dict(
        {
            "zones": xr.Dataset(
                {"entry_cell": ("entry", [0, 1, 2, 1]), "entry_zone": ("entry", [0, 0, 1, 1])}
            ),
            "exposure": xr.Dataset(
                {"value": (("entry", "exposure_class"), [[5.0], [9.0], [7.0], [1.0]])},
                {"exposure_class": ["population"]},
            ),
        }
    )
    index = np.array([[[9e9, 9e8], [200.0, 100.0], [400.0, 200.0]]] * 2)
    pairs = [
        {"pointer": [0, 1, 3, 4], "occurrence": [0, 0, 1, 1], "position": [5, 5000, 7000, 6500]},
        {"pointer": [0, 0, 0, 1], "occurrence": [0], "position": [4000]},
    ]
    nodes = {
        "/": xr.Dataset(
            {"block": ("occurrence", [0, 0, 1])}, attrs={"perils": ["rain_flood"], "blocks": 2}
        ),
        "rank_function/rain_flood": xr.Dataset(
            {
                "index": (("block", "cell", "knot"), index),
                "knot_position": (("block", "knot"), np.array([[6000, 4000]] * 2)),
            }
        ),
    }
    for block, held in enumerate(pairs):
        dims = {"pointer": "edge", "occurrence": "pair", "position": "pair"}
        nodes[f"block_{block:02d}/rain_flood"] = xr.Dataset(
            {name: (dims[name], np.array(values)) for name, values in held.items()}
        )
    catalogue = xr.DataTree.from_dict(nodes)
    save_stage(
        make_run(tmp_path, "02_hazard"), "catalogue",
        xr.Dataset({"base": ("occurrence", [1, 0, 0, 2])}),
    )  # fmt: skip
    run = make_run(tmp_path, "03_exceedance")
    expected = np.array([300.0, 75.0, 75.0, 100.0])
    np.testing.assert_allclose(event_rain(run, census, catalogue), expected)
    wetter = apply_overrides(run.params, {"scenario.rain": 1.1} | because({"scenario.rain": 1.1}))
    more = Run(wetter, RunFolder(tmp_path / "case"), "03_exceedance")
    np.testing.assert_allclose(event_rain(more, census, catalogue), 1.1 * expected)
    catalogue.attrs["perils"] = []
    assert not event_rain(run, census, catalogue).any()
