"""Figures under each named tail: which variants count, and what stands in their columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from riskmodel.cover.programme import load_programme
from riskmodel.run.work.named_tails import tail_variants, tails_table
from riskmodel.run.work.tiers import pay_all
from tests.run.work_case import PROGRAMME, ZONES, make_census, make_run, make_table, save_triggers


def test_only_variants_of_tails_have_a_column(tmp_path: Path) -> None:
    run = make_run(tmp_path, "04_tiers")
    names = [v.name for v in tail_variants(run)]
    assert names == ["wind_tail_flat", "depth_tail_flat", "tails_gev"]
    programme = load_programme(PROGRAMME, zones=ZONES)
    table = make_table(2)
    save_triggers(tmp_path, table)
    variants = {v.name: make_table(2) for v in run.params.model_set}
    variants["tails_gev"] = make_table(2, 3.0)
    baseline, others = pay_all(run, programme, make_census(), table, variants)
    frame = tails_table(run, programme, table, variants, baseline, [*others, others[0]])
    frame = frame.set_index("figure (亿元)")
    labels = {v.name: v.label_zh for v in tail_variants(run)}
    assert list(frame.columns) == ["as in the params", *labels.values()]
    losses = table["mean"].values[:, table["quantity"].values == "loss"].sum()
    assert frame.loc["loss.aal", "as in the params"] == pytest.approx(
        losses / table.attrs["years"] / 1e8, abs=1e-3
    )
    same = frame["as in the params"]
    np.testing.assert_array_equal(frame[labels["wind_tail_flat"]], same)
    assert frame.loc["loss.aal", labels["tails_gev"]] == pytest.approx(
        3 * same["loss.aal"], rel=1e-3
    )
    assert frame.loc["tier.X.pure_premium", labels["tails_gev"]] > same["tier.X.pure_premium"]
