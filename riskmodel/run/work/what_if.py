"""What if: another curve or measure, and the exceedance curve of the whole catalogue at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import ipywidgets as widgets
import pandas as pd
import plotly.graph_objects as go
import xarray as xr
from IPython.display import display

from riskmodel.core.messages import Language, message
from riskmodel.exceedance.metrics import loss_metrics, value_at_risk, year_losses
from riskmodel.hazard.intensity import IntensityCurves
from riskmodel.loss.affected import Part, answer, changed_perils, part_for, same_form
from riskmodel.loss.compilation import CompiledTable, compile_table
from riskmodel.loss.entries import FineCells
from riskmodel.loss.occurrence_table import occurrence_table
from riskmodel.run.folder import Run
from riskmodel.run.params import Params, apply_overrides
from riskmodel.run.settings import scenario_curves, scenario_fine
from riskmodel.run.work.losses import damage_of
from riskmodel.run.work.scope import zone_words
from riskmodel.show.curves import exceedance_figure
from riskmodel.show.tables import result_label

LEVERS = {  # dotted key: lowest, highest, step
    "loss.v_half": (60.0, 140.0, 1.0),
    "loss.flood_damage_scale": (0.1, 2.0, 0.05),
    "loss.floor_height": (0.0, 1.5, 0.05),
}


@dataclass(frozen=True, slots=True)
class Held:
    """Census, catalogue and what questions can change, kept in memory between them."""

    run: Run
    census: xr.DataTree
    catalogue: xr.DataTree
    curves: Mapping[str, IntensityCurves]
    fine: FineCells | None
    base: CompiledTable
    parts: dict[frozenset[str], Part]


def held(run: Run, census: xr.DataTree, catalogue: xr.DataTree) -> Held:
    """Take into memory what the levers can change; questions of other params do so when asked."""
    curves = scenario_curves(run.params, census, catalogue)
    fine = scenario_fine(run.params, census, catalogue)
    base = _compiled(run.params, census, curves, fine)
    kept = Held(run, census, catalogue, curves, fine, base, {})
    questions: dict[frozenset[str], list[CompiledTable]] = {}
    for key, (lowest, highest, _) in LEVERS.items():
        tables = [_table(kept, {key: value}) for value in (lowest, highest)]
        perils = frozenset[str]().union(*(changed_perils(base, table) for table in tables))
        questions.setdefault(perils, []).extend(tables)
    for perils, tables in questions.items():
        kept.parts[perils] = part_for(catalogue, base, tables)
    return kept


def _table(kept: Held, changes: Mapping[str, object]) -> CompiledTable:
    """Compile the changed params."""
    base = kept.run.params
    params = apply_overrides(base, dict(changes), where="what if")
    same = params.curves == base.curves and params.scenario == base.scenario
    curves = kept.curves if same else scenario_curves(params, kept.census, kept.catalogue)
    fine = kept.fine if same else scenario_fine(params, kept.census, kept.catalogue)
    return _compiled(params, kept.census, curves, fine)


def _compiled(
    params: Params, census: xr.DataTree, curves: Mapping[str, IntensityCurves],
    fine: FineCells | None,
) -> CompiledTable:  # fmt: skip
    """Compile losses, all sectors in one column."""
    items = [replace(item, column="loss") for item in damage_of(params, census)]
    return compile_table(census, curves, items, depth_spread=params.loss.depth_spread, fine=fine)


def what_if(kept: Held, changes: Mapping[str, object]) -> xr.Dataset:
    """Occurrence table of the losses under changed params, all sectors in one column.

    Parameters
    ----------
    kept : Held
    changes : mapping of str to object
        Dotted keys of the params file, for example ``{"loss.floor_height": 0.45}``.
    """
    table = _table(kept, changes)
    if not same_form(kept.base, table):
        return occurrence_table(kept.catalogue, table)
    perils = changed_perils(kept.base, table)
    part = next((p for known, p in kept.parts.items() if perils <= known and p.holds(table)), None)
    if part is None:
        part = part_for(kept.catalogue, kept.base, [table])
        kept.parts[part.perils] = part
    return answer(kept.catalogue, part, table)


def what_if_table(kept: Held, changes: Mapping[str, object]) -> pd.DataFrame:
    """Figures as in the params and under the changes, in 亿元.

    Both see the same storms, so that the difference is no matter of chance.
    """
    periods = list(kept.run.params.exceedance.return_periods)
    columns = {
        name: {k: m.value / 1e8 for k, m in loss_metrics(what_if(kept, c), periods).items()}
        for name, c in (("as in the params", {}), ("what if", changes))
    }
    language = kept.run.params.language
    zones = zone_words(kept.census["zones"].to_dataset(), language)
    frame = pd.DataFrame(columns).round(2)
    frame = frame.drop(index="loss.aal.by_sector.loss")  # all classes are one column here
    frame.index = pd.Index([result_label(str(name), language, zones) for name in frame.index])
    frame = frame.reset_index(names="figure (亿元)")
    return frame.assign(difference=(frame["what if"] - frame["as in the params"]).round(2))


def what_if_figure(
    kept: Held, changes: Mapping[str, object], curve: xr.Dataset, language: Language
) -> go.Figure:
    """Draw the curve of the run, and that of the changes as a thin line beside it."""
    losses, periods = year_losses(what_if(kept, changes)), curve["return_period"].values
    amounts = {"OEP": losses.largest, "AEP": losses.total}
    lines = xr.Dataset(
        {
            "value": (
                ("case", "kind", "return_period"),
                [[[value_at_risk(years, t) for t in periods] for years in amounts.values()]],
            )
        },
        {"case": ["what_if"], "kind": list(amounts), "return_period": periods},
        {name: curve.attrs[name] for name in ("currency", "price_year")},
    )
    return exceedance_figure(curve, references=lines, language=language)


def what_if_panel(kept: Held, curve: xr.Dataset, language: Language) -> widgets.VBox:
    """Sliders that redraw the exceedance curve, for use in JupyterLab."""
    now = kept.run.params.model_dump()
    sliders = {
        key: widgets.FloatSlider(
            now["loss"][key.removeprefix("loss.")], min=low, max=high, step=step,
            description=key.removeprefix("loss."), continuous_update=False,
            style={"description_width": "initial"},
        )
        for key, (low, high, step) in LEVERS.items()
    }  # fmt: skip
    drawn = widgets.Output()

    def redraw(_: object) -> None:
        changes = {key: slider.value for key, slider in sliders.items()}
        with drawn:
            drawn.clear_output(wait=True)
            display(what_if_figure(kept, changes, curve, language))  # type: ignore[no-untyped-call]

    for slider in sliders.values():
        slider.observe(redraw, names="value")
    return widgets.VBox(
        [widgets.Label(message("what_if.hint", language)), *sliders.values(), drawn]
    )
