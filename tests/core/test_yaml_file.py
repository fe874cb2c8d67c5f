"""YAML that people write: one mapping, each key once, refused with the class that is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from riskmodel.core.errors import CensusError, ParamError, RiskModelError
from riskmodel.core.yaml_file import read_mapping


@pytest.mark.parametrize("error", [CensusError, ParamError])
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\na: 2\n", "key .*a.* is written twice.*line 2.*to do: correct"),
        ("a:\n  5: x\n  5.0: y\n", "key 5.0 is written twice.*line 3"),
        ("? {a: 1}\n: 2\n", "unhashable key.*to do: correct"),
        ("a: [1\n", "not readable as YAML.*to do: correct"),
        ("- 1\n", "holds no mapping; found 'list'; expected key: value; to do: write"),
        ("", "holds no mapping"),
    ],
)
def test_bad_text_is_refused(
    error: type[RiskModelError], text: str, told: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.yml"
    path.write_text(text)
    with pytest.raises(error, match=rf"(?s)x\.yml: .*{told}"):
        read_mapping(path, error, missing="look")


def test_a_missing_file_and_one_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(CensusError, match=r"x\.yml: the file does not exist; to do: look"):
        read_mapping(tmp_path / "x.yml", CensusError, missing="look")
    (tmp_path / "x.yml").write_bytes(b"a: \xff")
    with pytest.raises(CensusError, match=r"x\.yml: not readable as YAML.*UTF-8"):
        read_mapping(tmp_path / "x.yml", CensusError, missing="look")


def test_keys_keep_their_kind(tmp_path: Path) -> None:
    path = tmp_path / "x.yml"
    path.write_text("5: a\n'5': 风\nb: {5: 1}\n", encoding="utf-8")
    found = read_mapping(path, ParamError, missing="look")
    assert found == {5: "a", "5": "风", "b": {5: 1}}
