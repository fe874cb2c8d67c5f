"""Modelled losses by peril beside public figures, for question 3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

import pandas as pd

from riskmodel.core.messages import Language, message
from riskmodel.core.vocabulary import Peril
from riskmodel.economy.public_figures import PublicFigure, public_figures
from riskmodel.run.folder import Run
from riskmodel.run.records import Record
from riskmodel.show.units import HUNDRED_MILLION, number

PREFIX = "loss.aal."


def public_table(run: Run, records: Sequence[Record]) -> pd.DataFrame:
    """Mean annual loss of the model beside each public figure, one row a figure or missing figure.

    Perils that a figure counts together are summed (mean annual losses may be); where a figure
    books all perils of an event to it, so does the model's. A peril that the census has no map of
    is named as such, never as zero. Amounts in 亿元. A run of some zones has one row, which says
    why it has no others: the figures are of the city and of the country.

    Parameters
    ----------
    run : Run
    records : sequence of Record
        From `loss_records`.
    """
    language, known = run.params.language, public_figures()
    if run.params.census.zones != "all":
        whole = message("public.part", language)
        return pd.DataFrame([{message("public.what", language): whole}])
    modelled = {r.name.removeprefix(PREFIX): r.value for r in records}
    rows: list[tuple[tuple[Peril, ...], PublicFigure | str]] = [
        (figure.perils, figure) for figure in known.figures
    ]
    rows += [((peril,), words[language]) for peril, words in known.absent.items()]
    order = {peril: place for place, peril in enumerate(get_args(Peril))}
    rows.sort(key=lambda row: order[row[0][0]])
    return pd.DataFrame(
        [_row(perils, told, modelled, known.gdp_2022, language) for perils, told in rows]
    )


def _row(
    perils: Sequence[Peril], told: PublicFigure | str, modelled: Mapping[str, float], gdp: float,
    language: Language,
) -> dict[str, str]:  # fmt: skip
    unit = message("unit.hundred_million_yuan_short", language)
    columns = [
        message("axis.peril", language),
        *(f"{message(f'public.{c}', language)} ({unit})"
          for c in ("modelled", "published", "at_city_gdp")),
        message("public.what", language),
        message("public.kind", language),
        message("column.source", language),
    ]  # fmt: skip
    names = ", ".join(message(f"peril.{peril}", language) for peril in perils)
    cause = None if isinstance(told, str) else told.cause
    if cause is not None:
        names = f"{message(f'cause.{cause}', language)}: {names}"
    first = [names, _modelled(perils, cause, modelled, language)]
    if isinstance(told, str):
        return dict(
            zip(columns, [*first, message("public.none", language), "–", told, "–", "–"],
                strict=True)
        )  # fmt: skip
    final = message(f"public.final.{str(told.is_final).lower()}", language)
    kind = f"{message(f'public.{told.kind}', language)}, {told.as_of}, {final}"
    amounts = [number(told.loss), number(told.at_gdp(gdp))]
    return dict(zip(columns, [*first, *amounts, told.what[language], kind, told.source],
                    strict=True))  # fmt: skip


def _modelled(
    perils: Sequence[Peril], cause: str | None, modelled: Mapping[str, float], language: Language
) -> str:
    """Sum of the perils that the census has maps of, and the names of those that it has not."""
    without = [message(f"peril.{p}", language) for p in perils if f"by_peril.{p}" not in modelled]
    parts = [f"by_peril.{p}" for p in perils] if cause is None else [f"by_cause.{cause}"]
    total = sum(modelled.get(part, 0.0) for part in parts) / HUNDRED_MILLION.factor
    if not without:
        return number(total)
    lacks = message("public.no_map", language, perils=", ".join(without))
    return lacks if len(without) == len(perils) else f"{number(total)} ({lacks})"
