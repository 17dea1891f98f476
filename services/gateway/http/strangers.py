"""What bounds requests without a valid key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.auth.keys import ApiKeys
from services.gateway.auth.strangers import Strangers
from services.gateway.http.client_address import Network, client_address, is_among
from services.gateway.http.exchange import exchange_of
from services.runtime.errors import Unauthenticated

#: What is read without a key (documents, errors, health) is elsewhere.
_WITH_KEY: Final = "/v1/"


class BoundStrangers:
    """Counts requests that were refused for want of a valid key, and refuses more of them from an address that sent too many.

    A key that was good a moment ago is let on whatever its address has sent: many tills share one.
    """

    def __init__(self, app: ASGIApp, strangers: Strangers, keys: ApiKeys, trusted: Sequence[Network]) -> None:
        """`trusted`: networks of proxies that say whom they were called by; they themselves are not counted."""
        self._app, self._strangers, self._keys, self._trusted = app, strangers, keys, trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request, or raises Refused (RATE_LIMITED)."""
        if self._strangers.any_stopped and scope["path"].startswith(_WITH_KEY):
            refusal = self._strangers.refusal(self._address(scope))
            if refusal is not None and not self._keys.knows(_authorization(scope)):
                raise refusal
        try:
            await self._app(scope, receive, send)
        except Unauthenticated:
            self._strangers.count(self._address(scope))
            raise
        except RequestValidationError:
            # The edge tells who has no key of that, and of nothing else.
            try:
                await self._keys.authenticate(_authorization(scope))
            except Unauthenticated:
                self._strangers.count(self._address(scope))
                raise
            raise

    def _address(self, scope: Scope) -> str:
        found = client_address(scope, self._trusted)
        return "" if found is None or is_among(found, self._trusted) else str(found)


def _authorization(scope: Scope) -> bytes:
    return exchange_of(Request(scope)).headers.get(b"authorization", b"")
