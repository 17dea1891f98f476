"""The gateway with one more route, which passes everything that a write passes and then calls nobody.

`python -m tests.performance.noop_gateway`, with the gateway's environment. Production has no such route.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import uvloop
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.app import Gateway
from services.gateway.domain.caller import POINTS_EARN
from services.gateway.http.admission import admit_write
from services.gateway.http.answering import Answer
from services.gateway.http.bodies import read_json
from services.gateway.http.routes import post
from services.gateway.schemas.movements import Earn, EarnBody
from services.gateway.schemas.reading import read
from services.gateway.service import serve

PATH: Final = "/v1/bench/noop"


def routes(gateway: Gateway) -> Sequence[APIRoute]:
    """The route that does nothing."""

    async def noop(request: Request) -> Response:
        await admit_write(gateway, request, POINTS_EARN)
        body = read(EarnBody, await read_json(request, gateway.settings.body_bytes_max))
        return Answer({"reference": body.reference, "amount": body.amount}, 201)

    return [
        post(
            PATH,
            noop,
            id="noop",
            tag="Bench",
            summary="Do nothing",
            description="Passes everything that a write passes.",
            body=EarnBody,
            answer=Earn,
            example={},
        )
    ]


async def main() -> None:
    """Serves until SIGTERM."""
    await serve(routes)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
