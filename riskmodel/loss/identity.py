"""The identity that must hold: the catalogue costs, peril by peril, what the maps say.

It is checked for each peril alone, before perils of one storm combine. With L the loss at all cells
of the event of one rate, EP the annual probability and ν the event rate of that event:

1. **Annual maxima: exact.** Ranking gives each cell of a block the same set of positions, rank k
   standing for EP = (k - u)/years. So annual maxima cost (1/years) Σ L(position of rank k),
   averaged over blocks, to rounding, whatever the footprints. That sum is a quadrature of ∫ L dEP;
   its error (`quadrature_error`) follows from years and shifts, not from storms.
2. **All occurrences: statistical.** They exceed the maxima by the second storms of a year, which
   no rank fixes. When counts follow the declared family these cost ∫ L (dν - dEP) on average, and
   all occurrences ∫ L dν. More (or less) is over-dispersion: storms cluster in years more (or
   less) than the family says, or a source counts otherwise (droughts, by their seasons).
   Reading second storms between ranks adds a bias of about u/years of the maxima's AAL, far
   below the standard error.
3. **Combination of perils: not an identity.** It depends on dependence and is reported apart.

The error of 1 is known and no matter of chance. The cost of 2 is printed with its standard error,
from the spread between years, but not judged: ten of 10,000 years carry 57 % of what second storms
of wind cost (skewness 41), so mean and standard error fall together. By cost, three standard errors
reject Poisson catalogues of 10,000 years in 6 % (wind), 2.7 % (surge) and 1.3 % (rain) of cases,
of 1,000 years in 10 to 18 %, nominally 0.27 %, and find gamma-mixed years (κ = 3) in 15 % at most.
Judged is therefore the *number* of second storms at or beyond the first map
(`riskmodel.loss.second_storms`): simulated single cells of 1,000 to 10,000 Poisson years were
rejected in 0 to 0.4 % of cases, and κ = 3 was found in 10,000 years in 89 %.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.errors import CatalogueError, ConservationError
from riskmodel.core.money import stamp_money
from riskmodel.core.returnperiod import Frequency, probability_from_rate
from riskmodel.core.schema import Schema, stamp
from riskmodel.hazard.catalogue import block_names, catalogue_frequency
from riskmodel.hazard.intensity import IntensityCurves
from riskmodel.hazard.position import (
    LAST_POSITION,
    mapped_positions,
    rank_positions,
    rate_of_position,
)
from riskmodel.loss.compilation import CompiledTable
from riskmodel.loss.second_storms import (
    Expected,
    SecondStorms,
    first_and_second_storms,
    of_family,
    second_storms,
)
from riskmodel.loss.single_peril import PerilCosts, cost_at_positions, cost_of_pairs, peril_costs

FloatArray = npt.NDArray[np.float64]
STRIDE = 16  # positions between quadrature points, 0.4 % of a rate; moves AAL by some 1e-6
ROUNDING = 1e-9
PAIR_NAMES = ("pointer", "occurrence", "position")
MONEY = ("aal_from_maps", "aal_from_rates", "aal_all_occurrences")
SHARES = (
    "annual_maxima_error", "quadrature_error", "unexplained", "other_storms_share",
    "all_occurrences_error", "over_dispersion_share", "standard_error",
)  # fmt: skip
NUMBERS = ("second_storms", "second_storms_expected", "second_storms_standard_error")
IDENTITY = Schema(
    "identity",
    {n: ("peril",) for n in (*MONEY, *SHARES, *NUMBERS, "within_three_standard_errors")},
)


def average_from_maps(
    catalogue: xr.DataTree, census: xr.DataTree, table: CompiledTable,
    counts: Mapping[str, Expected] = MappingProxyType({}),
) -> xr.Dataset:  # fmt: skip
    """Check the identity by peril, loss columns only.

    Parameters
    ----------
    catalogue, census : DataTree
        The ranked catalogue, and the census whose return periods its ranks were snapped at.
    table : CompiledTable
        Of any scenario: the maps' integral reads the same curves and responses.
    counts : mapping of str to callable
        Second storms expected of perils whose only source counts otherwise than the frequency
        family of the catalogue: a year, by the probability of the level.

    Returns
    -------
    Dataset with dim ``peril``.
        In CNY a year: ``aal_from_maps`` = ∫ L dEP, ``aal_from_rates`` = ∫ L dν and
        ``aal_all_occurrences`` of the catalogue.
        Shares of ``aal_from_maps``: ``annual_maxima_error`` of the catalogue, its parts
        ``quadrature_error`` (of the ranks' sum) and ``unexplained`` (zero to rounding), and
        ``other_storms_share`` (cost of second storms of a year).
        Shares of ``aal_from_rates``: ``all_occurrences_error`` (the quadrature error included);
        ``over_dispersion_share``, what second storms cost beyond ∫ L (dν - dEP); and
        ``standard_error`` of both. They are not judged: a few years carry most of that cost.
        A year and cell: ``second_storms`` at or beyond the first map, cells that the peril reaches
        alike; ``second_storms_expected``, ν - EP of the declared family there or as in ``counts``;
        and ``second_storms_standard_error``. ``within_three_standard_errors`` (bool) is their
        verdict.
        Shares are zero for a peril that costs nothing.

    Raises
    ------
    CatalogueError
        If the catalogue lacks a peril or cell of the table, or holds replayed storms.
    """
    family = of_family(catalogue_frequency(catalogue))
    rows = [_of_peril(catalogue, census, table, p, counts.get(p, family)) for p in table.perils]
    result = xr.Dataset(
        {name: ("peril", np.array([row[name] for row in rows])) for name in IDENTITY.variables},
        {"peril": list(table.perils)},
    )
    for name in MONEY:
        stamp_money(result[name], price_year=table.price_year)
    for name in (*SHARES, *NUMBERS):
        result[name].attrs["units"] = "1"
    return stamp(result, IDENTITY, source="catalogue and census maps", history="average_from_maps")


def combination_term(checks: xr.Dataset, combined_aal: float) -> float:
    """AAL that combining the perils of one storm takes away, CNY a year, >= 0.

    The sum over perils of ``aal_all_occurrences`` minus the AAL of the combined pass. A cell loses
    Σ d when perils are added and 1 - Π(1 - d) when they combine; the term depends on how perils
    coincide, so nothing says what it must be.

    Parameters
    ----------
    checks : Dataset
        From `average_from_maps`.
    combined_aal : float
        AAL of the occurrence table of the same catalogue and compiled table, loss columns, in CNY.

    Raises
    ------
    ConservationError
        If the combined AAL is above the sum over perils, or below the largest of them.
    """
    single = checks["aal_all_occurrences"].values
    highest, lowest = float(single.sum()), float(single.max())
    if not lowest * (1.0 - ROUNDING) <= combined_aal <= highest * (1.0 + ROUNDING):
        raise ConservationError(
            "the combined AAL is not between the largest peril's and the sum over perils",
            where="combination_term",
            found=combined_aal,
            expected=f"{lowest:.10g} to {highest:.10g} CNY",
            remedy="take the loss columns of the occurrence table of the same catalogue and params",
        )
    return highest - combined_aal


def _of_peril(
    catalogue: xr.DataTree, census: xr.DataTree, table: CompiledTable, peril: str,
    expected: Expected,
) -> dict[str, float | bool]:  # fmt: skip
    """All variables of `IDENTITY` for one peril."""
    costs = peril_costs(table, peril)
    curve = table.layers[table.perils.index(peril)].curves
    periods = census[peril].to_dataset()["return_period"].values
    ranks = _positions_of_ranks(catalogue, peril, periods)
    maps, rates, ranked = _integrals(costs, curve, ranks, catalogue_frequency(catalogue))
    maxima, second_by_year, storms = _simulated(
        catalogue, peril, costs, float(periods[0]), expected
    )
    second = float(second_by_year.mean())
    excess = _share(second - (rates - maps), rates)
    error = _share(float(second_by_year.std(ddof=1)) / np.sqrt(second_by_year.size), rates)
    return {
        "aal_from_maps": maps,
        "aal_from_rates": rates,
        "aal_all_occurrences": maxima + second,
        "annual_maxima_error": _share(maxima - maps, maps),
        "quadrature_error": _share(ranked - maps, maps),
        "unexplained": _share(maxima - ranked, maps),
        "other_storms_share": _share(second, maps),
        "all_occurrences_error": _share(maxima + second - rates, rates),
        "over_dispersion_share": excess,
        "standard_error": error,
        **dict(zip(NUMBERS, storms, strict=True)),
        "within_three_standard_errors": storms.within_three_standard_errors,
    }


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0.0 else 0.0


def _pairs(catalogue: xr.DataTree, block: str, peril: str) -> xr.Dataset:
    """Take the stored pairs of one block and peril, refused unless they were ranked."""
    if peril not in catalogue[block].children:
        raise CatalogueError(
            "the catalogue lacks a peril of the table",
            where=block,
            found=sorted(catalogue[block].children),
            expected=peril,
            remedy="compile only perils of the catalogue",
        )
    pairs = catalogue[f"{block}/{peril}"].to_dataset()
    if not np.isfinite(pairs.attrs["shift"]):
        raise CatalogueError(
            "the identity needs ranked years, and these storms were replayed",
            where=f"{block}/{peril}",
            remedy="check the catalogue that the rank functions come from",
        )
    return pairs


def _check_cells(cells: int, costs: PerilCosts, where: str) -> None:
    """Refuse entries of cells that the catalogue does not have; kernels would read past its end."""
    if costs.places.cell.max() >= cells:
        raise CatalogueError(
            "the table has cells that the catalogue lacks",
            where=where,
            found=int(costs.places.cell.max()),
            expected=f"cells below {cells}",
            remedy="compile the table from the census of the catalogue",
        )


def _positions_of_ranks(
    catalogue: xr.DataTree, peril: str, periods: npt.NDArray[np.float64]
) -> FloatArray:
    """Positions of all ranks of all blocks, each block with its own shift."""
    years, frequency = int(catalogue.attrs["years_per_block"]), catalogue_frequency(catalogue)
    shifts = [float(_pairs(catalogue, b, peril).attrs["shift"]) for b in block_names(catalogue)]
    ranks = [rank_positions(years, shift, periods, frequency) for shift in shifts]
    return np.concatenate(ranks).astype(np.float64)


def _integrals(
    costs: PerilCosts, curve: IntensityCurves, ranks: FloatArray, frequency: Frequency
) -> tuple[float, float, float]:
    """∫ L dEP and ∫ L dν straight from the maps, and the mean of L over the ranks, CNY a year.

    Midpoint rule in log-rate, its intervals ending where the curves bend; the last interval takes
    all rarer events.
    """
    edges = np.union1d(np.arange(0, LAST_POSITION, STRIDE), curve.edges.clip(0, LAST_POSITION + 1))
    middle = (edges[:-1] + edges[1:]) / 2.0
    rate = rate_of_position(edges)
    probability = probability_from_rate(rate, frequency)
    rate[-1] = probability[-1] = 0.0
    distinct, count = np.unique(ranks, return_counts=True)
    cost = cost_at_positions(costs, np.concatenate([middle, distinct]))
    at_middle, at_rank = cost[: middle.size], cost[middle.size :]
    return (
        float(-np.diff(probability) @ at_middle),
        float(-np.diff(rate) @ at_middle),
        float(count @ at_rank) / ranks.size,
    )


def _simulated(
    catalogue: xr.DataTree, peril: str, costs: PerilCosts, first_map: float, expected: Expected
) -> tuple[float, FloatArray, SecondStorms]:
    """Mean annual cost of annual maxima, cost of second storms by year, and their number."""
    root, years = catalogue.to_dataset(), int(catalogue.attrs["years_per_block"])
    block_of, year_of = root["block"].values, root["year"].values
    least, cells = int(mapped_positions(first_map, catalogue_frequency(catalogue))), 0
    maxima, second, counts = [], [], []
    for block, name in enumerate(block_names(catalogue)):
        pairs = _pairs(catalogue, name, peril)
        _check_cells(pairs.sizes["edge"] - 1, costs, f"{name}/{peril}")
        year = (year_of[block_of == block] - block * years).astype(np.int64)
        pointer, occurrence, position = (pairs[n].values for n in PAIR_NAMES)
        first, other = cost_of_pairs(costs, pointer, occurrence, position, year, years)
        maxima.append(first / years)
        second.append(other)
        counts.append(first_and_second_storms(pointer, occurrence, position, year, years, least))
        cells = int(np.count_nonzero(np.diff(pointer)))  # ranking reaches the same in all blocks
    storms = second_storms(np.concatenate(counts, axis=1), cells, first_map, expected)
    return float(np.mean(maxima)), cast(FloatArray, np.concatenate(second)), storms
