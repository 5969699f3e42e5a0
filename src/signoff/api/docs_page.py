"""The page `/docs`: the description of the API as plain HTML. No script, and nothing from another host."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from html import escape
from typing import Any

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1c2733 }
h2 { margin-top: 2.5rem; border-bottom: 1px solid #d5dce3 }
summary { cursor: pointer; padding: .3rem 0 }
code, pre { font: 14px/1.45 ui-monospace, monospace }
pre { background: #f3f5f7; padding: .8rem; overflow-x: auto }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; vertical-align: top; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid #e6eaee }
.method { display: inline-block; min-width: 3.5rem; font-weight: 600 }
"""

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    f"style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'"
)


def render_docs(schema: Mapping[str, Any]) -> str:
    """The whole page, made from the OpenAPI description."""
    info = schema["info"]
    title = f"{info['title']} {info['version']}"
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style></head>',
            f"<body><h1>{escape(title)}</h1><p>{escape(info['description'])}</p>",
            '<p>For programs: <a href="/openapi.json">/openapi.json</a></p>',
            *_sections(schema),
            "</body></html>",
        ]
    )


def _sections(schema: Mapping[str, Any]) -> Iterator[str]:
    tags: dict[str, list[str]] = {}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            tags.setdefault(operation["tags"][0], []).append(_operation(method, path, operation))
    for tag, rendered in tags.items():
        yield f"<h2>{escape(tag)}</h2>"
        yield from rendered
    yield "<h2>Shapes</h2>"
    for name, shape in sorted(schema["components"]["schemas"].items()):
        yield f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary>{_json(shape)}</details>'


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    summary = f'<span class="method">{method.upper()}</span> <code>{escape(path)}</code> {escape(operation["summary"])}'
    parts = [_parameters(operation.get("parameters", []))]
    if "requestBody" in operation:
        parts.append(f"<h3>Body</h3>{_contents(operation['requestBody']['content'])}")
    parts.append("<h3>Answers</h3><table>")
    for status, answer in operation["responses"].items():
        names = f"{escape(answer['description'])} {_contents(answer.get('content', {}))}"
        parts.append(f"<tr><td><code>{escape(status)}</code></td><td>{names}</td></tr>")
    identity = escape(operation["operationId"])
    return f'<details id="{identity}"><summary>{summary}</summary>{"".join(parts)}</table></details>'


def _parameters(parameters: list[Mapping[str, Any]]) -> str:
    rows = [
        f"<tr><td><code>{escape(one['name'])}</code> in {escape(one['in'])}</td>"
        f"<td>{escape(one.get('description', ''))} {_json(one['schema'])}</td></tr>"
        for one in parameters
    ]
    return f"<h3>Parameters</h3><table>{''.join(rows)}</table>" if rows else ""


def _contents(contents: Mapping[str, Any]) -> str:
    return "".join(f"<code>{escape(kind)}</code> {_shape(content['schema'])}" for kind, content in contents.items())


def _shape(shape: Mapping[str, Any]) -> str:
    if "$ref" in shape:
        name = shape["$ref"].rsplit("/", 1)[-1]
        return f'<a href="#{escape(name)}">{escape(name)}</a>'
    return _json(shape)


def _json(value: Any) -> str:
    return f"<pre>{escape(json.dumps(value, indent=2, ensure_ascii=False))}</pre>"
