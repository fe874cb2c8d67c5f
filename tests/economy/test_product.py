"""GDP of zones: the census's column, or published figures, and none where one is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
import xarray as xr

from riskmodel.core.errors import SchemaError
from riskmodel.economy.product import Product, census_product, published_product
from riskmodel.run.folder import ROOT

PUBLISHED = ROOT / "data" / "history" / "county_gdp.yml"


def test_the_census_states_its_own() -> None:
    exposure = xr.Dataset(
        {"gdp": ("zone", [3e10, 2e10])},
        {"zone": ["330302", "330381"]},
        {"gdp_year": 2022, "source": "the census"},
    )
    found = census_product(exposure)
    assert found == Product({"330302": 3e10, "330381": 2e10}, 2022, "the census")
    assert found.total == 5e10


def test_published_figures_are_those_of_the_bulletins() -> None:
    """Bulletins of Pingyang and Taishun for 2023, and Wencheng's release for 2022."""
    amounts = {"330326": 653.05e8, "330328": 126.55e8, "330329": 143.61e8}
    found = published_product(PUBLISHED, list(amounts), 2022)
    assert found is not None
    assert found.by_zone == pytest.approx(amounts)
    assert found.source.count(";") == 2


@pytest.mark.parametrize("zones", [["330381"], ["330324"], ["330326", "330381"]])
def test_one_missing_figure_leaves_none(zones: list[str]) -> None:
    assert published_product(PUBLISHED, zones, 2022) is None


def test_another_year_is_another_figure() -> None:
    assert published_product(PUBLISHED, ["330326"], 2021) is None


@pytest.mark.parametrize("text", ["a: 1\n", "unit: 亿美元\ncounties: {}\n", "unit: 亿元\n"])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "gdp.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SchemaError, match=r"gdp\.yml: no table of published GDP"):
        published_product(path, ["330326"], 2022)
    with pytest.raises(SchemaError, match="does not exist"):
        published_product(tmp_path / "none.yml", ["330326"], 2022)
