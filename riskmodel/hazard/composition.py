"""What a catalogue is made of: which parent events, how rare, and in which month."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.hazard.catalogue import block_names, catalogue_frequency
from riskmodel.hazard.position import mapped_positions

FIRST_DAYS = (1, 32, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335)  # of months, 365-day year


def source_shares(
    catalogue: xr.DataTree, peril: str, return_periods: Sequence[float]
) -> xr.Dataset:
    """Share of each parent event among the stored pairs that reach a return period.

    Parameters
    ----------
    catalogue : DataTree
        A stored catalogue.
    peril : str
        Peril whose pool is looked into.
    return_periods : sequence of float
        Years, annual-probability basis, rising; each is turned into a rate by the catalogue's
        family.

    Returns
    -------
    Dataset with ``share`` (parent_event, return_period), summing to one over parent events, every
    affected cell and block counting alike; attribute ``peril``.
    """
    table = catalogue.to_dataset()
    parents, code = np.unique(table["parent_event"].values, return_inverse=True)
    mapped = mapped_positions(return_periods, catalogue_frequency(catalogue))
    reached = np.zeros((parents.size, mapped.size + 1))
    for number, name in enumerate(block_names(catalogue)):
        own = code[table["block"].values == number]
        pairs = catalogue[f"{name}/{peril}"].to_dataset()
        level = np.searchsorted(mapped, pairs["position"].values, side="right")
        joint = own[pairs["occurrence"].values] * reached.shape[1] + level
        reached += np.bincount(joint, minlength=reached.size).reshape(reached.shape)
    beyond = reached[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
    total = beyond.sum(axis=0)
    return xr.Dataset(
        {"share": (("parent_event", "return_period"), beyond / np.where(total > 0, total, 1.0))},
        {"parent_event": parents.astype(str), "return_period": np.asarray(return_periods, float)},
        {"peril": peril},
    )


def season(catalogue: xr.DataTree) -> xr.Dataset:
    """Occurrences a year by parent event and month of their start, whatever their damage.

    Returns
    -------
    Dataset with ``occurrences_a_year`` (parent_event, month 1 … 12).
    """
    table = catalogue.to_dataset()
    parents, code = np.unique(table["parent_event"].values, return_inverse=True)
    month = month_of(table["start"].values)
    years = int(catalogue.attrs["blocks"]) * int(catalogue.attrs["years_per_block"])
    count = np.bincount(code * 12 + month - 1, minlength=parents.size * 12)
    return xr.Dataset(
        {
            "occurrences_a_year": (
                ("parent_event", "month"),
                count.reshape(parents.size, 12) / years,
            )
        },
        {"parent_event": parents.astype(str), "month": np.arange(1, 13)},
    )


def month_of(day: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Month 1 … 12 of some days of a 365-day year (1.0 at the start of 1 January).

    Examples
    --------
    >>> month_of([1.0, 31.9, 32.0, 365.5]).tolist()
    [1, 1, 2, 12]
    """
    return np.searchsorted(FIRST_DAYS, np.asarray(day, dtype=np.float64), side="right").astype(
        np.int64
    )
