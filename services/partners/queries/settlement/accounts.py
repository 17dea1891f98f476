"""The accounts of the clearing house, and what explains each of them to the cent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.partners.domain.payments.continuity import ToldStatement
from services.partners.domain.settlement.accounts import Account
from services.partners.domain.settlement.payments import Method
from services.partners.domain.settlement.records import Numbered
from services.partners.storage.settlement import bank_statements, explained, money, payments
from services.partners.storage.settlement.money import JOURNALS_A_PAGE_MAX
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Principal

_JOURNALS: Final = 100


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account holds, debit above zero, and what documents, payments, the bank and open breaks say that it should. Minor units."""

    account: Account
    partner_id: UUID | None
    balance_minor: int
    explained_minor: int


@dataclass(frozen=True, slots=True)
class BankPosition:
    """An account at the bank, in minor units: what its first statement opened with, what was booked here since, what its last closed with.

    None: the bank does not say.
    """

    first: ToldStatement
    last: ToldStatement
    booked_minor: int

    @property
    def difference_minor(self) -> int | None:
        """What the bank says beyond what was booked."""
        opening, closing = self.first.opening_minor, self.last.closing_minor
        return None if opening is None or closing is None else closing - opening - self.booked_minor


@dataclass(frozen=True, slots=True)
class AtBank:
    """What the bank has told, account by account, and what it was told to collect and to pay out and has not reported: above zero."""

    positions: list[BankPosition]
    coming_minor: int
    going_minor: int


@dataclass(frozen=True, slots=True)
class JournalsPage:
    """Journals, oldest first, with the numbers of documents and the end-to-end ids of payments by their ids."""

    journals: list[Numbered]
    names: dict[UUID, str]
    has_more: bool


class Accounts:
    """Accounts of the programme acted in: staff and services."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def balances(self, who: Principal) -> list[Balance]:
        """All accounts that ever held anything, by name and partner. Raises PermissionDenied."""
        who.require_internal()
        ledger_id = who.in_programme().ledger_id
        async with self._database.reader.snapshot() as connection:
            held = await money.balances(connection, ledger_id)
            said = await explained.amounts(connection, ledger_id)
        accounts = sorted({*held, *said}, key=lambda key: (list(Account).index(key[0]), str(key[1])))
        return [
            Balance(account, partner, held.get((account, partner), 0), said.get((account, partner), 0))
            for account, partner in accounts
        ]

    async def at_bank(self, who: Principal) -> AtBank:
        """What the bank says that is there, against what was booked. Raises PermissionDenied."""
        who.require_internal()
        ledger_id = who.in_programme().ledger_id
        async with self._database.reader.snapshot() as connection:
            ends = await bank_statements.first_and_last(connection, ledger_id)
            booked = await bank_statements.booked(connection, ledger_id)
            unpaid = await payments.all_unpaid(connection, ledger_id)
        positions = [BankPosition(first, last, booked.get(last.account, 0)) for first, last in ends]
        told = [each.covered_minor for each in unpaid if each.payment.method is not Method.INVOICE]
        return AtBank(
            positions, sum(each for each in told if each > 0), -sum(each for each in told if each < 0)
        )

    async def trace(
        self, who: Principal, account: str, partner_id: UUID | None, after: int, limit: int
    ) -> JournalsPage:
        """The journals of an account or a partner, after a number. Raises InvalidRequest, PermissionDenied."""
        who.require_internal()
        if account and account not in set(Account):
            raise InvalidRequest(f"accounts are {', '.join(Account)}", field="account")
        if after < 0 or not 0 <= limit <= JOURNALS_A_PAGE_MAX:
            raise InvalidRequest(f"1 to {JOURNALS_A_PAGE_MAX:,} journals after a number", field="limit")
        ledger_id, size = who.in_programme().ledger_id, limit or _JOURNALS
        async with self._database.reader.snapshot() as connection:
            found = await money.journals(
                connection,
                ledger_id,
                account=Account(account) if account else None,
                partner_id=partner_id,
                after=after,
                limit=size + 1,
            )
            names = await explained.names(connection, ledger_id, [each.journal for each in found[:size]])
        return JournalsPage(found[:size], names, len(found) > size)
