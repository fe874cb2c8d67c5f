"""Result tables speak in words, units and intervals by kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from riskmodel.core.errors import FigureError
from riskmodel.show.frame import legend_rows, log_ticks, wrap_text
from riskmodel.show.tables import item_name, result_label, results_table, write_table
from riskmodel.show.units import interval_name, number, per_cent

Records = list[dict[str, Any]]


def test_table_in_chinese(records: Records) -> None:
    table = results_table(records, [r["name"] for r in records], language="zh")
    assert list(table.columns) == [
        "指标", "数值", "单位", "模拟区间 90 %", "模型范围（全部设定）", "外推占比", "状态", "来源",
    ]  # fmt: skip
    assert table.iloc[0].tolist() == [
        "年均损失", "7.2", "亿元", "6.9 – 7.5", "4.8 – 11.2", "21 %", "合成", "riskmodel",
    ]  # fmt: skip
    assert table["指标"].tolist()[1:] == [
        "100 年一遇单次最大损失（OEP）", "年均损失：风暴潮", "年均损失占 GDP 之比", "模拟年数",
    ]  # fmt: skip
    assert table["数值"].tolist()[1:] == ["75", "42.5", "0.082", "10,000"]
    assert table["单位"].tolist()[1:] == ["亿元", "万元", "%", "年"]


def test_table_in_english_with_own_labels(records: Records) -> None:
    table = results_table(records, {"gdp.loss_ratio": "Our ratio", "loss.aal": ""}, language="en")
    assert table["Quantity"].tolist() == ["Our ratio", "Mean annual loss"]
    assert table["90 % simulation interval"].tolist() == ["", "6.9 – 7.5"]
    assert table["Status"].tolist() == ["synthetic", "synthetic"]


def test_labels_of_dotted_names() -> None:
    assert (
        result_label("ledger.aal.direct_loss.household", "en") == "Direct loss borne by: Households"
    )
    assert result_label("loss.aal.by_zone.330302", "zh") == "年均损失：330302"
    zones = {"330302": "鹿城区"}
    assert result_label("loss.aal.by_zone.330302", "zh", zones) == "年均损失：鹿城区"
    assert item_name("by_peril", "drought", "zh", zones) == "干旱"
    assert item_name("by_vintage", "330302", "zh", zones) == "330302"  # no zone, though alike
    assert result_label("tier.N.houses.pure_premium", "zh") == "tier.N.houses.pure_premium"


def test_zones_are_shown_by_their_names(records: Records) -> None:
    one = records[0] | {"name": "loss.aal.by_zone.330381"}
    table = results_table([one], [one["name"]], language="zh", zones={"330381": "瑞安市"})
    assert table["指标"].tolist() == ["年均损失：瑞安市"]


def test_table_refusals(records: Records) -> None:
    with pytest.raises(FigureError, match=r"loss\.max"):
        results_table(records, ["loss.max"], language="zh")
    del records[0]["status"]
    with pytest.raises(FigureError, match="status"):
        results_table(records, ["loss.oep.100"], language="zh")


def test_csv_opens_in_a_spreadsheet(records: Records, tmp_path: Path) -> None:
    table = results_table(records, ["loss.aal"], language="zh")
    path = write_table(table, tmp_path / "tables" / "loss.csv")
    assert path.read_bytes().startswith("\ufeff指标".encode())
    again = pd.read_csv(path, dtype=str, encoding="utf-8-sig", keep_default_na=False)
    pd.testing.assert_frame_equal(again, table)
    assert [p.name for p in path.parent.iterdir()] == ["loss.csv"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (7.2, "7.2"), (-0.01234, "-0.0123"), (123456, "123,456"), (float("nan"), "–"),
     (999.96, "1,000"), (1e-9, "0.000000001")],
)  # fmt: skip
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text


def test_small_words() -> None:
    assert per_cent(0.00123, 2) == "0.12 %"
    assert interval_name("data", "en") == "Data interval"
    assert interval_name("simulation", "zh", 0.9) == "模拟区间 90 %"
    assert interval_name("model", "en", 1.0) == "Model range (all variants)"
    assert wrap_text("年均损失（亿元）", 10) == "年均损失<br>（亿元）"
    assert wrap_text("多大？", 4) == "多大？"
    assert legend_rows([]) == 0
    assert legend_rows(["a", "b"]) == 1
    assert log_ticks(0.3, 3) == [0.5, 1.0, 2.0]
