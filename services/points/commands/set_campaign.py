"""Sets what a campaign gives, at which sales, and who pays for it."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.points.clients.partners import Partners
from services.points.commands.open_ledger import Doors
from services.points.domain.accounts import PROGRAMME
from services.points.domain.campaigns import CampaignTerms, Standing
from services.points.storage import campaigns, ledgers
from services.runtime.clock import MICROS_MAX
from services.runtime.database import PgConnection, WriteDatabase
from services.runtime.errors import InvalidRequest, NotFound
from services.runtime.principal import Programme

NAME_CHARACTERS_MAX: Final = 100
PERCENT_MAX: Final = 10_000
FIXED_POINTS_MAX: Final = 10**9
AMOUNT_MINOR_MAX: Final = 10**12
PARTNERS_MAX: Final = 100
FUNDERS_MAX: Final = 10
# Campaigns that have not ended: each may give something for every sale.
UNENDED_MAX: Final = 100
_HUNDRED: Final = 100


class SetCampaign:
    """The use case behind SetCampaign. What stands already is not set again."""

    def __init__(self, doors: Doors, database: WriteDatabase, partners: Partners) -> None:
        self._doors, self._database, self._partners = doors, database, partners

    async def __call__(
        self, programme: Programme, asked: CampaignTerms, set_by: str, *, create: bool
    ) -> Standing:
        """Adds the first version of a new campaign, or the next one of a campaign that there is.

        Raises InvalidRequest for what is out of range or one campaign too many, NotFound (CAMPAIGN_UNKNOWN,
        PARTNER_UNKNOWN), Unavailable.
        """
        _check(asked)
        await self._doors.to(programme)
        ledger_id = programme.ledger_id
        funders = {funder.partner_id for funder in asked.funders} - {PROGRAMME}
        async with self._database.dedicated() as connection:
            before = await campaigns.newest(connection, ledger_id, asked.campaign_id)
        # Who funds it already stays a funder: such a campaign can be ended, and is given no more to give.
        already = {funder.partner_id for funder in before.terms.funders} if before else set[UUID]()
        for partner_id in asked.partners | funders:
            # Only a partner that exists has roles to tell of, be they none.
            may_fund = await self._partners.may_fund(programme, partner_id)
            is_new = partner_id in funders - already
            _expect(
                may_fund or not is_new,
                "funders",
                "partners whose contract has the role fund, and that take part",
            )
        async with self._database.dedicated() as connection, connection.transaction():
            head = await ledgers.lock_head(connection, ledger_id)
            newest = await campaigns.newest(connection, ledger_id, asked.campaign_id)
            if newest is None:
                await _check_new(connection, ledger_id, head.now_us, create=create)
            elif create and (newest.version > 1 or newest.terms != asked):
                raise InvalidRequest("a campaign with this id was set before", field="campaign_id")
            if newest is None or newest.terms != asked:
                version = newest.version + 1 if newest is not None else 1
                await campaigns.add(connection, ledger_id, asked, version, head.last_seq, set_by)
            (standing,) = await campaigns.standing(connection, ledger_id, asked.campaign_id, 0, 1)
        return standing


async def _check_new(connection: PgConnection, ledger_id: int, now_us: int, *, create: bool) -> None:
    if not create:
        raise NotFound("no campaign has this id", reason=Reason.REASON_CAMPAIGN_UNKNOWN)
    if await campaigns.unended(connection, ledger_id, now_us) >= UNENDED_MAX:
        raise InvalidRequest(f"{UNENDED_MAX} campaigns have not ended: end one first", field="valid_to_us")


def _check(asked: CampaignTerms) -> None:
    """Raises InvalidRequest for what is out of its range."""
    effect = asked.effect
    _expect(
        1 <= len(asked.name) <= NAME_CHARACTERS_MAX and asked.name.isprintable(),
        "name",
        f"1 to {NAME_CHARACTERS_MAX} visible characters",
    )
    if effect.fixed_points:
        _expect(1 <= effect.fixed_points <= FIXED_POINTS_MAX, "fixed_points", f"1 to {FIXED_POINTS_MAX}")
    else:
        percent = effect.multiplier_percent
        _expect(_HUNDRED < percent <= PERCENT_MAX, "multiplier_percent", f"101 to {PERCENT_MAX}")
    _expect(0 <= effect.min_amount_minor <= AMOUNT_MINOR_MAX, "min_amount_minor", f"0 to {AMOUNT_MINOR_MAX}")
    _expect(0 < asked.valid_from_us <= MICROS_MAX, "valid_from_us", "a time is needed")
    if asked.valid_to_us:
        later = asked.valid_from_us < asked.valid_to_us <= MICROS_MAX
        _expect(later, "valid_to_us", "later than valid_from_us")
    _expect(len(asked.partners) <= PARTNERS_MAX, "partner_ids", f"{PARTNERS_MAX} at most")
    _expect(1 <= len(asked.funders) <= FUNDERS_MAX, "funders", f"1 to {FUNDERS_MAX}")
    shares = [funder.percent for funder in asked.funders]
    _expect(min(shares) > 0 and sum(shares) == _HUNDRED, "funders", "shares of 1 or more that sum to 100")
    named = {funder.partner_id for funder in asked.funders}
    _expect(len(named) == len(asked.funders), "funders", "each once")


def _expect(holds: bool, field: str, message: str) -> None:
    if not holds:
        raise InvalidRequest(f"{field}: {message}", field=field)
