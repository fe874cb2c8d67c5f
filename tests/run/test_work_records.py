"""Records carry the intervals that the design demands, and the status of what they rest on."""

from __future__ import annotations

from pathlib import Path

import pytest
from scipy import stats

from riskmodel.core.errors import ParamError
from riskmodel.exceedance.metrics import Metric
from riskmodel.run.assumptions import figure_status
from riskmodel.run.folder import Run
from riskmodel.run.work.records import interval_records, plain_record
from tests.run.work_case import make_run

BLOCKS = [{"loss.aal": Metric(8.0, 0.3)}, {"loss.aal": Metric(14.0, 0.3)}]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return make_run(tmp_path, "03_exceedance")


def test_both_intervals_by_hand(run: Run) -> None:
    variants = [{"loss.aal": Metric(7.0)}, {"loss.aal": Metric(30.0)}]
    base = {"loss.aal": Metric(11.0, 0.3)}
    (record,) = interval_records(run, base, BLOCKS, variants, unit="CNY", source="test")
    # two blocks 6 apart: s = 6 / sqrt 2, over sqrt 2 is 3; t with one degree of freedom
    half = 3.0 * float(stats.t.ppf(0.5 + run.params.exceedance.interval_level / 2, 1))
    simulation, model = record.intervals
    assert (simulation.kind, simulation.level) == ("simulation", 0.9)
    assert simulation.upper == pytest.approx(11.0 + half, rel=1e-12)
    assert simulation.lower == 0.0  # money is cut at nothing
    assert (model.kind, model.level, model.lower, model.upper) == ("model", 1.0, 7.0, 30.0)
    assert (record.value, record.unit, record.share_extrapolated) == (11.0, "CNY", 0.3)
    assert record.status == figure_status("loss.aal")


def test_a_figure_that_no_variant_moves_claims_no_model_interval(run: Run) -> None:
    base = {"loss.aal": Metric(11.0)}
    (record,) = interval_records(run, base, BLOCKS, [base, base], unit="CNY", source="test")
    assert [i.kind for i in record.intervals] == ["simulation"]
    assert record.share_extrapolated is None


def test_a_figure_that_no_assumption_names_cannot_be_recorded(run: Run) -> None:
    with pytest.raises(ParamError, match="no assumption names the figure"):
        plain_record("profit.aal", 1.0, "CNY", "test")
    metric = {"profit.aal": Metric(1.0)}
    with pytest.raises(ParamError, match=r"profit\.aal"):
        interval_records(run, metric, [metric, metric], [], unit="CNY", source="test")


def test_a_block_or_variant_that_lacks_a_figure_is_an_error(run: Run) -> None:
    base = {"loss.aal": Metric(11.0)}
    with pytest.raises(KeyError, match=r"loss\.aal"):
        interval_records(run, base, [*BLOCKS, {}], [], unit="CNY", source="test")
    with pytest.raises(KeyError, match=r"loss\.aal"):
        interval_records(run, base, BLOCKS, [{}], unit="CNY", source="test")
