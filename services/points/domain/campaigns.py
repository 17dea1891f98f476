"""Campaigns: points on top of what a sale earns, out of a budget that was loaded before, paid for by funders.

The version of a campaign that decides a sale is found as an earn rate is: of the versions that start at or before the till's
time the one that starts last, and of one start the newest. Where that one has ended by then, the campaign gives nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from services.runtime.clock import MICROS_MAX


class Funder(NamedTuple):
    """Who pays for `percent` of a campaign's points: a partner, or the operator (the nil UUID)."""

    partner_id: UUID
    percent: int


class Effect(NamedTuple):
    """What a sale brings: so many per cent of its base points in all (above 100; else 0), or fixed points (else 0).

    Only where at least min_amount_minor of it was paid in money.
    """

    multiplier_percent: int
    fixed_points: int
    min_amount_minor: int

    def points_for(self, base_points: int, paid_minor: int) -> int:
        """Points on top of a sale's base points, of which so much was paid in money; rounded down."""
        if paid_minor <= 0 or paid_minor < self.min_amount_minor:
            return 0
        return self.fixed_points or base_points * (self.multiplier_percent - 100) // 100


class CampaignTerms(NamedTuple):
    """What the operator has set of a campaign. Times in microseconds UTC, the end not included; valid_to_us 0: open.

    `partners`: at whom; none: at all. `funders` have 100 per cent between them.
    """

    campaign_id: UUID
    name: str
    effect: Effect
    valid_from_us: int
    valid_to_us: int
    partners: frozenset[UUID]
    funders: tuple[Funder, ...]


class CampaignVersion(NamedTuple):
    """Terms in the books: the version of a campaign, from 1, and the campaign's number in the order of creation.

    They decide sales from the seq known_from_seq on.
    """

    terms: CampaignTerms
    version: int
    no: int
    known_from_seq: int
    set_by: str


class Standing(NamedTuple):
    """The newest version of a campaign, with what its budget was loaded with, granted, took back, and has left."""

    newest: CampaignVersion
    loaded: int
    granted: int
    taken_back: int
    left: int


class Bonus(NamedTuple):
    """Points of a campaign: granted by one of its versions, or loaded into its budget (version 0).

    balance_after: the wallet right after it.
    """

    campaign_id: UUID
    version: int
    points: int
    balance_after: int = 0


class Granted(NamedTuple):
    """A grant of a sale, as its refunds see it."""

    seq: int
    campaign_id: UUID
    points: int
    effect: Effect


class _Campaign:
    """The versions of one campaign, by their start."""

    def __init__(self, versions: Iterable[CampaignVersion]) -> None:
        by_start = sorted(versions, key=lambda each: (each.terms.valid_from_us, each.version))
        self._starts = [each.terms.valid_from_us for each in by_start]
        self._versions = by_start
        self.last_us = max(each.terms.valid_to_us or MICROS_MAX for each in by_start)

    def at(self, partner_id: UUID, occurred_at_us: int) -> CampaignVersion | None:
        """The version that decides a partner's sale of a time; None where the campaign has nothing to do with it."""
        place = bisect_right(self._starts, occurred_at_us)
        if not place or occurred_at_us >= self.last_us:
            return None
        found = self._versions[place - 1]
        terms = found.terms
        ended = 0 < terms.valid_to_us <= occurred_at_us
        elsewhere = terms.partners and partner_id not in terms.partners
        return None if ended or elsewhere else found


class Campaigns:
    """All campaigns of a ledger, at one version of its configuration."""

    def __init__(self, versions: Iterable[CampaignVersion] = ()) -> None:
        by_campaign: dict[UUID, list[CampaignVersion]] = {}
        for version in sorted(versions, key=lambda each: each.no):
            by_campaign.setdefault(version.terms.campaign_id, []).append(version)
        # In the order of creation.
        self._campaigns = {campaign_id: _Campaign(found) for campaign_id, found in by_campaign.items()}

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._campaigns)

    def __contains__(self, campaign_id: object) -> bool:
        return campaign_id in self._campaigns

    def at(self, partner_id: UUID, occurred_at_us: int) -> Sequence[CampaignVersion]:
        """The versions that decide a partner's sale of a time, in the order in which their campaigns were created."""
        found = (each.at(partner_id, occurred_at_us) for each in self._campaigns.values())
        return [version for version in found if version is not None]


NO_CAMPAIGNS: Final = Campaigns()
