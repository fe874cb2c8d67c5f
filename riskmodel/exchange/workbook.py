"""Tables as sheets of one Excel workbook."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from riskmodel.core.files import whole_file

WIDEST = 60  # characters of a column


def write_workbook(path: Path, sheets: Mapping[str, pd.DataFrame]) -> Path:
    """Write tables as a whole file, one a sheet; headers stay in sight, codes stay text.

    Parameters
    ----------
    path : Path
        File to write, ``.xlsx``.
    sheets : mapping of str to DataFrame
        By name of the sheet.
    """
    with whole_file(path) as temporary:
        with pd.ExcelWriter(temporary, engine="openpyxl") as writer:
            for name, frame in sheets.items():
                frame.to_excel(writer, sheet_name=name, index=False, freeze_panes=(1, 0))
                for column in writer.sheets[name].columns:
                    longest = max(len(str(cell.value or "")) for cell in column)
                    letter = column[0].column_letter
                    writer.sheets[name].column_dimensions[letter].width = min(longest + 2, WIDEST)
    return path
