"""Runs, documents, files and movements as they are kept. Amounts are minor units, times microseconds of programme time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.partners.domain.settlement.accounts import Journal
from services.partners.domain.settlement.runs import RunState


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it is kept. `sha256`: of its proposal. Times are programme time in microseconds."""

    number: int
    until_window: int
    draft_id: UUID
    sha256: bytes
    drafted_at_us: int
    drafted_by: str
    state: RunState = RunState.DRAFT


@dataclass(frozen=True, slots=True)
class Waiting:
    """A statement that no run has settled."""

    statement_id: UUID
    partner_id: UUID
    first_window: int
    window_number: int
    net_minor: int


@dataclass(frozen=True, slots=True)
class Settled:
    """What is settled of a partner, in minor units.

    `nets_minor`: of its statements in runs; `open_minor`: what its accounts hold, disputed or not, above zero what it owes;
    `prepaid_minor`: what it has paid ahead.
    """

    partner_id: UUID
    nets_minor: int
    open_minor: int
    prepaid_minor: int


@dataclass(frozen=True, slots=True)
class RunStep:
    """A state that a run came to, and why, if anybody said so."""

    state: RunState
    at_us: int
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Issued:
    """A document as it is kept. `body`: its canonical JSON, in a list empty. Minor units; `due_minor` above zero: the partner owes it."""

    document_id: UUID
    type: int
    year: int
    sequence: int
    number: str
    run_number: int | None
    partner_id: UUID
    entity: int
    issued_on: date
    net_minor: int
    tax_minor: int
    due_minor: int
    sha256: bytes
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class BankFile:
    """A file for the bank. `kind`: pain.001 or pain.008; amounts in minor units; `made_at_us`: programme time."""

    number: int
    run_number: int | None
    kind: str
    message_id: str
    payments: int
    total_minor: int
    sha256: bytes
    made_at_us: int
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Message:
    """A file that the bank sent. `kind`: pain.002 or camt.053; `received_at_us`: programme time."""

    number: int
    sha256: bytes
    kind: str
    message_id: str
    received_at_us: int
    received_by: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Item:
    """What the bank said of one thing, and what became of it. `entry_reference`: the bank's own, empty where it gave none.

    Minor units; above zero came in. `break_number` None: it is explained. `charge_minor`: what of it the bank charged.
    `statement`: which one of its message it is of, from 1; 0: a report.
    """

    message_number: int
    item: int
    entry_reference: str
    end_to_end_id: str
    amount_minor: int
    booked_on: date | None
    outcome: str
    payment_id: UUID | None
    applied_minor: int
    said: str
    break_number: int | None = None
    charge_minor: int = 0
    statement: int = 0


@dataclass(frozen=True, slots=True)
class Break:
    """What nothing explains; `amount_minor` is in suspense until it ends. `owner`, `ended`: empty while there is none."""

    number: int
    type: str
    amount_minor: int
    opened_at_us: int
    item: Item
    owner: str = ""
    ended: str = ""


@dataclass(frozen=True, slots=True)
class Numbered:
    """A journal in the books, with its number and the programme time in microseconds."""

    number: int
    at_us: int
    by: str
    journal: Journal
