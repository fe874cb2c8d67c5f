"""Pair the years of independent peril groups: which of its years a group gives to each year."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from riskmodel.core.draws import generator, purpose_code
from riskmodel.core.errors import CatalogueError


def paired_years(years: int, group_years: int, *, seed: int, group: str) -> npt.NDArray[np.int64]:
    """Year of an independent group that each simulated year takes.

    Every run of `group_years` simulated years takes each year of the group once, in an order of
    its own, drawn by the key (seed, group, number of the run). Hence each year of the group is
    taken floor or ceil of years / group_years times, and any greater number of simulated years
    keeps all earlier pairs. Another number of group years pairs anew.

    Parameters
    ----------
    years, group_years : int
        Simulated years, and years of the group, >= 1.
    seed : int
        Seed of the run.
    group : str
        Name of the group, part of the key: other groups do not change its pairs.

    Returns
    -------
    Array (years,) of numbers 0 … group_years - 1.

    Raises
    ------
    CatalogueError
        If a number of years is below 1, or the group has no name.
    """
    for name, number in (("years", years), ("group_years", group_years)):
        if number < 1:
            raise CatalogueError(
                "a number of years that cannot be paired",
                where=f"pairing of {group!r}, {name}",
                found=number,
                expected="1 or more",
                remedy="give the years that the group and the catalogue stand for",
            )
    if not group:
        raise CatalogueError(
            "a group without a name",
            where="pairing",
            expected="a name, which keys its pairs",
            remedy="name the group",
        )
    runs = [
        generator(seed, "pairing of years", purpose_code(group), run).permutation(group_years)
        for run in range(-(-years // group_years))
    ]
    return np.concatenate(runs)[:years].astype(np.int64)
