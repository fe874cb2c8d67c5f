"""Every figure: units on axes, words in both languages, refusals, and what is particular to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
import xarray as xr

from riskmodel.core.errors import FigureError
from riskmodel.show.adequacy import adequacy_figure
from riskmodel.show.bars import stacked_month_figure, stacked_zone_figure, zone_bar_figure
from riskmodel.show.basis import basis_figure
from riskmodel.show.comparison import observed_modelled_figure, tornado_figure
from riskmodel.show.curves import exceedance_figure, split_at_share
from riskmodel.show.dependence import chi_figure
from riskmodel.show.export import _check_figure
from riskmodel.show.layers import layer_stack_figure
from riskmodel.show.maps import grid_map_figure, tracks_figure
from riskmodel.show.money_flow import ledger_figure, premium_figure
from riskmodel.show.ratio import ratio_figure
from riskmodel.show.shares import season_figure, source_shares_figure
from riskmodel.show.storm_maps import Panel, storm_maps_figure
from riskmodel.show.theme import (
    PAYER_COLOURS,
    PERIL_COLOURS,
    TEMPLATE,
    TIER_COLOURS,
    colour_of,
)

Inputs = Callable[[str], Any]
HAN = re.compile(r"[\u4e00-\u9fff]")


def zone_bars(values: xr.DataArray, language: str) -> go.Figure:
    lower, upper = 0.7 * values, 1.5 * values
    lower.attrs.update(interval="model", level=0.9)
    return zone_bar_figure(values, lower=lower, upper=upper, language=language)  # type: ignore[arg-type]


def storm_maps(field: xr.DataArray, outlines: Any, language: Any) -> go.Figure:
    track = np.array([119.0, 120.5, np.nan])
    panels = [Panel(name, field, track, track - 92.0) for name in ("A", "B", "C", "D")]
    return storm_maps_figure(
        panels, outlines=outlines, title_key="title.replayed_storms", limits=(2.0, 1000.0),
        language=language, peril="",
    )  # fmt: skip


FIGURES: dict[str, Callable[[Inputs, Any], go.Figure]] = {
    "curve": lambda get, to: exceedance_figure(get("curve"), language=to),
    "hazard map": lambda get, to: grid_map_figure(
        get("field"), outlines=get("outlines"), title_key="title.hazard_map", what="", language=to
    ),
    "money map": lambda get, to: grid_map_figure(
        get("money_field"), outlines=get("outlines"), title_key="title.aal_map", language=to
    ),
    "tracks": lambda get, to: tracks_figure(*get("tracks"), outlines=get("outlines"), language=to),
    "zones": lambda get, to: zone_bars(get("zones"), to),
    "stacked": lambda get, to: stacked_zone_figure(get("zone_perils"), language=to),
    "months": lambda get, to: stacked_month_figure(get("month_perils"), language=to),
    "tornado": lambda get, to: tornado_figure(get("variants"), language=to),
    "storms": lambda get, to: observed_modelled_figure(get("storms"), language=to),
    "ledger": lambda get, to: ledger_figure(get("ledger"), language=to),
    "premium": lambda get, to: premium_figure(get("premiums"), language=to),
    "layers": lambda get, to: layer_stack_figure(get("layers"), language=to),
    "ratio": lambda get, to: ratio_figure(get("ratios"), target=0.009, language=to),
    "references": lambda get, to: exceedance_figure(
        get("curve"), references=get("references"), language=to
    ),
    "chi": lambda get, to: chi_figure(get("chi"), language=to),
    "shares": lambda get, to: source_shares_figure(get("shares"), language=to),
    "storm maps": lambda get, to: storm_maps(get("field"), get("outlines"), to),
    "season": lambda get, to: season_figure(get("season"), language=to),
    "basis": lambda get, to: basis_figure(get("basis"), language=to),
    "adequacy": lambda get, to: adequacy_figure(get("adequacy"), language=to),
}
MONEY_FIGURES = (
    *("curve", "references", "zones", "stacked", "tornado", "storms", "ledger", "premium"),
    *("layers", "months"),
)


@pytest.fixture()
def get(request: pytest.FixtureRequest) -> Inputs:
    return request.getfixturevalue


def axis_titles(figure: go.Figure) -> list[str]:
    axes = [*figure.select_xaxes(), *figure.select_yaxes()]
    return [axis.title.text for axis in axes if axis.title.text]


@pytest.mark.parametrize("name", list(FIGURES))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_can_be_exported_in_both_languages(get: Inputs, name: str, language: str) -> None:
    figure = FIGURES[name](get, language)
    _check_figure(figure, name)
    title = figure.layout.title.text
    assert ("？" if language == "zh" else "?") in title
    assert bool(HAN.search(title)) == (language == "zh")
    assert figure.layout.template.layout.font.family.startswith("Noto Sans SC")


@pytest.mark.parametrize("name", MONEY_FIGURES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_money_axes_name_unit_and_price_year(get: Inputs, name: str, language: str) -> None:
    titles = " ".join(axis_titles(FIGURES[name](get, language)))
    assert "亿元" in titles
    assert "2022" in titles


def test_no_figure_uses_a_trace_that_needs_the_network(get: Inputs) -> None:
    for build in FIGURES.values():
        assert {trace.type for trace in build(get, "zh").data} <= {"scatter", "bar", "heatmap"}


@pytest.mark.parametrize("name", MONEY_FIGURES)
def test_money_without_a_price_year_is_refused(get: Inputs, name: str) -> None:
    def without_year(fixture: str) -> Any:
        data = get(fixture).copy()
        data.attrs = {k: v for k, v in data.attrs.items() if k != "price_year"}
        return data

    with pytest.raises(FigureError, match="price_year"):
        FIGURES[name](without_year, "zh")


DROPPED = [
    *(("curve", v) for v in ("value", "share_extrapolated", "lower", "upper")),
    ("variants", "aal"),
    *(("storms", v) for v in ("reported", "modelled", "modelled_lower", "modelled_upper")),
    ("premiums", "premium"),
    *(("layers", v) for v in ("tier", "attachment", "limit", "expected")),
    *(("ratios", v) for v in ("ratio", "breach_probability", "lower")),
    *(("chi", v) for v in ("measured", "solved", "lower", "upper", "distance", "curve_distance")),
    *(("chi", f"target_{v}") for v in ("distance", "return_period", "chi")),
    ("shares", "share"),
    ("season", "occurrences_a_year"),
    *(("basis", v) for v in ("value", "lower", "upper", "sampled")),
    *(("adequacy", v) for v in ("share", "gap")),
]
OF_FIXTURE = {"variants": "tornado", "premiums": "premium", "ratios": "ratio"}


@pytest.mark.parametrize(("fixture", "variable"), DROPPED)
def test_a_missing_variable_is_named(get: Inputs, fixture: str, variable: str) -> None:
    def without(name: str) -> Any:
        return get(name).drop_vars(variable)

    with pytest.raises(FigureError, match=f"{variable}: a variable is missing"):
        FIGURES[OF_FIXTURE.get(fixture, fixture)](without, "en")


# --- exceedance curves ---------------------------------------------------------------------------


def lines(figure: go.Figure, dash: str) -> list[go.Scatter]:
    return [t for t in figure.data if t.line.dash == dash and t.hovertext is not None]


def test_the_extrapolated_part_is_dashed(curve: xr.Dataset) -> None:
    figure = exceedance_figure(curve, kinds=("AEP",), language="en")
    (solid,), (dashed,) = lines(figure, "solid"), lines(figure, "dash")
    years = curve["return_period"].values
    far = curve["share_extrapolated"].sel(kind="AEP").values > 0.5
    assert np.isnan(solid.y[far]).all()
    assert np.isfinite(solid.y[~far]).all()
    assert np.isfinite(dashed.y[far]).all()
    assert years[np.isfinite(dashed.y)].min() == years[~far].max()
    assert "Dashed" in figure.layout.title.subtitle.text


def test_nothing_is_dashed_within_the_maps(curve: xr.Dataset) -> None:
    curve["share_extrapolated"][:] = 0.5
    figure = exceedance_figure(curve, language="en")
    assert not lines(figure, "dash")
    assert not figure.layout.title.subtitle.text


def test_a_gap_in_the_dashes_is_no_line() -> None:
    values = np.arange(5.0)
    solid, dashed = split_at_share(values, np.array([True, False, False, False, True]))
    assert np.isnan(solid).tolist() == [True, False, False, False, True]
    assert np.isnan(dashed).tolist() == [False, False, True, False, False]


def test_hover_gives_both_bases_and_intervals_by_kind(curve: xr.Dataset) -> None:
    figure = exceedance_figure(curve, kinds=("OEP",), language="zh")
    text = lines(figure, "solid")[0].hovertext[5]
    assert "重现期: 100 年" in text
    assert "年超越概率: 1 %" in text
    assert "模拟区间 90 %: " in text
    assert "模型区间: " in text
    assert "外推占比: 30 %" in text


def test_values_are_shown_in_hundred_million(curve: xr.Dataset) -> None:
    figure = exceedance_figure(curve, kinds=("OEP",), language="zh")
    expected = curve["value"].sel(kind="OEP", return_period=100) / 1e8
    assert lines(figure, "solid")[0].y[5] == pytest.approx(float(expected))


def test_interval_kinds_look_different(curve: xr.Dataset) -> None:
    figure = exceedance_figure(curve, language="en")
    looks = {
        (t.fillcolor, t.line.dash) for t in figure.data if t.name in ("OEP simulation", "OEP model")
    }
    assert len(looks) == 2


def test_the_longest_supported_return_period_is_marked(curve: xr.Dataset) -> None:
    figure = exceedance_figure(curve, language="en")
    assert figure.layout.shapes[0].x0 == 200
    assert "200" in figure.layout.annotations[-1].text


@pytest.mark.parametrize("kinds", [("TVAR",), ()])
def test_a_missing_kind_is_refused(curve: xr.Dataset, kinds: tuple[str, ...]) -> None:
    with pytest.raises(FigureError, match="kind of curve"):
        exceedance_figure(curve, kinds=kinds, language="en")


def test_an_unknown_interval_is_refused(curve: xr.Dataset) -> None:
    with pytest.raises(FigureError, match="unknown kind of interval"):
        exceedance_figure(curve.assign_coords(interval=["bootstrap", "model"]), language="en")


# --- maps ----------------------------------------------------------------------------------------


def test_a_degree_is_scaled_for_the_latitude(
    field: xr.DataArray, outlines: dict[str, list[np.ndarray]]
) -> None:
    key = "title.exposure_map"
    figure = grid_map_figure(field, outlines=outlines, title_key=key, language="zh")
    assert figure.layout.yaxis.scaleanchor == "x"
    assert figure.layout.yaxis.scaleratio == pytest.approx(1 / np.cos(np.deg2rad(27.8)), rel=1e-3)


def test_money_maps_are_in_ten_thousand(
    money_field: xr.DataArray, outlines: dict[str, list[np.ndarray]]
) -> None:
    key = "title.aal_map"
    figure = grid_map_figure(money_field, outlines=outlines, title_key=key, language="zh")
    heat = figure.data[0]
    np.testing.assert_allclose(heat.z, money_field / 1e4)
    assert "万元" in heat.colorbar.title.text.replace("<br>", "")


def test_outlines_are_one_line_with_gaps(
    field: xr.DataArray, outlines: dict[str, list[np.ndarray]]
) -> None:
    figure = grid_map_figure(
        field.transpose("x", "y"),
        outlines=outlines,
        title_key="title.exposure_map",
        language="zh",
        name_zones=True,
    )
    assert np.isnan(figure.data[1].x).sum() == 3
    assert {note.text for note in figure.layout.annotations} == set(outlines)
    assert np.shape(figure.data[0].z) == (field.sizes["y"], field.sizes["x"])


def test_logarithmic_colours_have_ticks_in_the_unit_and_say_where_they_end(
    field: xr.DataArray, outlines: dict[str, list[np.ndarray]]
) -> None:
    years = field.copy(data=np.geomspace(1.0, 5000.0, field.size).reshape(field.shape))
    years.attrs |= {"units": "years"}
    key: dict[str, Any] = {"title_key": "title.exposure_map", "outlines": outlines}
    figure = grid_map_figure(years, log_limits=(2.0, 1000.0), language="zh", **key)
    heat = figure.data[0]
    np.testing.assert_allclose(10.0**heat.z, np.clip(years, 2.0, 1000.0))
    np.testing.assert_array_equal(heat.customdata, years)
    assert (10.0**heat.zmin, 10.0**heat.zmax) == pytest.approx((2.0, 1000.0))
    assert heat.colorbar.title.text.replace("<br>", "").endswith("（年）")
    found = dict(zip(heat.colorbar.ticktext, 10.0 ** np.array(heat.colorbar.tickvals), strict=True))
    middle = {number: float(number) for number in "5 10 20 50 100 200 500".split()}
    assert found == pytest.approx({"≤ 2": 2.0, **middle, "≥ 1,000": 1000.0})
    within = grid_map_figure(
        years.clip(3.0, 400.0), log_limits=(2.0, 1000.0), language="en", **key
    ).data[0]
    assert [*within.colorbar.ticktext[:1], *within.colorbar.ticktext[-1:]] == ["2", "1,000"]
    assert within.colorbar.title.text.endswith("years")


def test_marked_cells_stand_at_their_places_and_in_the_legend_even_when_there_is_none(
    field: xr.DataArray,
) -> None:
    marked = xr.zeros_like(field, dtype=bool)
    marked.attrs = {"long_name": "missed", "long_name_zh": "未还原的格子"}
    key: dict[str, Any] = {"title_key": "title.exposure_map", "outlines": {}, "language": "zh"}
    none = grid_map_figure(field, marked=marked, **key)
    assert [none.data[-1].name, none.data[-1].x] == ["未还原的格子", (None,)]
    assert none.layout.showlegend
    marked[3, 7] = True
    one = grid_map_figure(field, marked=marked.transpose("x", "y"), **key).data[-1]
    assert [one.x[0], one.y[0]] == [field["x"][7], field["y"][3]]
    assert len(one.x) == 2


def test_refusals_of_scales_and_marks(field: xr.DataArray) -> None:
    key: dict[str, Any] = {"title_key": "title.exposure_map", "outlines": {}, "language": "zh"}
    for limits in ((0.0, 10.0), (10.0, 2.0), (5.0, 5.0)):
        with pytest.raises(FigureError, match=r"log_limits: .*0 < low < high.*smaller limit first"):
            grid_map_figure(field, log_limits=limits, **key)
    marked = xr.zeros_like(field, dtype=bool)
    for other in (marked.astype(float), marked.isel(x=slice(1, None))):
        with pytest.raises(FigureError, match=r"marked cells: .*cells of the field's own grid"):
            grid_map_figure(field, marked=other, **key)


def test_map_refusals(field: xr.DataArray, tracks: tuple[xr.DataArray, xr.DataArray]) -> None:
    with pytest.raises(FigureError, match="list of points"):
        grid_map_figure(
            field, outlines={"a": [np.zeros(4)]}, title_key="title.aal_map", language="zh"
        )
    with pytest.raises(FigureError, match="other dims"):
        grid_map_figure(
            field.rename(x="lon"), outlines={}, title_key="title.aal_map", language="zh"
        )
    bare = field.drop_attrs()
    with pytest.raises(FigureError, match="attributes are missing"):
        grid_map_figure(bare, outlines={}, title_key="title.aal_map", language="zh")
    with pytest.raises(FigureError, match="extent is empty"):
        tracks_figure(*tracks, outlines={}, extent=(115, 130, 20, 35), language="zh")
    with pytest.raises(FigureError, match="no track"):
        tracks_figure(*(v * np.nan for v in tracks), outlines={}, language="zh")


# --- bars, money, ratio --------------------------------------------------------------------------


def test_the_largest_zone_is_on_top(zones: xr.DataArray) -> None:
    bar = zone_bars(zones, "zh").data[0]
    assert bar.y[-1] == "乐清市"
    assert bar.x[-1] == pytest.approx(1.5)
    assert bar.error_x.arrayminus[-1] == pytest.approx(0.45)


def test_zone_refusals(zones: xr.DataArray, zone_perils: xr.DataArray) -> None:
    with pytest.raises(FigureError, match="name_en"):
        zone_bar_figure(zones.drop_vars("name_en"), language="en")
    with pytest.raises(FigureError, match="one bound"):
        zone_bar_figure(zones, lower=zones, language="en")
    with pytest.raises(FigureError, match="interval"):
        zone_bar_figure(zones, lower=zones, upper=zones, language="en")
    odd = zone_perils.assign_coords(peril=["meteorite", *zone_perils["peril"].values[1:]])
    with pytest.raises(FigureError, match="meteorite"):
        stacked_zone_figure(odd, language="en")


def test_months_are_stacked_by_peril_in_their_places(month_perils: xr.DataArray) -> None:
    figure = stacked_month_figure(month_perils.sel(month=[7, 8, 9]), language="zh")
    assert figure.layout.barmode == "stack"
    assert {bar.name: bar.marker.color for bar in figure.data}["干旱"] == PERIL_COLOURS["drought"]
    assert list(figure.data[0].x) == [7, 8, 9]
    assert figure.data[0].y[1] == pytest.approx(10.0)  # 1e9 yuan
    assert figure.data[0].hovertext[1] == "8月 台风大风: 10 亿元"
    with pytest.raises(FigureError, match="month is out of range"):
        stacked_month_figure(month_perils.assign_coords(month=range(12)), language="en")


def test_zone_bars_of_a_ratio_are_not_money(zones: xr.DataArray) -> None:
    share = zones / 1e12
    share.attrs = {"units": "‰", "long_name": "Loss rate"}
    figure = zone_bar_figure(share, language="en", title_key="title.rate_by_zone")
    assert figure.layout.xaxis.title.text == "Loss rate, ‰"
    assert max(figure.data[0].x) == pytest.approx(1.5e-3 * 0.1)


def test_the_strongest_assumption_is_on_top(variants: xr.Dataset) -> None:
    figure = tornado_figure(variants, language="en")
    assert figure.layout.yaxis.categoryarray[-1] == "Wind damage curve"
    assert set(figure.data[0].base if np.ndim(figure.data[0].base) else [figure.data[0].base]) == {
        7.2
    }


def test_storms_are_on_a_logarithmic_axis(storms: xr.Dataset) -> None:
    figure = observed_modelled_figure(storms, language="en")
    assert figure.layout.xaxis.type == "log"
    storms["reported"][0] = 0.0
    with pytest.raises(FigureError, match="not positive"):
        observed_modelled_figure(storms, language="en")


def test_each_view_has_its_own_axis_and_total(ledger: xr.DataArray) -> None:
    figure = ledger_figure(ledger, language="zh")
    titles = [note.text for note in figure.layout.annotations]
    assert "平均每年" in titles[0] and "7.53 亿元" in titles[0]
    assert "103 亿元" in titles[1]
    assert len(list(figure.select_xaxes())) == 2
    drawn = sum(float(t.x[0]) for t in figure.data if t.xaxis == "x")
    assert drawn == pytest.approx(float(ledger[0].sum()) / 1e8)


def test_idle_payers_are_left_out(ledger: xr.DataArray) -> None:
    ledger.loc[{"payer": "reserve"}] = 0.0
    assert "Catastrophe reserve" not in {t.name for t in ledger_figure(ledger, language="en").data}
    ledger.loc[{"payer": "reserve"}] = -1.0
    with pytest.raises(FigureError, match="negative"):
        ledger_figure(ledger, language="en")


def test_a_box_runs_from_attachment_by_its_limit(layers: xr.Dataset) -> None:
    figure = layer_stack_figure(layers, language="en")
    second = next(t for t in figure.data if (t.name or "").startswith("Tier N"))
    assert list(second.base) == [0.5, 1.0]
    assert list(second.y) == [3.0, 4.0]
    assert any("no limit" in str(t.text) for t in figure.data)
    layers["attachment"][0] = np.nan
    with pytest.raises(FigureError, match="start and a limit"):
        layer_stack_figure(layers, language="en")


def test_many_covers_lie_below_one_another(layers: xr.Dataset) -> None:
    many = xr.concat([layers, layers.assign(name_en=layers["name_en"] + " again")], "cover")
    figure = layer_stack_figure(many, language="en")
    bars = [t for t in figure.data if t.type == "bar"]
    assert all(bar.orientation == "h" for bar in bars)
    second = next(t for t in bars if t.name.startswith("Tier N"))
    assert list(second.base) == [0.5, 1.0, 0.5, 1.0]
    assert list(second.x) == [3.0, 4.0, 3.0, 4.0]
    assert list(figure.layout.yaxis.categoryarray) == many["name_en"].values.tolist()
    assert figure.layout.yaxis.autorange == "reversed"


def test_ratio_names_target_and_breach(ratios: xr.Dataset) -> None:
    figure = ratio_figure(ratios, target=0.009, language="zh")
    assert "单年 2.2 %" in figure.layout.title.subtitle.text
    assert figure.layout.shapes[0].y0 == pytest.approx(0.9)
    assert "目标 0.9 %" in [note.text for note in figure.layout.annotations]
    markers = [t for t in figure.data if t.mode == "markers+text"]
    assert [t.x[0] for t in markers] == [0.0217, 0.0019]


def test_ratio_of_another_target_is_refused(ratios: xr.Dataset) -> None:
    with pytest.raises(FigureError, match="another target"):
        ratio_figure(ratios, target=0.01, language="zh")
    with pytest.raises(FigureError, match="out of range"):
        ratio_figure(
            ratios.assign_coords(exceedance_probability=ratios["exceedance_probability"] * 100),
            target=0.009,
            language="zh",
        )


def test_ratio_without_intervals(ratios: xr.Dataset) -> None:
    plain = ratios.drop_dims("interval")
    assert not any(t.fill for t in ratio_figure(plain, target=0.009, language="en").data)


# --- the theme -----------------------------------------------------------------------------------


@pytest.mark.parametrize("colours", [PERIL_COLOURS, TIER_COLOURS, PAYER_COLOURS])
def test_colours_are_distinct(colours: dict[str, str]) -> None:
    assert len(set(colours.values())) == len(colours)
    assert all(re.fullmatch("#[0-9A-F]{6}", colour) for colour in colours.values())


def test_an_unknown_name_has_no_colour() -> None:
    with pytest.raises(FigureError, match="meteorite"):
        colour_of(PERIL_COLOURS, "meteorite")


def test_the_bottom_margin_stays_put_for_the_footer() -> None:
    assert TEMPLATE.layout.xaxis.automargin is False
    assert TEMPLATE.layout.yaxis.automargin == "left"


def test_storm_maps_share_one_scale_and_refuse_other_grids(get: Inputs) -> None:
    field = get("field")
    figure = storm_maps(field, get("outlines"), "en")
    heatmaps = [trace for trace in figure.data if trace.type == "heatmap"]
    assert [trace.coloraxis for trace in heatmaps] == ["coloraxis"] * 4
    assert figure.layout.coloraxis.cmin == pytest.approx(np.log10(2.0))
    other = field.isel(x=slice(1, None))
    panels = [Panel(name, f, np.zeros(2), np.zeros(2)) for name, f in (("A", field), ("B", other))]
    with pytest.raises(FigureError, match="different grids"):
        storm_maps_figure(
            panels, outlines={}, title_key="title.famous_storms", limits=(2, 9), language="en"
        )
    with pytest.raises(FigureError, match="no storm to draw"):
        storm_maps_figure(
            [], outlines={}, title_key="title.famous_storms", limits=(2, 9), language="en"
        )
