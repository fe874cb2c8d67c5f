"""The README keeps its promises: folders, rooms, commands, keys and links are what is there.

Each check is a function that returns the offenders by name; the last tests feed it some.
"""

import re
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path
from typing import get_args

import pytest
import typer.main

from riskmodel.census.manifest import Manifest
from riskmodel.census.units import AREAS, COUNTS
from riskmodel.core.money import MULTIPLIERS
from riskmodel.core.status import Status
from riskmodel.run.cli import app

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
OTHER_PLACES = {".git", ".venv", "outputs", "build", "dist", "node_modules"}

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def tracked() -> list[str]:
    """Files of the project by path from the root: those of git, or what lies here without it."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        every = (p.relative_to(ROOT) for p in ROOT.rglob("*") if p.is_file())
        return [p.as_posix() for p in every if not OTHER_PLACES & {*p.parts[:-1]}]
    return [name for name in done.stdout.decode("utf-8").split("\0") if (ROOT / name).is_file()]


def tree(text: str) -> tuple[set[str], set[str]]:
    """Top-level folders and rooms that the README's tree names."""
    block = next(body for kind, body in FENCE.findall(text) if kind == "text")
    lines = re.findall(r"^( *)([\w.-]+)/", block, re.MULTILINE)
    folders = {name for indent, name in lines if not indent}
    return folders, {name for indent, name in lines if indent}


def wrong_tree(text: str, files: list[str]) -> list[str]:
    """Folders and rooms that the tree leaves out, or names although they are not there."""
    parts = [name.split("/") for name in files]
    rooms = {p[1] for p in parts if p[0] == "riskmodel" and len(p) > 2 and p[-1].endswith(".py")}
    found, named = ({p[0] for p in parts if len(p) > 1}, rooms), tree(text)
    offenders = [
        f"{x}/ is not in the tree" for a, b in zip(found, named, strict=True) for x in a - b
    ]
    return offenders + [
        f"{x}/ is not there" for a, b in zip(found, named, strict=True) for x in b - a
    ]


def commands(text: str) -> list[list[str]]:
    """Commands in fenced blocks and in backquotes, as words, without comments and folders."""
    lines = [
        line for kind, body in FENCE.findall(text) if kind != "text" for line in body.splitlines()
    ]
    lines += re.findall(r"`([^`\n]+)`", FENCE.sub("", text))
    steps = (step for line in lines for step in line.split("#")[0].split("&&"))
    found = [step.split() for step in steps if step.strip()]
    return [[re.split(r"[/\\]", first)[-1], *rest] for first, *rest in found]


def unknown_commands(text: str) -> list[str]:
    """Make targets, subcommands of `riskmodel` and input files that do not exist."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):(?!=)", makefile, re.MULTILINE))
    known = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    offenders = []
    for program, *words in commands(text):
        plain = [word for word in words if "=" not in word and not word.startswith("-")]
        if program == "make" and (bad := set(plain) - targets):
            offenders += [f"make {target}" for target in bad]
        if program == "riskmodel" and plain and plain[0] not in known:
            offenders.append(f"riskmodel {plain[0]}")
        inputs = [
            w.split("=")[-1] for w in words if re.search(r"(params|notebooks)/[\w/]+\.\w+$", w)
        ]
        offenders += [
            f"{program}: {w}" for w in inputs if "outputs/" not in w and not (ROOT / w).is_file()
        ]
    return offenders


def anchor(heading: str) -> str:
    """Anchor that a page of the repository gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def dead_links(page: Path, text: str) -> list[str]:
    """Relative links of a page that lead nowhere."""
    offenders = []
    for link in LINK.findall(FENCE.sub("", text)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, part = link.partition("#")
        target = (page.parent / name) if name else page
        if not target.exists():
            offenders.append(f"{page.relative_to(ROOT)}: {link}")
        elif part and part not in map(anchor, HEADING.findall(target.read_text(encoding="utf-8"))):
            offenders.append(f"{page.relative_to(ROOT)}: {link}, no such heading")
    return offenders


def pages() -> list[Path]:
    return [ROOT / name for name in tracked() if name.endswith(".md")]


def without_source(text: str, files: list[str]) -> list[str]:
    """Data files that no row of the table of sources names."""
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    patterns = [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
    data = [
        n.removeprefix("data/") for n in files if n.startswith("data/") and not n.endswith(".md")
    ]
    return [name for name in data if not any(fnmatchcase(name, p) for p in patterns)]


def test_tree_names_every_folder_and_room_and_no_other() -> None:
    assert not wrong_tree(README, tracked())


def test_commands_exist() -> None:
    found = [" ".join(words[:2]) for words in commands(README)]
    assert {"make run", "make test", "make lab", "riskmodel run", "riskmodel verify"} <= set(found)
    assert not unknown_commands(README)


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_relative_links_resolve(page: Path) -> None:
    assert not dead_links(page, page.read_text(encoding="utf-8"))


def test_pictures_have_a_text() -> None:
    found = re.findall(r"!\[([^\]]*)\]", README)
    assert found
    assert all(len(text) > 20 for text in found)


@pytest.mark.parametrize(
    "name", [*Manifest.model_fields, *MULTIPLIERS, *COUNTS, *AREAS, *get_args(Status)]
)
def test_own_census_is_told_every_key_unit_and_status(name: str) -> None:
    section = README.split("## Your own census")[1].split("\n## ")[0]
    assert re.search(rf"\b{re.escape(name)}\b", section), name


def test_every_data_file_has_a_source() -> None:
    text = (ROOT / "data" / "SOURCES.md").read_text(encoding="utf-8")
    assert not without_source(text, tracked())


# --- and the checks can fail --------------------------------------------------------------------

SMALL = "```text\nriskmodel/  x\n  core/  x\n```\n"


@pytest.mark.parametrize(
    ("files", "offender"),
    [
        (["riskmodel/core/a.py", "cellar/a.py"], "cellar/ is not in the tree"),
        (["riskmodel/core/a.py", "riskmodel/attic/a.py"], "attic/ is not in the tree"),
        (["riskmodel/a.py"], "core/ is not there"),
    ],
)
def test_tree_check_finds_offenders(files: list[str], offender: str) -> None:
    assert wrong_tree(SMALL, files) == [offender]


def test_tree_check_leaves_a_true_tree_alone() -> None:
    assert not wrong_tree(SMALL, ["riskmodel/core/a.py", "riskmodel/a.py", "README.md"])


@pytest.mark.parametrize(
    "text",
    [
        "`make haste`",
        "`riskmodel dance`",
        "```sh\ncd x && .venv/bin/riskmodel dance  # now\n```\n",
        "```bat\n.venv\\Scripts\\riskmodel dance\n```\n",
        "`make run PARAMS=params/nowhere.yml`",
        "`papermill notebooks/99_nowhere.ipynb outputs/x.ipynb`",
    ],
)
def test_command_check_finds_offenders(text: str) -> None:
    assert len(unknown_commands(text)) == 1


def test_link_check_finds_offenders() -> None:
    text = "[a](nowhere.md) [b](README.md#nowhere) ![c](docs/nowhere.png) [d](https://x.cn/nowhere)"
    assert len(dead_links(ROOT / "README.md", text)) == 3


def test_source_check_finds_offenders() -> None:
    text = "| `demo/*.tif`, `a.yml` | `b.yml` |\n"
    assert without_source(text, ["data/demo/x.tif", "data/a.yml", "data/b.yml"]) == ["b.yml"]
