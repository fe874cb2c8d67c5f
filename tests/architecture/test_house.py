"""The rules of the house: which room may import which, how long things grow, what notebooks hold.

Every check is a function that yields the offenders by name. The tests at the end feed each check
something that breaks its rule, so that a check which can no longer fail is noticed.
"""

import ast
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "riskmodel"

# Imports go one way: a room may import itself and the rooms named here.
MAY_IMPORT: dict[str, set[str]] = {
    "core": set(),
    "census": {"core"},
    "hazard": {"core", "census"},
    "loss": {"core", "census", "hazard"},
    "exceedance": {"core", "loss"},
    "cover": {"core", "census", "hazard", "loss", "exceedance"},
    "price": {"core", "census", "hazard", "loss", "exceedance", "cover"},
    "economy": {"core", "census", "hazard", "loss", "exceedance", "cover", "price"},
    "show": {"core"},
    "exchange": {"core"},
}
MAY_IMPORT["run"] = set(MAY_IMPORT)
NO_TOPIC = {"util", "utils", "helper", "helpers", "common", "misc"}

MODULE_LINES, CLASS_LINES, FUNCTION_LINES = 300, 200, 50
CODE_CELLS, CELL_LINES = 25, 8

Function = ast.FunctionDef | ast.AsyncFunctionDef
Check = Callable[[str, str], Iterator[str]]


# --- the package: checks take a path relative to the root, and the source ---------------------


def room_of(path: str) -> str:
    """The room of a module; empty for the modules beside the rooms, like riskmodel/__main__.py."""
    parts = path.split("/")
    return parts[1] if len(parts) > 2 else ""


@cache
def parsed(source: str) -> ast.Module:
    """Syntax tree of a module, made once for all checks, which only read it."""
    return ast.parse(source)


def imported_modules(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything imported, at any depth and by import_module too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            for arg in node.args[:1]:
                if isinstance(arg, ast.Constant):
                    yield node.lineno, str(arg.value)


def wrong_imports(path: str, source: str) -> Iterator[str]:
    room = room_of(path)
    if room and room not in MAY_IMPORT:
        yield f"{path}: no such room as {room}"
        return
    everything = path in {"riskmodel/__main__.py"} or room == "run"
    allowed = set(MAY_IMPORT) if everything else MAY_IMPORT.get(room, set()) | {room}
    for line, name in imported_modules(parsed(source)):
        if name.startswith("."):
            yield f"{path}:{line}: relative import {name}"
        head, _, rest = name.partition(".")
        target = rest.split(".")[0]
        if head == "riskmodel" and target in MAY_IMPORT and target not in allowed:
            yield f"{path}:{line}: {room or 'riskmodel'} must not import {target}"


def too_long(path: str, source: str) -> Iterator[str]:
    if (lines := len(source.splitlines())) > MODULE_LINES:
        yield f"{path}: {lines} lines, at most {MODULE_LINES}"
    for node in ast.walk(parsed(source)):
        if isinstance(node, Function | ast.ClassDef):
            limit = CLASS_LINES if isinstance(node, ast.ClassDef) else FUNCTION_LINES
            if (lines := (node.end_lineno or 0) - node.lineno + 1) > limit:
                yield f"{path}:{node.lineno}: {node.name} has {lines} lines, at most {limit}"


def prints(path: str, source: str) -> Iterator[str]:
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "print":
                yield f"{path}:{node.lineno}: print"


def decorators(node: Function) -> set[str]:
    return {ast.unparse(d).split("(")[0].split(".")[-1] for d in node.decorator_list}


def loose_yaml(path: str, source: str) -> Iterator[str]:
    """A loader that keeps the last of two equal keys in silence, instead of core/yaml_file.py."""
    for node in ast.walk(parsed(source)):
        loads = isinstance(node, ast.Attribute) and node.attr in ("safe_load", "load", "full_load")
        if loads and isinstance(node.value, ast.Name) and node.value.id == "yaml":
            if path != "riskmodel/core/yaml_file.py":
                yield f"{path}:{node.lineno} reads YAML by itself; take core/yaml_file.py"


def unannotated(path: str, source: str) -> Iterator[str]:
    tree = parsed(source)
    in_class = {id(f) for c in ast.walk(tree) if isinstance(c, ast.ClassDef) for f in c.body}
    for node in ast.walk(tree):
        if not isinstance(node, Function):
            continue
        spec = node.args
        args = [*spec.posonlyargs, *spec.args]
        if id(node) in in_class and "staticmethod" not in decorators(node):
            args = args[1:]  # self or cls
        args += [*spec.kwonlyargs, *(a for a in (spec.vararg, spec.kwarg) if a)]
        missing = [a.arg for a in args if a.annotation is None]
        missing += [] if node.returns else ["return"]
        if missing:
            yield f"{path}:{node.lineno}: {node.name} lacks annotations: {', '.join(missing)}"


def undocumented(path: str, source: str) -> Iterator[str]:
    def look(body: list[ast.stmt]) -> Iterator[str]:
        for node in body:
            if not isinstance(node, Function | ast.ClassDef) or node.name.startswith("_"):
                continue
            silent = isinstance(node, Function) and decorators(node) & {"overload", "setter"}
            if not ast.get_docstring(node) and not silent:
                yield f"{path}:{node.lineno}: {node.name} has no docstring"
            if isinstance(node, ast.ClassDef):
                yield from look(node.body)

    yield from look(parsed(source).body)


def without_topic(path: str, source: str) -> Iterator[str]:
    parts = path.removesuffix(".py").split("/")
    if bad := NO_TOPIC.intersection(part.strip("_") for part in parts):
        yield f"{path}: {', '.join(bad)} is no topic; name what happens in it"


# --- tracked files ------------------------------------------------------------------------------


def git(*arguments: str) -> str | None:
    """What git says, or None outside a checkout (an unpacked archive, say)."""
    command = ["git", "-c", "safe.directory=*", *arguments]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.decode("utf-8", errors="replace")


def tracked() -> list[Path]:
    if (listed := git("ls-files", "-z")) is not None:
        return [p for name in listed.split("\0") if name and (p := ROOT / name).is_file()]
    skipped = {".venv", ".git", "outputs", "__pycache__"}
    return [p for p in ROOT.rglob("*") if p.is_file() and not skipped & set(p.parts)]


def machine_paths(path: str, text: str) -> Iterator[str]:
    folders = "|".join(("work", "root", r"home/\w+", r"Users/\w+"))
    for number, line in enumerate(text.splitlines(), start=1):
        if found := re.search(rf"(?<![\w.~}}-])/({folders})/", line):
            yield f"{path}:{number}: {found.group()}"


# --- notebooks: the source is the JSON text -----------------------------------------------------


def cells(text: str, kind: str = "code") -> Iterator[tuple[int, str, set[str], dict]]:
    """Position, source, tags and the cell itself, of the cells of one kind."""
    for number, cell in enumerate(json.loads(text)["cells"], start=1):
        if cell["cell_type"] == kind:
            tags = set(cell.get("metadata", {}).get("tags", []))
            yield number, "".join(cell["source"]).strip(), tags, cell


def with_outputs(path: str, text: str) -> Iterator[str]:
    for number, _, _, cell in cells(text):
        if cell.get("outputs") or cell.get("execution_count") is not None:
            yield f"{path}: cell {number} has outputs; clear them before committing"


def wrong_tags(path: str, text: str) -> Iterator[str]:
    for tag in ("parameters", "results"):
        if (count := sum(tag in tags for _, _, tags, _ in cells(text))) != 1:
            yield f"{path}: {count} cells tagged {tag}, must be 1"
    if any("injected-parameters" in tags for _, _, tags, _ in cells(text)):
        yield f"{path}: holds a cell that papermill injected"


def too_thick(path: str, text: str) -> Iterator[str]:
    code = list(cells(text))
    if len(code) > CODE_CELLS:
        yield f"{path}: {len(code)} code cells, at most {CODE_CELLS}"
    for number, source, tags, _ in code:
        lines = len(source.splitlines())
        if lines > CELL_LINES and "parameters" not in tags:
            yield f"{path}: cell {number} has {lines} lines, at most {CELL_LINES}"


def functions_in_cells(path: str, text: str) -> Iterator[str]:
    for number, source, _, _ in cells(text):
        python = "\n".join(s for s in source.splitlines() if not s.lstrip().startswith(("%", "!")))
        for node in ast.walk(ast.parse(python)):
            if isinstance(node, Function):
                yield f"{path}: cell {number} defines {node.name}; it belongs in riskmodel/"


# --- the tests ----------------------------------------------------------------------------------

PACKAGE_CHECKS: list[Check] = [
    wrong_imports,
    too_long,
    prints,
    loose_yaml,
    unannotated,
    undocumented,
    without_topic,
]
NOTEBOOK_CHECKS: list[Check] = [wrong_tags, too_thick, functions_in_cells]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def report(offenders: list[str]) -> None:
    assert not offenders, "\n" + "\n".join(offenders)


def notebook_files() -> list[Path]:
    found = sorted((ROOT / "notebooks").rglob("*.ipynb"))
    return [p for p in found if ".ipynb_checkpoints" not in p.parts]


@pytest.mark.parametrize("check", PACKAGE_CHECKS)
def test_package_keeps_the_rules(check: Check) -> None:
    files = sorted(PACKAGE.rglob("*.py"))
    assert files, "no package to check"
    report([o for f in files for o in check(relative(f), f.read_text(encoding="utf-8"))])


def test_rooms_are_packages() -> None:
    rooms = {relative(p.parent) for p in PACKAGE.rglob("*.py")}
    bare = sorted(r for r in rooms if not (ROOT / r / "__init__.py").exists())
    report([f"{r}: no __init__.py" for r in bare])


@pytest.mark.parametrize("check", NOTEBOOK_CHECKS)
def test_notebooks_keep_the_rules(check: Check) -> None:
    files = notebook_files()
    report([o for f in files for o in check(relative(f), f.read_text(encoding="utf-8"))])


def test_committed_notebooks_have_no_outputs() -> None:
    """Judged on what git would commit: to have run a notebook in JupyterLab is no offence."""
    offenders = []
    for file in notebook_files():
        text = git("show", f":{relative(file)}")
        offenders += list(with_outputs(relative(file), text)) if text else []
    report(offenders)


def test_tracked_files_hold_no_machine_paths() -> None:
    report(
        [
            o
            for f in tracked()
            for o in machine_paths(relative(f), f.read_bytes().decode("utf-8", errors="replace"))
        ]
    )


# --- and the checks can fail --------------------------------------------------------------------

LONG_BODY = "    x = 1\n" * 60


@pytest.mark.parametrize(
    ("check", "path", "source"),
    [
        (wrong_imports, "riskmodel/core/a.py", "import riskmodel.census.read"),
        (wrong_imports, "riskmodel/core/a.py", "from riskmodel import loss"),
        (wrong_imports, "riskmodel/show/a.py", "def f():\n    from riskmodel.loss.x import y"),
        (wrong_imports, "riskmodel/core/a.py", "import_module('riskmodel.run.cli')"),
        (wrong_imports, "riskmodel/core/a.py", "from . import b"),
        (wrong_imports, "riskmodel/__init__.py", "from riskmodel.run import cli"),
        (wrong_imports, "riskmodel/cellar/a.py", ""),
        (too_long, "riskmodel/core/a.py", "x = 1\n" * 301),
        (too_long, "riskmodel/core/a.py", "def f():\n" + LONG_BODY),
        (too_long, "riskmodel/core/a.py", "class A:\n" + LONG_BODY * 4),
        (prints, "riskmodel/core/a.py", "print(1)"),
        (loose_yaml, "riskmodel/core/a.py", "import yaml\nyaml.safe_load('a: 1')"),
        (unannotated, "riskmodel/core/a.py", "def f(a) -> int: ..."),
        (unannotated, "riskmodel/core/a.py", "def f(a: int): ..."),
        (unannotated, "riskmodel/core/a.py", "class A:\n    def f(self, *b) -> None: ..."),
        (undocumented, "riskmodel/core/a.py", "def f(): ..."),
        (undocumented, "riskmodel/core/a.py", "class A:\n    'A.'\n    def f(self): ..."),
        (without_topic, "riskmodel/core/utils.py", ""),
        (without_topic, "riskmodel/common/a.py", ""),
        (machine_paths, "a.md", "see " + "/".join(("", "work", "main"))),
        (machine_paths, "a.md", "'" + "/".join(("", "root", "x"))),
    ],
)
def test_checks_find_offenders(check: Check, path: str, source: str) -> None:
    found = list(check(path, source))
    assert found
    assert all(path in offender for offender in found)


@pytest.mark.parametrize(
    ("check", "path", "source"),
    [
        (wrong_imports, "riskmodel/run/a.py", "import riskmodel.price.load"),
        (wrong_imports, "riskmodel/core/a.py", "from riskmodel import __version__\nimport numpy"),
        (wrong_imports, "riskmodel/__main__.py", "from riskmodel.run.cli import main"),
        (loose_yaml, "riskmodel/core/a.py", "import yaml\nyaml.safe_dump({})"),
        (unannotated, "riskmodel/core/a.py", "class A:\n    def f(self, b: int) -> None: ..."),
        (undocumented, "riskmodel/core/a.py", "def _f(): ...\nclass _A: ..."),
        (machine_paths, "a.md", "/".join(("docs", "work", "plan.md and 24", "7", "work"))),
    ],
)
def test_checks_leave_good_code_alone(check: Check, path: str, source: str) -> None:
    assert not list(check(path, source))


def notebook(*sources: str, outputs: int = 0, tags: tuple[str, ...] = ()) -> str:
    """A notebook whose cells have these sources; the first ones get the tags, one each."""
    made = [
        {
            "cell_type": "code",
            "source": source,
            "metadata": {"tags": [tags[i]] if i < len(tags) else []},
            "outputs": [{}] * outputs,
            "execution_count": None,
        }
        for i, source in enumerate(sources)
    ]
    return json.dumps({"cells": made})


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (with_outputs, notebook("1", outputs=1)),
        (wrong_tags, notebook("1", tags=("parameters",))),
        (wrong_tags, notebook("1", "2", "3", tags=("parameters", "results", "results"))),
        (wrong_tags, notebook(*"123", tags=("parameters", "results", "injected-parameters"))),
        (too_thick, notebook(*("1",) * 26)),
        (too_thick, notebook("1\n" * 9)),
        (functions_in_cells, notebook("%time\ndef f(): ...")),
    ],
)
def test_notebook_checks_find_offenders(check: Check, text: str) -> None:
    assert list(check("a.ipynb", text))


def test_notebook_checks_leave_a_thin_notebook_alone() -> None:
    text = notebook("a = 1\n" * 20, "%matplotlib inline\na", tags=("parameters", "results"))
    assert not [o for check in (*NOTEBOOK_CHECKS, with_outputs) for o in check("a.ipynb", text)]
