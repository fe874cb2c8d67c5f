"""Question 5, the share of GDP that is lost, and whether it stays within the target."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.economy.history import plausible_bands
from riskmodel.economy.product import Product, census_product, published_product
from riskmodel.economy.ratio import FloatArray, loss_ratio, ratio_metrics, window_means
from riskmodel.exceedance.intervals import model_interval, simulation_interval
from riskmodel.exceedance.metrics import Metric, loss_metrics, year_losses
from riskmodel.run.assumptions import figure_status
from riskmodel.run.folder import Run
from riskmodel.run.records import Record
from riskmodel.run.stages import save_stage
from riskmodel.run.work.records import interval_records

PROBABILITIES = np.geomspace(0.5, 0.005, 30)
BANDED = {"loss.aep.20": 20.0, "loss.aep.50": 50.0, "loss.aep.100": 100.0}


def product_of(run: Run, census: xr.DataTree) -> Product | None:
    """GDP of the zones of the run, as ``economy.gdp`` chooses it; None where none is published."""
    exposure, choice = census["exposure"].to_dataset(), run.params.economy.gdp
    if choice == "census":
        return census_product(exposure)
    zones = [str(code) for code in exposure["zone"].values]
    return published_product(run.path(choice), zones, run.params.economy.gdp_year)


def _metrics(
    run: Run, product: Product, table: xr.Dataset, block: int | None = None
) -> dict[str, Metric]:
    years = year_losses(table, block=block)
    share = float(years.total_extrapolated.sum() / years.total.sum())
    figures = ratio_metrics(
        years.total,
        product.total,
        target=run.params.economy.target_ratio,
        windows=run.params.economy.windows,
        price_year=int(table.attrs["price_year"]),
        gdp_year=product.year,
        blocks=1 if block is not None else int(table.attrs["blocks"]),
    )
    means = {
        name: Metric(v, share if name == "gdp.loss_ratio" else None) for name, v in figures.items()
    }
    return means | _zones(product, table, block)


def _zones(product: Product, table: xr.Dataset, block: int | None) -> dict[str, Metric]:
    losses = loss_metrics(table, [], block=block)
    return {
        f"gdp.loss_ratio.by_zone.{code}": Metric(
            losses[f"loss.aal.by_zone.{code}"].value / value,
            losses[f"loss.aal.by_zone.{code}"].share_extrapolated,
        )
        for code, value in product.by_zone.items()
    }


def ratio_records(
    run: Run, product: Product | None, table: xr.Dataset, variants: Mapping[str, xr.Dataset]
) -> list[Record]:
    """Loss over GDP of all zones and each, and breach probabilities, with both intervals.

    Without a product there are none.
    """
    if product is None:
        return []
    return interval_records(
        run,
        _metrics(run, product, table),
        [_metrics(run, product, table, b) for b in range(int(table.attrs["blocks"]))],
        [_metrics(run, product, v) for v in variants.values()],
        unit="1",
        source="riskmodel.economy.ratio",
    )


def ratio_curve(
    run: Run, product: Product, table: xr.Dataset, variants: Mapping[str, xr.Dataset]
) -> xr.Dataset:
    """Exceedance of the ratio by window, with both intervals, kept as a stage."""
    windows, blocks = list(run.params.economy.windows), int(table.attrs["blocks"])
    target, level = run.params.economy.target_ratio, run.params.exceedance.interval_level
    whole = _window_ratios(product, table, windows)
    parts = [_quantiles(_window_ratios(product, table, windows, b)) for b in range(blocks)]
    others = [_quantiles(_window_ratios(product, v, windows)) for v in variants.values()]
    ratio = _quantiles(whole)
    lower, upper = _bounds(ratio, parts, others, level)
    dims = ("interval", "window", "exceedance_probability")
    curve = xr.Dataset(
        {
            "ratio": (dims[1:], ratio),
            "breach_probability": ("window", [float((w > target).mean()) for w in whole]),
            "lower": (dims, lower),
            "upper": (dims, upper),
        },
        {
            "window": windows,
            "exceedance_probability": PROBABILITIES,
            "interval": ["simulation", "model"],
        },
        {
            "target": target,
            "status": figure_status("gdp.loss_ratio"),
            "source": table.attrs["source"],
            "level": level,
        },
    )
    save_stage(run, "macro_ratio", curve)
    return curve


def _window_ratios(
    product: Product, table: xr.Dataset, windows: list[int], block: int | None = None
) -> list[FloatArray]:
    """Mean ratios of the windows, one array for each length of window."""
    losses = year_losses(table, block=block).total
    ratio = loss_ratio(
        losses, product.total, price_year=int(table.attrs["price_year"]), gdp_year=product.year
    )
    blocks = int(table.attrs["blocks"]) if block is None else 1
    return [window_means(ratio, window, blocks=blocks) for window in windows]


def _quantiles(means: list[FloatArray]) -> FloatArray:
    """Ratios (window, exceedance probability)."""
    return np.stack([np.quantile(m, 1.0 - PROBABILITIES) for m in means])


def _bounds(
    ratio: FloatArray, parts: list[FloatArray], others: list[FloatArray], level: float
) -> FloatArray:
    """Bounds (lower and upper, interval, window, exceedance probability)."""
    bounds = np.empty((2, 2, *ratio.shape))
    for place, value in np.ndenumerate(ratio):
        both = (
            simulation_interval(value, [float(p[place]) for p in parts], level=level),
            model_interval(value, [float(o[place]) for o in others]),
        )
        bounds[(..., *place)] = [[b["lower"] for b in both], [b["upper"] for b in both]]
    return bounds


def gdp_words(product: Product) -> str:
    """GDP and its year for a source line, in 亿元."""
    return f"GDP {product.year}: {product.total / 1e8:,.1f} 亿元 ({product.source})"


def plausibility_table(product: Product, table: xr.Dataset, records: list[Record]) -> pd.DataFrame:
    """Model beside the bands and the central reading of the record (ADR 1), as shares of GDP.

    Both are of the whole city.
    """
    gdp = product.total
    found = {r.name: r.value for r in records if r.name == "gdp.loss_ratio"}
    found["loss.median_year"] = float(np.median(year_losses(table).total)) / gdp
    found |= {name: loss_metrics(table, [t])[name].value / gdp for name, t in BANDED.items()}
    rows = [
        {
            "figure": name,
            "model": round(found[name], 5),
            "record": band.record,
            "band from": band.lower,
            "band to": band.upper,
            "verdict": "inside" if band.lower <= found[name] <= band.upper else "OUTSIDE",
        }
        for name, band in plausible_bands().items()
    ]
    return pd.DataFrame(rows)
