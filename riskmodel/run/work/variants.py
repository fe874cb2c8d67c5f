"""What each assumption of the model set moves, for question 3."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import xarray as xr

from riskmodel.exceedance.comparison import compare_losses
from riskmodel.exceedance.metrics import loss_metrics
from riskmodel.run.folder import Run

ENDS = ("lower", "upper")


def tornado_of(run: Run, table: xr.Dataset, variants: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """AAL of the baseline and of each variant of the model set."""
    named = {v.name: v for v in run.params.model_set}
    aal = {
        name: loss_metrics(t, [])["loss.aal"].value
        for name, t in {"baseline": table, **variants}.items()
    }
    return xr.Dataset(
        {
            "aal": ("variant", [aal[n] for n in variants]),
            "label_zh": ("variant", [named[n].label_zh for n in variants]),
            "label_en": ("variant", [named[n].label_en for n in variants]),
        },
        {"variant": list(variants)},
        {
            "baseline": aal["baseline"],
            "currency": table.attrs["currency"],
            "price_year": table.attrs["price_year"],
        },
    )


def variant_table(run: Run, table: xr.Dataset, variants: Mapping[str, xr.Dataset]) -> pd.DataFrame:
    """AAL of each variant and its difference from the baseline, in 亿元.

    The interval of the difference is of kind `simulation`, on paired blocks: the same storms cost
    once with and once without the change. It says nothing of how likely the change is.
    """
    level = run.params.exceedance.interval_level
    named = {v.name: v for v in run.params.model_set}
    rows = []
    for name, other in variants.items():
        aal = compare_losses(table, other, [], level=level).sel(figure="loss.aal")
        amounts = {k: round(float(aal[k]) / 1e8, 2) for k in ("second", "difference", *ENDS)}
        words = {"variant": name, "zh": named[name].label_zh, "en": named[name].label_en}
        rows.append(words | amounts | {"told apart": bool(aal["told_apart"])})
    titles = {
        "second": "AAL (亿元)", "difference": "difference (亿元)",
        "lower": "simulation lower (亿元)", "upper": "simulation upper (亿元)",
    }  # fmt: skip
    return pd.DataFrame(rows).rename(columns=titles)
