"""The order in which treaties pay."""

from __future__ import annotations

from collections.abc import Sequence

from riskmodel.core.errors import ParamError, TermsError
from riskmodel.cover.treaties import Treaty


def inuring_order(treaties: Sequence[Treaty]) -> tuple[Treaty, ...]:
    """Treaties in the order in which they pay: each after those that its `after` names.

    Raises
    ------
    ParamError
        If `after` names an unknown treaty.
    TermsError
        If two treaties share a name, the order is circular, or two treaties of one cover are
        not put in an order.
    """
    by_name = {t.treaty: t for t in treaties}
    if len(by_name) < len(treaties):
        names = [t.treaty for t in treaties]
        raise TermsError("treaties share a name", where="treaties", found=names)
    before: dict[str, set[str]] = {}
    for treaty in treaties:
        if unknown := [name for name in treaty.after if name not in by_name]:
            raise ParamError(
                "an unknown treaty",
                where=f"treaty {treaty.treaty}: after",
                found=unknown,
                expected="one of " + ", ".join(by_name),
            )
        before[treaty.treaty] = set(treaty.after)
    ordered = _ordered(before)
    for position, name in enumerate(ordered):
        for earlier in list(before[name]):
            before[name] |= before[earlier]
        _check_ordered(by_name[name], [by_name[n] for n in ordered[:position]], before[name])
    return tuple(by_name[name] for name in ordered)


def _ordered(before: dict[str, set[str]]) -> list[str]:
    """Names so that each comes after those before it, otherwise as written."""
    left, ordered = list(before), list[str]()
    while left:
        ready = [name for name in left if before[name] <= set(ordered)]
        if not ready:
            raise TermsError(
                "a circular inuring order",
                where=f"treaty {left[0]}: after",
                found={name: sorted(before[name] & set(left)) for name in left},
                expected="treaties that can be put one after the other",
            )
        ordered.append(ready[0])
        left.remove(ready[0])
    return ordered


def _check_ordered(treaty: Treaty, earlier: Sequence[Treaty], before: set[str]) -> None:
    for other in earlier:
        both = sorted(set(other.covers) & set(treaty.covers))
        if both and other.treaty not in before:
            raise TermsError(
                f"treaties {other.treaty} and {treaty.treaty} of one cover are in no order",
                where=f"treaty {treaty.treaty}: after",
                found=both,
                expected="one of the two to name the other in its `after`",
            )
