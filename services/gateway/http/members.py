"""Members: enrolment, look-up, closing, balance, history."""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from coalition.type.v1.reason_pb2 import Reason
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.answers.members import match_answer, member_answer
from services.gateway.apidocs import examples
from services.gateway.app import Gateway
from services.gateway.domain.caller import MEMBERS_READ, MEMBERS_WRITE, POINTS_READ, Caller
from services.gateway.domain.members import Identifier, IdentifierKind, Member, Personal, Place
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
from services.gateway.schemas.movements import Transaction
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
                description="With the card that the member has already, or without one: then a card is issued. A card "
                "that has earned already, before anybody enrolled it, is claimed: its points are this member's. "
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
                    Reason.REASON_LOOKUP_LIMITED,
                ),
            ),
            post(
                "/v1/members/lookup",
                self.lookup,
                id="findMember",
                tag=_TAG,
                summary="Find a member",
                description="By card, phone number, e-mail address, your own customer number or id. In the body, since "
                "addresses end up in logs. The answer is enough to recognise the member by, and no more. Who asks for too "
                "many that nobody has is not answered for a while. This is a read: it takes no Idempotency-Key.",
                body=schema.LookupBody,
                examples=examples.LOOKUP_BODIES,
                answer=schema.MemberMatch,
                example=examples.MEMBER_MATCH,
                reasons=(
                    Reason.REASON_CARD_NUMBER_INVALID,
                    Reason.REASON_IDENTIFIER_AMBIGUOUS,
                    Reason.REASON_LOOKUP_LIMITED,
                    *_UNKNOWN,
                ),
                status=200,
                writes=False,
            ),
            *self._changes(),
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

    def _changes(self) -> list[ToldRoute]:
        return [
            post(
                "/v1/members/{member_id}",
                self.update,
                id="updateMember",
                tag=_TAG,
                summary="Change a member's personal data",
                description="A JSON merge patch: fields that are left out stay, null removes one. Only the partner that "
                "enrolled the member may do this.",
                body=schema.UpdateBody,
                examples=examples.UPDATE_BODIES,
                answer=schema.Member,
                example=examples.MEMBER,
                reasons=(
                    *_UNKNOWN,
                    Reason.REASON_PARTNER_SUSPENDED,
                    Reason.REASON_IDEMPOTENCY_KEY_REUSED,
                    Reason.REASON_MEMBER_CLOSED,
                ),
                status=200,
                method="PATCH",
            ),
            *self._employment(),
        ]

    def _employment(self) -> list[ToldRoute]:
        path, reasons = "/v1/members/{member_id}/employment", (*_UNKNOWN, Reason.REASON_PARTNER_SUSPENDED)
        return [
            post(
                path,
                self.employ,
                id="markStaff",
                tag=_TAG,
                summary="Say that a member works for you",
                description="Its card earns with you as any other, and does not spend there; with other partners it does. "
                "Saying it again changes nothing.",
                body=None,
                answer=schema.Member,
                example=examples.MEMBER_STAFF,
                reasons=reasons,
                status=200,
                method="PUT",
            ),
            post(
                path,
                self.dismiss,
                id="unmarkStaff",
                tag=_TAG,
                summary="Say that a member does not work for you any more",
                description="From a moment later on it spends points with you as any other. Saying it again changes nothing.",
                body=None,
                answer=schema.Member,
                example=examples.MEMBER,
                reasons=reasons,
                status=200,
                method="DELETE",
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
        body = read(schema.LookupBody, await read_json(request, gateway.settings.body_bytes_max))
        by = gateway.member_directory.by_alias(caller, body.id) if body.id else _named(body)
        place = Place(body.store or "", body.till)
        try:
            match = await gateway.members.find(caller.token, by, place)
        except CoalitionError as error:
            if isinstance(by, Identifier) and "field" in error.metadata:
                error.metadata["field"] = by.kind.value
            raise
        return Answer(match_answer(gateway.aliases, caller, match))

    async def update(self, request: Request, member_id: str) -> Response:
        """Changes personal data once per key."""
        gateway = self._gateway
        caller, key = await admit_write(gateway, request, MEMBERS_WRITE, Operation.MEMBERS)
        body = read(schema.UpdateBody, await read_json(request, gateway.settings.body_bytes_max)).personal
        found = gateway.member_directory.by_alias(caller, member_id)
        given: dict[str, str | None] = {name: getattr(body, name) for name in body.model_fields_set}
        personal = Personal(**{name: value for name, value in given.items() if value is not None})
        removed = sorted(name for name, value in given.items() if value is None)
        member, replayed = await gateway.members.update(caller.token, key, found, personal, removed)
        return self._answer(caller, member, replayed=replayed)

    async def employ(self, request: Request, member_id: str) -> Response:
        """Marks a member as the caller's staff; by nature the same once or twice, so the key is not kept."""
        return await self._set_employment(request, member_id, employed=True)

    async def dismiss(self, request: Request, member_id: str) -> Response:
        """Marks a member as the caller's staff no more."""
        return await self._set_employment(request, member_id, employed=False)

    async def _set_employment(self, request: Request, member_id: str, *, employed: bool) -> Response:
        gateway = self._gateway
        caller, _ = await admit_write(gateway, request, MEMBERS_WRITE, Operation.MEMBERS)
        found = gateway.member_directory.by_alias(caller, member_id)
        return self._answer(
            caller, await gateway.members.set_employment(caller.token, found, employed=employed)
        )

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
    return Personal(
        body.given_name, body.family_name, body.email, body.phone, body.birth_date or "", body.language
    )


def _named(body: schema.LookupBody) -> Identifier:
    """What a member is looked up by, where it is not its id; the schema takes exactly one."""
    kind = next(kind for kind in IdentifierKind if getattr(body, kind.value))
    return Identifier(kind, getattr(body, kind.value))


def _in_body(error: CoalitionError, identifiers: list[Identifier]) -> CoalitionError:
    """The error with the field's name in the body, where the service names it by place."""
    match = _PLACE.match(error.metadata.get("field", ""))
    if match and int(match[1]) < len(identifiers):
        error.metadata["field"] = identifiers[int(match[1])].kind.value
    return error
