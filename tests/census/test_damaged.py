"""Files damaged at random, by a fixed seed: whatever is found, it is a finding and no traceback."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from riskmodel.census.draft import draft_manifest
from riskmodel.census.read import examine
from tests.census.conftest import Draft
from tests.census.test_malformed import both, zipped, zones


def damaged(content: bytes, draw: np.random.Generator) -> bytes:
    """Cut the end off, or overwrite some bytes."""
    if draw.random() < 0.4:
        return content[: draw.integers(len(content))]
    new = np.frombuffer(content, np.uint8).copy()
    places = draw.integers(new.size, size=draw.choice([1, 3, 20]))
    new[places] = draw.integers(256, size=places.size)
    return new.tobytes()


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.filterwarnings("ignore")
def test_damage_is_told_and_never_crashes(seed: int, draft: Draft, tmp_path: Path) -> None:
    draw = np.random.default_rng(seed)
    folder = draft.write(tmp_path)
    (both(zones(), zipped("{}")) if seed % 2 else zones())(folder)
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    path = files[draw.integers(len(files))]
    path.write_bytes(damaged(path.read_bytes(), draw))
    for one in examine(folder).findings:
        assert one.line("zh")
        assert one.record()["remedy_en"]
    assert "hazard" in draft_manifest(folder)
