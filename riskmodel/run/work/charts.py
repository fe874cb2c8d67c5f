"""Show charts and tables in the notebook and export them; charts carry status and source."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go
from IPython.display import Markdown
from IPython.display import display as show_in_notebook
from plotly.utils import PlotlyJSONEncoder

from riskmodel.run.assumptions import figure_status
from riskmodel.run.folder import Run
from riskmodel.show.export import PAGE_CONFIG, export_figure, stamped
from riskmodel.show.tables import write_table

IMAGE_WIDTH = 640  # pixels on a page


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
    status = figure_status(rests_on)
    _, _, image = export_figure(figure, run.folder.figures, name, status=status, source=source)
    shown = stamped(figure, status=status, source=source).to_plotly_json()
    # JupyterLab draws the chart; a page without plotly.js falls back to the image
    content = json.loads(json.dumps({**shown, "config": dict(PAGE_CONFIG)}, cls=PlotlyJSONEncoder))
    bundle = {
        "application/vnd.plotly.v1+json": content,
        "image/png": b64encode(image.read_bytes()).decode(),
    }
    show_in_notebook(  # type: ignore[no-untyped-call]
        bundle, raw=True, metadata={"image/png": {"width": IMAGE_WIDTH}}
    )


def keep(run: Run, frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Write a table to ``tables/<name>.csv`` (UTF-8 with BOM, for spreadsheets) and return it."""
    write_table(frame, run.folder.tables / f"{name}.csv")
    return frame


def tell(run: Run, paragraphs: Mapping[str, str], name: str) -> None:
    """Display paragraphs under their headings, and keep them as ``tables/<name>.csv``."""
    keep(run, pd.DataFrame(list(paragraphs.items()), columns=["heading", "text"]), name)
    text = "\n\n".join(f"**{heading}.** {told}" for heading, told in paragraphs.items())
    show_in_notebook(Markdown(text))  # type: ignore[no-untyped-call]
