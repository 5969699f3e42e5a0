"""`http.md`: routes, bodies, answers and refusals, from the API's description of itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from signoff.api.server import create_app
from signoff.app.world import World

from .markdown import code, page, table

Schema = Mapping[str, Any]


def http_page() -> str:
    api = description()
    return page(
        "HTTP",
        _unwrapped(api["info"]["description"]),
        "The codes are explained in [error codes](errors.md). Properties that are not named here are refused. A "
        "running server describes itself at `/openapi.json` and, for people, at `/docs`.",
        "## Routes",
        table(("route", "what it does"), _overview(api)),
        *(_route(*one) for one in operations(api)),
        "## Shapes",
        *(_shape(name, schema) for name, schema in sorted(api["components"]["schemas"].items())),
    )


def description() -> dict[str, Any]:
    # Describing needs no ledger: the world is only handed on to routes that are never called.
    return create_app(cast("World", None), version="0", database="sqlite", host="127.0.0.1").openapi()


def operations(api: Schema) -> Iterator[tuple[str, str, Schema]]:
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _overview(api: Schema) -> Iterator[tuple[str, ...]]:
    for method, path, operation in operations(api):
        title = f"{method} {path}"
        yield f"[{code(title)}](#{_anchor(title)})", operation["summary"]


def _anchor(title: str) -> str:
    return "".join(c for c in title.lower().replace(" ", "-") if c.isalnum() or c in "-_")


def _route(method: str, path: str, operation: Schema) -> str:
    parts = [f"### {method} {path}", f"{operation['summary']}. {_unwrapped(operation.get('description', ''))}".strip()]
    if operation.get("parameters"):
        parts.append(table(("parameter", "in", "type", "meaning"), map(_parameter, operation["parameters"])))
    if "requestBody" in operation:
        parts.append(f"Body: {_content(operation['requestBody'])}")
    parts.append(table(("status", "answer"), _answers(operation["responses"])))
    return "\n\n".join(parts)


def _parameter(parameter: Schema) -> tuple[str, ...]:
    schema = parameter["schema"]
    needed = " (required)" if parameter.get("required") and parameter["in"] != "path" else ""
    default = f"; {code(str(schema['default']))} without it" if schema.get("default") is not None else ""
    meaning = parameter.get("description", schema.get("description", ""))
    return code(parameter["name"]), parameter["in"] + needed, kind_of(schema) + default, meaning


def _answers(responses: Schema) -> Iterator[tuple[str, str]]:
    for status, answer in sorted(responses.items()):
        yield status, _content(answer) if int(status) < 300 else answer["description"]


def _content(carrier: Schema) -> str:
    ((media_type, content),) = carrier["content"].items()
    shown = kind_of(content["schema"])
    if media_type == "application/json":
        return shown
    if "properties" not in content["schema"]:
        return code(media_type)
    return f"{code(media_type)}, a line each: {_inline(content['schema'])}"


def _shape(name: str, schema: Schema) -> str:
    parts = [f"### {name}", _unwrapped(schema.get("description", ""))]
    if "properties" in schema:
        parts.append(table(("member", "type", "needed", "meaning"), _members(schema)))
    else:
        parts.append(kind_of(schema))
    return "\n\n".join(part for part in parts if part)


def _members(schema: Schema) -> Iterator[tuple[str, ...]]:
    for name, member in schema["properties"].items():
        needed = "yes" if name in schema.get("required", ()) else ""
        yield code(name), kind_of(member), needed, member.get("description", "")


def kind_of(schema: Schema) -> str:
    """A schema in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(kind_of(one) for one in schema[several])
    if "const" in schema:
        return code(str(schema["const"]))
    if "enum" in schema:
        return ", ".join(code(str(value)) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"array of {kind_of(schema.get('items', {}))}"
    if "properties" in schema:
        return _inline(schema)
    if isinstance(schema.get("additionalProperties"), dict):
        return f"object of {kind_of(schema['additionalProperties'])}"
    return f"{schema.get('type', 'any JSON value')}{_bounds(schema)}"


def _inline(schema: Schema) -> str:
    needed = schema.get("required", ())
    members = (
        f"{code(name + ('' if name in needed else '?'))} {kind_of(one)}" for name, one in schema["properties"].items()
    )
    return "object {" + "; ".join(members) + "}"


def _bounds(schema: Schema) -> str:
    low = schema.get("minimum", schema.get("minLength"))
    high = schema.get("maximum", schema.get("maxLength"))
    unit = " characters" if schema.get("type") == "string" else ""
    bounds = (
        "" if low is None and high is None else f", {'' if low is None else low}..{'' if high is None else high}{unit}"
    )
    return bounds + (f", {code(schema['pattern'])}" if "pattern" in schema else "")


def _unwrapped(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.strip().split("\n\n"))
