"""What one notebook hands to the next: NetCDF files under ``stages/``, opened lazily."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from riskmodel.core.errors import StageError
from riskmodel.run.folder import Run

if TYPE_CHECKING:
    import xarray as xr

# Which notebook makes which stage.
MADE_BY = {
    "catalogue": "02_hazard",
    "fidelity": "02_hazard",
    "occurrence_table": "03_exceedance",
    "model_set": "03_exceedance",
    "exceedance": "03_exceedance",
    "references": "03_exceedance",
    "townships": "03_exceedance",
    "ledger": "04_tiers",
    "macro_ratio": "05_ratio",
}


def save_stage(run: Run, name: str, data: xr.Dataset | xr.DataTree) -> Path:
    """Write a stage as a whole file.

    Raises
    ------
    StageError
        If the stage is not in the list, or belongs to another notebook.
    """
    from riskmodel.core.files import write_dataset

    path = _path(run, name)
    if MADE_BY[name] != run.notebook:
        raise StageError(
            "a stage is written by another notebook",
            where=name,
            found=run.notebook,
            expected=MADE_BY[name],
            remedy="write it there, or change the list in riskmodel/run/stages.py",
        )
    return write_dataset(path, data)


def open_stage(run: Run, name: str) -> xr.Dataset:
    """Open a stage; values are read when they are used.

    Raises
    ------
    StageError
        If it is missing, naming the notebook to run first.
    """
    import xarray as xr

    return xr.open_dataset(_existing(run, name), engine="netcdf4")


def load_stage_tree(run: Run, name: str) -> xr.DataTree:
    """Read a stage that holds a DataTree into memory, and close its file.

    A tree left open has a handle for each group, closed when Python happens to collect it; that
    has crashed the HDF5 library while another file was being opened.

    Raises
    ------
    StageError
        If it is missing, naming the notebook to run first.
    """
    import xarray as xr

    from riskmodel.core.files import read_once

    with read_once(), xr.open_datatree(_existing(run, name), engine="netcdf4") as tree:
        return tree.load()


def _path(run: Run, name: str) -> Path:
    if name not in MADE_BY:
        raise StageError(
            "an unknown stage",
            where=run.notebook,
            found=name,
            expected=f"one of {', '.join(MADE_BY)}",
            remedy="add it to the list in riskmodel/run/stages.py",
        )
    return run.folder.stages / f"{name}.nc"


def _existing(run: Run, name: str) -> Path:
    path = _path(run, name)
    if not path.is_file():
        raise StageError(
            "the stage does not exist yet",
            where=f"{run.notebook}, stage {name}",
            found=f"no {path.name} in stages/ of run {run.params.run}",
            remedy=f"run notebooks/{MADE_BY[name]}.ipynb first, with the same params",
        )
    return path
