"""Operations on all lanes of a bundle at once, for kernels.

A loop over lanes does the same and is as exact, but the compiler must prove at each turn that what
it writes is none of what it reads; that takes longer than the sums. Vectors of 16 are split by the
compiler to what the processor has. No bounds are checked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from riskmodel.loss.lanes import LANES

SINGLE, DOUBLE, NUMBER = ir.FloatType(), ir.DoubleType(), ir.IntType(64)
VECTOR = ir.VectorType(DOUBLE, LANES)
ROW, START = ir.Constant(NUMBER, LANES), ir.Constant(NUMBER, 0)
LEAST = 1e-300  # in place of a sum of ratios that is zero
Signature = tuple[Any, Callable[..., Any]]


def operation(code: Callable[..., Signature]) -> Callable[..., None]:
    """Let kernels call what is given by its types and the code for them."""
    return cast("Callable[..., None]", intrinsic(code))


class _Code:
    """Instructions of one operation; arrays are named by their number among its arguments."""

    def __init__(
        self, context: Any, builder: Any, kinds: Sequence[Any], values: Sequence[Any]
    ) -> None:
        self.builder = builder
        self._arrays = {
            n: context.make_array(kind)(context, builder, value)
            for n, (kind, value) in enumerate(zip(kinds, values, strict=True))
            if isinstance(kind, types.Array)
        }

    def place(self, array: int, first: Any = START, kind: Any = DOUBLE) -> Any:
        """Address of 16 elements of an array from `first` on."""
        address = self.builder.gep(self._arrays[array].data, [first])
        return self.builder.bitcast(address, ir.VectorType(kind, LANES).as_pointer())

    def grown(self, union: Any, ratio: Any) -> Any:
        """Let a union grow: u + d(1 - u), which keeps ratios near zero to the last digit."""
        rest = self.builder.fsub(ir.Constant(VECTOR, [1.0] * LANES), union)
        return self.builder.fadd(union, self.builder.fmul(ratio, rest))

    def share(self, value: Any, union: Any, total: Any) -> Any:
        """Part of the value by which each ratio of a total is to be multiplied."""
        least = ir.Constant(VECTOR, [LEAST] * LANES)
        some = self.builder.select(self.builder.fcmp_ordered(">", total, least), total, least)
        return self.builder.fmul(value, self.builder.fdiv(union, some))

    def row(self, array: int, *index: Any) -> Any:
        """Address of a row: the last dimension of an array is lanes."""
        place = index[-1]
        if len(index) == 2:
            rows = self.builder.extract_value(self._arrays[array].shape, 1)
            place = self.builder.add(self.builder.mul(index[0], rows), place)
        return self.place(array, self.builder.mul(place, ROW))

    def load(self, place: Any) -> Any:
        """Read 16 numbers in double precision."""
        return self.builder.load(place, align=8)

    def store(self, values: Any, place: Any) -> None:
        """Write 16 numbers in double precision."""
        self.builder.store(values, place, align=8)

    def add(self, values: Any, place: Any) -> None:
        """Add to 16 numbers in double precision."""
        self.store(self.builder.fadd(self.load(place), values), place)

    def between(self, lookup: int, left: Any, part: Any) -> Any:
        """Read a row in single precision and the next, and go `part` of the way between them."""
        build = self.builder
        low, high = (
            build.fpext(build.load(self.place(lookup, first, SINGLE), align=4), VECTOR)
            for first in (left, build.add(left, ROW))
        )
        empty, first = ir.Constant(VECTOR, ir.Undefined), ir.Constant(ir.IntType(32), 0)
        all_first = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        parts = build.shuffle_vector(build.insert_element(empty, part, first), empty, all_first)
        return build.fadd(low, build.fmul(parts, build.fsub(high, low)))


@operation
def add_between(
    _: Any, lookup: Any, left: Any, part: Any, value: Any, sums: Any, row: Any
) -> Signature:
    """Add ``value * (lookup[left:] + part * (lookup[left + 16:] - lookup[left:]))`` to a row.

    Arrays: `lookup` (number,) single, `value` (lane,), `sums` (row, lane); `left` and `row` uint64.
    """

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        made = _Code(context, builder, signature.args, given)
        ratio = made.between(0, given[1], given[2])
        made.add(builder.fmul(made.load(made.place(3)), ratio), made.row(4, given[5]))
        return context.get_dummy_value()

    return types.void(lookup, left, part, value, sums, row), code


@operation
def begin_union(
    _: Any, lookup: Any, left: Any, part: Any, ratio: Any, total: Any, union: Any
) -> Signature:
    """Read the ratios of a first peril into row 0 of `ratio`, `total` and `union`."""

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        made = _Code(context, builder, signature.args, given)
        found = made.between(0, given[1], given[2])
        for array in (3, 4, 5):
            made.store(found, made.place(array))
        return context.get_dummy_value()

    return types.void(lookup, left, part, ratio, total, union), code


@operation
def grow_union(
    _: Any, lookup: Any, left: Any, part: Any, ratio: Any, n: Any, total: Any, union: Any
) -> Signature:
    """Read the ratios of peril n into its row, and add them to `total` and `union`."""

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        made = _Code(context, builder, signature.args, given)
        found, before = made.between(0, given[1], given[2]), made.load(made.place(6))
        made.store(found, made.row(3, given[4]))
        made.add(found, made.place(5))
        made.store(made.grown(before, found), made.place(6))
        return context.get_dummy_value()

    return types.void(lookup, left, part, ratio, n, total, union), code


@operation
def share_union(_: Any, value: Any, total: Any, union: Any) -> Signature:
    """Leave in `total` what each ratio is to be multiplied by: ``value * (union / total)``."""

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        made = _Code(context, builder, signature.args, given)
        value, total, union = (made.load(made.place(array)) for array in range(3))
        made.store(made.share(value, union, total), made.place(1))
        return context.get_dummy_value()

    return types.void(value, total, union), code


@operation
def add_product(
    _: Any, total: Any, ratio: Any, n: Any, sums: Any, slot: Any, row: Any
) -> Signature:
    """Add ``total * ratio[n]`` to a row of `sums` (slot, row, lane)."""

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        made = _Code(context, builder, signature.args, given)
        added = builder.fmul(made.load(made.place(0)), made.load(made.row(1, given[2])))
        made.add(added, made.row(3, given[4], given[5]))
        return context.get_dummy_value()

    return types.void(total, ratio, n, sums, slot, row), code


@operation
def add_two(
    _: Any,
    lookup: Any,
    left: Any,
    part: Any,
    other: Any,
    of_other: Any,
    value: Any,
    sums: Any,
    slot: Any,
    next_slot: Any,
    row: Any,
) -> Signature:
    """Do all of the above for two perils, `left` and `part` of the one and those of the other."""

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        made = _Code(context, builder, signature.args, given)
        one, two = made.between(0, given[1], given[2]), made.between(0, given[3], given[4])
        union = made.grown(one, two)
        share = made.share(made.load(made.place(5)), union, builder.fadd(one, two))
        for ratio, of_slot in ((one, given[7]), (two, given[8])):
            made.add(builder.fmul(share, ratio), made.row(6, of_slot, given[9]))
        return context.get_dummy_value()

    given = lookup, left, part, other, of_other, value, sums, slot, next_slot, row
    return types.void(*given), code
