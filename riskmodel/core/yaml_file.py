"""Read YAML files that people write: each key once, one mapping a file."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from riskmodel.core.errors import RiskModelError


class _OneOfEach(yaml.SafeLoader):
    """A loader that refuses a key written twice; YAML would keep the last in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                continue  # refused below
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"key {key!r} is written twice", problem_mark=key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def read_mapping(path: Path, error: type[RiskModelError], *, missing: str) -> dict[Any, Any]:
    """Return the mapping that a YAML file holds, each key of it written once.

    Parameters
    ----------
    path : Path
        File in UTF-8.
    error : class
        What is raised.
    missing : str
        What the reader can do where the file is missing.

    Raises
    ------
    RiskModelError
        Of the class `error`, if the file is missing, is not YAML, holds a key twice, or is no
        mapping.
    """
    if not path.is_file():
        raise error("the file does not exist", where=str(path), remedy=missing)
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_OneOfEach)
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        raise error(
            "not readable as YAML", where=str(path), found=str(fault),
            expected="YAML in UTF-8, each key once", remedy="correct the file at the stated line",
        ) from None  # fmt: skip
    if not isinstance(content, dict):
        raise error(
            "holds no mapping", where=str(path), found=type(content).__name__,
            expected="key: value", remedy="write a key and a colon before every value",
        )  # fmt: skip
    return content
