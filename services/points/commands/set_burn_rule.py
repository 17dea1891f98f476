"""Sets what a partner takes points for from a time on."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from services.points.clients.partners import Partners
from services.points.commands.open_ledger import Doors
from services.points.domain.burning import BurnRule, RuleVersion
from services.points.storage import burn_rules, ledgers
from services.runtime.clock import MICROS_MAX
from services.runtime.database import WriteDatabase
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Programme

_POINTS_MAX: Final = 1_000_000_000
_PER_POINTS_MAX: Final = 1_000_000
_CATEGORIES_MAX: Final = 100
_CATEGORY_CHARACTERS_MAX: Final = 64
_TENDERS: Final = frozenset({"cash", "card", "voucher", "coupon", "other"})


class SetBurnRule:
    """The use case behind SetBurnRule."""

    def __init__(self, doors: Doors, database: WriteDatabase, partners: Partners) -> None:
        self._doors, self._database, self._partners = doors, database, partners

    async def __call__(
        self, programme: Programme, partner_id: UUID, rule: BurnRule, set_by: str
    ) -> RuleVersion:
        """Adds the rule unless it is what stands with its start already; answers what stands.

        Raises InvalidRequest for numbers out of range, NotFound (PARTNER_UNKNOWN), Unavailable.
        """
        _check(rule)
        # Only a partner that exists has stores to tell of, be they none.
        await self._partners.stores(programme, partner_id)
        await self._doors.to(programme)
        async with self._database.dedicated() as connection, connection.transaction():
            head = await ledgers.lock_head(connection, programme.ledger_id)
            for standing in reversed(await burn_rules.versions(connection, programme.ledger_id, partner_id)):
                if standing.rule.valid_from_us == rule.valid_from_us:
                    if standing.rule == rule:
                        return standing
                    break
            return await burn_rules.add(
                connection, programme.ledger_id, partner_id, rule, head.last_seq, set_by
            )


def _check(rule: BurnRule) -> None:
    """Raises InvalidRequest for what is out of its range."""
    _expect(1 <= rule.points <= _PER_POINTS_MAX, "points", "1 to 1,000,000")
    _expect(1 <= rule.worth_minor <= _POINTS_MAX, "worth_minor", "1 to 1,000,000,000")
    _expect(1 <= rule.step <= _POINTS_MAX, "step_points", "1 to 1,000,000,000")
    whole = 1 <= rule.minimum <= _POINTS_MAX and rule.minimum % rule.step == 0
    _expect(whole, "minimum_points", "1 to 1,000,000,000, a multiple of step_points")
    _expect(1 <= rule.share_percent <= 100, "share_percent", "1 to 100")
    bounded = rule.daily == 0 or rule.fewest <= rule.daily <= _POINTS_MAX
    _expect(bounded, "daily_points", "0 for no limit, or the fewest points that are taken to 1,000,000,000")
    categories = rule.excluded_categories
    _expect(len(categories) <= _CATEGORIES_MAX, "excluded_categories", f"{_CATEGORIES_MAX} at most")
    readable = all(each.isprintable() and 0 < len(each) <= _CATEGORY_CHARACTERS_MAX for each in categories)
    _expect(readable, "excluded_categories", f"1 to {_CATEGORY_CHARACTERS_MAX} visible characters each")
    _expect(rule.excluded_tenders <= _TENDERS, "excluded_tenders", f"of {', '.join(sorted(_TENDERS))}")
    _expect(0 < rule.valid_from_us <= MICROS_MAX, "valid_from_us", "a time is needed")


def _expect(holds: bool, field: str, message: str) -> None:
    if not holds:
        raise InvalidRequest(f"{field}: {message}", field=field)
