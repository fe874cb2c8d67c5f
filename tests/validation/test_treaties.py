"""Treaties worked by hand: each folder holds its terms, tables and the arithmetic in words.

Amounts in the tables are yuan; what `expected*.csv` does not list must be zero.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
import yaml

from riskmodel.cover.balance import check_balance, check_payouts, ledger_means
from riskmodel.cover.benefits import benefit_items
from riskmodel.cover.damage_payments import Damaged
from riskmodel.cover.ledger import build_ledger
from riskmodel.cover.pay import PARTS, pay
from riskmodel.cover.programme import Programme, load_programme
from riskmodel.cover.years import year_totals
from riskmodel.loss.curves import DamageLevers, damage_items
from riskmodel.loss.people import PeopleLevers
from riskmodel.price.premiums import Loads, premiums
from riskmodel.price.principles import ExpectedValue
from tests.validation.index_tables import triggers_of

HERE = Path(__file__).parent
PEOPLE = PeopleLevers("jonkman_2008", 0.2, 0.8, 0.75, 0.95, 0.67)
LEVERS = DamageLevers(
    92.0, 25.7, 1.21, "jrc_asia", 0.921, 1.0, 1.2, 0.15,
    {f"residential_{name}": 0.5 for name in ("rc", "brick_concrete", "brick_wood", "other")},
)  # fmt: skip
DAMAGE = Damaged(damage_items(LEVERS), LEVERS.ground_floor_share)
CASES = sorted(p.parent for p in HERE.glob("*/covers.yml"))
CODES = {"zone": str}


def programme_of(case: Path, tmp_path: Path) -> tuple[Programme, int]:
    """The case's covers, with the texts filled in that do not matter here."""
    content = yaml.safe_load((case / "covers.yml").read_text(encoding="utf-8"))
    texts = {key: "by hand" for key in ("name", "name_zh", "policyholder", "modelled_on", "source")}
    rest = {**texts, "payer_of_premium": {"city": 1.0}, "status": "illustrative"}
    whole = {
        "programme": "by_hand",
        **{key: "by hand" for key in ("name", "name_zh", "reading", "source")},
        "currency": "CNY",
        "price_year": 2022,
        "status": "illustrative",
        "relief_backstop": {"city": 0.5, "county": 0.5},
        "coordination": content.get("coordination", "none"),
        "covers": [{**rest, **cover} for cover in content["covers"]],
    }
    path = tmp_path / "by_hand.yml"
    path.write_text(yaml.safe_dump(whole, allow_unicode=True), encoding="utf-8")
    return load_programme(path), content["years"]


def table(case: Path, name: str) -> pd.DataFrame:
    path = case / name
    return pd.read_csv(path, dtype=CODES) if path.exists() else pd.DataFrame()


def inputs(
    case: Path, programme: Programme, years: int
) -> tuple[xr.DataArray, xr.DataArray, xr.Dataset]:
    rows = table(case, "losses.csv")
    blocks = yaml.safe_load((case / "covers.yml").read_text(encoding="utf-8")).get("blocks", 1)
    count = int(rows["occurrence"].max()) + 1
    zones, sectors = sorted(set(rows["zone"]) | {"330302"}), list(dict.fromkeys(rows["sector"]))
    dates = rows.drop_duplicates("occurrence").set_index("occurrence").sort_index()
    losses = xr.DataArray(
        np.zeros((count, len(zones), len(sectors))),
        dims=("occurrence", "zone", "sector"),
        coords={
            "zone": zones,
            "sector": sectors,
            "year": ("occurrence", dates["year"].to_numpy()),
            "start": ("occurrence", dates["start"].to_numpy(dtype=float)),
        },
        attrs={"years": years, "blocks": blocks, "currency": "CNY", "price_year": 2022},
    )
    for row in rows.itertuples():
        losses[row.occurrence, zones.index(row.zone), sectors.index(row.sector)] = row.loss
    items = benefit_items(programme, floor_height=0.0, people=PEOPLE, damage=DAMAGE)
    columns = list(dict.fromkeys(item.column for item in items))
    benefits = xr.DataArray(
        np.zeros((count, len(zones), len(columns))),
        dims=("occurrence", "zone", "benefit"),
        coords={"zone": zones, "benefit": columns},
    )
    for row in table(case, "benefits.csv").itertuples():
        benefits[row.occurrence, zones.index(row.zone), columns.index(row.benefit)] = row.due
    tables = (table(case, f"{name}.csv") for name in ("triggers", "stations", "areas"))
    triggers = triggers_of(*tables, count)
    return losses, benefits, triggers


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_every_case_explains_itself(case: Path) -> None:
    assert (case / "README.md").read_text(encoding="utf-8").startswith("# ")


def test_parts_of_each_cover(case: Path, tmp_path: Path) -> None:
    programme, years = programme_of(case, tmp_path)
    payouts = pay(programme, *inputs(case, programme, years))
    expected = {part: xr.zeros_like(payouts["paid"]) for part in PARTS}
    for row in table(case, "expected.csv").itertuples():
        for part in PARTS:
            place = {"occurrence": row.occurrence, "zone": row.zone, "cover": row.cover}
            expected[part].loc[place] = getattr(row, part, 0.0)
    for part in PARTS:
        np.testing.assert_allclose(payouts[part], expected[part], atol=1e-9, err_msg=part)


def test_ledger(case: Path, tmp_path: Path) -> None:
    programme, years = programme_of(case, tmp_path)
    losses, benefits, triggers = inputs(case, programme, years)
    payouts = pay(programme, losses, benefits, triggers)
    ledger = build_ledger(programme, losses, benefits, payouts)
    assert check_balance(ledger) <= 1e-9
    assert check_payouts(ledger, payouts) <= 1e-9
    found: dict[tuple[int, str, str, str], tuple[float, float]] = {}
    for line in range(ledger.sizes["line"]):
        one = ledger.isel(line=line)
        for occurrence in range(ledger.sizes["occurrence"]):
            for zone in ledger["zone"].to_numpy():
                here = one.isel(occurrence=occurrence).sel(zone=zone)
                pair = (float(here["amount"]), float(here["overpayment"]))
                if max(pair) > 1e-9:
                    payer = str(one["line_account"].item()), str(one["payer"].item())
                    key = (occurrence, *payer, str(zone))
                    before = found.get(key, (0.0, 0.0))  # a payer may have several lines
                    found[key] = (before[0] + pair[0], before[1] + pair[1])
    expected = {
        (row.occurrence, row.account, row.payer, row.zone): (row.amount, row.overpayment)
        for row in table(case, "expected_ledger.csv").itertuples()
    }
    assert found.keys() == expected.keys()
    for key, pair in expected.items():
        assert found[key] == pytest.approx(pair, abs=1e-9), key


def test_means_and_year_totals_agree_with_the_occurrences(case: Path, tmp_path: Path) -> None:
    programme, years = programme_of(case, tmp_path)
    losses, benefits, triggers = inputs(case, programme, years)
    payouts = pay(programme, losses, benefits, triggers)
    means = ledger_means(build_ledger(programme, losses, benefits, payouts))
    direct = float(means["aal"].sel(account="direct_loss").sum())
    assert direct == pytest.approx(float(losses.sum()) / years)
    totals = year_totals(payouts)
    assert totals.sizes["year"] == years
    assert float(totals.sum()) == pytest.approx(float(payouts["paid"].sum()))


def test_water_table() -> None:
    root = HERE.parents[1]
    programme = load_programme(root / "params" / "tiers" / "illustrative.yml")
    items = benefit_items(programme, floor_height=0.15, people=PEOPLE, damage=DAMAGE)
    contents = next(item for item in items if item.column == "basic.contents")
    rows = pd.read_csv(HERE / "19_water_table" / "depths.csv")
    pays = contents.responses["rain_flood"].at(rows["depth"].to_numpy())
    np.testing.assert_array_equal(pays, rows["pays"])


def test_shaoguan_build_up() -> None:
    losses = pd.read_csv(HERE / "20_shaoguan_build_up" / "losses.csv")["loss"].to_numpy() * 1e8
    data = xr.DataArray(
        losses[:, None],
        dims=("year", "cover"),
        coords={"cover": ["rain_index"]},
        attrs={"currency": "CNY", "price_year": 2022, "status": "real"},
    )
    built = premiums(
        data,
        loads=Loads(expenses=0.10, profit=0.03, tax=0.06 * 1.12, guarantee_fund=0.008),
        principles=[ExpectedValue(theta=0.05)],
        headline="expected_value",
        limits={},
    ).isel(cover=0, principle=0)
    assert float(built["pure"]) / 1e8 == pytest.approx(7.114, abs=5e-4)
    assert float(built["gross"] / built["pure"]) == pytest.approx(1.321, abs=5e-4)
    assert float(built["pure"] / built["gross"]) == pytest.approx(0.757, abs=5e-4)
