"""From what pydantic finds wrong with a programme to one error that names file, entry and key."""

from __future__ import annotations

import re
from typing import Any, NoReturn

from pydantic import ValidationError

from riskmodel.core.errors import ParamError, RiskModelError


def refuse(error: ValidationError, file: str, content: dict[str, Any]) -> NoReturn:
    """Raise the first of pydantic's findings as an error that names file, entry and key."""
    first, others = error.errors()[0], error.error_count() - 1
    place = [file]
    keys = [str(part) for part in first["loc"] if part != "[key]" and not _inner(part)]
    if keys[:1] in (["covers"], ["treaties"]) and len(keys) > 1:
        place.append(_named(content, keys))
        keys = keys[3:]  # covers, position, kind
        if keys[:1] == ["benefits"] and len(keys) > 2:
            keys.pop(2)  # the benefit's kind
        if keys[:1] == ["layers"] and len(keys) > 1:
            keys[:2] = [f"layer number {int(keys[1]) + 1}"]
    cause = first.get("ctx", {}).get("error")
    own = cause if isinstance(cause, RiskModelError) else None
    if own and own.where.startswith(("cover ", "treaty ")):
        place.append(own.where)
    elif parts := [*keys, *([own.where] if own and own.where else [])]:
        place.append(".".join(parts))
    where = ": ".join(place)
    more = f"{others} more to correct after it" if others else ""
    if own:
        remedy = "; ".join(filter(None, [own.remedy, more]))
        raise type(own)(
            own.what, where=where, found=own.found, expected=own.expected, remedy=remedy
        ) from error
    if first["type"] == "missing":
        raise ParamError("a key is missing", where=where, remedy=more) from error
    raise ParamError(
        _plain(first["msg"]), where=where, found=_short(first["input"]), remedy=more
    ) from error


def _inner(part: object) -> bool:
    """Whether a part of pydantic's place is a name of its own, not a key of the file."""
    return str(part).startswith("function-")


def _plain(message: str) -> str:
    """Message in the words of a YAML file."""
    words = {
        "valid tuple": "list", "tuple": "list", " after validation": "",
        "valid dictionary or object to extract fields from": "mapping of keys",
    }  # fmt: skip
    if message.startswith("Unable to extract tag"):
        return "the key kind is missing"
    message = re.sub(r"valid dictionary or instance of \w+", "mapping of keys", message)
    message = re.sub(r"^Input tag ('.*?') found using 'kind' does not match any of",
                     r"kind \1 is none of", message)  # fmt: skip
    for old, new in words.items():
        message = message.replace(old, new)
    return message[0].lower() + message[1:]


def _short(found: Any) -> Any:
    """Keys of a long mapping in place of all that it holds."""
    return f"a mapping of {', '.join(map(str, found))}" if isinstance(found, dict) else found


def _named(content: dict[str, Any], keys: list[str]) -> str:
    """Cover or treaty of some keys by its name, or by its number where it has none."""
    listed, position = content[keys[0]], int(keys[1])
    kind = "cover" if keys[0] == "covers" else "treaty"
    entry = listed[position] if isinstance(listed, list) else None
    name = entry.get(kind) if isinstance(entry, dict) else None
    return f"{kind} {name or f'number {position + 1}'}"
