"""Result tables out and in: equal to the bit, whole or not at all, refusals by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from riskmodel.core.errors import RiskModelError, SchemaError, UnitsError
from riskmodel.exchange.ord_files import (
    METADATA,
    Analysis,
    Results,
    checked_results,
    read_results,
    write_results,
)
from riskmodel.exchange.standard import load_standard
from tests.exchange.conftest import YEARS

ORD = load_standard("ord_v1")


def test_what_is_written_is_read_back(
    tmp_path: Path, analysis: Analysis, results: list[Results]
) -> None:
    written = write_results(tmp_path, analysis, results)
    assert sorted(tmp_path.iterdir()) == sorted(written)
    assert len(written) == 3 * 5 + 1
    found, groups = read_results(tmp_path)
    assert found == analysis
    assert list(groups) == ["all", "zone", "peril"]
    for result in results:
        expected = checked_results(result, YEARS, ORD).tables
        for name, frame in groups[result.group].tables.items():
            assert_frame_equal(frame, expected[name], check_exact=True)


def test_names_and_metadata_are_those_of_the_standard(
    tmp_path: Path, analysis: Analysis, results: list[Results]
) -> None:
    write_results(tmp_path, analysis, results)
    metadata = json.loads((tmp_path / METADATA).read_text())
    assert (metadata["NumberOfPeriods"], metadata["AnalysisCurrency"]) == (YEARS, "CNY")
    assert metadata["PeriodLength"] == 1
    heads = {p.name: p.read_text().splitlines()[:2] for p in tmp_path.glob("gul_S2_*.csv")}
    assert heads["gul_S2_summary-info.csv"] == ["summary_id,GeogName1,tiv", "1,330302,1000.0"]
    assert heads["gul_S2_mplt.csv"] == [
        "Period,PeriodWeight,EventId,Year,Month,Day,Hour,Minute,SummaryId,SampleType,ChanceOfLoss,"
        "MeanLoss,SDLoss,MaxLoss,FootprintExposure,MeanImpactedExposure,MaxImpactedExposure",
        "1,0.2,1,1,2,1,12,0,1,1,,16.0,,,,,",
    ]
    assert heads["gul_S2_palt.csv"][0] == "SummaryId,SampleType,MeanLoss,SDLoss"


def spoil(results: list[Results], name: str, change: Callable[[pd.DataFrame], Any]) -> None:
    """Change one table of the results of the whole."""
    tables = dict(results[0].tables)
    tables[name] = change(tables[name])
    results[0] = replace(results[0], tables=tables)


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("melt", lambda f: f.drop(columns="rate"), r"by all, melt.*columns are missing.*'rate'"),
        ("ept", lambda f: f.assign(summary=7), r"by all, ept, row 1: an unknown summary.*7"),
        ("palt", lambda f: f.assign(summary=0), r"an unknown summary"),
        ("melt", lambda f: pd.concat([f, f]), r"by all, melt, row 4: a row twice"),
        ("mplt", lambda f: f.assign(period=6), r"a period outside the 5 years"),
        ("mplt", lambda f: f.assign(period=0), r"a period outside the 5 years"),
        ("mplt", lambda f: f.assign(period_weight=0.1), r"a period weight other than 1 / 5"),
        ("ept", lambda f: f.assign(ep_type="EEF"), r"column EPType, row 1.*'EEF'.*OEP_TVaR"),
        ("mplt", lambda f: f.assign(mean_loss=-1.0), r"column MeanLoss, row 1"),
    ],
)
def test_unsound_tables_leave_the_folder_as_it_was(
    tmp_path: Path,
    analysis: Analysis,
    results: list[Results],
    name: str,
    change: Callable[[pd.DataFrame], pd.DataFrame],
    told: str,
) -> None:
    write_results(tmp_path, analysis, results)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    spoil(results, name, change)
    with pytest.raises(SchemaError, match=told):
        write_results(tmp_path, analysis, results)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_other_money_and_other_tables_are_refused(
    tmp_path: Path, analysis: Analysis, results: list[Results]
) -> None:
    with pytest.raises(UnitsError, match=r"found 'USD'.*convert the amounts to yuan"):
        write_results(tmp_path, replace(analysis, currency="USD"), results)
    tables = {k: v for k, v in results[0].tables.items() if k != "ept"}
    with pytest.raises(SchemaError, match=r"all tables of a known grouping"):
        write_results(tmp_path, analysis, [replace(results[0], tables=tables)])
    assert not list(tmp_path.iterdir())


def test_an_export_that_breaks_off_has_no_metadata(
    tmp_path: Path, analysis: Analysis, results: list[Results], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fills up in the middle: the old metadata must not vouch for new tables."""
    write_results(tmp_path, analysis, results)
    count = iter(range(100))

    def full(*arguments: Any) -> Path:
        if next(count) == 3:
            raise OSError("no space left")
        return Path()

    monkeypatch.setattr("riskmodel.exchange.ord_files.write_frame", full)
    with pytest.raises(OSError, match="no space"):
        write_results(tmp_path, analysis, results)
    with pytest.raises(SchemaError, match=r"metadata\.json: no metadata of an analysis"):
        read_results(tmp_path)


@pytest.mark.parametrize(
    ("key", "value", "error", "told"),
    [
        ("NumberOfPeriods", None, SchemaError, r"the number of years is missing.*but count"),
        ("NumberOfPeriods", 4, SchemaError, r"a period outside the 4 years|1 / 4"),
        ("NumberOfPeriods", 2.5, SchemaError, r"the number of years is missing"),
        ("PeriodLength", 3, SchemaError, r"periods are not years"),
        ("AnalysisCurrency", "EUR", UnitsError, r"AnalysisCurrency.*found 'EUR'"),
        ("AnalysisCurrency", None, UnitsError, r"money in another currency"),
        ("riskmodel", {"groups": ["all"]}, SchemaError, r"price_year.*what the amounts mean"),
        ("riskmodel", {"version": "ord_v7"}, SchemaError, r"unknown version.*ord_v7"),
    ],
)
def test_metadata_that_do_not_tell_enough_are_refused(
    tmp_path: Path,
    analysis: Analysis,
    results: list[Results],
    key: str,
    value: object,
    error: type[RiskModelError],
    told: str,
) -> None:
    write_results(tmp_path, analysis, results)
    content = json.loads((tmp_path / METADATA).read_text())
    (tmp_path / METADATA).write_text(json.dumps({**content, key: value}))
    with pytest.raises(error, match=told):
        read_results(tmp_path)


def test_spoilt_or_missing_files_are_named(
    tmp_path: Path, analysis: Analysis, results: list[Results]
) -> None:
    write_results(tmp_path, analysis, results)
    path = tmp_path / "gul_S2_palt.csv"
    path.write_text(path.read_text().replace("\n2,", "\n9,"))
    with pytest.raises(SchemaError, match=r"by zone, palt, row 2: an unknown summary"):
        read_results(tmp_path)
    path.unlink()
    with pytest.raises(SchemaError, match=r"gul_S2_palt\.csv: a file of the standard is missing"):
        read_results(tmp_path)
    (tmp_path / METADATA).write_text("{")
    with pytest.raises(SchemaError, match=r"no metadata of an analysis"):
        read_results(tmp_path)


def test_weights_with_six_decimals_of_another_tool_are_read(
    tmp_path: Path, analysis: Analysis, results: list[Results]
) -> None:
    """1/7 as 0.142857 is a weight of seven periods."""
    rounded = results[0].tables["mplt"].assign(period_weight=0.142857)
    tables = {**results[0].tables, "mplt": rounded}
    write_results(tmp_path, replace(analysis, years=7), [replace(results[0], tables=tables)])
    assert read_results(tmp_path)[0].years == 7
