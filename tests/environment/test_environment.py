"""pyproject.toml, the two locks and environment.yml say the same thing."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-nohash.lock")
# What the users asked for by name. The list is fixed: it changes only when they ask again.
SEVEN = ("jupyterlab", "xarray", "scipy", "statsmodels", "plotly", "papermill", "pytest")


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def environment() -> dict:
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def pip_section() -> list[str]:
    sections = [d["pip"] for d in environment()["dependencies"] if isinstance(d, dict)]
    assert len(sections) == 1, "environment.yml must have one pip section"
    return sections[0]


def conda_packages() -> dict[str, str]:
    """Name to version constraint of the entries outside the pip section."""
    specs = [d for d in environment()["dependencies"] if isinstance(d, str)]
    found = (re.fullmatch(r"([\w.-]+)[ =<>!~]*(.*)", s) for s in specs)
    return {m[1]: m[2] for m in found if m}


def pip_requirements() -> list[Requirement]:
    return [Requirement(line) for line in pip_section() if not line.startswith("-")]


def pins(lock: str) -> list[Requirement]:
    """The requirements of a lock, without its comments, hashes and continuations."""
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    return [Requirement(s.rstrip(" \\")) for s in lines if s and not s.startswith((" ", "#"))]


def locked() -> dict[str, set[str]]:
    """Name to locked versions: one, or one for each range of Pythons."""
    found: dict[str, set[str]] = {}
    for pin in pins(LOCKS[0]):
        (spec,) = pin.specifier
        found.setdefault(canonicalize_name(pin.name), set()).add(spec.version)
    return found


def test_environment_has_the_keys_conda_reads() -> None:
    env = environment()
    assert set(env) == {"name", "channels", "dependencies"}
    assert env["name"] == "riskmodel"
    assert "pip" in conda_packages(), "conda wants pip itself named beside a pip section"


def test_conda_python_is_inside_requires_python() -> None:
    python = Version(conda_packages()["python"])
    assert SpecifierSet(project()["requires-python"]).contains(Version(f"{python}.99"))


def test_running_python_is_inside_requires_python() -> None:
    running = ".".join(map(str, sys.version_info[:3]))
    assert SpecifierSet(project()["requires-python"]).contains(running)


@pytest.mark.parametrize("name", SEVEN)
def test_environment_names_what_the_users_asked_for(name: str) -> None:
    named = {canonicalize_name(r.name) for r in pip_requirements()} | set(conda_packages())
    assert name in named


@pytest.mark.parametrize("name", SEVEN)
def test_project_depends_on_what_the_users_asked_for(name: str) -> None:
    declared = project()["dependencies"] + project()["optional-dependencies"]["test"]
    assert name in {canonicalize_name(Requirement(d).name) for d in declared}


def test_environment_installs_the_lock_and_the_checkout() -> None:
    assert "-r requirements-nohash.lock" in pip_section()
    assert "-e ." in pip_section()


def test_both_locks_hold_the_same_pins() -> None:
    hashed, plain = (sorted(map(str, pins(lock))) for lock in LOCKS)
    assert hashed == plain
    assert len(hashed) == len(set(hashed))


def test_one_lock_has_a_hash_for_each_pin_and_the_other_none() -> None:
    hashed, plain = ((ROOT / lock).read_text(encoding="utf-8") for lock in LOCKS)
    blocks = re.split(r"\n(?=[^ #\n])", hashed)
    bare = [b.split(" ")[0] for b in blocks if not b.startswith("#") and "--hash=sha256:" not in b]
    assert not bare
    assert "--hash" not in plain


def test_every_dependency_is_locked_at_a_version_it_allows() -> None:
    versions = locked()
    declared = project()["dependencies"] + project()["optional-dependencies"]["test"]
    offenders = [
        d
        for d in declared
        if not (found := versions.get(canonicalize_name(Requirement(d).name)))
        or not all(Requirement(d).specifier.contains(v) for v in found)
    ]
    assert not offenders, f"run `make lock`: {offenders}"


def test_every_pin_is_exact() -> None:
    assert not [str(p) for p in pins(LOCKS[0]) if [s.operator for s in p.specifier] != ["=="]]


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_hold_no_address(lock: str) -> None:
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    assert not [s for s in lines if "://" in s or "index-url" in s or "find-links" in s]


def test_environment_names_no_version_outside_the_lock() -> None:
    versions = locked()
    offenders = [
        str(r)
        for r in pip_requirements()
        if not all(r.specifier.contains(v) for v in versions.get(canonicalize_name(r.name), ()))
        or canonicalize_name(r.name) not in versions
    ]
    offenders += [n for n, v in conda_packages().items() if v and n != "python"]
    assert not offenders


@pytest.mark.slow
@pytest.mark.skipif(os.environ.get("RISKMODEL_SLOW") != "1", reason="RISKMODEL_SLOW is not 1")
def test_pip_section_installs_into_a_fresh_environment(tmp_path: Path) -> None:
    """Conda hands its pip section to pip as one file beside environment.yml; so do we."""
    section = ROOT / f"condaenv.{os.getpid()}.requirements.txt"
    section.write_text("\n".join(pip_section()) + "\n", encoding="utf-8")
    python = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    try:
        subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", section], check=True, cwd=ROOT)
    finally:
        section.unlink()
    subprocess.run([python, "-m", "pip", "check"], check=True)
    probe = f"import riskmodel, {', '.join(SEVEN)}"
    subprocess.run([python, "-c", probe], check=True, cwd=tmp_path)
