"""Reference cases beside the curve: thin lines, named at their ends, never a band."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.core.errors import FigureError
from riskmodel.show.curves import exceedance_figure
from riskmodel.show.references import NOTES, spread_apart
from riskmodel.show.theme import KIND_COLOURS

PLACES = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=6).map(lambda p: np.sort(p))


def reference_lines(figure: go.Figure) -> list[go.Scatter]:
    return [t for t in figure.data if str(t.name).split(" ")[-1] in NOTES]


def labels(figure: go.Figure) -> list[go.layout.Annotation]:
    return [note for note in figure.layout.annotations if note.arrowhead == 6]


def test_each_case_and_kind_is_one_thin_line_without_a_band(
    curve: xr.Dataset, references: xr.Dataset
) -> None:
    plain = exceedance_figure(curve, language="en")
    figure = exceedance_figure(curve, references=references, language="en")
    drawn = reference_lines(figure)
    assert len(drawn) == 4 == len(figure.data) - len(plain.data)
    thick = min(t.line.width for t in plain.data if t.hovertext is not None)
    for line in drawn:
        kind, case = line.name.split()
        assert line.fill is None and line.line.dash is None
        assert line.line.width < thick / 2
        assert line.line.color == KIND_COLOURS[kind]
        expected = references["value"].sel(kind=kind, case=case) / 1e8
        np.testing.assert_allclose(line.y, expected)
        np.testing.assert_allclose(line.x, references["return_period"])


def test_without_references_the_figure_is_as_before(curve: xr.Dataset) -> None:
    figure = exceedance_figure(curve, language="en")
    assert not labels(figure) and not reference_lines(figure)
    assert figure.layout.yaxis.range is None
    assert "reference" not in figure.layout.title.subtitle.text


@pytest.mark.parametrize(
    ("language", "words", "note"),
    [
        ("zh", {"全域同步（参考）", "各格独立（参考）"}, "界定 TVaR，不逐点界定曲线"),
        ("en", {"comonotone (reference)", "independent (reference)"}, "not the curve point by"),
    ],
)
def test_lines_are_named_and_say_what_they_bound(
    curve: xr.Dataset, references: xr.Dataset, language: str, words: set[str], note: str
) -> None:
    figure = exceedance_figure(curve, references=references, language=language)  # type: ignore[arg-type]
    glue = "" if language == "zh" else " "
    assert {label.text.replace("<br>", glue) for label in labels(figure)} == words
    texts = [figure.layout.title.subtitle.text, *reference_lines(figure)[0].hovertext]
    assert all(note in text.replace("<br>", glue) for text in texts)


def test_hover_gives_money_and_both_bases(curve: xr.Dataset, references: xr.Dataset) -> None:
    references["value"][:] = 1.25e10
    line = reference_lines(exceedance_figure(curve, references=references, language="en"))[0]
    at_100 = line.hovertext[references["return_period"].values.tolist().index(100)]
    assert "Largest event (OEP): comonotone (reference)" in at_100
    assert "Loss: 125 亿元" in at_100
    assert "Return period: 100 years" in at_100
    assert "Annual probability: 1 %" in at_100


def test_everything_fits_below_the_top_and_names_keep_apart(
    curve: xr.Dataset, references: xr.Dataset
) -> None:
    figure = exceedance_figure(curve, references=references, language="en")
    low, high = figure.layout.yaxis.range
    assert low == 0
    assert high > np.nanmax(np.concatenate([np.asarray(t.y, dtype=float) for t in figure.data]))
    layout = figure.layout
    pixel = high / (layout.height - layout.margin.t - layout.margin.b)
    centres = np.sort([note.y / pixel - note.ay for note in labels(figure)])
    assert (np.diff(centres) > 30).all()
    assert layout.margin.r > 70


def test_unknown_values_are_gaps_at_the_ends(curve: xr.Dataset, references: xr.Dataset) -> None:
    references["value"][:, :, -1] = np.nan
    figure = exceedance_figure(curve, references=references, language="en")
    assert {line.x[-1] for line in reference_lines(figure)} == {300.0}
    assert {note.x for note in labels(figure)} == {np.log10(300.0)}


Change = Callable[[xr.Dataset], xr.Dataset]


def of_2020(data: xr.Dataset) -> xr.Dataset:
    return data.assign_attrs(price_year=2020)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d.drop_vars("value"), "references of the exceedance curve: value: a variable"),
        (lambda d: d.isel(kind=0, drop=True), "value: a variable has other dims|kind: a variable"),
        (lambda d: d.assign_coords(case=["comonotone", "perfect"]), "case: .*perfect"),
        (lambda d: d.assign_coords(kind=["OEP", "EEF"]), "kind: labels do not fit"),
        (lambda d: d.assign_coords(return_period=d["return_period"] * 4), "2 to 1000 years"),
        (of_2020, "another price year.*2020.*2022.* from one exposure"),
        (lambda d: d.assign_attrs(currency="USD"), "another currency"),
        (lambda d: d.where(d["case"] == "comonotone"), "independent: a reference has no value"),
    ],
)
def test_refusals(curve: xr.Dataset, references: xr.Dataset, change: Change, told: str) -> None:
    with pytest.raises(FigureError) as caught:
        exceedance_figure(curve, references=change(references), language="en")
    assert re.search(told, str(caught.value))


@given(PLACES, st.floats(0.1, 100.0))
def test_places_are_spread_by_the_gap_about_the_same_centre(places: np.ndarray, gap: float) -> None:
    moved = spread_apart(places, gap)
    assert (np.diff(moved) >= gap - 1e-6).all()
    assert moved.mean() == pytest.approx(places.mean(), abs=1e-6)


def test_places_apart_stay_and_pairs_part_evenly() -> None:
    assert spread_apart(np.array([0.0, 5.0, 20.0]), 5.0).tolist() == [0.0, 5.0, 20.0]
    assert spread_apart(np.array([4.0, 6.0]), 10.0).tolist() == [0.0, 10.0]
