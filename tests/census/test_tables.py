"""Tables come out the same whatever their format, header, encoding and unit."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
import yaml

from riskmodel.census.manifest import Table
from riskmodel.census.read import examine, load_census
from riskmodel.census.tables import code_of, read_table
from riskmodel.census.units import column_unit
from tests.census.conftest import Draft

BODY = [["990001000000", "甲县", "Jia", 12.5, 100_003, 30.25],
        ["990002000000", "乙县", "Yi", 7.25, 77_777, 20.5]]  # fmt: skip
NAMES = {
    "code": "区划/代码",
    "name_zh": "区划/名称",
    "name_en": "区划/英文",
    "homes": "住房/价值（亿元）",
    "people": "人口/常住",
    "gdp": "生产总值",
}


def merged_workbook(path: Path) -> None:
    """A title, a header of two rows with merged cells, codes of 12 digits, and a total row."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["表 1"])
    sheet.append(["区划", None, None, "住房", "人口", "生产总值"])
    sheet.append(["代码", "名称", "英文", "价值（亿元）", "常住", None])
    for row in [*BODY, [None, "合计", None, 19.75, 177_780, 50.75]]:
        sheet.append(row)
    for block in ("A1:F1", "A2:C2", "F2:F3"):
        sheet.merge_cells(block)
    book.save(path)


def table(folder: Path, **changes: object) -> None:
    path = folder / "census.yml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["exposure"].update(changes)
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


def test_merged_headers_of_two_rows_give_the_same_census(draft: Draft, tmp_path: Path) -> None:
    plain = load_census(draft.write(tmp_path))
    merged_workbook(tmp_path / "merged.xlsx")
    table(
        tmp_path, workbook="merged.xlsx", sheet="Sheet", header_row=2, header_rows=2, columns=NAMES
    )
    assert load_census(tmp_path).identical(plain)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "gbk"])
@pytest.mark.parametrize("mark", [False, True])
def test_a_csv_gives_the_same_census(
    encoding: str, mark: bool, draft: Draft, tmp_path: Path
) -> None:
    plain = load_census(draft.write(tmp_path))
    rows = [["code", "name_zh", "name_en", "homes", "people", "gdp"], *BODY]
    text = "\n".join(",".join(map(str, row)) for row in rows)
    written = "utf-8-sig" if mark and encoding == "utf-8" else encoding
    (tmp_path / "e.csv").write_bytes(text.encode(written))
    table(tmp_path, workbook="e.csv", sheet=None, encoding=encoding)
    assert load_census(tmp_path).identical(plain)


@pytest.mark.parametrize("mark", [";", "\t"])
def test_other_marks_between_columns(mark: str, draft: Draft, tmp_path: Path) -> None:
    plain = load_census(draft.write(tmp_path))
    rows = [["code", "name_zh", "name_en", "homes", "people", "gdp"], *BODY]
    text = "\n".join(mark.join(map(str, row)) for row in rows)
    (tmp_path / "e.csv").write_text(text, encoding="utf-8")
    table(tmp_path, workbook="e.csv", sheet=None)
    assert load_census(tmp_path).identical(plain)


def test_a_total_a_note_and_a_row_of_numbers_among_the_codes(draft: Draft, tmp_path: Path) -> None:
    plain = load_census(draft.write(tmp_path / "a"))
    draft.table[1:1] = [["甲", "乙", "丙", 1, 2, 3]]
    draft.table[3][3] = "12.50"
    draft.table[3][4] = "100,003"
    draft.table += [
        ["合计", None, None, 19.75, 177_780, 50.75],
        ["注：数据截至2022年", *[None] * 5],
    ]
    assert load_census(draft.write(tmp_path / "b")).identical(plain)


def with_own_table(draft: Draft, folder: Path, rows: list[str], **keys: object) -> Path:
    """People and GDP stand in a CSV of their own, in other units."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "people.csv").write_text("\n".join(rows), encoding="utf-8")
    own = {"workbook": "people.csv", "columns": {"code": "区划代码", "people": "人口"}}
    exposure = draft.manifest["exposure"]
    exposure["classes"]["people"] |= {"table": own, "unit": "万人", **keys}
    exposure["gdp"] = {"column": "产值", "unit": "万元", "year": 2022, "table": own}
    draft.table = [row[:4] for row in draft.table]
    return draft.write(folder)


OWN = ["区划代码,人口,产值", "990002000000,7.7777,205000", "990001000000,10.0003,302500"]


def test_classes_may_stand_in_a_table_of_their_own(draft: Draft, tmp_path: Path) -> None:
    plain = load_census(draft.write(tmp_path / "a"))["exposure"].to_dataset()
    folder = with_own_table(draft, tmp_path / "b", [*OWN, "合计,17.778,507500"])
    found = load_census(folder)["exposure"].to_dataset()
    for name in ("total", "value", "gdp"):
        assert found[name].values == pytest.approx(plain[name].values, rel=1e-12)


@pytest.mark.parametrize(
    ("rows", "code", "severity"),
    [
        (OWN[:2], "zone_without_value", "error"),
        ([*OWN, "990003000000,1,1"], "rows_elsewhere", "warning"),
        ([*OWN, "990001000000,1,1"], "code_twice", "error"),
        ([*OWN, "合计,18.5,507500"], "total_disagrees", "error"),
        ([*OWN, ",3.5,2"], "row_without_code", "error"),
        (["区划代码,人数,产值", *OWN[1:]], "column_missing", "error"),
        ([OWN[0], "单位,万人,亿元", *OWN[1:]], "unit_disagrees", "error"),
    ],
)
def test_tables_of_their_own_are_checked_as_well(
    rows: list[str], code: str, severity: str, draft: Draft, tmp_path: Path
) -> None:
    found = {f.code: f for f in examine(with_own_table(draft, tmp_path, rows)).findings}
    assert code in found, list(found)
    assert (found[code].severity, found[code].file) == (severity, "people.csv")


def test_units_of_ten_thousand_give_the_same_money(draft: Draft, tmp_path: Path) -> None:
    plain = load_census(draft.write(tmp_path / "a"))
    draft.table[1][3] = "万元"
    for row in draft.table[2:]:
        row[3] *= 10_000
    draft.manifest["exposure"]["classes"]["homes"]["unit"] = "万元"
    found = load_census(draft.write(tmp_path / "b"))["exposure"]
    assert found["total"].values == pytest.approx(plain["exposure"]["total"].values, rel=1e-15)


def test_areas_are_square_metres() -> None:
    # 15 mu are a hectare
    assert 15 * column_unit("亩", where="x")[1] == pytest.approx(column_unit("公顷", where="x")[1])
    assert column_unit("km2", where="x") == ("m2", 1e6)


def test_codes_are_text() -> None:
    assert code_of("330327001000") == "330327001000"
    assert code_of(330302.0) == "330302"
    assert code_of(" 330302 ") == "330302"
    assert code_of(float("nan")) is None


def test_merged_cells_below_the_header_do_not_repeat(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["a", "b"], [1, 2], [None, 3]):
        book.active.append(row)
    book.active.merge_cells("A2:A3")
    book.save(tmp_path / "t.xlsx")
    assert read_table(tmp_path, Table(workbook="t.xlsx"))["a"].tolist() == [1, None]
