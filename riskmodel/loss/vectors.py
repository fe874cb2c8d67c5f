"""Operations on all lanes of a bundle at once, for kernels.

A loop over lanes does the same and is as exact, but the compiler must prove at each turn that what
it writes is none of what it reads; that takes longer than the sums. Vectors of 16 are split by the
compiler to what the processor has. No bounds are checked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from riskmodel.loss.lanes import LANES

SINGLE, DOUBLE, NUMBER = ir.FloatType(), ir.DoubleType(), ir.IntType(64)
VECTOR = ir.VectorType(DOUBLE, LANES)
ROW = ir.Constant(NUMBER, LANES)
Signature = tuple[Any, Callable[..., Any]]


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

    def place(self, array: int, first: Any, kind: Any = DOUBLE) -> Any:
        """Address of 16 elements of an array from `first` on."""
        address = self.builder.gep(self._arrays[array].data, [first])
        return self.builder.bitcast(address, ir.VectorType(kind, LANES).as_pointer())

    def load(self, array: int, first: Any) -> Any:
        """Read 16 numbers in double precision."""
        return self.builder.load(self.place(array, first), align=8)

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

    def add(self, array: int, row: Any, values: Any) -> None:
        """Add to a row of an array."""
        place = self.place(array, self.builder.mul(row, ROW))
        self.builder.store(self.builder.fadd(self.builder.load(place, align=8), values), place, 8)


@intrinsic
def add_between(_, lookup, left, part, value, sums, row) -> Signature:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Add ``value * (lookup[left:] + part * (lookup[left + 16:] - lookup[left:]))`` to a row.

    Arrays: `lookup` (number,) single, `value` (lane,), `sums` (row, lane); `left` and `row` uint64.
    """

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        made = _Code(context, builder, signature.args, given)
        start = ir.Constant(NUMBER, 0)
        ratio = made.between(0, given[1], given[2])
        made.add(4, given[5], builder.fmul(made.load(3, start), ratio))
        return context.get_dummy_value()

    return types.void(lookup, left, part, value, sums, row), code


@intrinsic
def read_between(_, lookup, left, part, ratio, to) -> Signature:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Write ``lookup[left:] + part * (lookup[left + 16:] - lookup[left:])`` to ``ratio[to:]``."""

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        made = _Code(context, builder, signature.args, given)
        builder.store(made.between(0, given[1], given[2]), made.place(3, given[4]), 8)
        return context.get_dummy_value()

    return types.void(lookup, left, part, ratio, to), code


@intrinsic
def add_product(_, value, total, ratio, at, sums, row) -> Signature:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Add ``value * total[at:] * ratio[at:]`` to a row of `sums` (row, lane)."""

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        made = _Code(context, builder, signature.args, given)
        start = ir.Constant(NUMBER, 0)
        whole = builder.fmul(made.load(0, start), made.load(1, given[3]))
        made.add(4, given[5], builder.fmul(whole, made.load(2, given[3])))
        return context.get_dummy_value()

    return types.void(value, total, ratio, at, sums, row), code
