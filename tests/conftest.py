"""How two workers share two cores: threads that sleep while they wait, and long files first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Two workers with two threads each are more threads than cores. libgomp then spins at the end of
# every parallel kernel, on the very core that the last thread needs: on a busy machine tests of
# small kernels took seven times the processor time. libgomp reads this when numba loads it, and
# kernels of notebooks inherit it.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# Files of minutes and of many seconds, most of which start kernels of notebooks: one begun last
# would leave the other worker idle.
LONG_FIRST = (
    "notebooks/test_chain.py",
    "run/test_verify.py",
    "run/test_batch.py",
    "hazard/typhoon/test_comparison.py",
    "census/test_malformed.py",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of long files first; whole files are handed out in this order."""
    here = Path(__file__).parent
    rank = {here / name: number for number, name in enumerate(LONG_FIRST)}
    if lost := [str(place) for place in rank if not place.is_file()]:
        raise pytest.UsageError(f"LONG_FIRST in tests/conftest.py names no files: {lost}")
    items.sort(key=lambda item: rank.get(item.path, len(rank)))
