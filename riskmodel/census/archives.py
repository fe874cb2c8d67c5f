"""Zip files of a census, read in place: nothing is unpacked, and none may reach outside."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

from riskmodel.census.finding import Finding, FoundError

MOST_BYTES = 2_000_000_000  # of what an archive unpacks to
SHAPES = (".shp", ".gpkg", ".geojson")


def archive_parts(path: Path) -> list[str]:
    """Names in an archive, once its paths and sizes are known to be harmless.

    Raises
    ------
    FoundError
        If it is damaged, locked by a password, names a path outside its folder, or unpacks to more
        than is taken in.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise FoundError(Finding("file_unreadable", path.name, found=str(error))) from error
    if locked := [part.filename for part in parts if part.flag_bits & 1]:
        raise FoundError(Finding("archive_locked", path.name, found=locked[:3]))
    for part in parts:
        name = PurePosixPath(part.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts:
            raise FoundError(Finding("zip_path_outside", path.name, found=part.filename))
    size = sum(part.file_size for part in parts)
    if size > MOST_BYTES:
        found, expected = f"{size:,} bytes", f"at most {MOST_BYTES:,}"
        raise FoundError(Finding("too_large", path.name, found=found, expected=expected))
    return [part.filename for part in parts]


def left_by_macos(name: str) -> bool:
    """Whether a part of an archive only holds attributes that macOS adds to it."""
    return any(part == "__MACOSX" or part.startswith("._") for part in PurePosixPath(name).parts)


def vector_source(path: Path) -> str:
    """GDAL's name of a vector file, also inside an archive and in a folder of it.

    Raises
    ------
    FoundError
        As `archive_parts` does.
    """
    if path.suffix.lower() != ".zip":
        return str(path)
    inside = [PurePosixPath(name) for name in archive_parts(path) if not left_by_macos(name)]
    folders = {one.parent for one in inside if one.suffix.lower() in SHAPES}
    folders |= {p for one in inside for p in one.parents if p.suffix.lower() == ".gdb"}
    if not folders:
        found = [str(one) for one in inside[:5]]
        raise FoundError(Finding("archive_without_features", path.name, found=found))
    deep = next(iter(sorted(folders, key=str)), PurePosixPath("."))
    return f"/vsizip/{path}" if str(deep) == "." else f"/vsizip/{path}/{deep}"
