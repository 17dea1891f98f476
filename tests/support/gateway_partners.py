"""The partners service as the gateway meets it: real gRPC, simple books in memory, answers as the contract says."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator, Sequence
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import grpc
from coalition.partners.v1 import (
    clearing_pb2,
    partners_pb2,
    partners_pb2_grpc,
    payment_terms_pb2,
    payment_terms_pb2_grpc,
)

from services.runtime.errors import NotFound, Unauthenticated
from services.runtime.ids import new_id
from services.runtime.principal import Programme, acting, programme_message
from tests.support.gateway_faults import Faults

_ledger_ids: Final = itertools.count(int(time.time()) % 20_000 + 1)


def fresh_ledger_id() -> int:
    """A ledger number that no other test of this process has."""
    return next(_ledger_ids)


ALL_ROLES: Final = (
    partners_pb2.PARTNER_ROLE_EARN,
    partners_pb2.PARTNER_ROLE_BURN,
    partners_pb2.PARTNER_ROLE_FUND,
)


class PartnersBook(
    partners_pb2_grpc.PartnersServiceServicer,
    partners_pb2_grpc.ClearingServiceServicer,
    payment_terms_pb2_grpc.PaymentTermsServiceServicer,
):
    """Keys, stores, prices, payment terms and statements."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self.keys: dict[bytes, partners_pb2.AuthenticateApiKeyResponse] = {}
        self.stores: dict[bytes, list[partners_pb2.Store]] = {}
        self.rates: dict[bytes, list[partners_pb2.RateVersion]] = {}
        self.terms: dict[bytes, list[payment_terms_pb2.PaymentTerms]] = {}
        self.statements: dict[bytes, list[clearing_pb2.Statement]] = {}
        self.file_pieces: list[bytes] = []
        self.authentications = 0
        self.store_pages = 0

    def issue(
        self,
        secret: str,
        programme: Programme,
        scopes: Sequence[str],
        partner_id: UUID | None = None,
        roles: Sequence[partners_pb2.PartnerRole.ValueType] = ALL_ROLES,
    ) -> UUID:
        """A key of a partner, new unless named."""
        partner = partner_id or new_id()
        slug = f"partner-{partner.hex[-6:]}"
        self.keys[sha256(secret.encode()).digest()] = partners_pb2.AuthenticateApiKeyResponse(
            api_key=partners_pb2.ApiKey(
                key_id=new_id().bytes,
                partner_id=partner.bytes,
                label="tests",
                hint=secret[:12],
                scopes=scopes,
            ),
            partner=partners_pb2.Partner(
                partner_id=partner.bytes,
                slug=slug,
                name="A Partner",
                status=partners_pb2.PARTNER_STATUS_ACTIVE,
            ),
            programme=programme_message(programme),
            roles=roles,
        )
        return partner

    async def AuthenticateApiKey(
        self, request: partners_pb2.AuthenticateApiKeyRequest, context: Any
    ) -> partners_pb2.AuthenticateApiKeyResponse:
        assert acting().issuer == "gateway"
        if self._faults.partners_down:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "down")
        self.authentications += 1
        found = self.keys.get(request.secret_sha256)
        if found is None:
            raise Unauthenticated
        return found

    async def ListStores(
        self, request: partners_pb2.ListStoresRequest, context: Any
    ) -> partners_pb2.ListStoresResponse:
        acting().in_programme()
        self.store_pages += 1
        stores = sorted(self.stores.get(request.partner_id, []), key=lambda store: store.code)
        rest = [store for store in stores if store.code > request.after_code]
        return partners_pb2.ListStoresResponse(
            stores=rest[: request.limit], has_more=len(rest) > request.limit
        )

    async def ListRates(
        self, request: partners_pb2.ListRatesRequest, context: Any
    ) -> partners_pb2.ListRatesResponse:
        return partners_pb2.ListRatesResponse(rates=self.rates.get(acting().as_partner().bytes, []))

    async def ListPaymentTerms(
        self, request: payment_terms_pb2.ListPaymentTermsRequest, context: Any
    ) -> payment_terms_pb2.ListPaymentTermsResponse:
        acting().require("statements:read")
        return payment_terms_pb2.ListPaymentTermsResponse(
            versions=self.terms.get(acting().as_partner().bytes, [])
        )

    async def ListStatements(
        self, request: clearing_pb2.ListStatementsRequest, context: Any
    ) -> clearing_pb2.ListStatementsResponse:
        acting().require("statements:read")
        found = [
            each
            for each in self.statements.get(acting().as_partner().bytes, [])
            if (not request.before_window or each.window.number < request.before_window)
            and each.window.number > request.after_window
        ]
        found.sort(key=lambda each: each.window.number)
        page = found[: request.limit][::-1] if request.after_window else found[::-1][: request.limit]
        return clearing_pb2.ListStatementsResponse(statements=page, has_more=len(found) > request.limit)

    async def GetStatement(
        self, request: clearing_pb2.GetStatementRequest, context: Any
    ) -> clearing_pb2.GetStatementResponse:
        acting().require("statements:read")
        for statement in self.statements.get(acting().as_partner().bytes, []):
            if statement.statement_id == request.statement_id:
                return clearing_pb2.GetStatementResponse(statement=statement)
        raise NotFound("there is no such statement")

    async def GetStatementFile(
        self, request: clearing_pb2.GetStatementFileRequest, context: Any
    ) -> AsyncIterator[clearing_pb2.GetStatementFileResponse]:
        acting().require("statements:read")
        mine = {each.statement_id for each in self.statements.get(acting().as_partner().bytes, [])}
        if request.statement_id not in mine:
            raise NotFound("there is no such statement")
        for piece in self.file_pieces:
            yield clearing_pb2.GetStatementFileResponse(content=piece)

    async def AcceptStatement(
        self, request: clearing_pb2.AcceptStatementRequest, context: Any
    ) -> clearing_pb2.AcceptStatementResponse:
        acting().require("statements:accept")
        for statement in self.statements.get(acting().as_partner().bytes, []):
            if statement.statement_id == request.statement_id:
                statement.standing = clearing_pb2.STATEMENT_STANDING_ACCEPTED
                statement.accepted_at_us = statement.accepted_at_us or statement.issued_at_us + 1
                return clearing_pb2.AcceptStatementResponse(statement=statement)
        raise NotFound("there is no such statement")
