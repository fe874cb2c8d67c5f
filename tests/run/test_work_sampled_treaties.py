"""Treaties on sampled losses: without spread they are those of the means, with it they are not."""

from __future__ import annotations

import numpy as np
import xarray as xr

from riskmodel.cover.programme import Programme
from riskmodel.run.folder import Run
from riskmodel.run.work.sampled_treaties import sampled_layer_table, sampled_layers
from riskmodel.run.work.tiers import Paid
from riskmodel.run.work.treaties import sums_of_years
from tests.run.work_case import (
    make_census,
    make_table,
)


def with_moments(table: xr.Dataset, spread: float) -> xr.Dataset:
    """Independent moments of each item: a standard deviation of `spread` times the mean."""
    items = list(dict.fromkeys(table["item"].values.tolist()))
    mean = np.stack(
        [table["mean"].values[:, table["item"].values == i].sum(axis=1) for i in items], axis=1
    )
    dims = ("row", "outcome")
    exposed = np.full((table.sizes["zone"], len(items)), 1e12)
    return table.assign_coords(outcome=items).assign(
        variance_independent=(dims, (spread * mean) ** 2),
        sd_correlated=(dims, np.zeros_like(mean)),
        value_exposed=(("zone", "outcome"), exposed),
    )


def test_without_spread_layers_pay_as_on_the_means(
    run: Run, programme: Programme, paid: Paid
) -> None:
    table = with_moments(make_table(2), 0.0)
    sampled = sampled_layers(run, programme, make_census(), table, samples=2)
    for name in ("recovery", "reinstatement_premium"):
        means = sums_of_years(paid.recoveries, name)
        assert (means.sum(axis=0)[:4] > 0.0).all()  # the small table does not reach the fifth
        for sample in getattr(sampled, name):
            # losses are drawn in single precision
            np.testing.assert_allclose(sample.sum(axis=0), means.sum(axis=0), rtol=1e-5)
    frame = sampled_layer_table(paid, sampled)
    assert frame["layer"].tolist() == paid.recoveries["layer"].values.tolist()
    pairs = [c for c in frame.columns if c.endswith(", of means (万元)")]
    assert len(pairs) == 3
    for column in pairs:
        other = column.replace("of means", "sampled")
        np.testing.assert_allclose(frame[column], frame[other], atol=0.11)


def test_with_spread_first_draws_stay_and_layers_differ(
    run: Run, programme: Programme, paid: Paid
) -> None:
    table = with_moments(make_table(2), 0.5)
    few, more = (sampled_layers(run, programme, make_census(), table, samples=n) for n in (2, 3))
    np.testing.assert_array_equal(few.recovery, more.recovery[:2])
    means = sums_of_years(paid.recoveries, "recovery").mean(axis=0)
    assert (np.abs(more.recovery.mean(axis=(0, 1)) - means) > 1e-3 * means).any()
    assert (more.recovery.std(axis=0).sum(axis=0)[:4] > 0.0).all()
    # a year's recovery of a layer is at most its limit, twice, times the placed share
    r = paid.recoveries
    most = (r["yearly_limit"] * r["placed"]).values
    assert (more.recovery <= most * (1.0 + 1e-9)).all()
