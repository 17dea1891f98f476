"""Re-rating, on a real database: whatever is re-rated and when, all comes to what it would be had the price been known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.partners.domain.entries import EntryKind
from services.partners.domain.netting import net_operator, net_partners
from services.partners.domain.rates import Rates, TypePrices
from services.partners.domain.rerating import Scope
from services.partners.domain.statement import lines_of
from services.runtime.errors import InvalidRequest
from tests.support.paper_lots import PARTNERS, PaperWallet, wallets
from tests.support.rerating import Clearing, PaperProgramme

pytestmark = pytest.mark.asyncio(loop_scope="module")

prices = st.integers(0, 10**6)
_BURNED = ("burned", "returned")


@dataclass(frozen=True)
class Step:
    """After so many postings: new prices, or a re-rate of the partner's newest version but `back`, between two till times."""

    at: int
    partner: UUID
    rates: Rates | None = None
    back: int = 0
    from_us: int = 0
    to_us: int = 0


@st.composite
def terms(draw: st.DrawFn, partner: UUID, shares: tuple[int, ...]) -> Rates:
    bonus = draw(st.none() | st.builds(TypePrices, prices, prices))
    start = draw(st.sampled_from((0, 0, 0, 300)))
    end = draw(st.sampled_from((0, 0, 0, start + 600)))
    fee = draw(st.sampled_from((0, 50_000)))
    return Rates(partner, draw(prices), draw(prices), start, end, draw(st.sampled_from(shares)), fee, bonus)


@st.composite
def stories(draw: st.DrawFn) -> tuple[PaperWallet, list[Rates], list[Step]]:
    """A journal, the first contracts, and what happens to them on the way: mostly prices that are re-rated later."""
    wallet = draw(wallets())
    # Shares may be re-rated too, of contracts that follow their points.
    shares = draw(st.sampled_from(((100,), (0, 35, 60), (35, 100))))
    first = [
        Rates(partner, draw(prices), draw(prices), 0, 0, draw(st.sampled_from(shares)))
        for partner in PARTNERS
    ]
    steps: list[Step] = []
    end = len(wallet.journal)
    seen = sorted({UUID(bytes=each.partner) for each in wallet.journal if each.partner}) or PARTNERS
    for _ in range(draw(st.integers(1, 4))):
        partner = draw(st.sampled_from(seen))
        known = draw(st.integers(0, end))
        steps.append(Step(known, partner, draw(terms(partner, shares))))
        again = draw(st.integers(known, end))
        from_us, to_us = draw(st.sampled_from(((0, 0), (0, 0), (200, 0), (0, 700), (300, 500))))
        steps.append(Step(again, partner, None, draw(st.sampled_from((0, 0, 0, 1))), from_us, to_us))
    return wallet, first, sorted(steps, key=lambda step: step.at)


async def lived(
    clearing: Clearing, wallet: PaperWallet, first: Iterable[Rates], steps: Iterable[Step]
) -> PaperProgramme:
    """The story as the service lives it; re-rates that would change nothing, or that cannot be, are refused."""
    programme = await clearing.programme(PARTNERS)
    for each in first:
        await programme.set_rates(each)
    done, newest = 0, dict[UUID, int]()
    for step in steps:
        if step.at > done:
            await programme.rate(wallet.journal[done : step.at])
            done = step.at
        if step.rates is not None:
            newest[step.partner] = (await programme.set_rates(step.rates)).version
            continue
        version = max(1, newest.get(step.partner, 1) - step.back)
        try:
            draft = await programme.propose(Scope(step.partner, version, step.from_us, step.to_us))
        except InvalidRequest:
            continue
        await programme.approve(draft)
    if done < len(wallet.journal):
        await programme.rate(wallet.journal[done:])
    return programme


def money(folds: Iterable[tuple[UUID | None, EntryKind, int]]) -> dict[tuple[UUID, bool], int]:
    """What each partner owes for points issued and used and in fees, and what it is owed for points burned."""
    sums: dict[tuple[UUID, bool], int] = defaultdict(int)
    for partner, kind, amount in folds:
        if partner is not None and amount:
            sums[partner, kind.value.removesuffix("_difference") in _BURNED] += amount
    return {key: amount for key, amount in sums.items() if amount}


@settings(max_examples=40, deadline=None)
@given(story=stories())
async def test_entries_and_differences_are_what_the_journal_makes_with_the_price_known_from_the_beginning(
    clearing: Clearing, story: tuple[PaperWallet, list[Rates], list[Step]]
) -> None:
    wallet, first, steps = story
    programme = await lived(clearing, wallet, first, steps)
    folds, kinds = await programme.folds()
    scratch = await programme.from_scratch(wallet.journal)
    assert money((each.partner_id, each.kind, each.amount_micros) for each in folds) == money(
        (each.partner_id, each.kind, each.amount_micros) for each in scratch
    )
    nets = net_partners(PARTNERS, folds, {})
    operator = net_operator(kinds, nets)
    assert sum(net.net_minor for net in nets) + operator.net_minor == 0
    for net in nets:
        assert sum(line.amount_micros for line in lines_of(folds, net)) == net.net_minor * 10_000
    for partner in PARTNERS:
        # What may be due still, once points are used, is re-rated with the rest.
        counted = await programme.exposure(partner, len(wallet.journal))
        potential = 0
        for entry in (each for each in scratch if each.partner_id == partner):
            if entry.kind is EntryKind.ISSUED:
                potential += entry.points * entry.redemption_micros
            elif entry.kind is EntryKind.RELEASED:
                potential -= entry.points * entry.redemption_micros
            elif entry.kind is EntryKind.CHARGED:
                potential -= entry.points * entry.price_micros
            elif entry.kind is EntryKind.CREDITED:
                potential += entry.points * entry.price_micros
        assert counted.potential_micros == potential
