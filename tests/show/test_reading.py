"""How a return period becomes an intensity at one cell: curve, maps, storms, one example."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
import pytest
import xarray as xr

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import Language, message
from riskmodel.show.export import _check_figure
from riskmodel.show.frame import text_width
from riskmodel.show.reading import reading_figure

Change = Callable[[xr.Dataset], xr.Dataset]
MAPS, WIND = [5.0, 10.0, 50.0, 100.0, 200.0], [24.0, 28.0, 36.0, 40.0, 43.0]
YEARS = [3.0, 3.4, 4.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 400.0, 3000.0]


@pytest.fixture()
def reading() -> xr.Dataset:
    """Wind at a cell: a head from 3.4 years, five maps, a tail that is cut; made up."""
    strength = [0.0, 0.0, 14.0, 24.0, 28.0, 32.0, 36.0, 40.0, 43.0, 46.0, 50.0]
    storms = np.array([3.1, 3.2, 4.0, 20.0, 100.0, 400.0])
    return xr.Dataset(
        {
            "intensity": ("return_period", strength),
            "map_return_period": ("map", MAPS),
            "map_intensity": ("map", WIND),
            "storm_return_period": ("storm", storms),
            "storm_intensity": ("storm", np.interp(storms, YEARS, strength)),
            "shown_return_period": 100.0,
            "shown_intensity": 40.0,
        },
        coords={"return_period": YEARS},
        attrs={
            "units": "m/s",
            "name_zh": "台风大风",
            "name_en": "Typhoon wind",
            "cell_zh": "瑞安市一格",
            "cell_en": "a cell in Rui'an",
        },
    )


def traces(figure: go.Figure, key: str, language: Language = "en") -> list[go.Scatter]:
    name = message(f"legend.reading_{key}", language)
    return [trace for trace in figure.data if trace.name == name]


def known(trace: go.Scatter) -> list[float]:
    """Return periods at which a line is drawn."""
    return np.asarray(trace.x)[np.isfinite(np.asarray(trace.y))].tolist()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_can_be_exported_in_both_languages(reading: xr.Dataset, language: Language) -> None:
    figure = reading_figure(reading, language=language)
    _check_figure(figure, "reading")
    assert figure.layout.title.text.endswith("？" if language == "zh" else "?")
    for name in ("name", "cell"):
        assert reading.attrs[f"{name}_{language}"] in figure.layout.title.subtitle.text
    assert "m/s" in figure.layout.yaxis.title.text
    assert figure.layout.xaxis.type == "log"


def test_curve_is_thin_below_the_first_map_and_dashed_beyond_the_last(reading: xr.Dataset) -> None:
    figure = reading_figure(reading, language="en")
    (head,), (middle,), (tail,) = (traces(figure, key) for key in ("head", "between", "beyond"))
    assert known(head) == [3.0, 3.4, 4.0, 5.0]
    assert known(middle) == [5.0, 10.0, 20.0, 50.0, 100.0, 200.0]
    assert known(tail) == [200.0, 400.0, 3000.0]
    assert (head.line.dash, middle.line.dash, tail.line.dash) == ("solid", "solid", "dash")
    assert head.line.width < middle.line.width == tail.line.width
    together = np.nanmax([head.y, middle.y, tail.y], axis=0)
    np.testing.assert_array_equal(together, reading["intensity"])


def test_a_step_at_the_first_map_stands_upright(reading: xr.Dataset) -> None:
    """With the head `zero_below` the curve holds the first map's return period twice."""
    years = reading["return_period"].where(reading["return_period"] != 4.0, 5.0).values
    dry = reading["intensity"].where(years > 4.0, 0.0).values
    dry[years == 5.0] = [0.0, 24.0]
    stepped = reading.assign_coords(return_period=years).assign(intensity=("return_period", dry))
    (middle,) = traces(reading_figure(stepped, language="en"), "between")
    upright = np.asarray(middle.x) == 5.0
    np.testing.assert_array_equal(np.asarray(middle.y)[upright], [0.0, 24.0])


def test_maps_are_open_rings(reading: xr.Dataset) -> None:
    (rings,) = traces(reading_figure(reading, language="zh"), "maps", "zh")
    assert rings.marker.symbol == "circle-open"
    np.testing.assert_array_equal(rings.x, MAPS)
    np.testing.assert_array_equal(rings.y, WIND)
    assert rings.hovertext[2] == "普查图<br>重现期: 50 年<br>年超越概率: 2 %<br>强度: 36 m/s"


def test_storms_are_strokes_along_both_axes_clear_of_the_curve(reading: xr.Dataset) -> None:
    figure = reading_figure(reading, language="en")
    below, beside = traces(figure, "storms")
    np.testing.assert_array_equal(below.x, reading["storm_return_period"])
    np.testing.assert_array_equal(beside.y, reading["storm_intensity"])
    assert below.hovertext == beside.hovertext
    (bottom, top), (left, right) = figure.layout.yaxis.range, figure.layout.xaxis.range
    assert bottom < np.max(below.y) < 0.0
    assert left < np.log10(np.max(beside.x)) < np.log10(min(YEARS))
    assert right > np.log10(max(YEARS))
    assert top > 50.0
    assert [below.showlegend, beside.showlegend] == [True, False]


def labels_of(figure: go.Figure) -> dict[float, str]:
    return dict(zip(figure.layout.xaxis.tickvals, figure.layout.xaxis.ticktext, strict=True))


def test_powers_of_ten_have_their_annual_probability_below(reading: xr.Dataset) -> None:
    labels = labels_of(reading_figure(reading, language="en"))
    found = [labels[years] for years in (5, 10, 1000, 2000)]
    assert found == ["5", "10<br>10 %", "1000<br>0.1 %", "2000"]
    assert min(labels) == 5


@pytest.mark.parametrize("rarest", [500.0, 25_000.0, 4e6])
def test_labels_of_return_periods_do_not_touch(reading: xr.Dataset, rarest: float) -> None:
    data = reading.isel(return_period=slice(0, 9)).assign(shown_return_period=rarest)
    figure = reading_figure(data, language="en")
    low, high = figure.layout.xaxis.range
    decade = (figure.layout.width - 100) / (high - low)  # margins of 70 and 30
    ends: list[tuple[float, float]] = []
    for years, text in labels_of(figure).items():
        if text:
            half = text_width(text.split("<br>")[0]) * 0.55 * 13 / 2
            place = decade * np.log10(years)
            ends.append((place - half, place + half))
    assert all(after[0] - before[1] > 5 for before, after in pairwise(ends))
    powers = [text for text in labels_of(figure).values() if "<br>" in text]
    assert len(powers) == int(np.log10(rarest))  # each of them, from ten years on


def test_the_way_leads_up_to_the_storm_shown_and_across(reading: xr.Dataset) -> None:
    figure = reading_figure(reading, language="en")
    (point,) = traces(figure, "shown")
    assert [*point.x, *point.y] == [100.0, 40.0]
    (way,) = [trace for trace in figure.data if trace.line.dash == "dot"]
    low, bottom = figure.layout.xaxis.range[0], figure.layout.yaxis.range[0]
    np.testing.assert_allclose(way.x, [100.0, 100.0, 10.0**low])
    np.testing.assert_allclose(way.y, [bottom, 40.0, 40.0])
    assert figure.layout.annotations[0].text == "100 years → 40 m/s"


@pytest.mark.parametrize(("years", "side"), [(5.0, "left"), (1500.0, "right")])
def test_label_of_the_storm_stays_within(reading: xr.Dataset, years: float, side: str) -> None:
    figure = reading_figure(reading.assign(shown_return_period=years), language="en")
    assert figure.layout.annotations[0].xanchor == side


def test_no_example_and_no_storms(reading: xr.Dataset) -> None:
    bare = reading.drop_vars(["shown_return_period", "shown_intensity"]).isel(storm=[])
    figure = reading_figure(bare, language="en")
    assert not figure.layout.annotations
    assert not traces(figure, "shown")
    assert len(traces(figure, "between")) == 1


def test_a_cell_that_is_always_dry(reading: xr.Dataset) -> None:
    names = [name for name in reading.data_vars if str(name).endswith("intensity")]
    figure = reading_figure(reading.assign({n: 0.0 * reading[n] for n in names}), language="en")
    assert np.ptp(figure.layout.yaxis.range) > 0


def test_question_of_the_intensity_footprint_fits_one_line() -> None:
    for language in ("zh", "en"):
        peril = message("peril.typhoon_wind", language)
        text = message("title.footprint_intensity", language, peril=peril)
        assert peril in text
        assert text_width(text) <= 60


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d.drop_vars("map_intensity"), "map_intensity: a variable is missing"),
        (lambda d: d.drop_vars("return_period"), "return_period: a variable is missing"),
        (lambda d: d.drop_vars("shown_intensity"), "shown_intensity: a variable is missing"),
        (lambda d: d.rename(storm="event"), "storm_return_period: a variable has other dims"),
        (lambda d: d.drop_attrs(), "units.*name_zh.*cell_en"),
        (lambda d: d.assign(shown_return_period=np.inf), "shown_return_period: .*not stored at"),
        (
            lambda d: d.assign(storm_return_period=d["storm_return_period"] / 3.1),
            "storm_return_period: a value is out of range.*1.0.*years above 1.*give 1/annual",
        ),
        (
            lambda d: d.assign(intensity=d["intensity"].where(d["intensity"] < 45)),
            "intensity: a value is out of range.*nan.*0 or more",
        ),
        (lambda d: d.assign(map_intensity=-d["map_intensity"]), "map_intensity: .*0 or more"),
        (lambda d: d.isel(return_period=slice(None, None, -1)), "sort the curve by return_period"),
        (lambda d: d.isel(return_period=[0]), "two values or more"),
        (lambda d: d.isel(map=[]), "map_return_period: there is no map.*give the census maps"),
    ],
)
def test_refusals(reading: xr.Dataset, change: Change, told: str) -> None:
    with pytest.raises(FigureError) as caught:
        reading_figure(change(reading), language="en")
    assert re.search(told, str(caught.value), flags=re.DOTALL)
