"""One table of every name, title and axis that a reader sees, in Chinese and in English.

The table is ``messages.yml`` beside this module: one dotted key a line, each with ``zh`` and
``en``. Figures, tables and reports take their words from here, so that a term is translated once.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Literal, get_args

from riskmodel.core.errors import SchemaError
from riskmodel.core.yaml_file import read_mapping

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


@cache
def message_table() -> Mapping[str, Mapping[str, str]]:
    """Return the whole table: key → language → text.

    Raises
    ------
    SchemaError
        If a key is there twice, or an entry lacks a language or has one too many.
    """
    path = Path(__file__).with_name("messages.yml")
    table: dict[str, dict[str, str]] = read_mapping(path, SchemaError, missing="reinstall")
    for key, entry in table.items():
        if set(entry) != set(LANGUAGES) or not all(isinstance(t, str) for t in entry.values()):
            raise SchemaError(
                "a message needs one text in each language",
                where=f"messages.yml {key}",
                found=entry,
                expected=LANGUAGES,
                remedy="write the missing text",
            )
    return table


def placeholders(text: str) -> set[str]:
    """Names in braces that a text wants filled.

    Examples
    --------
    >>> placeholders("{years}-year loss")
    {'years'}
    """
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def has_message(key: str) -> bool:
    """Whether the table knows a key."""
    return key in message_table()


def message(key: str, language: str, **values: object) -> str:
    """Text of a key in one language, its placeholders filled.

    Parameters
    ----------
    key : str
        Dotted key, such as ``"peril.typhoon_wind"``.
    language : {"zh", "en"}
        Language of the text.
    **values
        Exactly the placeholders that the text names.

    Raises
    ------
    SchemaError
        If the key or language is unknown, or the values are not the placeholders.

    Examples
    --------
    >>> message("peril.typhoon_wind", "en")
    'Typhoon wind'
    """
    table = message_table()
    if key not in table:
        raise SchemaError(
            "unknown message key",
            where="messages.yml",
            found=key,
            expected="a key of the table",
            remedy="add it with its zh and en texts",
        )
    if language not in LANGUAGES:
        raise SchemaError(
            "unknown language",
            where=key,
            found=language,
            expected=LANGUAGES,
            remedy="choose one of these in the params file",
        )
    text = table[key][language]
    wanted = placeholders(text)
    if wanted != set(values):
        raise SchemaError(
            "the values do not fit the placeholders",
            where=f"messages.yml {key}",
            found=sorted(values),
            expected=sorted(wanted),
            remedy="give exactly these values",
        )
    return text.format(**values)


def names(prefix: str, language: str) -> dict[str, str]:
    """Texts of all keys directly below a prefix, in the order of the table.

    Raises
    ------
    SchemaError
        If no key starts with the prefix, or the language is unknown.

    Examples
    --------
    >>> names("tier", "en")["N"]
    'Tier N: special covers'
    """
    start = f"{prefix}."
    found = {
        key.removeprefix(start): message(key, language)
        for key in message_table()
        if key.startswith(start) and "." not in key.removeprefix(start)
    }
    if not found:
        raise SchemaError(
            "unknown message prefix",
            where="messages.yml",
            found=prefix,
            expected="the first part of some keys",
            remedy="add the keys with their zh and en texts",
        )
    return found
