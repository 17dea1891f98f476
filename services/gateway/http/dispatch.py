"""Literal paths are looked up, not searched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.http.routes import BodyRoute, ToldRoute

_Key = tuple[str, str]


class LiteralFirst:
    """Sends requests for the literal paths of body routes straight there, all others to the router.

    The router tries one regular expression after the other and sets up what its own routes need; a till's
    earn needs neither.
    """

    def __init__(self, router: ASGIApp, routes: Sequence[object]) -> None:
        self._router = router
        self._literal: Final[dict[_Key, ToldRoute]] = {
            (method, route.path): route
            for route in routes
            if isinstance(route, BodyRoute) and not route.param_convertors
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        route = self._literal.get((scope["method"], scope["path"]))
        if route is None:
            await self._router(scope, receive, send)
            return
        scope["route"] = route
        await route.app(scope, receive, send)
