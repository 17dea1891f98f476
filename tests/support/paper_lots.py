"""A wallet on paper: lots of several issuers that are earned, burned, given back, taken back and lapse, as a journal for rating."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from hypothesis import strategies as st

from services.partners.domain.entries import EntryKind
from services.partners.domain.postings import LotTaken, Posting, Share, Undone

PARTNERS = tuple(UUID(int=number) for number in range(1, 5))
OPERATOR = UUID(int=0)
AT_END = 1_000


class PaperLot(NamedTuple):
    """What was earned by a posting: whose points, of which type."""

    seq: int
    issuer: UUID
    point_type: str
    points: int


@dataclass
class PaperWallet:
    """Points left of every lot, in order of earning, and the journal that brought them there.

    `used`, `swapped`: points of an earn that were burned or went for another's refund, and that were refunded out of others.
    """

    journal: list[Posting] = field(default_factory=list[Posting])
    lots: dict[int, PaperLot] = field(default_factory=dict[int, PaperLot])
    left: dict[int, int] = field(default_factory=dict[int, int])
    burns: dict[int, list[LotTaken]] = field(default_factory=dict[int, list[LotTaken]])
    clawed: dict[int, int] = field(default_factory=dict[int, int])

    @property
    def next_seq(self) -> int:
        return len(self.journal) + 1

    def _add(self, partner: UUID | None, at: int, **facts: object) -> None:
        seq = self.next_seq
        base = Posting(seq, seq, partner.bytes if partner else b"", at)
        self.journal.append(base._replace(**facts))

    def earn(self, partner: UUID, points: int, at: int, funders: list[Share] | None = None) -> None:
        seq = self.next_seq
        self._add(partner, at, points=points, lot_no=seq, funders=funders or ())
        self.lots[seq] = PaperLot(seq, partner, "bonus" if funders else "base", points)
        self.left[seq] = points
        self.clawed[seq] = 0

    def _take(self, points: int, first: int = 0) -> list[LotTaken]:
        taken: list[LotTaken] = []
        for seq in sorted(self.left, key=lambda seq: (seq != first, seq)):
            part = min(points, self.left[seq])
            if part:
                lot = self.lots[seq]
                taken.append(LotTaken(lot.issuer.bytes, lot.point_type, part, seq))
                self.left[seq] -= part
                points -= part
        return taken

    @property
    def balance(self) -> int:
        return sum(self.left.values())

    def burn(self, partner: UUID, points: int, at: int) -> None:
        seq = self.next_seq
        self.burns[seq] = self._take(points)
        self._add(partner, at, points=points, taken=list(self.burns[seq]))

    def give_back(self, burn_seq: int, points: int, at: int) -> None:
        """Part of a burn, from its last lot backwards."""
        back: list[LotTaken] = []
        lots = self.burns[burn_seq]
        while points:
            last = lots.pop()
            part = min(points, last.points)
            back.append(last._replace(points=part))
            self.left[last.earned_seq] += part
            points -= part
            if part < last.points:
                lots.append(last._replace(points=last.points - part))
        partner = self.journal[burn_seq - 1].partner
        self._add(None, at, undoes=(Undone(EntryKind.RETURNED, burn_seq, partner, back),))

    def claw_back(self, earn_seq: int, points: int, at: int) -> None:
        """Own lot first, then others."""
        used = self._take(points, first=earn_seq)
        self.clawed[earn_seq] += points
        partner = self.lots[earn_seq].issuer.bytes
        taken = (LotTaken(partner, "base", points),)
        self._add(None, at, undoes=(Undone(EntryKind.REVERSED, earn_seq, partner, taken, used),))

    def lapse(self, seq: int, at: int) -> None:
        lot = self.lots[seq]
        lost = LotTaken(lot.issuer.bytes, lot.point_type, self.left[seq], seq)
        self.left[seq] = 0
        self._add(None, at, lapsed=(lost,))


@st.composite
def shares(draw: st.DrawFn) -> list[Share]:
    """Who pays for a grant: one or two, the operator among them or not."""
    funders = draw(st.lists(st.sampled_from((*PARTNERS, OPERATOR)), min_size=1, max_size=2, unique=True))
    first = draw(st.integers(1, 99)) if len(funders) == 2 else 100
    return [
        Share(funder.bytes, percent) for funder, percent in zip(funders, (first, 100 - first), strict=False)
    ]


@st.composite
def wallets(draw: st.DrawFn, *, refunds: bool = True) -> PaperWallet:
    """Whatever may happen to a wallet, in up to thirty postings."""
    wallet = PaperWallet()
    for _ in range(draw(st.integers(1, 30))):
        what = draw(st.sampled_from("eegbbrcx" if refunds else "eegbbx"))
        partner, at = draw(st.sampled_from(PARTNERS)), draw(st.integers(0, AT_END - 1))
        returnable = [seq for seq, lots in wallet.burns.items() if lots]
        clawable = [seq for seq, lot in wallet.lots.items() if wallet.clawed[seq] < lot.points]
        if what in "eg":
            funders = draw(shares()) if what == "g" else None
            wallet.earn(partner, draw(st.integers(1, 1_000)), at, funders)
        elif what == "b" and wallet.balance:
            wallet.burn(partner, draw(st.integers(1, wallet.balance)), at)
        elif what == "r" and returnable:
            burn = draw(st.sampled_from(returnable))
            whole = sum(lot.points for lot in wallet.burns[burn])
            wallet.give_back(burn, draw(st.integers(1, whole)), at)
        elif what == "c" and clawable and wallet.balance:
            earn = draw(st.sampled_from(clawable))
            most = min(wallet.lots[earn].points - wallet.clawed[earn], wallet.balance)
            wallet.claw_back(earn, draw(st.integers(1, most)), at)
        elif what == "x" and wallet.balance:
            wallet.lapse(draw(st.sampled_from([seq for seq, left in wallet.left.items() if left])), at)
    return wallet
