"""Members: enrolment, look-up, closing, balance, history."""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from coalition.type.v1.reason_pb2 import Reason
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.answers.members import member_answer
from services.gateway.apidocs import examples
from services.gateway.app import Gateway
from services.gateway.domain.caller import MEMBERS_READ, MEMBERS_WRITE, POINTS_READ, Caller
from services.gateway.domain.members import Identifier, IdentifierKind, Member, Personal
from services.gateway.http.admission import admit, admit_write
from services.gateway.http.answering import Answer, listing
from services.gateway.http.bodies import read_json
from services.gateway.http.cursors import AskedPage
from services.gateway.http.earns import STANDING_REASONS
from services.gateway.http.routes import ToldRoute, get, post
from services.gateway.queries.expirations import list_expirations
from services.gateway.queries.transactions import Wanted, list_transactions
from services.gateway.schemas import members as schema
from services.gateway.schemas.lists import ListOf
from services.gateway.schemas.movements import MemberReference, Transaction
from services.gateway.schemas.reading import read
from services.runtime.errors import CoalitionError
from services.runtime.partner_standing import Operation

_TAG: Final = "Members"
_PLACE: Final = re.compile(r"identifiers\[([0-9]+)\]")
_UNKNOWN: Final = (Reason.REASON_MEMBER_UNKNOWN, Reason.REASON_PARTNER_EXITED)


class Members:
    """People of the programme, under the caller's aliases."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[ToldRoute]:
        """All routes under /v1/members."""
        return [*self._writes(), *self._reads()]

    def _writes(self) -> list[ToldRoute]:
        return [
            post(
                "/v1/members",
                self.enrol,
                id="enrolMember",
                tag=_TAG,
                summary="Enrol a member",
                description="With the card that the member has already, or without one: then a card is issued. "
                "Personal data is optional, encrypted, and seen by you only.",
                body=schema.EnrolBody,
                examples=examples.ENROL_BODIES,
                answer=schema.Member,
                example=examples.MEMBER,
                reasons=(
                    *STANDING_REASONS,
                    Reason.REASON_IDEMPOTENCY_KEY_REUSED,
                    Reason.REASON_CARD_NUMBER_INVALID,
                    Reason.REASON_IDENTIFIER_TAKEN,
                ),
            ),
            post(
                "/v1/members/lookup",
                self.lookup,
                id="findMember",
                tag=_TAG,
                summary="Find a member",
                description="By card, by your own customer number or by id. In the body, since addresses end up "
                "in logs. This is a read: it takes no Idempotency-Key.",
                body=MemberReference,
                examples=examples.LOOKUP_BODIES,
                answer=schema.Member,
                example=examples.MEMBER,
                reasons=(Reason.REASON_CARD_NUMBER_INVALID, *_UNKNOWN),
                status=200,
                writes=False,
            ),
            post(
                "/v1/members/{member_id}/close",
                self.close,
                id="closeMember",
                tag=_TAG,
                summary="Close a member",
                description="For good: later earns and redemptions are refused. Only the partner that enrolled "
                "the member may do this. Closing a closed member changes nothing.",
                body=None,
                answer=schema.Member,
                example=examples.MEMBER_CLOSED,
                reasons=_UNKNOWN,
                status=200,
            ),
        ]

    def _reads(self) -> list[ToldRoute]:
        return [
            get(
                "/v1/members/{member_id}",
                self.one,
                id="getMember",
                tag=_TAG,
                summary="Read a member",
                answer=schema.Member,
                example=examples.MEMBER,
                reasons=_UNKNOWN,
            ),
            get(
                "/v1/members/{member_id}/balance",
                self.balance,
                id="getBalance",
                tag=_TAG,
                summary="Read a member's balance",
                description="What can be spent now, anywhere in the programme, and what expires next.",
                answer=schema.Balance,
                example=examples.BALANCE,
                reasons=_UNKNOWN,
            ),
            get(
                "/v1/members/{member_id}/expirations",
                self.expirations,
                id="listMemberExpirations",
                tag=_TAG,
                summary="List when a member's points expire",
                description="Which points are gone from when on, soonest first, as far as they can be spent now: what a "
                "hold set aside is left out, and so is what never expires. Pass the last `expires_at` as "
                "`starting_after` for the next page.",
                answer=ListOf[schema.Expiration],
                example=examples.EXPIRATION,
                reasons=_UNKNOWN,
            ),
            get(
                "/v1/members/{member_id}/transactions",
                self.transactions,
                id="listMemberTransactions",
                tag=_TAG,
                summary="List a member's transactions",
                description="Those that you asked for, newest first.",
                answer=ListOf[Transaction],
                example=examples.TRANSACTION,
                reasons=_UNKNOWN,
            ),
        ]

    async def enrol(self, request: Request) -> Response:
        """Enrols once per key."""
        caller, key = await admit_write(self._gateway, request, MEMBERS_WRITE, Operation.ENROL)
        body = read(schema.EnrolBody, await read_json(request, self._gateway.settings.body_bytes_max))
        given = ((IdentifierKind.CARD, body.card), (IdentifierKind.CUSTOMER_ID, body.customer_id))
        identifiers = [Identifier(kind, value) for kind, value in given if value is not None]
        try:
            member, replayed = await self._gateway.members.enrol(
                caller.token, key, identifiers, _personal(body.personal)
            )
        except CoalitionError as error:
            raise _in_body(error, identifiers) from None
        return self._answer(caller, member, 201, replayed=replayed)

    async def lookup(self, request: Request) -> Response:
        """Finds a member by what the body names."""
        gateway = self._gateway
        caller = await admit(gateway, request, MEMBERS_READ, Operation.MEMBERS)
        body = read(MemberReference, await read_json(request, gateway.settings.body_bytes_max))
        if body.id:
            return await self._read(caller, body.id)
        kind = IdentifierKind.CARD if body.card else IdentifierKind.CUSTOMER_ID
        identifiers = [Identifier(kind, body.card or body.customer_id)]
        (found,) = await gateway.members.look_up(caller.token, identifiers)
        if isinstance(found, CoalitionError):
            raise _in_body(found, identifiers)
        return self._answer(caller, await gateway.members.member(caller.token, found))

    async def one(self, request: Request, member_id: str) -> Response:
        """Reads one member."""
        caller = await admit(self._gateway, request, MEMBERS_READ, Operation.MEMBERS)
        return await self._read(caller, member_id)

    async def close(self, request: Request, member_id: str) -> Response:
        """Closes a member; by nature the same once or twice, so the key is not kept."""
        caller, _ = await admit_write(self._gateway, request, MEMBERS_WRITE, Operation.MEMBERS)
        found = self._gateway.member_directory.by_alias(caller, member_id)
        return self._answer(caller, await self._gateway.members.close(caller.token, found))

    async def balance(self, request: Request, member_id: str) -> Response:
        """Reads a wallet."""
        gateway = self._gateway
        caller = await admit(gateway, request, POINTS_READ, Operation.MEMBERS)
        found = await gateway.member_directory.existing(caller, member_id)
        balance = await gateway.points.balance(caller.token, found)
        return Answer(gateway.answers.balance(member_id, balance))

    async def expirations(self, request: Request, member_id: str, asked: AskedPage) -> Response:
        """Lists when what is in a wallet expires."""
        gateway = self._gateway
        caller = await admit(gateway, request, POINTS_READ, Operation.MEMBERS)
        found = await gateway.member_directory.existing(caller, member_id)
        page = await list_expirations(gateway.points, caller, found, asked())
        return listing(f"/v1/members/{member_id}/expirations", page, gateway.answers.expiration)

    async def transactions(self, request: Request, member_id: str, asked: AskedPage) -> Response:
        """Lists what became of a wallet, as far as the caller asked for it."""
        gateway = self._gateway
        caller = await admit(gateway, request, POINTS_READ, Operation.MEMBERS)
        found = await gateway.member_directory.existing(caller, member_id)
        page = await list_transactions(gateway.points, caller, Wanted(member_id=found), asked())
        return listing(
            f"/v1/members/{member_id}/transactions", page, partial(gateway.answers.transaction, caller)
        )

    async def _read(self, caller: Caller, alias: str) -> Response:
        found = self._gateway.member_directory.by_alias(caller, alias)
        return self._answer(caller, await self._gateway.members.member(caller.token, found))

    def _answer(self, caller: Caller, member: Member, status: int = 200, *, replayed: bool = False) -> Answer:
        return Answer(member_answer(self._gateway.aliases, caller, member), status, replayed=replayed)


def _personal(body: schema.PersonalBody | None) -> Personal | None:
    if body is None:
        return None
    return Personal(body.given_name, body.family_name, body.email, body.phone, body.birth_date or "")


def _in_body(error: CoalitionError, identifiers: list[Identifier]) -> CoalitionError:
    """The error with the field's name in the body, where the service names it by place."""
    match = _PLACE.match(error.metadata.get("field", ""))
    if match and int(match[1]) < len(identifiers):
        error.metadata["field"] = identifiers[int(match[1])].kind.value
    return error
