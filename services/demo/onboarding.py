"""What stands before the first purchase: programme, partners, contracts, terms of settlement, credit limits, campaign.

All of it may be done again: a demo that was killed meanwhile carries on where it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from coalition.type.v1.reason_pb2 import Reason

from services.demo import progress as memory
from services.demo.config import DemoConfig, DemoPartner
from services.demo.progress import Progress
from services.demo.settlement_terms import set_terms
from services.demo.staff import People
from services.demo.weeks import local_midnight
from services.operations import approvals, burn_rules, campaigns, registry, settlement
from services.operations.session import Session
from services.runtime.clock import to_micros
from services.runtime.errors import CoalitionError
from services.runtime.expiry_policy import DEFAULT_POLICY
from services.runtime.ids import new_id, to_text
from services.runtime.principal import Programme

# The budget is loaded once, however often the demo is killed.
_LOAD_KEY: Final = "demo-budget"
_OBJECTION_DAYS: Final = 14
_LIMIT: Final = "credit_limit"
_WHY: Final = "as in the contract"


class Onboarding:
    """Brings in what demo.toml says."""

    def __init__(
        self,
        config: DemoConfig,
        session: Session,
        progress: Progress,
        folder: Path,
    ) -> None:
        self._config, self._session = config, session
        self._progress, self._folder = progress, folder

    async def run(self, people: People, stores: Mapping[str, tuple[str, ...]]) -> Programme:
        """Registers what is not registered yet; `stores`: each partner's codes. Raises CoalitionError."""
        programme = await self._programme()
        present = {partner.slug for partner in await registry.list_partners(self._session, programme)}
        for partner in self._config.partners:
            if partner.slug in self._progress.secrets:
                continue
            if partner.slug not in present:
                await self._take_in(programme, partner)
            await self._contract(programme, partner, stores[partner.slug])
            issued = await registry.issue_key(self._session, programme, partner.slug, "demo")
            self._progress.secrets[partner.slug] = issued.secret
            memory.save(self._folder, self._progress)
        await set_terms(self._session, programme, self._config)
        await self._limits(programme, people)
        await self._campaign(programme)
        return programme

    async def _programme(self) -> Programme:
        about = self._config.programme
        try:
            return await registry.create_programme(
                self._session,
                about.slug,
                about.name,
                about.zone.key,
                about.currency,
                to_micros(about.clock_start_at),
                is_test=True,
                expiry=DEFAULT_POLICY._replace(months=about.expiry_months),
            )
        except CoalitionError as error:
            if error.reason != Reason.REASON_ALREADY_EXISTS:
                raise
            return await self._session.programme(about.slug)

    async def _take_in(self, programme: Programme, partner: DemoPartner) -> None:
        try:
            await registry.onboard(self._session, programme, partner.slug, partner.name)
        except CoalitionError as error:
            # Asked again after a lost answer, it is there already.
            if error.reason != Reason.REASON_ALREADY_EXISTS:
                raise

    async def _contract(self, programme: Programme, partner: DemoPartner, stores: tuple[str, ...]) -> None:
        session, about, slug, earn = self._session, self._config.programme, partner.slug, partner.earn
        await registry.add_stores(session, programme, slug, [(code, f"Store {code}") for code in stores])
        starts_at_us = to_micros(about.clock_start_at)
        await registry.set_earn_rate(
            session, programme, slug, registry.EarnRate(earn.points, earn.per_minor, starts_at_us)
        )
        for price in partner.prices:
            prices = registry.Prices(
                price.issue_micros,
                price.reimbursement_micros,
                to_micros(local_midnight(price.valid_from, about.zone)),
                issue_share_percent=price.issue_share_percent,
                transaction_fee_micros=price.transaction_fee_micros,
            )
            await registry.set_rates(session, programme, slug, prices)
        await burn_rules.set_rule(session, programme, slug, self._burn_rule(), "tender")
        billing = partner.billing
        terms = await settlement.billing_of(
            session, programme, slug, billing.cycle, billing.cycle_fee_minor, _OBJECTION_DAYS
        )
        await settlement.set_billing(session, programme, terms)

    def _burn_rule(self) -> burn_rules.BurnRule:
        """What every partner takes points for: whole steps, up to what was bought."""
        about, rule = self._config.programme, self._config.burns
        return burn_rules.BurnRule(
            points=rule.value_points,
            worth_minor=rule.value_minor,
            valid_from_us=to_micros(about.clock_start_at),
            minimum_points=rule.points_step,
            step_points=rule.points_step,
            share_percent=100,
            # (A burn counts on the day on which it is recorded, and a run that was held up records it later.)
            daily_points=0,
            excluded_categories=(),
            excluded_tenders=(),
        )

    async def _limits(self, programme: Programme, people: People) -> None:
        """The credit limits that are not approved yet."""
        for partner in self._config.partners:
            slug, credit = partner.slug, partner.credit
            if credit is None or await approvals.limits(self._session, programme, slug):
                continue
            terms = approvals.terms_of(
                credit.limit_minor, credit.prefunded_minor, credit.on_limit, credit.warning_percent
            )
            propose = partial(_propose_limit, programme=programme, slug=slug, terms=terms)
            await people.make(programme, _LIMIT, slug, propose, _WHY)

    async def _campaign(self, programme: Programme) -> None:
        """Sets the campaign and loads its budget; its id is kept before it is used, so there is only ever one."""
        about, zone = self._config.campaign, self._config.programme.zone
        if not self._progress.campaign:
            self._progress.campaign = to_text(campaigns.CAMPAIGN_PREFIX, new_id())
            memory.save(self._folder, self._progress)
        wanted = campaigns.Wanted(
            name=about.name,
            multiplier_percent=about.multiplier_percent,
            valid_from_us=to_micros(local_midnight(about.first_day, zone)),
            valid_to_us=to_micros(local_midnight(about.last_day + timedelta(days=1), zone)),
            partners=[about.partner],
            funders=[f"{funder.funder}={funder.percent}" for funder in about.funders],
        )
        campaign = self._progress.campaign
        await campaigns.create_campaign(self._session, programme, campaign, wanted)
        await campaigns.load_budget(self._session, programme, _LOAD_KEY, campaign, about.budget_points)


async def _propose_limit(
    maker: Session, programme: Programme, slug: str, terms: approvals.Terms
) -> approvals.Draft:
    return await approvals.propose_limit(maker, programme, slug, terms, _WHY)
