"""Figures of basis risk and adequacy: what they draw, what they say, what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.errors import FigureError
from riskmodel.show.adequacy import adequacy_figure
from riskmodel.show.basis import basis_figure


def test_a_cover_without_residual_is_called_a_lower_bound(basis: xr.Dataset) -> None:
    figure = basis_figure(basis, language="en")
    titles = [note.text for note in figure.layout.annotations]
    assert titles[0] == "<b>Typhoon index</b>"
    assert titles[1].startswith("<b>Rain index</b> (No residual declared: a lower bound")
    assert "lower bound" in figure.layout.title.subtitle.text
    drawn = basis_figure(basis.isel(cover=[0]), language="zh")
    assert "已抽样" in drawn.layout.title.subtitle.text


def test_values_are_per_cent_with_both_intervals(basis: xr.Dataset) -> None:
    lines = [t for t in basis_figure(basis, language="en").data if t.hovertext is not None]
    assert len(lines) == 4
    np.testing.assert_allclose(lines[0].y, [40.0, 20.0, 5.0])
    np.testing.assert_allclose(lines[0].error_y.array, [2.0, 2.0, 2.0])
    bands = [t for t in basis_figure(basis, language="en").data if t.fill == "toself"]
    np.testing.assert_allclose(bands[0].y, [50.0, 30.0, 15.0, 0.0, 10.0, 30.0])


def test_shares_are_stacked_and_the_worst_years_marked(adequacy: xr.Dataset) -> None:
    figure = adequacy_figure(adequacy, language="en")
    bars = [t for t in figure.data if t.type == "bar"]
    assert [b.name.split(":")[0] for b in bars] == ["Tier 1", "Tier N", "Tier X"]
    np.testing.assert_allclose(bars[2].x, [5.0, 3.0])
    (worst,) = [t for t in figure.data if t.type == "scatter"]
    np.testing.assert_allclose(worst.x, [3.0, 3.0])
    assert "92 % (mean), 97 % (worst years)" in figure.layout.title.subtitle.text.replace(
        "<br>", " "
    )


@pytest.mark.parametrize("wrong", [-0.1, 1.2])
def test_what_is_no_fraction_is_refused(
    basis: xr.Dataset, adequacy: xr.Dataset, wrong: float
) -> None:
    basis["value"][0, 0, 0] = wrong
    with pytest.raises(FigureError, match="basis risk: a value is no fraction"):
        basis_figure(basis, language="en")
    adequacy["share"][0, 0, 0] = wrong
    with pytest.raises(FigureError, match="adequacy: a share is no fraction"):
        adequacy_figure(adequacy, language="en")
