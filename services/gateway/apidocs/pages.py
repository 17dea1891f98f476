"""The pages for people: the API reference, and one for each reason."""

from __future__ import annotations

import gzip
import json
import re
from functools import cache
from html import escape
from pathlib import Path
from typing import Final

from coalition.type.v1.reason_pb2 import Reason

from services.gateway.apidocs.errors import BY_CODE, entry_of, explained
from services.gateway.apidocs.problem_examples import example_of, shown_at_the_till
from services.gateway.schemas.platform import Problem

_SCRIPT_FILE: Final = Path(__file__).with_name("vendor") / "redoc" / "redoc.standalone.js"
# No other host is ever asked for anything, whatever the bundle or the document say.
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src 'self' data:; font-src data:; "
    "connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_STYLE: Final = """
body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}
code{background:#f1f3f5;padding:.1em .3em;border-radius:3px}
pre{background:#f1f3f5;padding:.8rem;border-radius:3px;overflow:auto}
table{border-collapse:collapse}td,th{text-align:left;padding:.3rem .8rem .3rem 0;vertical-align:top}
a{color:#0b5fa5}.status{color:#57606a}
"""
_AGAIN: Final = (
    "Yes: the same request with the same `Idempotency-Key`, after `Retry-After` where the answer has it, waiting longer each time. "
    "It is done once."
)
_NOT_AGAIN: Final = "Not as it is: it would be answered the same. Do what is said above first; then send it under a new `Idempotency-Key`."
_REFERENCE_STYLE: Final = "body{margin:0}a[href*='redocly.com/redoc']{display:none!important}"
_CODE: Final = re.compile(r"`([^`]+)`")


def reference_page() -> bytes:
    """The API reference: Redoc reads /openapi.json."""
    return _page(
        "Coalition partner API",
        '<redoc spec-url="/openapi.json"></redoc><script src="/docs/redoc.js"></script>'
        '<noscript><p>This page needs JavaScript. Without it: the <a href="/openapi.json">OpenAPI document</a> '
        'and the <a href="/errors">errors</a>.</p></noscript>',
        _REFERENCE_STYLE,
    )


@cache
def reference_script() -> tuple[bytes, bytes]:
    """Redoc, as it is and gzipped."""
    script = _SCRIPT_FILE.read_bytes()
    return script, gzip.compress(script, mtime=0)


@cache
def error_index() -> bytes:
    """All reasons, with their statuses."""
    rows = "".join(
        f'<tr><td>{entry_of(reason).http_status}</td><td><a href="/errors/{code}"><code>{code}</code></a></td>'
        f"<td>{escape(entry_of(reason).title)}</td></tr>"
        for code, reason in BY_CODE.items()
        if reason != Reason.REASON_UNSPECIFIED
    )
    return _page(
        "Errors",
        "<h1>Errors</h1><p>Every error is a problem document (RFC 9457). Decide by <code>code</code>.</p>"
        f"<table><tr><th>Status</th><th>Code</th><th>Title</th></tr>{rows}</table>"
        '<p><a href="/">API reference</a></p>',
    )


@cache
def error_page(code: str) -> bytes | None:
    """The page of a reason; None where there is no such code."""
    reason = BY_CODE.get(code)
    if reason is None:
        return None
    entry, words = entry_of(reason), explained(reason)
    passing = "may pass by itself" if entry.retryable else "does not pass by itself"
    again = _AGAIN if entry.retryable else _NOT_AGAIN
    parts = [
        f"<h1>{escape(entry.title)}</h1>",
        f'<p class="status">HTTP {entry.http_status} · <code>{code}</code> · {passing}</p>',
        f"<h2>What happened</h2><p>{_prose(words.happened)}</p>",
        f"<h2>What to do</h2><p>{_prose(words.do)}</p>",
        f"<h2>Send it again?</h2><p>{_prose(again)}</p>",
    ]
    if words.figures:
        figures = ", ".join(f"<code>{name}</code>" for name in words.figures)
        parts.append(f"<h2>Figures</h2><p>The problem document may carry {figures}.</p>")
    if words.receipt_text:
        shown = f"<code>receipt_text</code>, at most 40 characters: “{escape(words.receipt_text)}”"
        parts.append(f"<h2>At the till</h2><p>{shown}, in the member's language:</p>{_shown(reason)}")
    example = json.dumps(example_of(reason, "/v1/purchases"), indent=2, ensure_ascii=False)
    parts.append(f"<h2>Example</h2><pre>{escape(example)}</pre>")
    known = ", ".join(f"<code>{name}</code>" for name in Problem.model_fields)
    parts.append(
        f'<p>Every problem document has some of: {known}.</p><p><a href="/errors">All errors</a></p>'
    )
    return _page(entry.title, "".join(parts))


def _shown(reason: Reason.ValueType) -> str:
    rows = "".join(
        f"<tr><td>{language}</td><td lang={language}>{escape(text)}</td></tr>"
        for language, text in shown_at_the_till(reason).items()
    )
    return f"<table>{rows}</table>"


def _prose(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _page(title: str, body: str, style: str = _STYLE) -> bytes:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{style}</style></head>'
        f"<body>{body}</body></html>"
    ).encode()
