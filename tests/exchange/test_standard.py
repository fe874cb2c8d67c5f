"""Tables of a standard: exact round trip, refusals by name, and another version as a table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from riskmodel.core.errors import SchemaError
from riskmodel.exchange.standard import (
    FOLDER,
    check_frame,
    load_standard,
    read_frame,
    write_frame,
)

EPT = load_standard("ord_v1").tables["ept"]
MELT = load_standard("ord_v1").tables["melt"]
ROW = {"summary": 1, "ep_calculation": "mean_damage", "ep_type": "AEP_TVaR"}


def points(*losses: float) -> pd.DataFrame:
    return pd.DataFrame([{**ROW, "return_period": 7.5, "loss": loss} for loss in losses])


@given(st.lists(st.floats(0.0, 1e300), min_size=1, max_size=20))
def test_every_float_comes_back_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, losses: list[float]
) -> None:
    path = tmp_path_factory.mktemp("frame") / "ept.csv"
    frame = points(*losses)
    assert_frame_equal(read_frame(write_frame(path, frame, EPT), EPT), frame, check_exact=True)


def test_header_and_codes_are_those_of_the_standard(tmp_path: Path) -> None:
    path = write_frame(tmp_path / "ept.csv", points(12.5), EPT)
    assert path.read_text() == "SummaryId,EPCalc,EPType,ReturnPeriod,Loss\n1,1,4,7.5,12.5\n"


def test_what_is_not_known_is_blank_under_its_column(tmp_path: Path) -> None:
    row = {"event": 3, "summary": 1, "sample_type": "analytical", "rate": 0.2, "mean_loss": 5.0}
    frame = pd.DataFrame([row])
    path = write_frame(tmp_path / "melt.csv", frame, MELT)
    header, line = path.read_text().splitlines()
    assert header == (
        "EventId,SummaryId,SampleType,EventRate,ChanceOfLoss,MeanLoss,SDLoss,MaxLoss,"
        "FootprintExposure,MeanImpactedExposure,MaxImpactedExposure"
    )
    assert line == "3,1,1,0.2,,5.0,,,,,"
    assert_frame_equal(read_frame(path, MELT), frame, check_exact=True)


def test_a_column_that_another_tool_fills_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "melt.csv"
    path.write_text(
        "EventId,SummaryId,SampleType,EventRate,ChanceOfLoss,MeanLoss,SDLoss,MaxLoss,"
        "FootprintExposure,MeanImpactedExposure,MaxImpactedExposure\n1,2,2,0.1,0.5,3,4,5,6,7,\n"
    )
    frame = read_frame(path, MELT)
    assert frame.loc[0, ["sample_type", "chance_of_loss", "sd_loss"]].tolist() == ["sample", 0.5, 4]
    assert "max_impacted_exposure" not in frame


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"loss": -1.0}, "Loss"),
        ({"loss": float("nan")}, "Loss"),
        ({"loss": float("inf")}, "Loss"),
        ({"loss": "much"}, "Loss"),
        ({"summary": 1.5}, "SummaryId"),
        ({"ep_type": "EEF"}, "EPType"),
    ],
)
def test_a_value_that_does_not_fit_is_named(change: dict[str, object], column: str) -> None:
    frame = pd.DataFrame([points(1.0).iloc[0].to_dict(), {**points(1.0).iloc[0], **change}])
    with pytest.raises(SchemaError, match=rf"column {column}, row 2.*to do: correct the value"):
        check_frame(frame, EPT, where="points")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("SummaryId,EPCalc,EPType,ReturnPeriod\n1,1,1,5\n", r"columns are missing.*'Loss'"),
        ("SummaryId,EPCalc,EPType,ReturnPeriod,Loss\n1,1,9,5,3\n", r"EPType, row 1.*found '9'"),
        ("SummaryId,EPCalc,EPType,ReturnPeriod,Loss\n1,1,1,5,\n", r"column Loss, row 1"),
        ("", r"a file is no table.*copy the file again"),
    ],
)
def test_a_spoilt_file_is_refused(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "gul_S1_ept.csv"
    path.write_text(text)
    with pytest.raises(SchemaError, match=told):
        read_frame(path, EPT)


def test_missing_columns_and_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"points.*columns are missing.*expected \['loss'\]"):
        check_frame(points(1.0).drop(columns="loss"), EPT, where="points")
    with pytest.raises(SchemaError, match=r"absent\.csv.*file of the standard is missing"):
        read_frame(tmp_path / "absent.csv", EPT)


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(SchemaError, match=r"ord_v9.*'oed_v4', 'ord_v1'.*table of names"):
        load_standard("ord_v9")


def test_another_version_is_a_table_of_names(tmp_path: Path) -> None:
    """Version 2 as its list of fields has it: EPMethod, and words for codes."""
    content = yaml.safe_load((FOLDER / "ord_v1.yml").read_text(encoding="utf-8"))
    content["tables"]["ept"]["ep_calculation"] = ["EPMethod", "ep_calculation"]
    content["codes"]["ep_calculation"] = {"mean_damage": "A_MEAN"}
    content["codes"]["ep_type"] = {"OEP": "OEP", "AEP_TVaR": "TVAR_AEP"}
    (tmp_path / "ord_v2.yml").write_text(yaml.safe_dump(content, sort_keys=False))
    columns = load_standard("ord_v2", tmp_path).tables["ept"]
    path = write_frame(tmp_path / "ept.csv", points(2.0), columns)
    head, line = path.read_text().splitlines()
    assert (head.split(",")[1:3], line) == (["EPMethod", "EPType"], "1,A_MEAN,TVAR_AEP,7.5,2.0")
    assert_frame_equal(read_frame(path, columns), points(2.0), check_exact=True)
