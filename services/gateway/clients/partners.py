"""The partners service: keys, stores, prices, statements."""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import ip_network
from typing import Final, Protocol
from uuid import UUID

import grpc.aio
from coalition.partners.v1 import (
    clearing_pb2,
    partners_pb2,
    partners_pb2_grpc,
    payment_terms_pb2,
    payment_terms_pb2_grpc,
    standing_pb2,
)
from coalition.type.v1.reason_pb2 import Reason

from services.gateway.clients.calls import ask
from services.gateway.domain.caller import KeyFacts, Partner, PartnerRole
from services.gateway.domain.clearing import (
    LegalEntity,
    Rate,
    Span,
    Standing,
    Statement,
    StatementLine,
    StatementLineType,
    Store,
)
from services.gateway.domain.payment_terms import Mandate, PaymentTerms, masked
from services.gateway.domain.quotas import PartnersQuotas
from services.runtime.errors import CoalitionError, Fault
from services.runtime.grpc_client import call, stream
from services.runtime.ids import from_bytes
from services.runtime.partner_standing import Operation, PartnerStanding, StandingKind
from services.runtime.principal import Programme, Signer, programme_from

_STORES_A_PAGE: Final = 1_000
_AUTHENTICATE_SECONDS: Final = 5.0
# A million lines over a slow line take their time.
_FILE_SECONDS: Final = 600.0
_LINE_TYPES: Final = {
    clearing_pb2.StatementLineKind.Value(f"STATEMENT_LINE_KIND_{each.name}"): each
    for each in StatementLineType
}
_STANDINGS: Final = {
    clearing_pb2.STATEMENT_STANDING_OPEN: Standing.OPEN,
    clearing_pb2.STATEMENT_STANDING_ACCEPTED: Standing.ACCEPTED,
    clearing_pb2.STATEMENT_STANDING_ACCEPTED_BY_SILENCE: Standing.ACCEPTED_BY_SILENCE,
}


_ROLES: Final = {
    partners_pb2.PARTNER_ROLE_EARN: PartnerRole.EARN,
    partners_pb2.PARTNER_ROLE_BURN: PartnerRole.BURN,
    partners_pb2.PARTNER_ROLE_FUND: PartnerRole.FUND,
}
_KINDS: Final = {standing_pb2.StandingKind.Value(f"STANDING_KIND_{each.name}"): each for each in StandingKind}
_OPERATIONS: Final = {
    standing_pb2.PartnerOperation.Value(f"PARTNER_OPERATION_{each.name}"): each for each in Operation
}


class Partners(Protocol):
    """What the gateway asks of the partners service; all raise CoalitionError."""

    async def key_facts(self, secret_sha256: bytes) -> KeyFacts | None:
        """Whose API key this is; None for nobody's."""
        ...

    async def stores(
        self, programme: Programme, partner_id: UUID, after_code: str
    ) -> tuple[list[Store], bool]:
        """A page of a partner's stores by code, and whether there are more."""
        ...

    async def rates(self, token: bytes) -> list[Rate]:
        """The caller's own rate card, by version."""
        ...

    async def payment_terms(self, token: bytes) -> list[PaymentTerms]:
        """What the caller has agreed on paying and being paid, by version."""
        ...

    async def statements(
        self, token: bytes, limit: int, before_window: int, after_window: int
    ) -> tuple[list[Statement], bool]:
        """The caller's statements, newest first, of windows between two (0: no bound), without lines."""
        ...

    async def statement(self, token: bytes, statement_id: UUID) -> Statement:
        """One statement of the caller's, with its lines. Raises NotFound; Fault for a line of a kind not known here."""
        ...

    def statement_file(self, token: bytes, statement_id: UUID) -> AsyncIterator[bytes]:
        """The file that proves a statement of the caller's, in pieces. Raises NotFound with the first."""
        ...

    async def accept(self, token: bytes, statement_id: UUID) -> Statement:
        """Accepts one statement of the caller's; answers it as it stands. Raises NotFound."""
        ...


class GrpcPartners:
    """Asks the real service."""

    def __init__(self, channel: grpc.aio.Channel, signer: Signer) -> None:
        self._partners = partners_pb2_grpc.PartnersServiceStub(channel)
        self._clearing = partners_pb2_grpc.ClearingServiceStub(channel)
        self._terms = payment_terms_pb2_grpc.PaymentTermsServiceStub(channel)
        self._signer = signer

    async def key_facts(self, secret_sha256: bytes) -> KeyFacts | None:
        """As Partners.key_facts."""
        request = partners_pb2.AuthenticateApiKeyRequest(secret_sha256=secret_sha256)
        try:
            response: partners_pb2.AuthenticateApiKeyResponse = await call(
                self._partners.AuthenticateApiKey, request, self._signer.own(None), _AUTHENTICATE_SECONDS
            )
        except CoalitionError as error:
            if error.reason == Reason.REASON_UNAUTHENTICATED:
                return None
            raise
        key, partner = response.api_key, response.partner
        return KeyFacts(
            key_id=from_bytes(key.key_id),
            label=key.label,
            hint=key.hint,
            scopes=frozenset(key.scopes),
            partner=Partner(from_bytes(partner.partner_id), partner.slug, partner.name),
            programme=programme_from(response.programme),
            # A role that this version does not know allows nothing here.
            roles=frozenset(_ROLES[role] for role in response.roles if role in _ROLES),
            standing=PartnerStanding(
                _KINDS.get(response.standing.kind, StandingKind.ACTIVE), response.standing.since_us
            ),
            refused=frozenset(_OPERATIONS[each] for each in response.standing.refused if each in _OPERATIONS),
            quotas=PartnersQuotas(response.quotas.interactive_per_second, response.quotas.bulk_per_second),
            ends_at_us=key.ends_at_us,
            addresses=tuple(map(ip_network, key.addresses)),
            api_version=response.api_version,
        )

    async def stores(
        self, programme: Programme, partner_id: UUID, after_code: str
    ) -> tuple[list[Store], bool]:
        """As Partners.stores."""
        request = partners_pb2.ListStoresRequest(
            partner_id=partner_id.bytes, after_code=after_code, limit=_STORES_A_PAGE
        )
        response: partners_pb2.ListStoresResponse = await ask(
            self._partners.ListStores, request, self._signer.own(programme)
        )
        found = [Store(from_bytes(store.store_id), store.code, store.name) for store in response.stores]
        return found, response.has_more

    async def rates(self, token: bytes) -> list[Rate]:
        """As Partners.rates."""
        response: partners_pb2.ListRatesResponse = await ask(
            self._partners.ListRates, partners_pb2.ListRatesRequest(), token
        )
        return [
            Rate(
                rate.version,
                rate.issue_micros,
                rate.reimbursement_micros,
                rate.valid_from_us,
                rate.valid_to_us,
                rate.issue_share_percent,
                rate.transaction_fee_micros,
                next(((each.issue_micros, each.reimbursement_micros) for each in rate.by_type), None),
            )
            for rate in response.rates
        ]

    async def payment_terms(self, token: bytes) -> list[PaymentTerms]:
        """As Partners.payment_terms."""
        response: payment_terms_pb2.ListPaymentTermsResponse = await ask(
            self._terms.ListPaymentTerms, payment_terms_pb2.ListPaymentTermsRequest(), token
        )
        return [_terms_of(each) for each in response.versions]

    async def statements(
        self, token: bytes, limit: int, before_window: int, after_window: int
    ) -> tuple[list[Statement], bool]:
        """As Partners.statements."""
        request = clearing_pb2.ListStatementsRequest(
            limit=limit, before_window=before_window, after_window=after_window
        )
        response: clearing_pb2.ListStatementsResponse = await ask(
            self._clearing.ListStatements, request, token
        )
        return [_statement_of(statement) for statement in response.statements], response.has_more

    async def statement(self, token: bytes, statement_id: UUID) -> Statement:
        """As Partners.statement."""
        request = clearing_pb2.GetStatementRequest(statement_id=statement_id.bytes)
        response: clearing_pb2.GetStatementResponse = await ask(self._clearing.GetStatement, request, token)
        return _statement_of(response.statement)

    async def statement_file(self, token: bytes, statement_id: UUID) -> AsyncIterator[bytes]:
        """As Partners.statement_file."""
        request = clearing_pb2.GetStatementFileRequest(statement_id=statement_id.bytes)
        pieces: AsyncIterator[clearing_pb2.GetStatementFileResponse] = stream(
            self._clearing.GetStatementFile, request, token, _FILE_SECONDS
        )
        async for piece in pieces:
            yield piece.content

    async def accept(self, token: bytes, statement_id: UUID) -> Statement:
        """As Partners.accept."""
        request = clearing_pb2.AcceptStatementRequest(statement_id=statement_id.bytes)
        response: clearing_pb2.AcceptStatementResponse = await ask(
            self._clearing.AcceptStatement, request, token
        )
        return _statement_of(response.statement)


def _statement_of(message: clearing_pb2.Statement) -> Statement:
    window, net = message.window, message.net
    standing = _STANDINGS.get(message.standing)
    if standing is None:
        raise Fault
    return Statement(
        statement_id=from_bytes(message.statement_id),
        window=window.number,
        starts_at_us=window.starts_at_us,
        ends_at_us=window.ends_at_us,
        currency=message.currency,
        points_issued=net.points_issued,
        points_reversed=net.points_reversed,
        points_burned=net.points_burned,
        points_returned=net.points_returned,
        exact_micros=net.exact_micros,
        carry_in_micros=net.carry_in_micros,
        carry_out_micros=net.carry_out_micros,
        net_minor=net.net_minor,
        issued_at_us=message.issued_at_us,
        covers=Span(
            message.first_window,
            window.number,
            message.starts_at_us,
            window.ends_at_us,
            message.first_seq,
            window.last_seq,
        ),
        opening_minor=message.opening_minor,
        closing_minor=message.closing_minor,
        standing=standing,
        objection_until_us=message.objection_until_us,
        accepted_at_us=message.accepted_at_us,
        lines=tuple(_line_of(line) for line in message.lines),
        legal_entities=tuple(LegalEntity(each.number, each.name) for each in message.legal_entities),
    )


def _line_of(message: clearing_pb2.StatementLine) -> StatementLine:
    found = _LINE_TYPES.get(message.kind)
    if found is None:
        # A statement without one of its lines would no longer add up to its net.
        raise Fault
    return StatementLine(
        found,
        message.count,
        message.points,
        message.price_micros,
        message.amount_micros,
        message.point_type,
        message.legal_entity,
    )


def _terms_of(message: payment_terms_pb2.PaymentTerms) -> PaymentTerms:
    mandate = None
    if message.HasField("mandate"):
        said = message.mandate
        scheme = payment_terms_pb2.MandateScheme.Name(said.scheme).removeprefix("MANDATE_SCHEME_").lower()
        mandate = Mandate(said.mandate_id, said.signed_on, scheme)
    return PaymentTerms(
        message.version,
        message.valid_from,
        message.account.holder,
        masked(message.account.iban),
        message.account.bic,
        mandate,
        message.prenotification_days,
        message.due_days,
        message.least_payout_minor,
        message.reminder_days,
        message.reminders_max,
        message.late_interest_bp,
        message.returned_fee_minor,
        message.suspend_after_days,
    )
