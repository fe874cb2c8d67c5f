"""Price year, growth and valuation: hand-worked cases, and refusals of what is not stated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.census.finding import FoundError
from riskmodel.census.manifest import Update
from riskmodel.census.read import examine, load_census
from riskmodel.census.storage import import_census, open_census
from riskmodel.census.updating import price_factor, price_indices, updated_exposure
from riskmodel.core.errors import UnitsError
from tests.census.conftest import Draft


def exposure(draft: Draft, folder: Path, **keys: Any) -> xr.Dataset:
    draft.manifest.update(keys)
    return load_census(draft.write(folder))["exposure"].to_dataset()


def update(**keys: Any) -> dict[str, Any]:
    return {"growth": 0.0, "source": "test", **keys}


def test_two_years_of_prices_and_growth_by_hand(draft: Draft, tmp_path: Path) -> None:
    """CPI rose by 0.235 % in 2023 and by 0.218 % in 2024; homes grow by 2 %, people shrink."""
    growth = {"homes": 0.02, "people": -0.01, "gdp": 0.05}
    rules = update(index="cn_cpi", growth=growth)
    old = exposure(draft, tmp_path, update=rules)
    new = updated_exposure(old, 2024)
    prices = 1.00235 * 1.00218
    homes, people = (new["total"].sel(exposure_class=n).values for n in ("homes", "people"))
    assert homes == pytest.approx([12.5e8 * prices * 1.0404, 7.25e8 * prices * 1.0404], rel=1e-12)
    assert people == pytest.approx([100_003 * 0.9801, 77_777 * 0.9801], rel=1e-12)
    gdp = [30.25e8 * prices * 1.1025, 20.5e8 * prices * 1.1025]
    assert new["gdp"].values == pytest.approx(gdp, rel=1e-12)
    ratio = new["value"].values / old["value"].values
    assert ratio[:, 0] == pytest.approx(prices * 1.0404, rel=1e-12)
    assert (new.attrs["price_year"], new.attrs["gdp_year"]) == (2024, 2024)
    told = new.attrs["history"]
    assert "prices of 2022 to 2024 by cn_cpi, x 1.00454" in told
    assert '"people": -0.01' in told
    assert "(test)" in told


def test_gdp_moves_from_its_own_year(draft: Draft, tmp_path: Path) -> None:
    draft.manifest["exposure"]["gdp"]["year"] = 2021
    growth = {"homes": 0.0, "people": 0.0, "gdp": 0.10}
    old = exposure(draft, tmp_path, update=update(index="cn_gdp_deflator", growth=growth))
    new = updated_exposure(old, 2022)  # prices of 2022 were 1.824 % above those of 2021
    assert new["gdp"].values == pytest.approx([30.25e8 * 1.01824 * 1.1, 20.5e8 * 1.01824 * 1.1])
    assert new["total"].equals(old["total"])


def test_book_values_become_replacement_cost(draft: Draft, tmp_path: Path) -> None:
    classes = draft.manifest["exposure"]["classes"]
    classes["homes"]["valuation_basis"] = "book"
    valuation = {"factors": {"homes": 1.6}, "source": "register of assets"}
    old = exposure(draft, tmp_path, valuation=valuation)
    assert old["valuation_basis"].values.tolist() == ["book", ""]
    assert old.attrs["valuation_basis"] == "book"
    new = updated_exposure(old, 2022)
    assert new["total"].sel(exposure_class="homes").values == pytest.approx([20e8, 11.6e8])
    assert (
        new["total"].sel(exposure_class="people").equals(old["total"].sel(exposure_class="people"))
    )
    assert new["valuation_basis"].values.tolist() == ["replacement_cost", ""]
    assert "to replacement cost: homes x 1.6 (register of assets)" in new.attrs["history"]
    assert updated_exposure(new, 2022) is new  # nothing is applied twice


def test_a_census_of_the_year_asked_for_comes_back_as_it_is(draft: Draft, tmp_path: Path) -> None:
    old = exposure(draft, tmp_path, update=update(index="cn_cpi", growth=0.5))
    assert updated_exposure(old, 2022) is old


def test_the_rules_stay_with_an_imported_census(draft: Draft, tmp_path: Path) -> None:
    draft.manifest.update(update=update(factors={2025: 1.5}))
    tree = import_census(draft.write(tmp_path / "in"), tmp_path / "c.nc")
    with open_census(tmp_path / "c.nc") as kept:
        found = updated_exposure(kept["exposure"].to_dataset(), 2025)
        expected = updated_exposure(tree["exposure"].to_dataset(), 2025)
        xr.testing.assert_allclose(found[["total", "gdp"]], expected[["total", "gdp"]], rtol=1e-14)
        assert float(found["gdp"].sum()) == pytest.approx(1.5 * 50.75e8)


@given(st.integers(2000, 2024), st.integers(2000, 2024), st.integers(2000, 2024))
def test_factors_chain_and_go_back(start: int, middle: int, end: int) -> None:
    one = Update(index="cn_cpi", growth=0.0, source="test")
    direct = price_factor(one, start, end)
    chained = price_factor(one, start, middle) * price_factor(one, middle, end)
    assert chained == pytest.approx(direct, rel=1e-12)
    assert price_factor(one, end, start) * direct == pytest.approx(1.0, rel=1e-12)


def test_the_series_agree_with_known_figures() -> None:
    """CPI of 2022 rose by 2.0 %, as the statistics bureau announced on 12 January 2023."""
    series = price_indices()["series"]
    assert round(series["cn_cpi"]["change"][2022], 1) == 2.0
    for one in series.values():
        years = sorted(one["change"])
        assert years == list(range(years[0], years[-1] + 1))
        assert all(-5.0 < change < 25.0 for change in one["change"].values())


REFUSED: dict[str, tuple[dict[str, Any] | None, int, str]] = {
    "nothing stated": (None, 2024, r"census\.price_year.*found .*2022.*expected 2024; to do: "),
    "a year beyond the index": (update(index="cn_cpi"), 2026, r"lacks a year.*2025, 2026.*2024"),
    "a year without factor": (update(factors={2023: 1.1}), 2024, r"price factor.*\[2023\].*2024"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_is_not_stated_is_refused(fault: str, draft: Draft, tmp_path: Path) -> None:
    rules, year, told = REFUSED[fault]
    old = exposure(draft, tmp_path, **({} if rules is None else {"update": rules}))
    with pytest.raises(UnitsError, match=told):
        updated_exposure(old, year)


def test_stated_factors_need_gdp_of_the_price_year(draft: Draft, tmp_path: Path) -> None:
    draft.manifest["exposure"]["gdp"]["year"] = 2021
    old = exposure(draft, tmp_path, update=update(factors={2024: 1.1}))
    with pytest.raises(UnitsError, match=r"exposure\.gdp\.year.*found 2021; expected 2022"):
        updated_exposure(old, 2024)


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown index": ({"update": update(index="cn_ppi")}, "index_unknown"),
    "growth of one class only": (
        {"update": update(index="cn_cpi", growth={"homes": 0.1})}, "growth_missing",
    ),
    "growth of a class that is not there": (
        {"update": update(index="cn_cpi", growth={"homes": 0, "people": 0, "gdp": 0, "x": 0})},
        "key_of_no_class",
    ),
    "index and factors": ({"update": update(index="cn_cpi", factors={2024: 1})}, "manifest_value"),
    "a factor of nothing": ({"update": update(factors={2024: 0.0})}, "manifest_value"),
    "a factor for people": (
        {"valuation": {"factors": {"people": 2.0}, "source": "test"}}, "key_of_no_class",
    ),
    "a factor for replacement cost": (
        {"valuation": {"factors": {"homes": 2.0}, "source": "test"}}, "valued_already",
    ),
    "an unknown basis": ({"valuation_basis": "market"}, "manifest_value"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_rules_are_checked_with_the_census(fault: str, draft: Draft, tmp_path: Path) -> None:
    keys, code = FAULTS[fault]
    draft.manifest.update(keys)
    found = {one.code: one for one in examine(draft.write(tmp_path)).findings}
    assert code in found
    assert found[code].severity == "error"


def test_net_values_are_warned_of(draft: Draft, tmp_path: Path) -> None:
    draft.manifest["valuation_basis"] = "net"
    (one,) = [f for f in examine(draft.write(tmp_path)).findings if f.severity == "warning"]
    assert (one.code, one.layer, one.found) == (
        "not_replacement_cost", "exposure.classes.homes", "net",
    )  # fmt: skip


def test_valuation_must_be_stated(draft: Draft, tmp_path: Path) -> None:
    del draft.manifest["valuation_basis"]
    with pytest.raises(FoundError, match=r"valuation_basis: a key is missing"):
        load_census(draft.write(tmp_path))
