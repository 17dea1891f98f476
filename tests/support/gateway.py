"""The gateway over real HTTP, its neighbours as doubles over real gRPC."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID

import grpc.aio
import httpx2
from coalition.members.v1 import members_pb2_grpc
from coalition.members.v1.authority_pb2_grpc import add_AuthorityServiceServicer_to_server
from coalition.partners.v1 import partners_pb2, partners_pb2_grpc, settlement_pb2_grpc
from coalition.partners.v1.disputes_pb2_grpc import add_DisputeServiceServicer_to_server
from coalition.partners.v1.payment_terms_pb2_grpc import add_PaymentTermsServiceServicer_to_server
from coalition.points.v1 import operations_pb2_grpc, points_pb2_grpc
from fastapi.routing import APIRoute
from pydantic import SecretStr

from services.gateway import service
from services.gateway.app import Gateway
from services.gateway.domain.caller import SCOPES
from services.gateway.http.app import create_app
from services.gateway.http.server import HttpServer
from services.gateway.settings import Settings
from services.runtime.grpc_server import GrpcServer
from services.runtime.ids import new_id
from services.runtime.principal import Programme, Signer, Verifier
from services.runtime.settings import PlatformSettings
from tests.support.gateway_authority import AuthorityBook
from tests.support.gateway_disputes import DisputesBook
from tests.support.gateway_documents import DocumentsBook
from tests.support.gateway_faults import Faults
from tests.support.gateway_members import MembersBook
from tests.support.gateway_operations import OperationsBook
from tests.support.gateway_partners import ALL_ROLES, PartnersBook, fresh_ledger_id
from tests.support.gateway_points import PointsBook
from tests.support.keys import key_text

# Nobody listens there: for gateways that keep no batches.
NO_DATABASE: Final = "postgresql://nobody:nothing@127.0.0.1:1/nowhere"


def new_secret() -> str:
    """The secret of an API key."""
    return f"sk_test_{secrets.token_hex(20)}"


@dataclass
class House:
    """A gateway that serves, and the books of its neighbours."""

    gateway: Gateway
    base_url: str
    port: int
    programme: Programme
    faults: Faults
    members: MembersBook
    authority: AuthorityBook
    points: PointsBook
    operations: OperationsBook
    partners: PartnersBook
    documents: DocumentsBook
    partner_id: UUID
    secret: str
    client: httpx2.AsyncClient

    def headers(self, key: str = "", secret: str = "") -> dict[str, str]:
        """Headers of a write: a key of its own unless given."""
        return {
            "Authorization": f"Bearer {secret or self.secret}",
            "Idempotency-Key": key or secrets.token_hex(8),
        }

    async def post(self, path: str, body: Any, key: str = "", secret: str = "") -> httpx2.Response:
        """Writes something."""
        return await self.client.post(path, json=body, headers=self.headers(key, secret))

    async def get(self, path: str, secret: str = "", **parameters: Any) -> httpx2.Response:
        """Reads something."""
        headers = {"Authorization": f"Bearer {secret or self.secret}"}
        return await self.client.get(path, params=parameters or None, headers=headers)

    def new_key(
        self,
        scopes: Sequence[str] = SCOPES,
        partner_id: UUID | None = None,
        roles: Sequence[partners_pb2.PartnerRole.ValueType] = ALL_ROLES,
    ) -> str:
        """Another API key, of another partner unless named."""
        secret = new_secret()
        self.partners.issue(secret, self.programme, scopes, partner_id, roles)
        return secret


class _Neighbour:
    def __init__(self, verifier: Verifier, register: Any) -> None:
        self._server = GrpcServer("127.0.0.1:0", verifier, [], register)
        self.target = ""

    async def start(self) -> None:
        self.target = f"127.0.0.1:{await self._server.start()}"

    async def stop(self) -> None:
        await self._server.stop(0)


def _register_partners(partners: PartnersBook, documents: DocumentsBook, server: grpc.aio.Server) -> None:
    partners_pb2_grpc.add_PartnersServiceServicer_to_server(partners, server)
    partners_pb2_grpc.add_ClearingServiceServicer_to_server(partners, server)
    add_PaymentTermsServiceServicer_to_server(partners, server)
    add_DisputeServiceServicer_to_server(DisputesBook(), server)  # pyright: ignore[reportAbstractUsage]
    settlement_pb2_grpc.add_SettlementServiceServicer_to_server(documents, server)


@asynccontextmanager
async def open_house(
    database_url: str = NO_DATABASE, extra: service.ExtraRoutes = lambda _: (), **settings: Any
) -> AsyncGenerator[House]:
    """A gateway on free ports with one partner, one key with all scopes, one store `S1`."""
    signing_key = secrets.token_bytes(32)
    public = key_text(Signer("gateway", signing_key).public_key)
    verifier = Verifier(f"gateway:{public}")
    faults = Faults()
    # What the gateway never calls is left out of the doubles.
    members = MembersBook(faults)  # pyright: ignore[reportAbstractUsage]
    authority = AuthorityBook(members)  # pyright: ignore[reportAbstractUsage]
    partners = PartnersBook(faults)  # pyright: ignore[reportAbstractUsage]
    documents = DocumentsBook()  # pyright: ignore[reportAbstractUsage]
    points = PointsBook(faults, members, verifier)  # pyright: ignore[reportAbstractUsage]

    def register_members(server: grpc.aio.Server) -> None:
        members_pb2_grpc.add_MembersServiceServicer_to_server(members, server)
        add_AuthorityServiceServicer_to_server(authority, server)

    def register_points(server: grpc.aio.Server) -> None:
        points_pb2_grpc.add_PointsServiceServicer_to_server(points, server)
        operations_pb2_grpc.add_OperationsServiceServicer_to_server(points.operations, server)

    neighbours = {
        "members": _Neighbour(verifier, register_members),
        "points": _Neighbour(verifier, register_points),
        "partners": _Neighbour(verifier, partial(_register_partners, partners, documents)),
    }
    for neighbour in neighbours.values():
        await neighbour.start()
    programme = Programme(
        fresh_ledger_id(), f"p-{secrets.token_hex(5)}", "Europe/Berlin", "EUR", is_test=True
    )
    secret = new_secret()
    partner_id = partners.issue(secret, programme, SCOPES)
    partners.stores[partner_id.bytes] = [
        partners_pb2.Store(store_id=new_id().bytes, code="S1", name="First Store")
    ]
    platform = PlatformSettings(
        principal_private_key=SecretStr(key_text(signing_key)),
        members_target=neighbours["members"].target,
        points_target=neighbours["points"].target,
        partners_target=neighbours["partners"].target,
    )
    limits: dict[str, Any] = {"access_log": False, "database_pool_size": 6, **settings}
    configured = Settings(
        database_url=SecretStr(database_url),
        secret_key=SecretStr(key_text()),
        http_port=0,
        stop_grace_seconds=1,
        **limits,
    )
    running = service.build(platform, configured)
    routes: Sequence[APIRoute] = extra(running.gateway)
    server = HttpServer(create_app(running.gateway, routes), configured)
    port = await server.start()
    base_url = f"http://127.0.0.1:{port}"
    try:
        async with httpx2.AsyncClient(base_url=base_url, timeout=30, trust_env=False) as client:
            yield House(
                running.gateway, base_url, port, programme, faults, members, authority, points, points.operations, partners, documents,
                partner_id, secret,
                client,
            )  # fmt: skip
    finally:
        await server.stop()
        await running.close()
        await asyncio.gather(*(neighbour.stop() for neighbour in neighbours.values()))
