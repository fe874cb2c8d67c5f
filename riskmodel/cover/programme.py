"""A programme of covers in three tiers, read from a file and checked before anything is paid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import xarray as xr
from pydantic import Field, ValidationError, model_validator

from riskmodel.core.errors import ParamError, TermsError
from riskmodel.core.status import Status, worst
from riskmodel.core.yaml_file import read_mapping
from riskmodel.cover.contract import Anchor
from riskmodel.cover.covers import Cover, IndemnityCover, ParametricCover
from riskmodel.cover.fields import Currency, Frozen, Share, check_sums_to_one
from riskmodel.cover.inuring import inuring_order
from riskmodel.cover.overlap import Coordination, check_overlap
from riskmodel.cover.refusal import refuse
from riskmodel.cover.take_up import BOUNDS, Bound
from riskmodel.cover.treaties import Treaty

TIERS = ("1", "N", "X")


class ReliefBackstop(Frozen):
    """Shares of city and county in the relief that no cover pays; they sum to 1."""

    city: Share
    county: Share

    @model_validator(mode="after")
    def _check_sum(self) -> Self:
        check_sums_to_one({"city": self.city, "county": self.county}, "shares of the backstop")
        return self


class Programme(Frozen):
    """Covers of the tiers 1, N and X in the order in which they pay.

    Parameters
    ----------
    programme, name, name_zh, reading : str
        Identifier, names, and which reading of 1+N+X it follows.
    currency, price_year
        Of every amount in the file.
    relief_backstop : ReliefBackstop
        Who pays the relief that no cover pays.
    coordination : {"primary", "excess", "contribution", "none"}
        How benefits for direct losses and indemnity covers share one loss; see `Coordination`.
    covers : sequence of Cover
        In order of tiers; names differ; insured shares of one sector sum to at most 1 in every
        zone, because covers of one sector insure disjoint slices of its value.
    treaties : sequence of Treaty
        Reinsurance of what covers pay, if any; each names those that pay before it.
    anchor : Anchor, optional
        Public figures of the scheme that the programme follows.
    source, status : str
        Where the amounts come from; the status of the file is the worst of its covers' and
        treaties'.

    Raises
    ------
    TermsError
        If two covers share a name, tiers are out of order, slices overlap, or treaties cannot be
        put in order.
    ParamError
        If a treaty names an unknown cover or treaty.
    """

    programme: str = Field(pattern="^[a-z][a-z0-9_]*$")
    name: str
    name_zh: str
    reading: str
    currency: Currency
    price_year: int = Field(ge=1990, le=2100)
    relief_backstop: ReliefBackstop
    coordination: Coordination
    covers: tuple[Cover, ...] = Field(min_length=1)
    treaties: tuple[Treaty, ...] = ()
    anchor: Anchor | None = None
    source: str
    status: Status

    @model_validator(mode="after")
    def _check_covers(self) -> Self:
        names = Counter(c.cover for c in self.covers)
        if twice := [name for name, count in names.items() if count > 1]:
            raise TermsError("covers share a name", where="covers", found=twice)
        tiers = [TIERS.index(c.tier) for c in self.covers]
        if tiers != sorted(tiers):
            raise TermsError(
                "tiers are out of order",
                where="covers",
                found={c.cover: c.tier for c in self.covers},
                expected="covers of tier 1, then N, then X: the order in which they pay",
            )
        check_overlap(self.covers, self.coordination)
        for covers in (self.covers, *(_at_bound(self.covers, which) for which in BOUNDS)):
            _check_slices(covers)
        _check_treaties(self.treaties, list(names))
        inherited = worst([self.status, *(x.status for x in (*self.covers, *self.treaties))])
        if inherited != self.status:
            raise TermsError(
                "the status is better than that of a cover or treaty",
                where="status",
                found=self.status,
                expected=inherited,
            )
        return self


def _check_treaties(treaties: Sequence[Treaty], covers: Sequence[str]) -> None:
    for treaty in treaties:
        if unknown := [name for name in treaty.covers if name not in covers]:
            raise ParamError(
                "an unknown cover",
                where=f"treaty {treaty.treaty}: covers",
                found=unknown,
                expected="one of " + ", ".join(covers),
            )
    inuring_order(treaties)


def _check_slices(covers: Sequence[Cover]) -> None:
    indemnity = _insurers(covers)
    named = {z for c in indemnity for by_zone in c.take_up.values() for z in by_zone.zones}
    listed = {z for c in indemnity if c.zones != "all" for z in c.zones}
    zones = [*sorted(named | listed), "every other zone"]
    for sector in sorted({s for c in indemnity for s in c.take_up}):
        shares = {c.cover: insured_shares(c, [sector], zones)[:, 0] for c in indemnity}
        for position, zone in enumerate(zones):
            here = {name: float(s[position]) for name, s in shares.items() if s[position] > 0.0}
            if (total := sum(here.values())) > 1.0 + 1e-12:
                raise TermsError(
                    f"covers insure more than the whole of sector {sector} in {zone}",
                    where=f"cover {' and '.join(here)}: take_up.{sector}",
                    found=here,
                    expected=f"shares that sum to at most 1, not {total:g}",
                )


def _insurers(covers: Sequence[Cover]) -> list[IndemnityCover]:
    """Indemnity covers with a slice of their own: all but top-ups."""
    return [c for c in covers if isinstance(c, IndemnityCover) and c.top_up_of is None]


def _at_bound(covers: Sequence[Cover], which: Bound) -> tuple[Cover, ...]:
    return tuple(
        c.model_copy(update={"take_up": {s: by.bound(which) for s, by in c.take_up.items()}})
        if isinstance(c, IndemnityCover)
        else c
        for c in covers
    )


def with_take_up(programme: Programme, which: Bound) -> Programme:
    """Return the programme with every uncertain take-up at its low or its high value."""
    return programme.model_copy(update={"covers": _at_bound(programme.covers, which)})


def has_uncertain_take_up(programme: Programme) -> bool:
    """Whether any take-up of the programme has a range."""
    covers = [c for c in programme.covers if isinstance(c, IndemnityCover)]
    return any(by.low for c in covers for by in c.take_up.values())


def insured_shares(
    cover: IndemnityCover, sectors: Sequence[str], zones: Sequence[str]
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Share (0 to 1) of each sector's value that a cover insures, array (zone, sector).

    Of a top-up it is the share of those whom the cover below insures.
    """
    inside = np.ones(len(zones)) if cover.zones == "all" else np.isin(zones, cover.zones)
    table = np.zeros((len(zones), len(sectors)))
    for sector, by_zone in cover.take_up.items():
        if sector in sectors:
            table[:, sectors.index(sector)] = by_zone.at(zones) * inside
    return table


def slices(programme: Programme, sectors: Sequence[str], zones: Sequence[str]) -> xr.Dataset:
    """Slices of the value of each sector that the indemnity covers insure.

    Returns
    -------
    Dataset with ``lower`` and ``upper`` (cover, zone, sector), fractions of the sector's value in
    the declared order of covers, and ``uninsured`` (zone, sector), the slice above the last one.
    """
    covers = _insurers(programme.covers)
    widths = np.zeros((len(covers), len(zones), len(sectors)))
    for number, cover in enumerate(covers):
        widths[number] = insured_shares(cover, sectors, zones)
    upper = np.cumsum(widths, axis=0)
    dims = ("cover", "zone", "sector")
    return xr.Dataset(
        {
            "lower": (dims, upper - widths),
            "upper": (dims, upper),
            "uninsured": (dims[1:], np.clip(1.0 - widths.sum(axis=0), 0.0, 1.0)),
        },
        coords={"cover": [c.cover for c in covers], "zone": list(zones), "sector": list(sectors)},
    )


def load_programme(path: Path, *, zones: Sequence[str] | None = None) -> Programme:
    """Read and check a programme file (YAML, UTF-8).

    Parameters
    ----------
    path : Path
        File of ``params/tiers/``.
    zones : sequence of str, optional
        Zone codes that exist; with them, zones that the file names are checked too.

    Raises
    ------
    ParamError, TermsError, UnitsError
        Naming file, cover and key, what was found and what is permitted.
    """
    content = read_mapping(path, ParamError, missing="check tiers.programme of the params file")
    try:
        programme = Programme.model_validate(content)
    except ValidationError as error:
        refuse(error, path.name, content)
    if zones is not None:
        check_zones(programme, zones, where=path.name)
    return programme


def check_zones(programme: Programme, zones: Sequence[str], *, where: str = "") -> None:
    """Refuse a programme that names a zone which does not exist.

    Raises
    ------
    ParamError
        Naming file (as given in `where`), cover and key.
    """
    for cover in programme.covers:
        named: dict[str, Sequence[str]] = {"zones": () if cover.zones == "all" else cover.zones}
        if isinstance(cover, ParametricCover) and not isinstance(cover.split, str):
            named["split"] = tuple(cover.split)
        if isinstance(cover, IndemnityCover):
            named |= {f"take_up.{s}": tuple(by_zone.zones) for s, by_zone in cover.take_up.items()}
        for key, codes in named.items():
            if unknown := [code for code in codes if code not in zones]:
                raise ParamError(
                    "an unknown zone",
                    where=": ".join(filter(None, [where, f"cover {cover.cover}", key])),
                    found=unknown,
                    expected="one of " + ", ".join(zones),
                )
