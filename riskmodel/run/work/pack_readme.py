"""What the pack tells its reader first: each file, units, status, how to open and to cite it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from riskmodel.core.messages import Language, message

TEMPLATE = Path(__file__).with_suffix(".md")
FILES: Mapping[str, Mapping[Language, str]] = {
    "maps/aal_total.tif": {
        "zh": "各格年均损失，全部灾种，元/年·格",
        "en": "mean annual loss of each cell, all perils, CNY a year and cell",
    },
    "maps/aal_share.tif": {
        "zh": "各格年均损失与财产价值之比，每年",
        "en": "the same over the value exposed, 1 a year",
    },
    "zones": {
        "zh": "图层 `zones`：县（市、区）的损失曲线、区间和纯保费，元",
        "en": "layer `zones`: curves, intervals and pure premiums of counties, CNY",
    },
    "townships": {
        "zh": "图层 `townships`：乡镇（街道）的损失曲线，元",
        "en": "layer `townships`: curves of townships, CNY",
    },
    "tables": {
        "zh": "同上各图层的属性表，另有 `tiers`（各层保费与各方承担额）和 `figures`（全部数字）",
        "en": "tables of these layers, `tiers` (premiums and payers) and `figures` (every figure)",
    },
    "tables.xlsx": {
        "zh": "上述各表，一表一页，首页为说明",
        "en": "the same tables, a sheet each, with a first sheet that describes them",
    },
    "metadata.json": {
        "zh": "全部参数、软件版本和每个文件的 SHA-256",
        "en": "all params, versions, and the SHA-256 of each file",
    },
}


def readme_text(words: Mapping[str, object], perils: Sequence[str], layers: Sequence[str]) -> str:
    """Text of the pack's README, Chinese and then English.

    Parameters
    ----------
    words : mapping of str to object
        What the template in ``pack_readme.md`` names in braces, but for the lists of files.
    perils : sequence of str
        Perils that have a map of their own.
    layers : sequence of str
        Layers of ``zones.gpkg``.

    Raises
    ------
    KeyError
        If a word of the template is missing.
    """
    lists = {f"files_{code}": _files(perils, layers, code) for code in ("zh", "en")}
    return TEMPLATE.read_text(encoding="utf-8").format(**words, **lists)


def _files(perils: Sequence[str], layers: Sequence[str], language: Language) -> str:
    """Table of the files in one language."""
    said = {name: text[language] for name, text in FILES.items()}
    rows = {"maps/aal_total.tif": said["maps/aal_total.tif"]}
    for peril in perils:
        which = {"zh": "其中：", "en": "of which: "}[language]
        rows[f"maps/aal_{peril}.tif"] = which + message(f"peril.{peril}", language)
    rows["maps/aal_share.tif"] = said["maps/aal_share.tif"]
    rows["zones.gpkg"] = "; ".join(said[layer] for layer in layers)
    rows |= {"tables/*.csv": said["tables"]}
    rows |= {name: said[name] for name in ("tables.xlsx", "metadata.json")}
    head = {"zh": "| 文件 | 内容 |", "en": "| file | what |"}[language]
    return "\n".join([head, "|---|---|", *(f"| `{n}` | {text} |" for n, text in rows.items())])
