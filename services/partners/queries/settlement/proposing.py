"""What a run would do: the statements that wait, the documents that they make, and what each partner pays or is paid.

It reads and writes nothing, so that draft, approval and execution make it alike, and compare what they see.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.partners.domain.documents.canonical import document_body
from services.partners.domain.documents.document import Document, DocumentType
from services.partners.domain.documents.drafting import Drafted, Draughtsman, documents_of
from services.partners.domain.documents.tax import OperatorVersion, TaxVersion
from services.partners.domain.drafts import body_of
from services.partners.domain.partner import Partner
from services.partners.domain.payments.accounts import (
    OperatorAccount,
    OperatorAccountVersion,
    operator_document,
)
from services.partners.domain.payments.instructions import AMOUNT_MINOR_MAX
from services.partners.domain.payments.terms import (
    Method,
    PaymentTermsVersion,
    in_force,
    terms_document,
)
from services.partners.domain.settlement.payment_rule import PaymentRule
from services.partners.domain.settlement.payments import PaymentState, Standing
from services.partners.domain.settlement.prefunding import Holding, Plan, plan
from services.partners.domain.settlement.records import Waiting
from services.partners.domain.settlement.runs import Outcome, Position, Proposal, outcome_of
from services.partners.domain.statement import Statement
from services.partners.queries.settlement.holdings import holdings
from services.partners.storage import partners, payment_terms, statements
from services.partners.storage import tax as tax_storage
from services.partners.storage.connection import Reads
from services.partners.storage.settlement import money, payments, runs
from services.runtime.clock import in_zone
from services.runtime.errors import Refused
from services.runtime.principal import Programme

_WHY_CHARACTERS_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Prepared:
    """A partner that a run settles: its position, the drafts of its documents, and how it pays or is paid.

    `carried`: its payments that failed, which the run takes over; `plan`: what it does about prefunding.
    """

    position: Position
    slug: str
    documents: tuple[Document, ...]
    rule: PaymentRule
    carried: tuple[Standing, ...]
    plan: Plan

    @property
    def terms(self) -> PaymentTermsVersion:
        """The terms that are in force."""
        return self.rule.terms


@dataclass(frozen=True, slots=True)
class Preparation:
    """A proposal with all that it was made of; `prepared` by partner, without those that are left out."""

    proposal: Proposal
    prepared: tuple[Prepared, ...]
    account: OperatorAccountVersion


@dataclass(frozen=True, slots=True)
class _Books:
    """What positions are made from, read at one moment."""

    programme: Programme
    tax: dict[UUID, list[TaxVersion]]
    operator: Sequence[OperatorVersion]
    terms: dict[UUID, list[PaymentTermsVersion]]
    open_minor: dict[UUID, int]
    failed: dict[UUID, list[Standing]]
    holdings: dict[UUID, Holding]
    today: date
    account: OperatorAccount


async def prepare(connection: Reads, programme: Programme, until_window: int, now_us: int) -> Preparation:
    """What a run up to a window would do at a programme time. Raises Refused with OPERATOR_DATA_MISSING."""
    ledger_id, today = programme.ledger_id, in_zone(now_us, programme.zone).date()
    account = in_force(await payment_terms.of_operator(connection, ledger_id), today)
    if account is None:
        raise Refused(
            Reason.REASON_OPERATOR_DATA_MISSING,
            "the operator's own bank account is not set",
            missing="bank_account",
        )
    unpaid = await payments.all_unpaid(connection, ledger_id)
    open_payments = [each for each in unpaid if each.state is PaymentState.OPEN]
    books = _Books(
        programme,
        await tax_storage.of_programme(connection, ledger_id),
        await tax_storage.of_operator(connection, ledger_id),
        await payment_terms.of_programme(connection, ledger_id),
        await open_amounts(connection, ledger_id, unpaid),
        _failed(unpaid),
        await holdings(connection, ledger_id, until_window, now_us, open_payments),
        today,
        account.terms,
    )
    waiting: dict[UUID, list[Waiting]] = defaultdict(list)
    for each in await runs.waiting(connection, ledger_id, until_window):
        waiting[each.partner_id].append(each)
    ids = [each.statement_id for some in waiting.values() for each in some]
    read: dict[UUID, list[Statement]] = defaultdict(list)
    for each in await statements.with_lines(connection, ledger_id, ids):
        read[each.net.party_id].append(each)
    positions: list[Position] = []
    prepared: list[Prepared] = []
    for partner in await partners.of_programme(connection, ledger_id):
        if partner.first_window > until_window and partner.partner_id not in books.holdings:
            continue
        found = _position(books, partner, waiting[partner.partner_id], read[partner.partner_id])
        if isinstance(found, Prepared):
            prepared.append(found)
            positions.append(found.position)
        else:
            positions.append(found)
    seals = (_seal(operator_document(account.terms)), *map(_seal_of, prepared))
    return Preparation(Proposal(until_window, tuple(positions), seals), tuple(prepared), account)


def _position(
    books: _Books, partner: Partner, waiting: Sequence[Waiting], read: Sequence[Statement]
) -> Prepared | Position:
    """What is done about one partner; a position alone where it is left out."""
    forward = books.open_minor.get(partner.partner_id, 0)
    holding = books.holdings.get(partner.partner_id, Holding())
    terms = in_force(books.terms.get(partner.partner_id, ()), books.today)
    if not waiting and not forward and holding.is_empty:
        return _left_out(partner, waiting, 0, "no statement is due")
    if terms is None:
        return _left_out(partner, waiting, forward, "it has no payment terms in force")
    drafted = Drafted(())
    if read:
        tax = books.tax.get(partner.partner_id, ())
        drafted = documents_of(read, tax, books.operator, books.programme.slug, books.programme.zone)
    if drafted.missing:
        return _left_out(partner, waiting, forward, "; ".join(each.text for each in drafted.missing))
    signs = [1 if each.due_minor > 0 else -1 for each in drafted.documents]
    net = sum(sign * each.net_minor for sign, each in zip(signs, drafted.documents, strict=True))
    tax_minor = sum(sign * each.tax_minor for sign, each in zip(signs, drafted.documents, strict=True))
    planned, ahead = _prefunding(books, partner, holding, forward, net + tax_minor + forward)
    if not waiting and not forward and planned.is_empty:
        return _left_out(partner, waiting, 0, planned.why or "no statement is due")
    prefunding_minor = sum(each.due_minor for each in ahead)
    position = Position(
        partner.partner_id,
        tuple(each.statement_id for each in waiting),
        waiting[0].first_window if waiting else None,
        waiting[-1].window_number if waiting else None,
        sum(each.net_minor for each in waiting),
        net,
        tax_minor,
        forward,
        outcome_of(
            net + tax_minor + forward + prefunding_minor - planned.set_off_minor,
            by_direct_debit=terms.terms.method is Method.DIRECT_DEBIT,
            least_payout_minor=terms.terms.least_payout_minor,
        ),
        planned.why[:_WHY_CHARACTERS_MAX],
        prefunding_minor,
        planned.set_off_minor,
        planned.orders,
    )
    lacks = _bank_lacks(books, position)
    if lacks:
        return _left_out(partner, waiting, forward, lacks)
    papers = (*_set_off(drafted.documents, planned, forward), *ahead)
    carried = tuple(books.failed.get(partner.partner_id, ()))
    rule = PaymentRule(position.outcome, terms, tuple(each.payment.end_to_end_id for each in carried))
    return Prepared(position, partner.slug, papers, rule, carried, planned)


def _prefunding(
    books: _Books, partner: Partner, holding: Holding, forward: int, due_minor: int
) -> tuple[Plan, tuple[Document, ...]]:
    """What is done about what a partner pays ahead, with its documents. Where they lack something nothing is done, and nothing else waits."""
    planned = plan(holding, forward, due_minor)
    programme = books.programme
    maker = Draughtsman(
        programme.slug,
        programme.zone,
        partner.slug,
        programme.currency,
        books.tax.get(partner.partner_id, ()),
        books.operator,
    )
    for entity, amount in sorted(planned.invoiced.items()):
        maker.add_prefunding(entity, amount, holding.at_us)
    drafted = maker.drafted()
    if drafted.missing:
        return Plan(why="; ".join(each.text for each in drafted.missing)), ()
    return planned, drafted.documents


def _set_off(drafted: Sequence[Document], planned: Plan, forward: int) -> tuple[Document, ...]:
    """Documents that say what of them is paid by prefunding: what is owed of before is first, then those of the companies whose it was."""
    left = planned.set_off_minor - max(0, forward)
    paid: dict[int, int] = {}
    places = [place for place, each in enumerate(drafted) if each.type is DocumentType.INVOICE]
    for place in sorted(places, key=lambda place: drafted[place].entity not in planned.set_off):
        paid[place] = max(0, min(left, drafted[place].total_minor))
        left -= paid[place]
    return tuple(replace(each, set_off_minor=paid.get(place, 0)) for place, each in enumerate(drafted))


def _bank_lacks(books: _Books, position: Position) -> str:
    """Why no bank would do what a position comes to; empty: it would."""
    if position.outcome is Outcome.COLLECT and not books.account.creditor_id:
        return "the operator has no creditor identifier for direct debits"
    through_bank = position.outcome in (Outcome.COLLECT, Outcome.PAY)
    if through_bank and abs(position.due_minor) > AMOUNT_MINOR_MAX:
        return f"no bank moves more than {AMOUNT_MINOR_MAX:,} minor units at once"
    return ""


def _left_out(partner: Partner, waiting: Sequence[Waiting], forward: int, why: str) -> Position:
    return Position(
        partner.partner_id,
        tuple(each.statement_id for each in waiting),
        waiting[0].first_window if waiting else None,
        waiting[-1].window_number if waiting else None,
        sum(each.net_minor for each in waiting),
        0,
        0,
        forward,
        Outcome.LEFT_OUT,
        why[:_WHY_CHARACTERS_MAX],
    )


def _failed(unpaid: Sequence[Standing]) -> dict[UUID, list[Standing]]:
    found: dict[UUID, list[Standing]] = defaultdict(list)
    for each in unpaid:
        if each.state is PaymentState.FAILED:
            found[each.payment.partner_id].append(each)
    return found


async def open_amounts(connection: Reads, ledger_id: int, unpaid: Sequence[Standing]) -> dict[UUID, int]:
    """What the account of each partner holds that no payment waits for: above zero it owes it."""
    found = await money.partner_balances(connection, ledger_id)
    for each in unpaid:
        partner_id = each.payment.partner_id
        found[partner_id] = found.get(partner_id, 0) - each.covered_minor
    return {partner_id: amount for partner_id, amount in found.items() if amount}


def _seal_of(prepared: Prepared) -> bytes:
    bodies = [document_body(each) for each in prepared.documents]
    said: dict[str, object] = {
        "rule": prepared.rule.document(),
        "terms": terms_document(prepared.terms.terms),
    }
    return _seal(said, *bodies)


def _seal(said: dict[str, object], *bodies: bytes) -> bytes:
    whole = sha256(body_of(said))
    for each in bodies:
        whole.update(sha256(each).digest())
    return whole.digest()
