"""Each notebook declares every params key and opens its run first, under its own name."""

import ast
import json
from pathlib import Path

import pytest

from riskmodel.run.folder import PLACES
from riskmodel.run.params import top_level_keys

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def code_cells(path: Path) -> list[tuple[str, list[str]]]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [
        ("".join(c["source"]), c["metadata"].get("tags", []))
        for c in cells
        if c["cell_type"] == "code"
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_parameters_cell_comes_first_and_declares_every_key(path: Path) -> None:
    source, tags = code_cells(path)[0]
    assert "parameters" in tags
    assigned = {
        target.id: node.value
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert set(assigned) == {*top_level_keys(), *PLACES}
    values = {name: ast.literal_eval(value) for name, value in assigned.items()}
    assert values.pop("params_file") == "params/wenzhou.yml"
    assert set(values.values()) == {None}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_run_is_opened_before_anything_heavy_is_imported(path: Path) -> None:
    source, _ = code_cells(path)[1]
    body = ast.parse(source).body
    imports = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(node) for node in imports] == ["from riskmodel.run.folder import open_run"]
    assert f'open_run(globals(), "{path.stem}")' in source.replace("'", '"')
