"""Show a chart in the notebook and export it, with status and source burned in."""

from __future__ import annotations

import plotly.graph_objects as go

from riskmodel.run.assumptions import figure_status
from riskmodel.run.folder import Run
from riskmodel.show.export import PAGE_CONFIG, export_figure


def show(run: Run, figure: go.Figure, name: str, *, rests_on: str, source: str) -> None:
    """Export a chart to ``figures/`` and display it.

    Parameters
    ----------
    figure : Figure
        From `riskmodel.show`.
    name : str
        File name without suffix.
    rests_on : str
        Dotted name of a figure whose status the chart inherits.
    source : str
        Where the numbers come from.
    """
    export_figure(figure, run.folder.figures, name, status=figure_status(rests_on), source=source)
    figure.show(config=dict(PAGE_CONFIG))
