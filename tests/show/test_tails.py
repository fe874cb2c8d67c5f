"""Figures of tails: lines, bands, dashes, units, both languages, refusals."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go
import pytest
import xarray as xr

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import Language, message
from riskmodel.show.export import _check_figure
from riskmodel.show.tails import (
    mean_excess_figure,
    return_level_figure,
    threshold_stability_figure,
)

Change = Callable[[xr.Dataset], xr.Dataset]
ATTRS = {"units": "mm", "source": "a gauge", "level": 0.95}
THRESHOLDS, PERIODS = [30.0, 35.0, 40.0], [2.0, 10.0, 50.0, 200.0]


@pytest.fixture()
def excess() -> xr.Dataset:
    value = np.array([9.0, 11.0, 12.0])
    return xr.Dataset(
        {
            "value": ("threshold", value),
            "lower": (("interval", "threshold"), [value - 2.0]),
            "upper": (("interval", "threshold"), [value + 3.0]),
            "exceedances": ("threshold", [152, 81, 44]),
        },
        {"threshold": THRESHOLDS, "interval": ["data"]},
        ATTRS,
    )


@pytest.fixture()
def stability(excess: xr.Dataset) -> xr.Dataset:
    both = xr.concat([excess.drop_vars("exceedances") / 50.0, excess.drop_vars("exceedances")], "p")
    both = both.rename(p="parameter").assign_coords(parameter=["shape", "modified_scale"])
    return both.assign(exceedances=excess["exceedances"]).assign_attrs(ATTRS)


@pytest.fixture()
def levels() -> xr.Dataset:
    value = np.array([40.0, 60.0, 90.0, 130.0])
    return xr.Dataset(
        {
            "value": ("return_period", value),
            "extrapolated": ("return_period", [False, False, False, True]),
            "lower": (("interval", "return_period"), [0.8 * value]),
            "upper": (("interval", "return_period"), [value * [1.2, 1.4, 2.0, 9.0]]),
            "observed": ("rank", [95.0, 70.0, 62.0]),
            "observed_return_period": ("rank", [60.5, 30.5, 20.5]),
        },
        {"return_period": PERIODS, "interval": ["data"]},
        ATTRS | {"years": 60.0},
    )


def traces(figure: go.Figure, name: str) -> list[go.Scatter]:
    return [trace for trace in figure.data if trace.name == name and trace.hovertext is not None]


def known(trace: go.Scatter) -> list[float]:
    return np.asarray(trace.x)[np.isfinite(np.asarray(trace.y))].tolist()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_can_be_exported_in_both_languages(
    excess: xr.Dataset, stability: xr.Dataset, levels: xr.Dataset, language: Language
) -> None:
    figures = [
        mean_excess_figure(excess, language=language),
        threshold_stability_figure(stability, parameter="shape", language=language),
        threshold_stability_figure(stability, parameter="modified_scale", language=language),
        return_level_figure(levels, language=language),
    ]
    interval = "数据区间 95 %" if language == "zh" else "95 % data interval"
    for figure in figures:
        _check_figure(figure, "tails")
        assert figure.layout.title.text.endswith("？" if language == "zh" else "?")
        assert [t.name for t in figure.data].count(interval) == 2  # the band and its key
        assert any(interval in t.hovertext[0] for t in figure.data if t.hovertext)


def test_mean_excess_by_threshold(excess: xr.Dataset) -> None:
    figure = mean_excess_figure(excess, language="en")
    (line,) = traces(figure, "Mean excess, mm")
    assert (list(line.x), list(line.y)) == (THRESHOLDS, [9.0, 11.0, 12.0])
    assert line.hovertext[1] == (
        "Threshold: 35 mm<br>Mean excess, mm: 11 mm<br>95 % data interval: 9 – 14 mm"
        "<br>Exceedances: 81"
    )
    assert figure.layout.xaxis.title.text == "Threshold, mm"
    band = figure.data[0]
    assert list(band.y) == [12.0, 14.0, 15.0, 10.0, 9.0, 7.0]


def test_shape_has_no_unit_and_the_scale_has(stability: xr.Dataset) -> None:
    shape, scale = (
        threshold_stability_figure(stability, parameter=name, language="en")
        for name in ("shape", "modified_scale")
    )
    assert shape.layout.yaxis.title.text == "shape ξ"
    assert scale.layout.yaxis.title.text == "modified scale σ*, mm"
    assert list(traces(shape, "shape ξ")[0].y) == [0.18, 0.22, 0.24]
    assert "shape" in shape.layout.title.text and "σ*" in scale.layout.title.text


def test_money_is_shown_in_its_unit_on_both_axes(excess: xr.Dataset) -> None:
    names = ["value", "lower", "upper"]
    money = excess.assign({name: 1e8 * excess[name] for name in names})
    money = money.assign_coords(threshold=1e8 * money["threshold"])
    figure = mean_excess_figure(money.assign_attrs(units="CNY", price_year=2022), language="zh")
    assert "亿元" in figure.layout.xaxis.title.text and "2022" in figure.layout.yaxis.title.text
    for trace in figure.data:
        assert trace.x[0] is None or max(trace.x) == 40.0
    with pytest.raises(FigureError, match="price_year"):
        mean_excess_figure(money.assign_attrs(units="CNY"), language="zh")


def test_fit_is_dashed_where_it_outlasts_the_record(levels: xr.Dataset) -> None:
    figure = return_level_figure(levels, language="en")
    solid, dashed = traces(figure, "fitted")
    assert (known(solid), known(dashed)) == ([2.0, 10.0, 50.0], [50.0, 200.0])
    assert (solid.line.dash, dashed.line.dash) == ("solid", "dash")
    assert [solid.showlegend, dashed.showlegend] == [True, False]
    assert figure.layout.title.subtitle.text == "Dashed: longer than the record of 60 years"
    short = levels.isel(return_period=[0, 1])
    figure = return_level_figure(short, language="en")
    assert len(traces(figure, "fitted")) == 1
    assert not figure.layout.title.subtitle.text


def test_record_is_rings_beside_the_fit(levels: xr.Dataset) -> None:
    (rings,) = traces(return_level_figure(levels, language="zh"), "记录")
    assert rings.marker.symbol == "circle-open"
    assert list(rings.x) == [60.5, 30.5, 20.5]
    assert rings.hovertext[0] == "记录: 95 mm<br>重现期: 60.5 年"


def test_axes_tell_both_bases_and_leave_the_fit_its_room(levels: xr.Dataset) -> None:
    figure = return_level_figure(levels, language="en")
    assert figure.layout.xaxis.type == "log"
    labels = dict(zip(figure.layout.xaxis.tickvals, figure.layout.xaxis.ticktext, strict=True))
    assert labels[10.0] == "10<br>10 %" and labels[200.0] == "200<br>0.5 %"
    low, high = figure.layout.yaxis.range
    assert low < 0.8 * 40.0 and 1.6 * 130.0 < high < 9.0 * 130.0
    assert message("axis.return_period", "en") == figure.layout.xaxis.title.text


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d.drop_vars("lower"), "return levels: lower: a variable is missing"),
        (lambda d: d.drop_vars("observed"), "observed: a variable is missing"),
        (lambda d: d.drop_vars("interval"), "interval: a variable is missing"),
        (lambda d: d.assign_coords(interval=["model"]), "interval of kind data.*exceedance"),
        (lambda d: d.isel(return_period=[1, 0]), "return_period: .*rising"),
        (lambda d: d.isel(return_period=[0]), "two values or more"),
        (lambda d: d.assign(value=d["upper"]), "value: a variable has other dims"),
        (lambda d: d.drop_attrs(), "units.*source.*level"),
        (lambda d: d.drop_attrs().assign_attrs(ATTRS), "attributes are missing.*years"),
    ],
)
def test_return_level_refusals(levels: xr.Dataset, change: Change, told: str) -> None:
    with pytest.raises(FigureError) as caught:
        return_level_figure(change(levels), language="en")
    assert re.search(told, str(caught.value), flags=re.DOTALL)


def test_threshold_refusals(excess: xr.Dataset, stability: xr.Dataset) -> None:
    with pytest.raises(FigureError, match="exceedances: a variable is missing"):
        mean_excess_figure(excess.drop_vars("exceedances"), language="en")
    with pytest.raises(FigureError, match=r"threshold: .*rising"):
        mean_excess_figure(excess.isel(threshold=[2, 1, 0]), language="en")
    with pytest.raises(FigureError, match=r"no such parameter.*'scale'.*choose one of these"):
        threshold_stability_figure(stability, parameter="scale", language="en")
    with pytest.raises(FigureError, match="value: a variable has other dims"):
        threshold_stability_figure(
            excess.assign_coords(parameter=["shape"]), parameter="shape", language="en"
        )
