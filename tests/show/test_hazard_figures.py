"""Figures of the catalogue: chi by distance, parent events by return period and by month."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go
import pytest
import xarray as xr

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import message_table, names
from riskmodel.show.dependence import chi_figure
from riskmodel.show.shares import season_figure, source_shares_figure
from riskmodel.show.theme import EVENT_COLOURS

Change = Callable[[xr.Dataset], xr.Dataset]


def refused(build: Callable[[], go.Figure], told: str) -> None:
    with pytest.raises(FigureError) as caught:
        build()
    assert re.search(told, str(caught.value))


# --- chi -----------------------------------------------------------------------------------------


def drawn(figure: go.Figure) -> list[go.Scatter]:
    return [trace for trace in figure.data if trace.hovertext is not None]


def test_each_return_period_has_one_colour_for_line_points_and_targets(chi: xr.Dataset) -> None:
    figure = chi_figure(chi, language="en")
    traces = drawn(figure)
    assert len(traces) == 6
    for period, (line, points, rings) in zip((20, 100), (traces[:3], traces[3:]), strict=True):
        assert {line.name, points.name, rings.name} == {f"{period}-year level"}
        assert line.line.color == points.marker.color == rings.marker.color
        assert (line.mode, points.mode, rings.mode) == ("lines", "markers", "markers")
        assert rings.marker.symbol == "diamond-open"
        np.testing.assert_array_equal(line.y, chi["solved"].sel(return_period=period))
        np.testing.assert_array_equal(points.y, chi["measured"].sel(return_period=period))
        np.testing.assert_array_equal(rings.x, [20.0, 60.0])
    assert traces[0].line.color != traces[3].line.color
    np.testing.assert_array_equal(traces[5].y, [0.32, 0.17])


def test_bars_reach_from_lower_to_upper(chi: xr.Dataset) -> None:
    points = drawn(chi_figure(chi, language="en"))[1]
    one = chi.sel(return_period=20)
    np.testing.assert_allclose(points.y + points.error_y.array, one["upper"])
    np.testing.assert_allclose(points.y - points.error_y.arrayminus, one["lower"])


def test_no_bars_without_bounds(chi: xr.Dataset) -> None:
    figure = chi_figure(chi.drop_vars(["lower", "upper"]), language="en")
    assert all(trace.error_y.array is None for trace in figure.data)
    assert not figure.layout.title.subtitle.text


def test_chi_hover_and_axes(chi: xr.Dataset) -> None:
    figure = chi_figure(chi, language="zh")
    rings = drawn(figure)[2]
    assert rings.hovertext[0] == "20 年一遇: 设定目标<br>距离: 20 km<br>χ: 0.500"
    points = drawn(figure)[1]
    low, high = (float(chi[name][0, 0]) for name in ("lower", "upper"))
    assert f"各组之间: {low:.3f} – {high:.3f}" in points.hovertext[0]
    assert tuple(figure.layout.yaxis.range) == (0, 1)
    assert "km" in figure.layout.xaxis.title.text
    assert "梅雨" in figure.layout.title.text


def test_a_target_elsewhere_on_the_list_keeps_its_own_level(chi: xr.Dataset) -> None:
    turned = chi.isel(target=[3, 0, 2, 1])
    rings = drawn(chi_figure(turned, language="en"))[5]
    assert sorted(zip(rings.x, rings.y, strict=True)) == [(20.0, 0.32), (60.0, 0.17)]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d.assign(measured=d["measured"] * 3), "measured: a value is out of .* 0 to 1"),
        (lambda d: d.assign(target_chi=-d["target_chi"]), "target_chi: a value is out of range"),
        (lambda d: d.assign_coords(distance=-d["distance"]), "by distance: distance: .* 0 to inf"),
        (
            lambda d: d.assign(target_return_period=d["target_return_period"] + 5),
            "target_return_period: .*at the return periods of the targets",
        ),
        (lambda d: d.drop_attrs(), "name_zh"),
        (lambda d: d.assign(solved=d["measured"]), "solved: a variable has other dims"),
        (
            lambda d: d.sel(return_period=[20.0, 100.0] * 4).assign_coords(
                return_period=[20.0, 100, 1, 2, 3, 4, 5, 6]
            ),
            "at most 7; to do: choose fewer",
        ),
    ],
)
def test_chi_refusals(chi: xr.Dataset, change: Change, told: str) -> None:
    refused(lambda: chi_figure(change(chi), language="en"), told)


# --- parent events -------------------------------------------------------------------------------


def test_shares_stack_to_a_hundred_at_each_return_period(shares: xr.Dataset) -> None:
    figure = source_shares_figure(shares, language="zh")
    assert figure.layout.barmode == "stack"
    assert [bar.name for bar in figure.data] == ["台风", "梅雨"]
    np.testing.assert_allclose(sum(np.asarray(bar.y) for bar in figure.data), 100.0)
    np.testing.assert_allclose(10.0 ** np.asarray(figure.data[0].x), shares["return_period"])
    assert list(figure.layout.xaxis.ticktext) == ["2", "5", "10", "20", "50", "100", "200"]
    np.testing.assert_array_equal(figure.layout.xaxis.tickvals, figure.data[0].x)
    assert "暴雨洪涝" in figure.layout.title.text


def test_bars_do_not_touch(shares: xr.Dataset) -> None:
    bar = source_shares_figure(shares, language="en").data[0]
    assert bar.width < np.diff(bar.x).min()


def test_small_shares_are_in_the_hover_alone(shares: xr.Dataset) -> None:
    plum = source_shares_figure(shares, language="en").data[1]
    assert list(plum.text) == ["41", "33", "25", "19", "13", "10", ""]
    assert plum.hovertext[-1] == "Plum rain: 4 %<br>Return period: 200 years"


def test_one_return_period_of_all_perils(shares: xr.Dataset) -> None:
    figure = source_shares_figure(shares.isel(return_period=[3]).drop_attrs(), language="en")
    assert figure.layout.title.text == "Which events reach each return period?"
    assert list(figure.layout.xaxis.ticktext) == ["20"]


def test_a_parent_event_has_one_colour_in_both_figures(
    shares: xr.Dataset, season: xr.Dataset
) -> None:
    assert set(names("parent_event", "en")) == set(EVENT_COLOURS)
    assert len(set(EVENT_COLOURS.values())) == len(EVENT_COLOURS)
    figures = [
        source_shares_figure(shares.isel(parent_event=[1, 0]), language="en"),
        season_figure(season, language="en"),
    ]
    found = [{bar.name: bar.marker.color for bar in figure.data} for figure in figures]
    assert found[0] == found[1]
    assert len(set(found[0].values())) == 2


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d.assign(share=d["share"] * 0.9), "share: .*sum of 1.*divide by all"),
        (lambda d: d.assign(share=d["share"].where(d["share"] > 0.1)), "do not make a whole"),
        (
            lambda d: d.assign(share=d["share"] + xr.DataArray([2.0, -2.0], dims="parent_event")),
            "0 or more each",
        ),
        (
            lambda d: d.assign_coords(return_period=d["return_period"] - 2),
            "return_period: a return period is not positive",
        ),
        (
            lambda d: d.assign_coords(parent_event=["typhoon", "meteorite"]),
            "meteorite.*add parent_event",
        ),
        (lambda d: d.rename(return_period="years"), "share: a variable has other dims"),
    ],
)
def test_share_refusals(shares: xr.Dataset, change: Change, told: str) -> None:
    refused(lambda: source_shares_figure(change(shares), language="en"), told)


def test_months_are_stacked_in_their_places(season: xr.Dataset) -> None:
    figure = season_figure(season.sel(month=slice(4, 12)), language="zh")
    assert figure.layout.barmode == "stack"
    assert list(figure.layout.xaxis.ticktext) == [f"{month}月" for month in range(1, 13)]
    plum = figure.data[1]
    assert dict(zip(plum.x, plum.y, strict=True))[6] == 2.1
    assert plum.hovertext[list(plum.x).index(6)] == "梅雨: 6月<br>平均每年事件数（次）: 2.1"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d.assign_coords(month=range(12)), "months 1 to 12"),
        (lambda d: -d, "numbers 0 or more.*leave out occurrences without dates"),
        (lambda d: d.where(d["month"] < 6), "out of range.*nan"),
        (lambda d: d.assign_coords(parent_event=["typhoon", "meteorite"]), "meteorite"),
        (lambda d: d.drop_vars("month"), "month: a variable is missing"),
    ],
)
def test_season_refusals(season: xr.Dataset, change: Change, told: str) -> None:
    refused(lambda: season_figure(change(season), language="en"), told)


def test_titles_of_the_notebook_are_there() -> None:
    keys = ("fidelity", "chi", "source_shares", "season")
    assert {f"title.{key}" for key in keys} <= set(message_table())
