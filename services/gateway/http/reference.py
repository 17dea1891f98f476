"""What the API says about itself: the OpenAPI document, the reference page, a page for each reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.apidocs import pages
from services.gateway.http.answering import Answer, Header
from services.gateway.http.exchange import exchange_of
from services.runtime.errors import NotFound

_HTML: Final = b"text/html; charset=utf-8"
_POLICY: Final[Header] = (b"content-security-policy", pages.CONTENT_SECURITY_POLICY.encode())
_CACHED: Final[Header] = (b"cache-control", b"public, max-age=3600")


class Reference:
    """Serves the documentation. None of it needs a key."""

    def __init__(self, document: Callable[[], dict[str, Any]]) -> None:
        self._make_document = document
        self._document: Answer | None = None

    def routes(self) -> list[APIRoute]:
        """Routes that the OpenAPI document leaves out."""
        endpoints = {
            "/": self.page,
            "/docs": self.page,
            "/docs/redoc.js": self.script,
            "/openapi.json": self.openapi,
            "/errors": self.errors,
            "/errors/{code}": self.error,
        }
        return [
            APIRoute(path, endpoint, methods=["GET"], include_in_schema=False, response_model=None)
            for path, endpoint in endpoints.items()
        ]

    async def openapi(self, request: Request) -> Response:
        """The OpenAPI document."""
        exchange_of(request).cacheable = True
        if self._document is None:
            self._document = Answer(self._make_document(), headers=[_CACHED])
        return self._document

    async def page(self, request: Request) -> Response:
        """The API reference."""
        return _html(request, pages.reference_page())

    async def script(self, request: Request) -> Response:
        """What renders the API reference."""
        exchange = exchange_of(request)
        exchange.cacheable = True
        script, packed = pages.reference_script()
        headers: list[Header] = [_CACHED, (b"vary", b"accept-encoding")]
        if b"gzip" not in exchange.headers.get(b"accept-encoding", b""):
            return Answer(script, media_type=b"text/javascript; charset=utf-8", headers=headers)
        headers.append((b"content-encoding", b"gzip"))
        return Answer(packed, media_type=b"text/javascript; charset=utf-8", headers=headers)

    async def errors(self, request: Request) -> Response:
        """All reasons."""
        return _html(request, pages.error_index())

    async def error(self, request: Request, code: str) -> Response:
        """The page of one reason."""
        page = pages.error_page(code[:64])
        if page is None:
            raise NotFound("there is no error with this code")
        return _html(request, page)


def _html(request: Request, body: bytes) -> Answer:
    exchange_of(request).cacheable = True
    return Answer(body, media_type=_HTML, headers=[_POLICY, _CACHED])
