"""Answers on their way out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.gateway.answers.problems import problem, status_of
from services.gateway.domain.errors import HttpError
from services.gateway.domain.movements import Awaited, Decision, Declined, Movement, Parked
from services.gateway.domain.pages import Entry, Page
from services.gateway.http.exchange import Exchange, exchange_of
from services.runtime.errors import CoalitionError, Fault, code_of

_RETRY_AFTER = "retry_after_seconds"
_REPLAYED = (b"idempotency-replayed", b"true")
Header = tuple[bytes, bytes]


class Answer(Response):
    """JSON made by orjson, or bytes as they are; `replayed` says that an earlier call is answered again."""

    def __init__(
        self,
        content: object,
        status: int = 200,
        *,
        replayed: bool = False,
        media_type: bytes = b"application/json",
        headers: Sequence[Header] = (),
    ) -> None:
        # Starlette's own set-up of headers is most of what a Response costs.
        self.body = content if isinstance(content, bytes) else orjson.dumps(content)
        self.status_code = status
        self.background = None
        self.raw_headers = [
            (b"content-type", media_type),
            (b"content-length", str(len(self.body)).encode()),
            *headers,
        ]
        if replayed:
            self.raw_headers.append(_REPLAYED)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the answer."""
        del scope, receive
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body})


def listing(url: str, page: Page[Entry], answer_of: Callable[[Entry], dict[str, Any]]) -> Answer:
    """A page of a list, of schemas.lists.ListOf."""
    data = [answer_of(entry) for entry in page.entries]
    return Answer({"object": "list", "url": url, "has_more": page.has_more, "data": data})


def problem_answer(
    exchange: Exchange, error: CoalitionError, public_url: str, *, replayed: bool = False
) -> Answer:
    """A problem document, with the headers that belong to it."""
    exchange.code = code_of(error.reason).lower()
    status = status_of(error)
    document = problem(
        error,
        origin=exchange.origin(public_url),
        instance=exchange.http["path"],
        request_id=exchange.request_id,
    )
    headers: list[Header] = []
    if _RETRY_AFTER in error.metadata:
        headers.append((b"retry-after", error.metadata[_RETRY_AFTER].encode()))
    if isinstance(error, HttpError) and error.allow:
        headers.append((b"allow", error.allow.encode()))
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if status == 408:
        # What is left of the body is not worth waiting for.
        headers.append((b"connection", b"close"))
    return Answer(
        document, status, replayed=replayed, media_type=b"application/problem+json", headers=headers
    )


def decided(
    request: Request, decision: Decision, answer_of: Callable[[Movement], dict[str, Any]], public_url: str
) -> Answer:
    """The answer to a movement asked for: what was posted, or why it was not."""
    if isinstance(decision, Declined):
        return declined(request, decision, public_url)
    if isinstance(decision, Awaited | Parked):
        raise Fault
    return Answer(answer_of(decision.movement), 201, replayed=decision.replayed)


def declined(request: Request, decision: Declined, public_url: str) -> Answer:
    """The problem of a movement that was not posted."""
    return problem_answer(exchange_of(request), decision.error, public_url, replayed=decision.replayed)
