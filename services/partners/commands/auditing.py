"""How commands note what they changed: into the audit log, in their own transaction, as its very last thing.

The head of a chain is the last lock that any transaction takes, after that of the event log; so no two wait for
each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.billing import BillingVersion
from services.partners.domain.contract_drafts import billing_document, rates_document
from services.partners.domain.rates import RateVersion
from services.partners.domain.windows import Window
from services.partners.queries.people import person_of
from services.partners.storage import audit, staff
from services.runtime.audit import AuditRow, canonical
from services.runtime.clock import from_micros, wall_now_us
from services.runtime.ids import to_text
from services.runtime.principal import Kind, Principal, current

#: The chain of what concerns the whole host: staff, their roles and tokens.
HOST_CHAIN: Final = 0
_ITSELF: Final = "partners"
_KINDS: Final = {Kind.STAFF: "staff", Kind.SERVICE: "service", Kind.PARTNER: "partner"}


@dataclass(frozen=True, slots=True)
class Change:
    """What was changed: `what` as `thing.done`, the id of the thing, how it was (None: it was not) and how it is.

    Both are documents of text, whole numbers and truth; never with a secret in them.
    """

    what: str
    subject: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    why: str = ""


async def audited(connection: AsyncConnection, who: Principal | None, ledger_id: int, change: Change) -> None:
    """Adds a row to the chain of a programme, or of the host (0). `who` None: this service by itself."""
    person = person_of(who) if who else None
    found = await staff.by_id(connection, person) if person else None
    row = AuditRow(
        ledger_id,
        0,
        wall_now_us(),
        _KINDS[who.kind] if who else _KINDS[Kind.SERVICE],
        who.actor if who else _ITSELF,
        found.name if found else "",
        change.what,
        change.subject,
        canonical(change.before),
        canonical(change.after),
        change.why,
        b"",
    )
    await audit.append(connection, row)


def rates_change(before: RateVersion | None, made: RateVersion) -> Change:
    """A new version of a rate card, beside the one that was the newest."""
    subject = to_text("ptr", made.rates.partner_id)
    return Change("rates.set", subject, _rates(before) if before else None, _rates(made))


def _rates(version: RateVersion) -> dict[str, Any]:
    said = rates_document(version.rates)
    del said["partner_id"]
    return {**said, "known_from_seq": version.known_from_seq, "version": version.version}


def billing_change(before: BillingVersion | None, made: BillingVersion) -> Change:
    """A new version of how a partner is billed, beside the one that was the newest."""
    subject = to_text("ptr", made.terms.partner_id)
    return Change("billing.set", subject, _billing(before) if before else None, _billing(made))


def _billing(version: BillingVersion) -> dict[str, Any]:
    said = billing_document(version.terms)
    del said["partner_id"]
    return {**said, "from_window": version.from_window, "version": version.version}


async def audited_acceptance(connection: AsyncConnection, who: Principal, statement_id: UUID) -> None:
    """Notes that a partner has accepted a statement by its word."""
    change = Change("statements.accepted", to_text("stm", statement_id), after={"accepted": True})
    await audited(connection, who, who.in_programme().ledger_id, change)


async def audited_window(connection: AsyncConnection, ledger_id: int, what: str, window: Window) -> None:
    """Notes a step of a window, by whoever's call this is, or by this service's own job."""
    after = {
        "ends_at": from_micros(window.ends_at_us).isoformat(),
        "first_seq": window.first_seq,
        "last_seq": window.last_seq,
        "number": window.number,
    }
    await audited(connection, current.get(None), ledger_id, Change(what, str(window.number), after=after))
