"""Benchmarks can mount a route of their own behind the gateway's edge; production has none."""

from __future__ import annotations

import pytest
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.app import Gateway
from services.gateway.http.admission import admit_write
from services.gateway.http.answering import Answer
from services.gateway.http.bodies import read_json
from services.gateway.http.routes import BodyRoute, Told
from services.gateway.schemas.movements import EarnBody
from services.gateway.schemas.reading import read
from tests.support.gateway import House, open_house
from tests.support.gateway_bodies import earn, new_card


def noop_routes(gateway: Gateway) -> list[BodyRoute]:
    """POST /noop: everything that an earn passes, and nobody is called."""

    async def noop(request: Request) -> Response:
        _, key = await admit_write(gateway, request, "points:earn")
        body = read(EarnBody, await read_json(request, gateway.settings.body_bytes_max))
        return Answer({"object": "noop", "key": key, "reference": body.reference}, 201)

    return [BodyRoute("/noop", noop, told=Told(201, {}, ()), methods=["POST"], response_model=None)]


async def test_a_noop_route_passes_the_whole_edge_and_calls_nobody() -> None:
    async with open_house(extra=noop_routes) as house:
        body = earn(new_card())
        answer = await house.post("/noop", body, key="k")
        assert (answer.status_code, answer.json()["reference"]) == (201, body["reference"])
        assert (await house.post("/noop", {}, key="k")).status_code == 400
        assert (await house.post("/noop", body, secret="sk_test_" + "0" * 40)).status_code == 401
        assert house.points.calls == []
        assert "/noop" not in (await house.client.get("/openapi.json")).json()["paths"]


@pytest.mark.asyncio(loop_scope="module")
async def test_production_has_no_such_route(house: House) -> None:
    assert (await house.post("/noop", earn(new_card()))).status_code == 404
