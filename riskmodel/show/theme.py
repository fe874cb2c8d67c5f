"""One look for all figures: a plotly template and named colours.

Perils use Paul Tol's "muted" scheme and tiers the scheme of Okabe and Ito; both stay apart for
readers who confuse red and green. Letters of 16 pixels on a width of 640 remain legible when an
image is printed at half the width of an A4 page.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import plotly.graph_objects as go

from riskmodel.core.errors import FigureError
from riskmodel.show.fonts import FONT_FAMILY

INK = "#22303C"
MUTED = "#6B7785"
GRID = "#E4E7EB"
ACCENT = "#C44E3A"
WIDTH, HEIGHT = 640, 440
FONT_SIZE, TITLE_SIZE, SMALL_SIZE = 15, 19, 13

PERIL_COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "typhoon_wind": "#332288",
        "rain_flood": "#88CCEE",
        "storm_surge": "#44AA99",
        "flash_flood": "#117733",
        "landslide": "#999933",
        "drought": "#DDCC77",
        "forest_fire": "#CC6677",
        "cold_snow": "#AA4499",
        "earthquake": "#882255",
    }
)
TIER_COLOURS: Mapping[str, str] = MappingProxyType({"1": "#0072B2", "N": "#E69F00", "X": "#009E73"})
PAYER_COLOURS: Mapping[str, str] = MappingProxyType(
    {
        # owners, who keep what nobody else pays: greys
        "household": "#D8D3C8",
        "farm": "#B7AD9A",
        "enterprise": "#8D8371",
        "public_body": "#5F584B",
        # insurance: the colours of the tiers
        "tier_1": "#0072B2",
        "tier_n": "#E69F00",
        "tier_x": "#009E73",
        # public money
        "city": "#CC79A7",
        "county": "#882255",
        "province": "#5B1036",
        "reserve": "#56B4E9",
        "reinsurer": "#332288",
    }
)
COMPONENT_COLOURS: Mapping[str, str] = MappingProxyType(
    {"pure": "#0072B2", "risk_load": "#56B4E9", "expenses": "#B7AD9A", "tax": "#5F584B"}
)
KIND_COLOURS: Mapping[str, str] = MappingProxyType(
    {"OEP": "#D55E00", "AEP": "#0072B2", "TVAR": "#882255"}
)
STATUS_COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "real": "#117733",
        "calibrated": "#2B6C8F",
        "synthetic": "#8A5A00",
        "illustrative": "#A03C6E",
        "placeholder": "#B02A1C",
    }
)
COLORWAY = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#5F584B")
EVENT_COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "typhoon": "#0072B2",
        "plum_rain": "#E69F00",
        "convective_rain": "#56B4E9",
        "drought": "#DDCC77",
        "forest_fire": "#D55E00",
        "cold_snow": "#CC79A7",
        "earthquake": "#5F584B",
        "rearranged": "#999933",
    }
)
# pale to dark, lightness falling all the way
SEQUENTIAL = ("#F6F3E8", "#CFE1D5", "#86BEBE", "#3F8FAF", "#1F5A94", "#172D5C")


def colour_of(kind: Mapping[str, str], name: str) -> str:
    """Colour of a named thing.

    Raises
    ------
    FigureError
        If the name has no colour.

    Examples
    --------
    >>> colour_of(TIER_COLOURS, "N")
    '#E69F00'
    """
    if name not in kind:
        raise FigureError(
            "no colour for this name",
            where="show.theme",
            found=name,
            expected=tuple(kind),
            remedy="use a name of the design, or add it to the theme and to messages.yml",
        )
    return kind[name]


def translucent(colour: str, opacity: float) -> str:
    """Write a ``#RRGGBB`` colour with an opacity as plotly wants it.

    Examples
    --------
    >>> translucent("#0072B2", 0.2)
    'rgba(0,114,178,0.2)'
    """
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def _axis(*, automargin: str | bool) -> dict[str, object]:
    return {
        "automargin": automargin,
        "gridcolor": GRID,
        "linecolor": MUTED,
        "tickcolor": MUTED,
        "showline": True,
        "ticks": "outside",
        "ticklen": 4,
        "zeroline": False,
        "title": {"font": {"size": FONT_SIZE}, "standoff": 10},
        "tickfont": {"size": SMALL_SIZE},
    }


def _template() -> go.layout.Template:
    """Build the template; only the left margin may grow, for the footer of exports hangs below."""
    layout = go.Layout(
        width=WIDTH,
        height=HEIGHT,
        font={"family": FONT_FAMILY, "size": FONT_SIZE, "color": INK},
        title={
            "font": {"size": TITLE_SIZE},
            "x": 0,
            "xanchor": "left",
            "xref": "container",
            "y": 1,
            "yanchor": "top",
            "yref": "container",
            "pad": {"l": 16, "t": 16},
        },
        margin={"l": 70, "r": 30, "t": 100, "b": 66},
        paper_bgcolor="white",
        plot_bgcolor="white",
        colorway=COLORWAY,
        colorscale={"sequential": list(SEQUENTIAL)},
        xaxis=_axis(automargin=False),
        yaxis=_axis(automargin="left"),
        legend={
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.01,
            "yanchor": "bottom",
            "font": {"size": SMALL_SIZE},
            "bgcolor": "rgba(0,0,0,0)",
            "traceorder": "normal",
        },
        hoverlabel={"font": {"family": FONT_FAMILY, "size": SMALL_SIZE}, "align": "left"},
        separators=".,",
        bargap=0.3,
    )
    return go.layout.Template(layout=layout)


TEMPLATE = _template()
