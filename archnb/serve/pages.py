"""The pages of the service: its documentation and the development tokens, in plain HTML, with nothing from elsewhere."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from archnb.serve.people import People

Json = Any
_STYLE = """
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2.2rem;border-top:1px solid #8886;padding-top:1rem}
code,pre,textarea{font:14px/1.45 ui-monospace,monospace}pre{background:#8881;padding:.7rem;overflow:auto;border-radius:6px}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;border-bottom:1px solid #8883}
.method{display:inline-block;min-width:4.2rem;font-weight:600}summary{cursor:pointer;padding:.3rem 0}textarea{width:100%;box-sizing:border-box}
label{display:block;margin:.6rem 0 .2rem}select,button{font:inherit;padding:.3rem .6rem;max-width:100%}.note{background:#fa02;padding:.6rem .8rem;border-radius:6px}
"""


def _write_page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{_STYLE}</style></head>'
        f"<body>{body}</body></html>"
    )


def write_docs(document: dict[str, Json]) -> str:
    """The OpenAPI document as one page: each operation with its parameters, bodies, answers and who may call it."""
    info = document["info"]
    base = document["servers"][0]["url"].rstrip("/")
    parts = [
        f"<h1>{escape(info['title'])} <small>{escape(str(info['version']))}</small></h1>",
        "".join(f"<p>{escape(one)}</p>" for one in info.get("description", "").split("\n\n")),
        '<p><a href="/openapi.json">openapi.json</a> · <a href="/dev/token">development tokens</a></p>',
    ]
    by_tag: dict[str, list[str]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if isinstance(operation, dict) and "operationId" in operation:
                by_tag.setdefault(operation["tags"][0], []).append(
                    _write_operation(document, base + path, method, operation)
                )
    texts = {one["name"]: one.get("description", "") for one in document.get("tags", [])}
    for tag, operations in by_tag.items():
        parts.append(f"<h2>{escape(tag)}</h2><p>{escape(texts.get(tag, ''))}</p>{''.join(operations)}")
    return _write_page(f"{info['title']}: the API", "".join(parts))


def _write_operation(document: Json, path: str, method: str, operation: Json) -> str:
    made = [f"<p>{escape(operation.get('description', ''))}</p>"]
    security = ", ".join(
        escape(f"{name}: {' '.join(scopes)}") for one in operation.get("security", []) for name, scopes in one.items()
    )
    made.append(f"<p>Who: {security or 'everybody'}.</p>")
    if parameters := operation.get("parameters"):
        rows = "".join(
            f"<tr><td><code>{escape(one['name'])}</code></td><td>{one['in']}{'' if one.get('required') else ', optional'}</td>"
            f"<td>{escape(one.get('description', ''))}</td><td><code>{escape(json.dumps(one['schema'], ensure_ascii=False))}</code></td></tr>"
            for one in parameters
        )
        made.append(
            f"<table><thead><tr><th>parameter</th><th>where</th><th>what</th><th>schema</th></tr></thead><tbody>{rows}</tbody></table>"
        )
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        made.append(f"<p>Takes <code>{escape(media)}</code>:</p>{_write_example(content)}")
    for status, response in operation["responses"].items():
        if "$ref" in response:
            response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
        made.append(f"<p><strong>{status}</strong> {escape(response['description'])}</p>")
        if not status.startswith(("4", "5")):
            made += [_write_example(one) for one in response.get("content", {}).values()]
    head = f'<span class="method">{method.upper()}</span> <code>{escape(path)}</code> {escape(operation.get("summary", ""))}'
    return f'<details id="{escape(operation["operationId"])}"><summary>{head}</summary>{"".join(made)}</details>'


def _write_example(content: Json) -> str:
    if "example" not in content:
        return ""
    return f"<pre>{escape(json.dumps(content['example'], indent=2, ensure_ascii=False))}</pre>"


def write_token_page(people: People, role: str = "", person: str = "", token: str = "") -> str:
    """The page on which a role and a person are picked, with the token where both were."""
    role = role if role in people.roles else next(iter(people.roles), "")
    known = people.list_callers(role) if role else []
    roles = "".join(f"<option{' selected' if one == role else ''}>{escape(one)}</option>" for one in people.roles)
    persons = "".join(
        f'<option value="{escape(text)}"{" selected" if text == person else ""}>{escape(people.describe(caller))}</option>'
        for text, caller in known
    )
    parts = [
        "<h1>Development tokens</h1>",
        '<p class="note">For trying the service out on this machine. The real one gets its tokens from its provider '
        f"({escape(people.plan.planned.auth.provider)}); these end with the process.</p>",
        f'<form method="get"><label for="role">Role</label><select id="role" name="role">{roles}</select> <button>Choose</button></form>',
        f'<form method="post"><input type="hidden" name="role" value="{escape(role)}">'
        f'<label for="person">Person</label><select id="person" name="person">{persons}</select> <button>Get a token</button></form>',
    ]
    if not known:
        parts.append("<p>No sample row has this role.</p>")
    if token:
        parts.append(
            f'<label for="token">Token</label><textarea id="token" rows="4" readonly>{escape(token)}</textarea>'
            f"<p>Send it with each request:</p><pre>Authorization: Bearer {escape(token)}</pre>"
        )
    parts.append('<p><a href="/docs">The API</a></p>')
    return _write_page("Development tokens", "".join(parts))


__all__ = ["write_docs", "write_token_page"]
