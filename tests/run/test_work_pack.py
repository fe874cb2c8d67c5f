"""The pack of a county: layers that say what they are and add up, written whole or not at all."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import rasterio
import shapely
import xarray as xr

from riskmodel.census.townships import Township
from riskmodel.core.errors import StageError, VerificationError
from riskmodel.core.files import sha256
from riskmodel.run import cli
from riskmodel.run.folder import ROOT, Run
from riskmodel.run.manifest import hash_inputs, write_manifest
from riskmodel.run.records import Record, collect_records, read_results, save_records
from riskmodel.run.stages import save_stage
from riskmodel.run.work import pack, triggers
from riskmodel.run.work import townships as work_townships
from riskmodel.run.work.census import census_of
from riskmodel.run.work.losses import loss_records, programme_of
from riskmodel.run.work.pack import pack_run
from riskmodel.run.work.tiers import pay_all, tier_records
from riskmodel.run.work.townships import township_losses, township_table
from tests.run.county_case import (
    PERILS,
    catalogue_for,
    losses_for,
    make_run,
    read_once,  # noqa: F401
)

RUIAN = "330381"
WEST = shapely.box(119.0, 27.0, 120.5, 28.6)
TOWNS = {
    f"{RUIAN}001": Township("西片（合成）", WEST),
    f"{RUIAN}002": Township("东片（合成）", shapely.box(120.5, 27.0, 121.5, 28.6)),
}
TAGS = {"status", "census_status", "run", "params_sha256", "currency", "price_year", "licence"}


def finish(folder: Path) -> Run:
    """A run of Ruian as notebooks 02 to 04 leave it, one variant beside the baseline."""
    run = make_run(folder, "ruian", "03_exceedance")
    census = census_of(run)
    table = losses_for(run, census)
    other = table.assign(mean=0.8 * table["mean"])
    save_stage(run, "occurrence_table", table)
    save_stage(run, "model_set", xr.DataTree.from_dict({"published": other}))
    save_records(run, loss_records(run, table, {"published": other}))
    tiers = Run(run.params, run.folder, "04_tiers")
    programme = programme_of(run, census)
    paid, others = pay_all(tiers, programme, census, table, {"published": other})
    save_records(tiers, tier_records(tiers, programme, paid, others))
    collect_records(run.folder)
    inputs = hash_inputs(run.params, ROOT, ())
    write_manifest(run.folder, run.params, inputs, notebooks=[], seconds={}, changed=[])
    return run


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Run:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(triggers, "catalogue_of", lambda run: catalogue_for(census_of(run)))
        return finish(tmp_path_factory.mktemp("run"))


@pytest.fixture(autouse=True)
def small_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack, "catalogue_of", lambda run: catalogue_for(census_of(run)))


@pytest.fixture(scope="module")
def packed(finished: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pack, "catalogue_of", lambda run: catalogue_for(census_of(run)))
        to = tmp_path_factory.mktemp("out") / "pack"
        pack_run(finished.folder.root, to)
    return to


@pytest.fixture(scope="module")
def records(finished: Run) -> dict[str, Record]:
    return read_results(finished.folder.results)


def zones_of(packed: Path, layer: str = "zones") -> dict[str, np.ndarray]:
    meta, _, _, columns = pyogrio.raw.read(packed / "zones.gpkg", layer=layer)
    assert meta["crs"] == "EPSG:4490"
    return dict(zip(meta["fields"], columns, strict=True))


def test_maps_add_up_to_the_run(packed: Path, records: dict[str, Record]) -> None:
    sums = {}
    for path in sorted((packed / "maps").iterdir()):
        with rasterio.open(path) as source:
            assert source.crs.to_epsg() == 4490
            assert source.nodata == -9999.0
            assert set(source.tags()) >= {*TAGS, "quantity", "unit", "method", "source"}
            assert "synthetic" in source.tags()["census_status"]
            assert source.tags()["place"] == "瑞安市 Ruian"
            sums[path.stem] = float(source.read(1, masked=True).astype(float).sum())
    named = {"aal_total", "aal_share", *(f"aal_{peril}" for peril in PERILS)}
    assert set(sums) >= named
    assert all(sums[other] == 0.0 for other in set(sums) - named)  # no pairs of other perils here
    assert sums["aal_total"] == pytest.approx(records["loss.aal"].value, rel=1e-6)
    for peril in PERILS:
        whole = records[f"loss.aal.by_peril.{peril}"].value
        assert sums[f"aal_{peril}"] == pytest.approx(whole, rel=1e-6)


def test_the_share_is_loss_over_value(packed: Path, finished: Run) -> None:
    read = {}
    for name in ("total", "share"):
        with rasterio.open(packed / "maps" / f"aal_{name}.tif") as source:
            assert source.units == ("CNY a year and cell" if name == "total" else "1 a year",)
            read[name] = source.read(1, masked=True).astype(float)
    census = census_of(finished)
    zones, value = census["zones"].to_dataset(), census["exposure"]["value"].to_dataset(name="v")
    money = [c for c in value["exposure_class"].values if "households" not in c]
    money.remove("population")
    at = np.zeros(zones.sizes["cell"])
    exposed = value["v"].sel(exposure_class=money).values.sum(axis=1)
    np.add.at(at, zones["entry_cell"].values, exposed)
    share = read["share"][zones["row"].values, zones["column"].values]
    total = read["total"][zones["row"].values, zones["column"].values]
    np.testing.assert_allclose(share * at, total, rtol=1e-5)
    assert float(share.max()) < 1.0


def test_zones_carry_the_figures_of_the_run(packed: Path, records: dict[str, Record]) -> None:
    zones = zones_of(packed)
    assert zones["code"].tolist() == [RUIAN]
    assert zones["name_zh"].tolist() == ["瑞安市"]
    for period in (5, 100, 200):
        for kind in ("oep", "aep", "tvar"):
            record = records[f"loss.{kind}.{period}"]  # one zone: its curve is that of the run
            assert zones[f"{kind}_{period}"][0] == pytest.approx(record.value, rel=1e-12)
            for interval in record.intervals:
                for end in ("lower", "upper"):
                    found = zones[f"{kind}_{period}_{interval.kind}_{end}"][0]
                    assert found == pytest.approx(getattr(interval, end), rel=1e-9, abs=1e-3)
    assert zones["aal"][0] == pytest.approx(records["loss.aal"].value, rel=1e-12)
    assert zones["aal_share"][0] == pytest.approx(zones["aal"][0] / zones["value_exposed"][0])
    for tier in "1NX":
        pure = records[f"tier.{tier}.pure_premium"].value
        assert zones[f"pure_premium_tier_{tier}"][0] == pytest.approx(pure, rel=1e-9)
    tags = pyogrio.read_info(packed / "zones.gpkg", layer="zones")["layer_metadata"]
    assert set(tags) >= TAGS
    assert "no map review number" in tags["boundaries"]
    assert zones["status"][0] == tags["status"]


def test_tables_open_with_chinese_intact_and_say_the_same(
    packed: Path, records: dict[str, Record]
) -> None:
    for path in (packed / "tables").iterdir():
        assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    figures = pd.read_csv(packed / "tables" / "figures.csv").set_index("name")
    assert set(figures.index) == set(records)
    for name, record in records.items():
        assert figures.loc[name, "value"] == record.value
        assert figures.loc[name, "status"] == record.status
    assert figures.loc[f"loss.aal.by_zone.{RUIAN}", "label_zh"] == "年均损失：瑞安市"
    assert figures.loc["loss.oep.100", "label_en"] == "100-year largest event (OEP)"
    tiers = pd.read_csv(packed / "tables" / "tiers.csv")["name"]
    assert set(tiers) == {n for n in records if n.startswith(("tier.", "ledger."))}
    zones = pd.read_csv(packed / "tables" / "zones.csv", dtype={"code": str})
    assert zones["code"].tolist() == [RUIAN]
    book = openpyxl.load_workbook(packed / "tables.xlsx")
    assert book.sheetnames == ["about", "zones", "tiers", "figures"]
    assert book["zones"]["A2"].value == RUIAN
    about = dict(book["about"].values)
    assert "synthetic" in about["census_status"]


def test_metadata_names_every_file_with_its_hash(packed: Path, finished: Run) -> None:
    metadata = json.loads((packed / "metadata.json").read_text(encoding="utf-8"))
    named = {entry["path"]: entry["sha256"] for entry in metadata["files"]}
    there = {p.relative_to(packed).as_posix() for p in packed.rglob("*") if p.is_file()}
    assert set(named) == there - {"metadata.json"}
    for name, digest in named.items():
        assert sha256(packed / name) == digest
    assert metadata["params"] == finished.params.model_dump(mode="json")
    assert metadata["zone_codes"] == [RUIAN]
    assert (metadata["crs"], metadata["price_year"]) == ("EPSG:4490", "2022")
    text = json.dumps(metadata, ensure_ascii=False)
    assert str(finished.folder.root.parent) not in text  # no machine path travels


def test_the_readme_names_every_file_column_and_unit(packed: Path, finished: Run) -> None:
    text = (packed / "README.md").read_text(encoding="utf-8")
    chinese, english = text.split("\n---\n\n")
    there = [p.relative_to(packed).as_posix() for p in packed.rglob("*") if p.is_file()]
    for part in (chinese, english):
        for name in set(there) - {"README.md"}:
            assert f"`{name}`" in part or (name.startswith("tables/") and "`tables/*.csv`" in part)
        assert len(set(re.findall(r"`(maps/\S+\.tif)`", part.split("## ")[1]))) == sum(
            name.startswith("maps/") for name in there
        )
        for said in ("EPSG:4490", "2022", "占位 placeholder", RUIAN, "CNY"):
            assert said in part
    assert chinese.startswith("# 瑞安市自然灾害风险成果图层\n")
    metadata = json.loads((packed / "metadata.json").read_text(encoding="utf-8"))
    assert text.count(metadata["params_sha256"][:12]) == 4  # twice on top, twice in the citation
    assert f"{metadata['years']} 个模拟年" in chinese
    told = set(re.findall(r"`([a-z_0-9]+)`", chinese)) | {"name_zh", "name_en"}
    pattern = r"(aal_\w+|(oep|aep|tvar)_\d+\w*|aal_(simulation|model)_\w+|pure_premium_tier_[1NX])"
    for column in zones_of(packed):  # each is told by name or by a pattern that the text explains
        assert column in told or re.fullmatch(pattern, column), column


def test_a_pack_replaces_a_pack_but_nothing_else(
    packed: Path, finished: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "mine"
    other.mkdir()
    (other / "letter.txt").write_text("keep me", encoding="utf-8")
    with pytest.raises(StageError, match="no pack"):
        pack_run(finished.folder.root, other)
    with pytest.raises(StageError, match="folder of the run"):
        pack_run(finished.folder.root, finished.folder.root / "pack")
    with pytest.raises(VerificationError, match="no manifest"):
        pack_run(tmp_path, tmp_path / "pack")
    before = sha256(packed / "metadata.json")
    monkeypatch.setattr(pack, "write_workbook", lambda *_: 1 / 0)  # fails when half is written
    with pytest.raises(ZeroDivisionError):
        pack_run(finished.folder.root, packed)
    assert sha256(packed / "metadata.json") == before
    assert [p.name for p in packed.parent.iterdir()] == ["pack"]


def test_townships_break_the_county_down(
    finished: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, records: dict[str, Record]
) -> None:
    """Two synthetic townships, west and east of 120.5°E, all of Ruian between them."""
    census = census_of(finished)
    for place in (pack, work_townships):
        monkeypatch.setattr(place, "read_townships", lambda *_: TOWNS)
    table = township_losses(finished, census, catalogue_for(census))
    assert table is not None
    shown = township_table(finished, table)
    assert shown["name_zh"].tolist() == ["西片（合成）", "东片（合成）"]
    assert shown["aal (万元)"].sum() == pytest.approx(records["loss.aal"].value / 1e4, abs=0.2)
    pack_run(finished.folder.root, tmp_path / "pack")
    towns, county = zones_of(tmp_path / "pack", "townships"), zones_of(tmp_path / "pack")
    assert towns["code"].tolist() == list(TOWNS)
    assert towns["aal"].sum() == pytest.approx(county["aal"][0], rel=1e-9)
    assert towns["oep_100"].sum() >= county["oep_100"][0]
    _, _, wkb, _ = pyogrio.raw.read(tmp_path / "pack" / "zones.gpkg", layer="townships")
    west, east = shapely.from_wkb(wkb)
    assert west.intersection(east).area < 1e-9
    assert WEST.buffer(1e-9).contains(west)
    finished.folder.stages.joinpath("townships.nc").unlink()


def test_no_townships_no_stage(finished: Run) -> None:
    census = census_of(finished)
    assert township_losses(finished, census, catalogue_for(census)) is None


def test_the_command_says_where_the_pack_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("riskmodel.run.work.pack.pack_run", lambda *_: [Path("a"), Path("b")])
    monkeypatch.setattr(sys, "argv", ["riskmodel", "pack", "outputs/x", "--to", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert (ended.value.code, capsys.readouterr().out) == (0, f"2 files: {tmp_path}\n")
