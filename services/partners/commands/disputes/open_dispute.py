"""Open a dispute of a line of a statement: its partner says what is wrong with it, and how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.disputes.steps import noted
from services.partners.commands.telling import Tell
from services.partners.domain.disputes.amounts import most_claimed_minor, supply_of, with_tax, withheld
from services.partners.domain.disputes.dispute import Dispute, Event, Ground, Happened, Mode, State
from services.partners.domain.disputes.terms import terms_at
from services.partners.domain.disputes.texts import Said
from services.partners.domain.documents.tax import tax_at
from services.partners.domain.statement import Standing, Statement, StatementLine
from services.partners.storage import statements, tax
from services.partners.storage.disputes import disputes, terms
from services.partners.storage.programme_time import programme_now_us
from services.partners.storage.settlement import money
from services.runtime.clock import from_micros
from services.runtime.database import Database
from services.runtime.errors import Conflict, InvalidRequest, NotFound, Refused
from services.runtime.ids import new_id
from services.runtime.principal import Principal

#: Whoever may accept a statement may object to it.
SCOPE: Final = "statements:accept"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a partner disputes. `line`: of the statement, from 1; `claimed_minor`: what it wants back, net of tax, minor units."""

    statement_id: UUID
    line: int
    claimed_minor: int
    ground: Ground
    mode: Mode
    said: Said


class OpenDispute:
    """A partner, of a statement of its own; with scope `statements:accept`."""

    def __init__(self, database: Database, tell: Tell) -> None:
        self._database, self._tell = database, tell

    async def __call__(self, who: Principal, claim: Claim) -> Dispute:
        """The dispute; the one that is there where the same was claimed before, so that a call may be repeated.

        Raises NotFound, also where the statement is another's, InvalidRequest for a line or an amount that cannot be
        disputed, Refused with DISPUTE_LATE once the statement is accepted by word or silence, Conflict with
        LINE_DISPUTED where the line was disputed otherwise, PermissionDenied.
        """
        who.require(SCOPE)
        partner_id, programme = who.as_partner(), who.in_programme()
        ledger_id = programme.ledger_id
        async with self._database.writer.transaction() as connection:
            await money.lock(connection, ledger_id)
            statement = await statements.by_id(connection, ledger_id, claim.statement_id)
            if statement is None or statement.net.party_id != partner_id:
                raise NotFound("there is no such statement")
            before = await disputes.of_line(connection, ledger_id, claim.statement_id, claim.line)
            if before is not None:
                return _same(before, claim)
            now_us = await programme_now_us(connection, ledger_id)
            _refuse_late(statement, now_us)
            line = _line(statement, claim)
            made = await _dispute(connection, ledger_id, statement, line, claim, now_us, who.actor)
            await disputes.add(connection, ledger_id, made)
            if made.withheld_minor:
                journal = withheld(made.dispute_id, partner_id, made.withheld_minor)
                await money.post(connection, ledger_id, now_us, who.actor, [journal])
            await noted(connection, who, programme, self._tell, now_us, made)
        return made


def _same(before: Dispute, claim: Claim) -> Dispute:
    first = before.events[0]
    told = before.claimed_minor, before.ground, before.mode, first.text, first.references
    if told == (claim.claimed_minor, claim.ground, claim.mode, claim.said.text, claim.said.references):
        return before
    raise Conflict(
        Reason.REASON_LINE_DISPUTED,
        f"line {claim.line} is disputed already: a line is disputed once",
        dispute=before.number,
    )


def _refuse_late(statement: Statement, now_us: int) -> None:
    standing = statement.standing(now_us)
    if standing is not Standing.OPEN:
        until = from_micros(statement.objection_until_us).isoformat()
        raise Refused(
            Reason.REASON_DISPUTE_LATE, "the statement is accepted, by word or by silence", until=until
        )


def _line(statement: Statement, claim: Claim) -> StatementLine:
    """The line, if so much of it can be disputed, in that way."""
    if not 1 <= claim.line <= len(statement.lines):
        raise InvalidRequest(f"the statement has lines 1 to {len(statement.lines)}", field="line")
    line = statement.lines[claim.line - 1]
    most = most_claimed_minor(line)
    if supply_of(line) is None or not most:
        raise InvalidRequest(f"nothing of line {claim.line} ({line.kind}) can be disputed", field="line")
    if not 1 <= claim.claimed_minor <= most:
        raise InvalidRequest(f"1 to {most:,} minor units of this line", field="claimed_amount")
    if claim.mode is Mode.WITHHELD and line.amount_micros < 0:
        raise InvalidRequest(
            "only what a partner owes can be withheld, and of this line it is owed: pay_first", field="mode"
        )
    return line


async def _dispute(
    connection: AsyncConnection,
    ledger_id: int,
    statement: Statement,
    line: StatementLine,
    claim: Claim,
    now_us: int,
    by: str,
) -> Dispute:
    rate = await _tax_basis_points(connection, ledger_id, statement, line)
    text, references = claim.said.text, claim.said.references
    return Dispute(
        new_id(),
        await disputes.next_number(connection, ledger_id),
        statement.statement_id,
        claim.line,
        line.kind.value,
        statement.net.party_id,
        line.entity,
        claim.claimed_minor,
        claim.mode,
        claim.ground,
        rate,
        with_tax(claim.claimed_minor, rate) if claim.mode is Mode.WITHHELD else 0,
        terms_at(await terms.of_programme(connection, ledger_id), now_us),
        (Event(1, Happened.OPENED, State.OPENED, now_us, by, text=text, references=references),),
    )


async def _tax_basis_points(
    connection: AsyncConnection, ledger_id: int, statement: Statement, line: StatementLine
) -> int:
    """The rate that the line has on a document: of the company's rule as of the statement's last instant.

    0 where there is none: such a line is on no document yet either, and the partner's right does not wait for it.
    """
    supply = supply_of(line)
    versions = await tax.of_partner(connection, ledger_id, statement.net.party_id)
    data = tax_at(versions, line.entity, statement.window.ends_at_us - 1)
    rule = data.rules.get(supply) if data and supply else None
    return rule.rate_basis_points if rule else 0
