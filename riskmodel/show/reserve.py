"""What a reserve holds, year after year."""

from __future__ import annotations

import plotly.graph_objects as go
import xarray as xr

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import Language, message
from riskmodel.show.bands import add_band, band_look
from riskmodel.show.frame import hover, new_figure
from riskmodel.show.inputs import require_attrs, require_money, require_variables
from riskmodel.show.theme import PAYER_COLOURS
from riskmodel.show.units import TEN_THOUSAND, axis_title, number, per_cent

LOOK = "simulation"  # the filled look; these are quantiles of outcomes, no interval of a mean
STATED = (10, 20, 30)  # years whose chance is written out


def reserve_figure(path: xr.Dataset, *, language: Language) -> go.Figure:
    """Balance of a reserve by year since it began: mean, quantiles, and how often it fell short.

    Parameters
    ----------
    path : xarray.Dataset
        Dim `year_of_sequence`: `mean` (CNY), `exhausted` (0 to 1), and `quantile_balance`
        (quantile, year_of_sequence; CNY) with at least two quantiles, of which the lowest and
        the highest are drawn. Attrs `currency`, `price_year`, `name_zh`, `name_en`.
    language : {"zh", "en"}
        Language of all texts.

    Raises
    ------
    FigureError
        If something is missing, or there are fewer than two quantiles.
    """
    where, along = "reserve", "year_of_sequence"
    wanted = {n: (along,) for n in ("mean", "exhausted", along)}
    require_variables(path, {**wanted, "quantile_balance": ("quantile", along)}, where=where)
    require_money(path.attrs, where=where)
    require_attrs(path.attrs, ("name_zh", "name_en"), where=where)
    if path.sizes["quantile"] < 2:
        raise FigureError("no band of quantiles", where=where, expected="two or more")
    low, high = (float(path["quantile"].values[k]) for k in (0, -1))
    shown = {"low": f"{100 * low:g}", "high": f"{100 * high:g}"}
    legend = [
        message("legend.mean_balance", language),
        message("legend.between_quantiles", language, **shown),
    ]
    note = f"{path.attrs[f'name_{language}']}。" if language == "zh" else ""
    note += _chances(path, language)
    figure = new_figure(message("title.reserve", language), subtitle=note, legend=legend)
    bounds = [TEN_THOUSAND.shown(path["quantile_balance"].isel(quantile=k)) for k in (0, -1)]
    colour = PAYER_COLOURS["reserve"]
    add_band(figure, *bounds, kind=LOOK, colour=colour, name=legend[1])
    _add_mean(figure, path, legend[0], language)
    figure.add_scatter(
        x=[None], y=[None], mode="lines", fill="toself", name=legend[1], **band_look(LOOK, colour)
    )
    figure.update_xaxes(title_text=message("axis.year_of_sequence", language), rangemode="tozero")
    title = axis_title(
        message("axis.balance", language),
        TEN_THOUSAND,
        language,
        price_year=path.attrs["price_year"],
    )
    figure.update_yaxes(title_text=title, rangemode="tozero", tickformat=",")
    return figure


def _add_mean(figure: go.Figure, path: xr.Dataset, name: str, language: Language) -> None:
    """Draw the mean balance; its hover says how often the reserve fell short by then."""
    years, mean = path["year_of_sequence"].values, TEN_THOUSAND.shown(path["mean"]).values
    unit = TEN_THOUSAND.name(language)
    texts = [
        hover(
            (message("axis.year_of_sequence", language), str(year)),
            (name, f"{number(float(value))} {unit}"),
            (message("hover.exhausted", language), per_cent(float(chance))),
        )
        for year, value, chance in zip(years, mean, path["exhausted"].values, strict=True)
    ]
    figure.add_scatter(
        x=years,
        y=mean,
        mode="lines",
        line={"color": PAYER_COLOURS["reinsurer"], "width": 2.6},
        name=name,
        hovertext=texts,
        hoverinfo="text",
    )


def _chances(path: xr.Dataset, language: Language) -> str:
    """Sentences with the chance of having fallen short by the stated years."""
    last = int(path["year_of_sequence"].max())
    years = [t for t in STATED if t <= last] or [last]
    chances = [per_cent(float(path["exhausted"].sel(year_of_sequence=t)), 2) for t in years]
    separator = "、" if language == "zh" else ", "
    return message(
        "legend.exhausted",
        language,
        years=separator.join(map(str, years)),
        chances=separator.join(chances),
    )
