"""Whatever happens to disputes in whatever order: what is held follows, all of it comes back, and nobody else's accounts move."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.partners.domain.disputes.amounts import Held, let_go, with_tax, withheld
from services.partners.domain.disputes.dispute import Dispute, Event, Ground, Happened, Mode, State
from services.partners.domain.disputes.terms import DisputeTerms
from services.partners.domain.entries import EntryKind
from services.partners.domain.netting import Fold, KindTotal, net_operator, net_partners
from services.partners.domain.settlement.accounts import Account, Entry, balances

_PARTNERS: Final = tuple(UUID(int=number) for number in (1, 2, 3))
_RATES = st.sampled_from([0, 700, 1_900, 2_000])
_AMOUNTS = st.integers(1, 10**9)
_WORDS = st.sampled_from(["part", "whole", "reject", "escalate", "close", "state"])


@dataclass
class Books:
    """One withheld dispute with its journals, as commands keep them."""

    dispute: Dispute
    entries: list[Entry] = field(default_factory=list[Entry])
    pending_minor: int = 0

    @property
    def held_minor(self) -> int:
        return sum(each.amount_minor for each in self.entries if each.account is Account.DISPUTED)

    def happen(self, kind: Happened, accepted: int = 0) -> None:
        found = self.dispute
        event = Event(
            len(found.events) + 1,
            kind,
            found.after(kind),
            found.events[-1].at_us,
            "x",
            accepted_minor=accepted,
        )
        self.dispute = replace(found, events=(*found.events, event))
        self.pending_minor += accepted
        if (accepted or kind is Happened.REJECTED) and self.dispute.is_over(0):
            self.happen(Happened.CLOSED)
        self.release()

    def release(self) -> None:
        found = self.dispute
        due = Held(
            found.dispute_id,
            found.partner_id,
            found.claimed_minor,
            found.tax_basis_points,
            found.accepted_minor,
            self.pending_minor,
            found.state is State.CLOSED,
        ).due_minor
        assert 0 <= due <= self.held_minor
        if due != self.held_minor:
            journal = let_go(found.dispute_id, found.partner_id, self.held_minor - due)
            self.entries.extend(journal.entries)

    def told(self, word: str, share: int) -> None:
        """What somebody wants; nothing where it cannot follow."""
        found = self.dispute
        if word == "state":
            self.pending_minor = 0
            self.release()
        elif word == "escalate" and found.may(Happened.ESCALATED) and found.escalate_until_us:
            self.happen(Happened.ESCALATED)
        elif word == "close" and found.may(Happened.CLOSED):
            self.happen(Happened.CLOSED)
        elif word == "reject" and found.may(Happened.REJECTED):
            self.happen(Happened.REJECTED)
        elif word in ("part", "whole") and found.may(Happened.ACCEPTED) and found.left_minor:
            amount = found.left_minor if word == "whole" else max(1, found.left_minor * share // 100)
            self.happen(Happened.ACCEPTED, amount)


def _opened(partner: UUID, claimed: int, rate: int) -> Books:
    amount = with_tax(claimed, rate)
    first = Event(1, Happened.OPENED, State.OPENED, 0, "x")
    found = Dispute(
        UUID(int=9), 1, UUID(int=8), 1, "issued", partner, 1, claimed, Mode.WITHHELD, Ground.OTHER, rate, amount,
        DisputeTerms(), (first,),
    )  # fmt: skip
    return Books(found, list(withheld(found.dispute_id, partner, amount).entries))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(_PARTNERS[:2]),
            _AMOUNTS,
            _RATES,
            st.lists(st.tuples(_WORDS, st.integers(1, 100)), max_size=12),
        ),
        max_size=4,
    )
)
def test_whatever_happens_what_is_held_follows_and_comes_back_and_nobody_else_notices(
    wanted: list[tuple[UUID, int, int, list[tuple[str, int]]]],
) -> None:
    books: list[Books] = []
    for partner, claimed, rate, words in wanted:
        one = _opened(partner, claimed, rate)
        books.append(one)
        for word, share in words:
            one.told(word, share)
            assert one.dispute.accepted_minor <= one.dispute.claimed_minor
            held = balances(each for some in books for each in some.entries)
            assert sum(held.values()) == 0
            # Only the two accounts of whoever disputes move, and against each other.
            assert {key[1] for key in held} <= {some.dispute.partner_id for some in books}
            for each in _PARTNERS:
                assert held.get((Account.DISPUTED, each), 0) == -held.get((Account.PARTNER, each), 0) >= 0
        # However it stands, once it is closed and its credit notes are there, nothing is held.
        for word in ("reject", "close", "state"):
            one.told(word, 1)
        assert one.dispute.state is State.CLOSED
        assert one.held_minor == 0


@given(
    st.lists(st.tuples(st.sampled_from(_PARTNERS), st.integers(-(10**12), 10**12)), max_size=6),
    st.lists(
        st.tuples(
            st.sampled_from(_PARTNERS),
            st.sampled_from(
                [
                    EntryKind.ADJUSTMENT_POINTS,
                    EntryKind.ADJUSTMENT_FEES,
                    EntryKind.ADJUSTMENT_REIMBURSEMENT,
                ]
            ),
            _AMOUNTS,
        ),
        max_size=6,
    ),
)
def test_what_is_given_back_lowers_just_its_partners_net_and_nets_sum_to_zero(
    owed: list[tuple[UUID, int]], given_back: list[tuple[UUID, EntryKind, int]]
) -> None:
    folds = [Fold(partner, EntryKind.FEE_DIFFERENCE, micros, 1, 0, micros, "") for partner, micros in owed]
    more = [
        Fold(partner, kind, -minor * 10_000, 1, 0, -minor * 10_000, "") for partner, kind, minor in given_back
    ]
    before = {net.party_id: net for net in net_partners(_PARTNERS, folds, {})}
    nets = net_partners(_PARTNERS, [*folds, *more], {})
    for net in nets:
        mine = sum(minor for partner, _, minor in given_back if partner == net.party_id)
        assert net.net_minor == before[net.party_id].net_minor - mine
        assert net.carry_out_micros == before[net.party_id].carry_out_micros
    kinds = [KindTotal(fold.kind, fold.price_micros * fold.count) for fold in (*folds, *more)]
    operator = net_operator(kinds, nets)
    assert operator.net_minor + sum(net.net_minor for net in nets) == 0
