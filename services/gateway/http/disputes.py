"""Disputes of statement lines."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.answers.disputes import DISPUTE_PREFIX, dispute_answer
from services.gateway.apidocs import dispute_examples as examples
from services.gateway.app import Gateway
from services.gateway.domain.caller import STATEMENTS_ACCEPT, STATEMENTS_READ, Caller
from services.gateway.domain.disputes import Claim, Ground, Mode
from services.gateway.domain.pages import Page, unknown_cursor
from services.gateway.http.admission import admit, admit_write
from services.gateway.http.answering import Answer, listing
from services.gateway.http.bodies import read_json
from services.gateway.http.cursors import AskedPage
from services.gateway.http.routes import ToldRoute, get, post
from services.gateway.queries.statements import statement_id_of
from services.gateway.schemas.disputes import Dispute, DisputeBody, EscalationBody, EvidenceBody
from services.gateway.schemas.lists import ListOf
from services.gateway.schemas.reading import read
from services.runtime.errors import NotFound
from services.runtime.ids import MalformedId, from_text

_TAG: Final = "Settlement"
_URL: Final = "/v1/disputes"


def dispute_id_of(text: str) -> UUID:
    """A dispute by its id on the wire. Raises NotFound."""
    try:
        return from_text(DISPUTE_PREFIX, text)
    except MalformedId:
        raise NotFound("there is no such dispute") from None


class Disputes:
    """A partner's own disputes."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[ToldRoute]:
        """POST and GET /v1/disputes, GET /v1/disputes/{dispute_id}, and POST of its evidence and escalation."""
        return [
            post(
                _URL,
                self.open,
                id="createDispute",
                tag=_TAG,
                summary="Dispute a line of a statement",
                description="Within the days that you may object. A line is disputed once; the same request again answers the "
                "same dispute. The rest of the statement, and everybody else, goes on.",
                body=DisputeBody,
                examples=examples.DISPUTE_BODIES,
                answer=Dispute,
                example=examples.DISPUTE,
                reasons=(
                    Reason.REASON_NOT_FOUND,
                    Reason.REASON_LINE_DISPUTED,
                    Reason.REASON_DISPUTE_LATE,
                ),
            ),
            get(
                _URL,
                self.page,
                id="listDisputes",
                tag=_TAG,
                summary="List disputes",
                description="Your own, newest first, with all that happened to them.",
                answer=ListOf[Dispute],
                example=examples.DISPUTE,
            ),
            get(
                "/v1/disputes/{dispute_id}",
                self.one,
                id="getDispute",
                tag=_TAG,
                summary="Read a dispute",
                answer=Dispute,
                example=examples.DISPUTE,
                reasons=(Reason.REASON_NOT_FOUND,),
            ),
            post(
                "/v1/disputes/{dispute_id}/evidence",
                self.evidence,
                id="addEvidence",
                tag=_TAG,
                summary="Add evidence to a dispute",
                description="Whether you were asked for it or not, until it is decided; at most 40 times. What you said last, "
                "said again, changes nothing.",
                body=EvidenceBody,
                examples=examples.EVIDENCE_BODIES,
                answer=Dispute,
                example=examples.WITH_EVIDENCE,
                reasons=(Reason.REASON_NOT_FOUND, Reason.REASON_DISPUTE_STATE),
                status=200,
            ),
            post(
                "/v1/disputes/{dispute_id}/escalate",
                self.escalate,
                id="escalateDispute",
                tag=_TAG,
                summary="Have another person decide",
                description="What is left of a claim that was rejected or accepted in part, once, until `escalate_until`.",
                body=EscalationBody,
                examples=examples.ESCALATION_BODIES,
                answer=Dispute,
                example=examples.ESCALATED,
                reasons=(Reason.REASON_NOT_FOUND, Reason.REASON_DISPUTE_STATE, Reason.REASON_DISPUTE_LATE),
                status=200,
            ),
        ]

    async def open(self, request: Request) -> Response:
        """Opens one, once a line."""
        caller, _ = await admit_write(self._gateway, request, STATEMENTS_ACCEPT)
        body = read(DisputeBody, await read_json(request, self._gateway.settings.body_bytes_max))
        claim = Claim(
            statement_id_of(body.statement),
            body.line,
            body.claimed_amount,
            Ground(body.ground),
            Mode(body.mode),
            body.text,
            body.references,
        )
        return Answer(dispute_answer(await self._gateway.disputes.open(caller.token, claim)), 201)

    async def page(self, request: Request, asked: AskedPage) -> Response:
        """Lists them."""
        caller, cursor = await admit(self._gateway, request, STATEMENTS_READ), asked()
        before = await self._number(caller, "starting_after", cursor.starting_after)
        after = await self._number(caller, "ending_before", cursor.ending_before)
        found, more = await self._gateway.disputes.listed(caller.token, cursor.limit, before, after)
        return listing(_URL, Page(found, more), dispute_answer)

    async def one(self, request: Request, dispute_id: str) -> Response:
        """Reads one."""
        caller = await admit(self._gateway, request, STATEMENTS_READ)
        return Answer(
            dispute_answer(await self._gateway.disputes.one(caller.token, dispute_id_of(dispute_id)))
        )

    async def evidence(self, request: Request, dispute_id: str) -> Response:
        """Adds evidence."""
        caller, _ = await admit_write(self._gateway, request, STATEMENTS_ACCEPT)
        body = read(EvidenceBody, await read_json(request, self._gateway.settings.body_bytes_max))
        found = await self._gateway.disputes.add_evidence(
            caller.token, dispute_id_of(dispute_id), body.text, body.references
        )
        return Answer(dispute_answer(found))

    async def escalate(self, request: Request, dispute_id: str) -> Response:
        """Escalates one, once however often it is asked."""
        caller, _ = await admit_write(self._gateway, request, STATEMENTS_ACCEPT)
        body = read(EscalationBody, await read_json(request, self._gateway.settings.body_bytes_max))
        found = await self._gateway.disputes.escalate(caller.token, dispute_id_of(dispute_id), body.text)
        return Answer(dispute_answer(found))

    async def _number(self, caller: Caller, name: str, cursor: str) -> int:
        """The number of a cursor; 0 for an empty one."""
        if not cursor:
            return 0
        try:
            return (await self._gateway.disputes.one(caller.token, dispute_id_of(cursor))).number
        except NotFound:
            raise unknown_cursor(name) from None
