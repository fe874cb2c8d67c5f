"""What pydantic found wrong, said for the person who wrote the file: one error, all keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from riskmodel.core.errors import ParamError

Schema = dict[str, Any]
KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "null": "null",
}


def refuse(error: ValidationError, model: type[BaseModel], where: str) -> ParamError:
    """One ParamError that lists each offending key with value, allowed range and remedy."""
    schema = _schema(model)
    details = error.errors(include_url=False)
    inside = {detail["loc"][:-1] for detail in details}
    told = [d for d in details if not d["loc"] or d["loc"] not in inside]
    lines = [f"  {_complaint(detail, schema)}" for detail in told]
    count = f"{len(lines)} key{' is' if len(lines) == 1 else 's are'} refused"
    return ParamError(count + "\n" + "\n".join(lines), where=where)


def unknown_key(key: str, found: object, known: list[str]) -> str:
    """Complaint about one unknown dotted key: its value and the closest key that exists."""
    section, _, last = re.sub(r"\[\d+\]", "[]", key).rpartition(".")
    siblings = [k.rpartition(".")[2] for k in known if k.rpartition(".")[0] == section]
    here = key.removesuffix(last)
    near = [here + match for match in get_close_matches(last, siblings, 1, 0.6)]
    near = near or [k for k in known if k.rpartition(".")[2] == last and k != key][:1]
    near = near or ([] if siblings else get_close_matches(key, known, 1, 0.75))
    remedy = f"did you mean {near[0]}?" if near else "remove it"
    if not near and siblings:
        remedy += f" (known here: {', '.join(siblings)})"
    return f"{key}: unknown key; found {_short(found)}; to do: {remedy}"


def dotted_keys(model: type[BaseModel]) -> list[str]:
    """All keys of a model, sections and leaves, dotted."""
    schema = _schema(model)
    return list(_walk(schema, schema, ""))


@cache
def _schema(model: type[BaseModel]) -> Schema:
    return model.model_json_schema()


def _walk(node: Schema, schema: Schema, prefix: str) -> Iterator[str]:
    for name, child in _resolve(node, schema).get("properties", {}).items():
        yield prefix + name
        child = _resolve(child, schema)
        if "items" in child:
            yield from _walk(child["items"], schema, f"{prefix}{name}[].")
        yield from _walk(child, schema, f"{prefix}{name}.")


def _complaint(detail: ErrorDetails, schema: Schema) -> str:
    key = _dotted(detail["loc"])
    found = _short(detail["input"])
    if detail["type"] == "extra_forbidden":
        return unknown_key(key, detail["input"], list(_walk(schema, schema, "")))
    if detail["type"] == "value_error":
        expected = str(detail.get("ctx", {}).get("error", detail["msg"]))
        if not key:
            return f"sections do not agree; expected {expected}; to do: change one of them"
        return f"{key}: found {found}; expected {expected}; to do: change it"
    node = _at(detail["loc"], schema)
    expected = _describe(node, schema) if node else detail["msg"]
    if detail["type"] == "missing":
        return f"{key}: missing; expected {expected}; to do: add it"
    remedy = "change it"
    if isinstance(detail["input"], str) and _reads_as_number(detail["input"]):
        remedy = "write the number without quotes (1.0e-3, not 1e-3)"
    return f"{key}: found {found}; expected {expected}; to do: {remedy}"


def _dotted(loc: tuple[int | str, ...]) -> str:
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _resolve(node: Schema, schema: Schema) -> Schema:
    if "$ref" in node:
        return schema["$defs"][node["$ref"].rpartition("/")[2]]
    return node


def _at(loc: tuple[int | str, ...], schema: Schema) -> Schema | None:
    node = schema
    for part in loc:
        node = _resolve(node, schema)
        if isinstance(part, int):
            node = node.get("items", {})
        else:
            node = node.get("properties", {}).get(part, {})
        if not node:
            return None
    return node


def _describe(node: Schema, schema: Schema) -> str:
    node = _resolve(node, schema)
    note = f" ({node['description']})" if "description" in node and "type" in node else ""
    if "anyOf" in node:
        return " or ".join(_describe(option, schema) for option in node["anyOf"])
    if "enum" in node:
        return f"one of {', '.join(map(str, node['enum']))}"
    if "const" in node:
        return f"{node['const']} (the only choice so far)"
    if node.get("type") == "object":
        keys = ", ".join(node.get("properties", {}))
        return f"a section with {keys}" if keys else f"a mapping{note}"
    if node.get("type") == "array":
        return f"a list, each {_describe(node.get('items', {}), schema)}"
    return KINDS.get(node.get("type", ""), "a value") + _range(node) + note


def _range(node: Schema) -> str:
    parts = [
        f"{word} {node[bound]:,}".removesuffix(".0")
        for bound, word in (
            ("minimum", "from"),
            ("exclusiveMinimum", "above"),
            ("maximum", "to"),
            ("exclusiveMaximum", "below"),
        )
        if bound in node
    ]
    if "maxLength" in node:
        parts.append(f"of {node.get('minLength', 0)} to {node['maxLength']} characters")
    return "".join(f" {part}" for part in parts)


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _short(value: object) -> str:
    text = repr(value)
    if isinstance(value, Mapping) and (len(text) > 80 or not value):
        return f"a section with {', '.join(map(str, value)) or 'nothing'}"
    return text if len(text) <= 80 else text[:77] + "..."
