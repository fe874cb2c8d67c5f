"""Real storms under index covers, beside the record read another way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from riskmodel.cover.programme import Programme, load_programme
from riskmodel.run.folder import ROOT, Run
from riskmodel.run.work.index_replay import (
    index_payouts,
    index_replay_records,
    index_replay_table,
)
from riskmodel.run.work.storms import dated_storms, recorded_storms
from riskmodel.run.work.triggers import triggers_of
from tests.run.work_case import PROGRAMME, ZONES, make_census, make_run, make_table, save_triggers


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_run(tmp_path_factory.mktemp("index"), "04_tiers")


@pytest.fixture(scope="module")
def programme() -> Programme:
    return load_programme(PROGRAMME, zones=ZONES)


@pytest.fixture(scope="module")
def storms(run: Run) -> xr.Dataset:
    return dated_storms(run)


@pytest.fixture(scope="module")
def triggers(run: Run, programme: Programme, storms: xr.Dataset) -> xr.Dataset:
    save_triggers(run.folder.root.parent, make_table(2))
    return triggers_of(run, programme, storms)


@pytest.fixture(scope="module")
def payouts(run: Run, programme: Programme, storms: xr.Dataset, triggers: xr.Dataset) -> xr.Dataset:
    assert triggers.sizes["occurrence"] == storms.sizes["occurrence"]  # the stage is there
    return index_payouts(run, programme, make_census(), storms)


def test_pressures_are_those_of_the_other_table_of_the_record(
    run: Run, triggers: xr.Dataset
) -> None:
    """Lowest pressure within 150 km, which `riskmodel storm-tracks` cut for another purpose."""
    table = pd.read_csv(ROOT / "data/history/near_storms.csv", comment="#")
    known = dict(zip(table["sid"], table["pressure"], strict=True))
    pressure = triggers["minimum_pressure"].sel(box="wenzhou_150km")
    ids = [str(storm) for storm in recorded_storms(run)["storm_id"].values]
    assert sum(storm in known for storm in ids) >= 5
    for storm, value in zip(ids, pressure.values, strict=True):
        if storm in known:
            assert value == pytest.approx(known[storm], abs=0.5), storm
        else:
            assert np.isnan(value), storm


def test_payouts_follow_from_the_line_and_the_steps(
    payouts: xr.Dataset, triggers: xr.Dataset
) -> None:
    pressure = triggers["minimum_pressure"].sel(box="wenzhou_150km").values
    line = 2e8 * np.nan_to_num(np.clip((975.0 - pressure) / 50.0, 0.0, 1.0), nan=0.0)
    typhoon = payouts.sel(cover="typhoon_index")
    np.testing.assert_allclose(typhoon["payout"], line)
    np.testing.assert_array_equal(typhoon["index"], pressure)
    rain = triggers["rain_24h"].values
    step = 0.24e8 * (rain >= 300.0) + 0.36e8 * (rain >= 400.0) + 0.6e8 * (rain >= 500.0)
    weight = np.arange(1.0, 13.0) / 78.0  # population of the case
    rains = payouts.sel(cover="rain_index")
    np.testing.assert_allclose(rains["payout"], step @ weight)
    np.testing.assert_array_equal(rains["index"], rain.max(axis=1))


def test_draws_surround_what_a_line_pays_in_its_middle(payouts: xr.Dataset) -> None:
    typhoon = payouts.sel(cover="typhoon_index")
    inside = (typhoon["index"] < 960.0) & (typhoon["index"] > 940.0)
    assert inside.any()
    middle = typhoon.isel(storm=np.flatnonzero(inside))
    assert (middle["lower"] < middle["payout"]).all()
    assert (middle["upper"] > middle["payout"]).all()
    missed = typhoon.isel(storm=np.flatnonzero(np.isnan(typhoon["index"])))
    assert missed.sizes["storm"]
    assert not missed["upper"].any()


def test_table_and_records(payouts: xr.Dataset) -> None:
    storms = payouts["storm"].values
    replayed = pd.DataFrame({"storm": storms, "modelled": 3e8, "reported": np.nan})
    table = index_replay_table(payouts, replayed)
    assert table["storm"].tolist() == storms.tolist()
    paid = (payouts["payout"].sel(cover="typhoon_index").values / 1e8).round(2)
    assert table["typhoon_index: payout (亿元)"].tolist() == paid.tolist()
    assert (table["modelled loss (亿元)"] == 3.0).all()
    records = {r.name: r for r in index_replay_records(payouts)}
    assert len(records) == 2 * len(storms)
    saomai = float(payouts["payout"].sel(cover="typhoon_index", storm="Saomai 2006"))
    assert records["history.index.typhoon_index.saomai_2006"].value == saomai
