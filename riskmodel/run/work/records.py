"""Records of figures with both intervals and an inherited status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from riskmodel.exceedance.intervals import intervals_of
from riskmodel.exceedance.metrics import Metric
from riskmodel.run.assumptions import figure_status
from riskmodel.run.folder import Run
from riskmodel.run.records import Record, make_record

ROUNDING = 1e-9  # relative; what sums in another order move is no other model


def plain_record(name: str, value: float, unit: str, source: str) -> Record:
    """Figure without an interval: a count, a check, or an input."""
    return make_record(name=name, value=value, unit=unit, status=figure_status(name), source=source)


def interval_records(
    run: Run,
    baseline: Mapping[str, Metric],
    blocks: Sequence[Mapping[str, Metric]],
    variants: Sequence[Mapping[str, Metric]],
    *,
    unit: str,
    source: str,
    bounds: tuple[float, float] = (0.0, float("inf")),
) -> list[Record]:
    """Figures with `simulation` and `model` intervals.

    Parameters
    ----------
    baseline : mapping of str to Metric
        Figures of the whole catalogue.
    blocks, variants : sequence of mapping
        The same figures of each block, and under each declared variant. A figure that no variant
        moves gets no `model` interval: a width of zero would read as certainty.
    bounds : tuple of float
        Between which the figures lie by nature, such as 0 and 1 of a probability; intervals are
        cut there.
    """
    plain = [
        {name: metric.value for name, metric in m.items()} for m in (baseline, *blocks, *variants)
    ]
    intervals = intervals_of(
        plain[0],
        plain[1 : 1 + len(blocks)],
        plain[1 + len(blocks) :],
        level=run.params.exceedance.interval_level,
        floor=bounds[0],
    )
    return [
        make_record(
            name=name, value=metric.value, unit=unit, status=figure_status(name), source=source,
            share_extrapolated=metric.share_extrapolated,
            intervals=[
                {"kind": i["kind"], "level": i["level"],
                 "lower": i["lower"], "upper": min(i["upper"], bounds[1])}
                for i in intervals[name]
                if i["kind"] != "model" or i["upper"] - i["lower"] > ROUNDING * abs(metric.value)
            ],
        )
        for name, metric in baseline.items()
    ]  # fmt: skip
