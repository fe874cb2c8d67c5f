"""Occurrence tables written by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.schema import stamp
from riskmodel.loss.occurrence_table import SCHEMA

Builder = Callable[..., xr.Dataset]
COLUMNS = [  # quantity, unit, item, peril
    ("loss", "CNY", "homes", "wind"),
    ("loss", "CNY", "homes", "flood"),
    ("loss", "CNY", "farms", "wind"),
    ("loss", "CNY", "farms", "flood"),
    ("benefit", "CNY", "grant", "wind"),
    ("benefit", "CNY", "grant", "flood"),
]


@pytest.fixture(scope="session")
def build() -> Builder:
    """Build an occurrence table from years of occurrences and (occurrence, zone, means) rows."""

    def made(
        year: Sequence[int] | np.ndarray,
        rows: tuple[np.ndarray, np.ndarray, np.ndarray],
        *,
        years: int,
        blocks: int,
        extrapolated: np.ndarray | None = None,
    ) -> xr.Dataset:
        occurrence, zone, mean = rows
        dated = np.asarray(year, dtype=np.int64)
        quantity, unit, item, peril = zip(*COLUMNS[: mean.shape[1]], strict=True)
        days = np.full(dated.size, np.datetime64("2022-08-01", "ns"))
        data = xr.Dataset(
            {
                "mean": (("row", "column"), mean),
                "extrapolated": (
                    ("row", "column"),
                    np.zeros_like(mean) if extrapolated is None else extrapolated,
                ),
                "row_occurrence": ("row", occurrence),
                "row_zone": ("row", zone),
                "year": ("occurrence", dated),
                "block": ("occurrence", dated // (years // blocks)),
                "start": ("occurrence", days),
                "end": ("occurrence", days),
                "parent_event": ("occurrence", np.full(dated.size, "typhoon")),
                "quantity": ("column", list(quantity)),
                "unit": ("column", list(unit)),
                "item": ("column", list(item)),
                "peril": ("column", list(peril)),
                "name_zh": ("zone", ["甲", "乙"]),
                "name_en": ("zone", ["A", "B"]),
            },
            {"zone": ["330302", "330303"]},
        )
        return stamp(
            data, SCHEMA, source="by hand", history="test", years=years, blocks=blocks,
            currency="CNY", price_year=2022,
        )  # fmt: skip

    return made


@pytest.fixture(scope="session")
def whole(build: Builder) -> Callable[..., xr.Dataset]:
    """Build a table with one column and one row an occurrence: year and loss of each."""

    def made(
        year: Sequence[int] | np.ndarray, loss: Sequence[float] | np.ndarray, **counts: int
    ) -> xr.Dataset:
        loss = np.asarray(loss, dtype=np.float64)
        number = np.arange(loss.size)
        return build(year, (number, np.zeros(loss.size, np.int16), loss[:, None]), **counts)

    return made
