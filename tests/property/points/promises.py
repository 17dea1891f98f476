"""Random campaigns: what they promise, and what they have to give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from hypothesis import strategies as st

from services.points.domain.answers import Accepted
from services.points.domain.campaigns import Funder
from services.points.domain.wallet_movements import Load
from tests.support.campaign_model import Deal, load, set_campaign
from tests.support.ledger_facts import DAY_US, OPERATOR
from tests.support.ledger_model import LedgerModel
from tests.support.paper_ledger import PaperLedger

CAMPAIGNS = [UUID(int=number) for number in (0xD0, 0xE0, 0xF0)]


@dataclass(frozen=True)
class Promise:
    """The next version of a campaign: what it gives from and to so many days from now on (0: without an end)."""

    place: int
    percent: int
    fixed: int
    least: int
    from_days: int
    days: int
    partners: frozenset[UUID]

    def deal(self, now_us: int) -> Deal:
        """Its terms, as of now."""
        starts_us = max(1, now_us + self.from_days * DAY_US)
        ends_us = starts_us + self.days * DAY_US if self.days else 0
        return Deal(
            starts_us, ends_us, 0 if self.fixed else self.percent, self.fixed, self.least, self.partners
        )


@dataclass(frozen=True)
class Fund:
    """Points for a campaign's budget."""

    place: int
    points: int


def promises(partners: Sequence[UUID]) -> st.SearchStrategy[Promise]:
    """The next version of some campaign, at all partners or at some of these."""
    whose = (frozenset[UUID](), frozenset(partners[:1]), frozenset(partners[1:]))
    return st.builds(
        Promise,
        st.integers(0, 2),
        st.sampled_from((101, 150, 300)),
        st.sampled_from((0, 0, 7)),
        st.sampled_from((0, 0, 20)),
        st.sampled_from((-300, -40, 0, 1)),
        st.sampled_from((0, 0, 30, 400)),
        st.sampled_from(whose),
    )


funds = st.builds(Fund, st.integers(0, 2), st.sampled_from((1, 20, 90)))

# Campaigns that there are from the beginning, with what they can give: in most scripts some, so that much is granted.
FIRST = (
    Promise(0, 300, 0, 0, -300, 0, frozenset()),
    Fund(0, 600),
    Promise(1, 0, 7, 20, -30, 90, frozenset()),
    Fund(1, 40),
)
beginnings = st.sampled_from(((), FIRST, FIRST, FIRST[:2]))


def promise(ledger: PaperLedger, model: LedgerModel, step: Promise) -> None:
    """Sets it in both."""
    deal = step.deal(ledger.now_us)
    if set_campaign(model, CAMPAIGNS[step.place], deal):
        ledger.campaigns.set(CAMPAIGNS[step.place], deal, (Funder(OPERATOR, 100),))


def fund(ledger: PaperLedger, model: LedgerModel, step: Fund) -> None:
    """Loads it in both; a campaign that is not there is not loaded."""
    campaign = CAMPAIGNS[step.place]
    key = f"load-{len(ledger.postings)}"
    (answer,) = ledger.post([Load(key, campaign, key.encode(), step.points, "stf_1", "", 0)])
    assert isinstance(answer, Accepted) == (campaign in model.campaigns)
    if campaign in model.campaigns:
        load(model, campaign, step.points, ledger.now_us)
