"""Losses by peril beside public figures: all nine perils, none as a silent zero."""

from __future__ import annotations

from pathlib import Path

import pytest

from riskmodel.core.messages import names
from riskmodel.run.folder import Run
from riskmodel.run.records import Record, make_record
from riskmodel.run.work.public_figures import public_table
from tests.run.work_case import make_run


def record(peril: str, value: float, by: str = "by_peril") -> Record:
    return make_record(
        name=f"loss.aal.{by}.{peril}", value=value, unit="CNY", status="synthetic",
        source="test", intervals=[],
    )  # fmt: skip


PERILS = [record("typhoon_wind", 12e8), record("rain_flood", 30e8), record("storm_surge", 8e8)]
RECORDS = [record("typhoon", 47e8, "by_cause"), record("plum_rain", 3e8, "by_cause"), *PERILS]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_peril_has_a_row_and_a_word(tmp_path: Path, language: str) -> None:
    run = make_run(tmp_path, "03_exceedance")
    params = run.params.model_copy(update={"language": language})
    frame = public_table(Run(params, run.folder, run.notebook), RECORDS)
    shown = " ".join(frame.iloc[:, 0])
    assert all(name in shown for name in names("peril", language).values())
    assert not frame.isna().any(axis=None)
    assert (frame != "").all(axis=None)
    assert sum(" (亿元)" in column for column in frame.columns) == 3


STORMS = "台风（含其暴雨、风暴潮、山洪和滑坡）: 台风大风, 暴雨洪涝, 风暴潮"


def test_storms_are_set_beside_what_typhoons_cause_scaled_by_gdp(tmp_path: Path) -> None:
    """The bulletins are of typhoons: three of the floods' thirty came with the plum rain."""
    frame = public_table(make_run(tmp_path, "03_exceedance"), RECORDS).set_index("灾种")
    storms = frame.loc[STORMS]
    assert storms["模型年均损失 (亿元)"] == "47"
    assert storms["公开数字 (亿元)"] == storms["按温州 2022 年 GDP 折算 (亿元)"] == "40.1"
    assert frame.loc["山洪", "公开数字 (亿元)"] == "未找到公开数字"
    assert frame.loc["滑坡泥石流", "模型年均损失 (亿元)"] == "普查无图：滑坡泥石流"
    assert frame.loc["滑坡泥石流", "按温州 2022 年 GDP 折算 (亿元)"] == "0.286"


def test_a_map_that_is_missing_in_a_group_is_named(tmp_path: Path) -> None:
    frame = public_table(make_run(tmp_path, "03_exceedance"), RECORDS[:-1])
    assert frame.iloc[0, 1] == "47 (普查无图：风暴潮)"
    more = public_table(make_run(tmp_path, "03_exceedance"), [*RECORDS, record("drought", 3e7)])
    assert more.set_index("灾种").loc["干旱", "模型年均损失 (亿元)"].tolist() == ["0.3", "0.3"]


def test_a_pilot_is_not_set_beside_figures_of_the_city(tmp_path: Path) -> None:
    run = make_run(tmp_path, "03_exceedance")
    census = run.params.census.model_copy(update={"zones": ("330381",)})
    params = run.params.model_copy(update={"census": census})
    frame = public_table(Run(params, run.folder, run.notebook), RECORDS)
    assert frame.shape == (1, 1)
    assert "全市" in frame.iloc[0, 0]
