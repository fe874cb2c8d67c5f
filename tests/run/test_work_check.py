"""`riskmodel check` and `riskmodel import`: exit codes, files, and an input that stays as it is."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr

from riskmodel.census.finding import Finding
from riskmodel.core.files import sha256
from riskmodel.run import cli
from riskmodel.run.folder import ROOT
from riskmodel.run.work.check import check_census, findings_table, html_page, offender_map

DEMO = ROOT / "data" / "demo"


def call(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> object:
    monkeypatch.setattr(sys, "argv", ["riskmodel", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return caught.value.code


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo with one cell of the 200-year wind set below the 100-year map."""
    folder = tmp_path_factory.mktemp("spoilt") / "census"
    shutil.copytree(DEMO, folder)
    with rasterio.open(folder / "hazard" / "typhoon_wind_rp200.tif", "r+") as target:
        band = target.read(1)
        band[100, 90] = 1.0
        target.write(band, 1)
    return folder


def content(folder: Path) -> dict[str, str]:
    return {p.as_posix(): sha256(p) for p in folder.rglob("*") if p.is_file()}


def test_the_demo_has_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "check", DEMO) == 0
    assert re.search(r"^0 errors, \d+ warnings and notes", capsys.readouterr().out, re.MULTILINE)


def test_an_error_ends_with_1_and_is_told_everywhere(
    spoilt: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = content(spoilt)
    files = {name: tmp_path / f"f.{name}" for name in ("json", "html", "draft")}
    options = [part for name, path in files.items() for part in (f"--{name}", path)]
    assert call(monkeypatch, "check", spoilt, *options) == 1
    told = capsys.readouterr().out
    assert "error not_monotone: hazard/typhoon_wind_rp200.tif, row 100, column 90" in told
    assert "repair: raise_to_shorter" in told
    report = json.loads(files["json"].read_text(encoding="utf-8"))
    assert report["importable"] is False
    (one,) = [f for f in report["findings"] if f["severity"] == "error"]
    assert (one["code"], one["what_zh"]) == ("not_monotone", "强度随重现期下降")
    assert len(report["slots"]) == 11
    page = files["html"].read_text(encoding="utf-8")
    assert "强度随重现期下降" in page
    assert "plotly" in page
    assert files["draft"].read_text(encoding="utf-8").count("ASK") > 5
    assert content(spoilt) == before


def test_lenient_lists_the_same_and_ends_with_0(
    spoilt: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "check", spoilt, "--lenient") == 0
    assert "not_monotone" in capsys.readouterr().out


def test_import_is_strict_and_writes_whole_files(
    spoilt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call(monkeypatch, "import", spoilt, "--to", tmp_path / "c.nc") == 1
    assert not list(tmp_path.iterdir())
    assert call(monkeypatch, "import", DEMO, "--to", tmp_path / "c.nc") == 0
    assert [p.name for p in tmp_path.iterdir()] == ["c.nc"]


@pytest.mark.parametrize("option", ["--draft", "--json", "--html"])
def test_nothing_is_written_into_the_folder(
    option: str, spoilt: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = content(spoilt)
    assert call(monkeypatch, "check", spoilt, option, spoilt / "x") == 1
    assert "lies in the folder" in capsys.readouterr().err
    assert content(spoilt) == before


def test_a_map_shows_the_offending_cells(spoilt: Path) -> None:
    examined = check_census(spoilt)
    (one,) = [f for f in examined.findings if f.cells is not None]
    assert offender_map(one).data[0].z.sum() == 1
    table = findings_table(examined, "zh")
    assert table["severity"].value_counts()["error"] == 1
    assert set(table["severity"]) == {"note", "error"}
    assert html_page(examined).startswith("<!doctype html>")


def test_status_and_source_stand_on_the_page_and_on_each_map(spoilt: Path) -> None:
    examined = check_census(spoilt)
    assert examined.manifest is not None
    page = html_page(examined)
    head, maps = page.split('id="map-1"', 1)
    for part in (head.split("<table")[0], maps):
        words = part.encode().decode("unicode_escape") if part is maps else part
        assert "synthetic" in words
        assert "data/demo_method/method.yml" in words.replace("\\/", "/").replace("<br>", " ")


def test_a_page_without_a_readable_manifest_claims_nothing(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "census.yml").write_text("a: [1", encoding="utf-8")
    page = html_page(check_census(tmp_path / "in"))
    assert "placeholder" in page
    assert "来源不明" in page


def test_a_large_map_is_drawn_in_blocks_and_loses_no_offender() -> None:
    flags = np.zeros((1200, 700), dtype=bool)
    flags[1, 1] = flags[1199, 699] = True
    axes = {"y": np.arange(1200.0), "x": np.arange(700.0)}
    figure = offender_map(Finding("negative", "f", cells=xr.DataArray(flags, axes, ("y", "x"))))
    assert figure.data[0].z.shape == (400, 234)
    assert figure.data[0].z.sum() == 2
