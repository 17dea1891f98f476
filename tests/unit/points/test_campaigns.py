"""Which version of a campaign decides a sale, and what it gives."""

from __future__ import annotations

from uuid import UUID

import pytest

from services.points.domain.campaigns import Campaigns, CampaignTerms, CampaignVersion, Effect, Funder

FIRST, SECOND = UUID(int=0xD0), UUID(int=0xC0)
GROCER, FUEL = UUID(int=1), UUID(int=2)
TRIPLE = Effect(300, 0, 0)


def version(
    campaign: UUID, number: int, no: int, start: int, end: int = 0, partners: frozenset[UUID] = frozenset()
) -> CampaignVersion:
    terms = CampaignTerms(campaign, "a campaign", TRIPLE, start, end, partners, (Funder(GROCER, 100),))
    return CampaignVersion(terms, number, no, 1, "stf_1")


def deciding(campaigns: Campaigns, at_us: int, partner: UUID = GROCER) -> list[tuple[UUID, int]]:
    return [(found.terms.campaign_id, found.version) for found in campaigns.at(partner, at_us)]


def test_a_window_has_its_start_and_not_its_end() -> None:
    campaigns = Campaigns([version(FIRST, 1, 1, 100, 200)])
    assert [bool(deciding(campaigns, at)) for at in (99, 100, 199, 200)] == [False, True, True, False]


def test_only_sales_of_its_partners_count_where_it_names_any() -> None:
    campaigns = Campaigns([version(FIRST, 1, 1, 100, partners=frozenset({FUEL}))])
    assert deciding(campaigns, 100) == []
    assert deciding(campaigns, 100, FUEL) == [(FIRST, 1)]


def test_the_version_that_starts_last_decides_and_of_one_start_the_newest() -> None:
    campaigns = Campaigns([version(FIRST, 2, 1, 150), version(FIRST, 1, 1, 100), version(FIRST, 3, 1, 100)])
    assert [deciding(campaigns, at) for at in (99, 100, 149, 150)] == [
        [], [(FIRST, 3)], [(FIRST, 3)], [(FIRST, 2)],
    ]  # fmt: skip


def test_where_the_version_that_starts_last_has_ended_none_before_it_comes_back() -> None:
    campaigns = Campaigns([version(FIRST, 1, 1, 100), version(FIRST, 2, 1, 150, 160)])
    assert [deciding(campaigns, at) for at in (149, 159, 160)] == [[(FIRST, 1)], [(FIRST, 2)], []]


def test_campaigns_come_in_the_order_of_their_creation() -> None:
    campaigns = Campaigns([version(SECOND, 1, 2, 100), version(FIRST, 1, 1, 100), version(SECOND, 2, 2, 101)])
    assert deciding(campaigns, 101) == [(FIRST, 1), (SECOND, 2)]
    assert SECOND in campaigns
    assert GROCER not in campaigns
    assert not Campaigns()


@pytest.mark.parametrize(
    ("effect", "base", "paid", "points"),
    [
        (TRIPLE, 10, 1_000, 20),
        (Effect(150, 0, 0), 3, 300, 1),
        (Effect(101, 0, 0), 99, 9_900, 0),
        (TRIPLE, 0, 50, 0),
        (Effect(300, 0, 1_000), 9, 999, 0),
        (Effect(300, 0, 1_000), 10, 1_000, 20),
        (Effect(0, 7, 0), 0, 1, 7),
        (Effect(0, 7, 0), 0, 0, 0),
        (Effect(0, 7, 500), 4, 499, 0),
        (Effect(0, 7, 500), 5, 500, 7),
    ],
)
def test_what_a_sale_brings_on_top(effect: Effect, base: int, paid: int, points: int) -> None:
    assert effect.points_for(base, paid) == points
