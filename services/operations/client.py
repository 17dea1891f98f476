"""Calls of the operator's staff and host to the services, over gRPC, signed as the command line."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

import grpc.aio
from coalition.partners.v1 import clearing_pb2, partners_pb2
from coalition.partners.v1.partners_pb2_grpc import ClearingServiceStub, PartnersServiceStub
from coalition.points.v1 import movement_pb2, points_pb2
from coalition.points.v1.points_pb2_grpc import PointsServiceStub
from coalition.type.v1.principal_pb2 import PROGRAMME_MODE_LIVE, PROGRAMME_MODE_TEST

from services.runtime import grpc_client
from services.runtime.clock import to_micros
from services.runtime.errors import CoalitionError
from services.runtime.principal import Kind, Programme, Signer, programme_from
from services.runtime.secrets import read_key

_ACTOR: Final = "cli"
_SLOW_SECONDS: Final = 300.0
_STORES_A_CALL_MAX: Final = 1_000
_RETRY_SECONDS: Final = 0.3


class Operations:
    """The platform as the operator sees it. Each call raises CoalitionError with the service's reason.

    `patience_seconds`: how long a call is asked again while its service is away or behind.
    """

    def __init__(
        self,
        signer: Signer,
        partners: grpc.aio.Channel,
        points: grpc.aio.Channel,
        patience_seconds: float = 0.0,
    ) -> None:
        self._signer, self._patience_seconds = signer, patience_seconds
        self._partners = PartnersServiceStub(partners)
        self._clearing = ClearingServiceStub(partners)
        self._points = PointsServiceStub(points)

    async def _call(
        self, method: Any, request: Any, programme: Programme | None, timeout_seconds: float = 30.0
    ) -> Any:
        give_up = time.monotonic() + self._patience_seconds
        while True:
            # The host's own command line may do what an admin may; who is at the keyboard is known to the host.
            principal = self._signer.sign(Kind.SERVICE, _ACTOR, programme)
            try:
                return await grpc_client.call(method, request, principal, timeout_seconds)
            except CoalitionError as error:
                if not error.entry.retryable or time.monotonic() > give_up:
                    raise
                await asyncio.sleep(_RETRY_SECONDS)

    async def register_programme(
        self, slug: str, name: str, zone: str, currency: str, starts_at: datetime, *, is_test: bool
    ) -> Programme:
        """Registers a programme. Raises ALREADY_EXISTS for a slug in use."""
        mode = PROGRAMME_MODE_TEST if is_test else PROGRAMME_MODE_LIVE
        request = partners_pb2.RegisterProgrammeRequest(
            slug=slug, name=name, zone=zone, currency=currency, mode=mode, starts_at_us=to_micros(starts_at)
        )
        answer = await self._call(self._partners.RegisterProgramme, request, None)
        return programme_from(answer.programme)

    async def programme(self, slug: str) -> Programme:
        """A programme by slug. Raises PROGRAMME_UNKNOWN."""
        request = partners_pb2.GetProgrammeRequest(slug=slug)
        return programme_from((await self._call(self._partners.GetProgramme, request, None)).programme)

    async def onboard_partner(self, programme: Programme, slug: str, name: str) -> bytes:
        """Takes a partner in; answers its id. Raises ALREADY_EXISTS for a slug in use."""
        request = partners_pb2.OnboardPartnerRequest(slug=slug, name=name)
        answer = await self._call(self._partners.OnboardPartner, request, programme)
        return bytes(answer.partner.partner_id)

    async def partners(self, programme: Programme) -> dict[str, bytes]:
        """The programme's partners: id by slug."""
        answer = await self._call(self._partners.ListPartners, partners_pb2.ListPartnersRequest(), programme)
        return {partner.slug: bytes(partner.partner_id) for partner in answer.partners}

    async def add_stores(self, programme: Programme, partner_id: bytes, codes: Sequence[str]) -> None:
        """Adds stores by code; those that are there already stay."""
        for start in range(0, len(codes), _STORES_A_CALL_MAX):
            stores = [
                partners_pb2.Store(code=code, name=f"Store {code}")
                for code in codes[start : start + _STORES_A_CALL_MAX]
            ]
            request = partners_pb2.AddStoresRequest(partner_id=partner_id, stores=stores)
            await self._call(self._partners.AddStores, request, programme)

    async def issue_key(self, programme: Programme, partner_id: bytes, label: str) -> str:
        """Makes an API key; answers its secret, shown this once."""
        request = partners_pb2.IssueApiKeyRequest(partner_id=partner_id, label=label)
        return str((await self._call(self._partners.IssueApiKey, request, programme)).secret)

    async def set_prices(
        self, programme: Programme, partner_id: bytes, issue: int, reimbursement: int, valid_from: datetime
    ) -> None:
        """Sets a partner's prices (micros a point) from a time on."""
        rates = partners_pb2.RateVersion(
            partner_id=partner_id,
            issue_micros=issue,
            reimbursement_micros=reimbursement,
            valid_from_us=to_micros(valid_from),
        )
        await self._call(self._partners.SetRates, partners_pb2.SetRatesRequest(rates=rates), programme)

    async def set_earn_rate(
        self, programme: Programme, partner_id: bytes, points: int, per_minor: int, valid_from: datetime
    ) -> None:
        """Sets what a partner gives from a time on: points for so many minor units."""
        rate = points_pb2.EarnRate(
            partner_id=partner_id, points=points, per_minor=per_minor, valid_from_us=to_micros(valid_from)
        )
        await self._call(self._points.SetEarnRate, points_pb2.SetEarnRateRequest(rate=rate), programme)

    async def head(self, programme: Programme) -> points_pb2.GetHeadResponse:
        """Programme time and how far the journal, the event log and the relay are."""
        return await self._call(self._points.GetHead, points_pb2.GetHeadRequest(), programme)

    async def move_clock(self, programme: Programme, now: datetime) -> None:
        """Moves a test programme's clock forward. Raises CLOCK_BACKWARDS, CLOCK_FIXED."""
        request = points_pb2.MoveClockRequest(now_us=to_micros(now))
        await self._call(self._points.MoveClock, request, programme)

    async def close_windows(self, programme: Programme, until: datetime) -> Sequence[clearing_pb2.Window]:
        """Closes and states all windows that end by then; answers those closed by this call."""
        request = clearing_pb2.CloseWindowsRequest(until_us=to_micros(until))
        return (await self._call(self._clearing.CloseWindows, request, programme, _SLOW_SECONDS)).windows

    async def clearing_status(self, programme: Programme) -> clearing_pb2.GetClearingStatusResponse:
        """How far rating is, and which windows there are to close."""
        return await self._call(
            self._clearing.GetClearingStatus, clearing_pb2.GetClearingStatusRequest(), programme
        )

    async def nets(self, programme: Programme, first: int, last: int) -> Sequence[clearing_pb2.Net]:
        """Nets by window and party of windows first to last; 0: from the first, to the last stated."""
        request = clearing_pb2.GetNetsRequest(from_window=first, to_window=last)
        return (await self._call(self._clearing.GetNets, request, programme)).nets

    async def matrix(self, programme: Programme, first: int, last: int) -> Sequence[clearing_pb2.MatrixCell]:
        """The burn matrix issuer → redeemer over windows first to last."""
        request = clearing_pb2.GetMatrixRequest(from_window=first, to_window=last)
        return (await self._call(self._clearing.GetMatrix, request, programme)).cells

    async def check_ledger(self, programme: Programme) -> points_pb2.CheckLedgerResponse:
        """Proves the ledger's invariants."""
        return await self._call(
            self._points.CheckLedger, points_pb2.CheckLedgerRequest(), programme, _SLOW_SECONDS
        )

    async def check_clearing(self, programme: Programme) -> clearing_pb2.CheckClearingResponse:
        """Proves the invariants of clearing."""
        return await self._call(
            self._clearing.CheckClearing, clearing_pb2.CheckClearingRequest(), programme, _SLOW_SECONDS
        )

    async def purchases(self, programme: Programme) -> AsyncIterator[Sequence[movement_pb2.Purchase]]:
        """Blocks of all recorded purchases, in the order of their seq."""
        principal = self._signer.sign(Kind.SERVICE, _ACTOR, programme)
        async for block in grpc_client.stream(
            self._points.ReadPurchases, points_pb2.ReadPurchasesRequest(from_seq=1), principal
        ):
            yield block.purchases


@asynccontextmanager
async def connect(
    environment: Mapping[str, str], patience_seconds: float = 0.0
) -> AsyncGenerator[Operations]:
    """A client from the launcher's environment: targets, and the command line's signing key."""
    signer = Signer("cli", read_key(environment["COALITION_PRINCIPAL_PRIVATE_KEY"], "the signing key"))
    partners = grpc_client.open_channel(environment["COALITION_PARTNERS_TARGET"])
    points = grpc_client.open_channel(environment["COALITION_POINTS_TARGET"])
    try:
        yield Operations(signer, partners, points, patience_seconds)
    finally:
        await partners.close()
        await points.close()
