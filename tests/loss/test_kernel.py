"""Machine code of a kernel is not older than the kernels that are linked in."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import pytest

from riskmodel.loss import kernel as of_kernels

CODE = """
from riskmodel.loss.kernel import kernel

@kernel
def twice(x):
    return 2.0 * x
"""


def test_what_is_older_than_any_file_of_kernels_is_compiled_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "linked_kernel.py").write_text(CODE)
    monkeypatch.syspath_prepend(str(tmp_path))
    module = importlib.import_module("linked_kernel")
    assert module.twice(3.0) == 6.0
    stored = sorted(Path(module.twice.stats.cache_path).glob("linked_kernel.twice-*"))
    assert [path.suffix for path in stored] == [".nbc", ".nbi"]
    current = importlib.reload(module).twice
    assert current(3.0) == 6.0 and sum(current.stats.cache_hits.values()) == 1
    for path in stored:
        os.utime(path, (of_kernels.CHANGED - 1.0,) * 2)
    anew = importlib.reload(module).twice
    assert not any(path.exists() for path in stored)
    assert anew(3.0) == 6.0 and sum(anew.stats.cache_misses.values()) == 1
