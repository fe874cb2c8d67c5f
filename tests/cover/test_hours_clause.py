"""Windows of an hours clause keep the loss, their length and their parent event."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.cover.hours_clause import Occurrences, windows

rows = st.lists(
    st.tuples(
        st.integers(0, 3), st.floats(1.0, 340.0), st.floats(0.0, 25.0), st.integers(0, 2),
        st.floats(0.0, 1000.0),
    ),
    max_size=40,
)  # fmt: skip


def made(rows: list) -> tuple[Occurrences, np.ndarray]:
    columns = np.array(rows, dtype=float).reshape(-1, 5).T
    year, start, duration, parent, loss = columns
    dates = Occurrences(
        year.astype(np.int64), start, start + duration, parent.astype(np.int64)
    )  # fmt: skip
    return dates, loss


@given(rows=rows, hours=st.sampled_from([72.0, 168.0, np.inf]))
@settings(max_examples=80, deadline=None)
def test_losses_are_kept_and_windows_are_disjoint(rows: list, hours: float) -> None:
    occurrences, loss = made(rows)
    found = windows(occurrences, hours)
    shares = np.bincount(found.row, weights=found.share, minlength=loss.size)
    np.testing.assert_allclose(shares, 1.0, rtol=1e-9)
    np.testing.assert_allclose(found.losses(loss).sum(), loss.sum(), rtol=1e-9)
    np.testing.assert_allclose(found.back(found.losses(loss), loss), loss, rtol=1e-9, atol=1e-9)
    in_date_order = np.lexsort((found.start, found.year))
    np.testing.assert_array_equal(in_date_order, np.arange(found.year.size))
    if np.isinf(hours):
        assert found.year.size == loss.size
        return
    parent = np.full(found.year.size, -1)
    parent[found.window] = occurrences.parent[found.row]
    np.testing.assert_array_equal(parent[found.window], occurrences.parent[found.row])
    np.testing.assert_array_equal(found.year[found.window], occurrences.year[found.row])
    for year in range(4):
        for code in range(3):
            opened = found.start[(found.year == year) & (parent == code)]
            assert (np.diff(opened) >= hours / 24.0 - 1e-6).all()


def test_a_duration_of_whole_windows_leaves_no_crumb() -> None:
    """Six days are two windows of three, whatever the rounding of their dates."""
    start = np.array([10.1, 100.3, 200.7])
    zeros = np.zeros(3, dtype=np.int64)
    found = windows(Occurrences(zeros, start, start + 6.0, zeros), 72.0)
    np.testing.assert_array_equal(found.row, [0, 0, 1, 1, 2, 2])
    np.testing.assert_allclose(found.share, 0.5)
