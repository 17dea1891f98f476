"""Answers on their way out."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class Json(Response):
    """JSON, made by orjson or given as bytes; `replayed` says that an earlier call is answered again."""

    media_type = "application/json"

    def __init__(self, content: Any, status: int = 200, *, replayed: bool = False) -> None:
        # Starlette's own set-up of headers is most of what a Response costs.
        self.body = content if isinstance(content, bytes) else orjson.dumps(content)
        self.status_code = status
        self.background = None
        self.raw_headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(self.body)).encode()),
        ]
        if replayed:
            self.raw_headers.append((b"idempotency-replayed", b"true"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Sends the answer."""
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        await send(start)
        await send({"type": "http.response.body", "body": self.body})


def listing(url: str, data: list[dict[str, Any]], *, has_more: bool) -> Json:
    """A page of a list, of schemas.lists.ListOf."""
    return Json({"object": "list", "url": url, "has_more": has_more, "data": data})
