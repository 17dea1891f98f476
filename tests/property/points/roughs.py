"""Random asks, of every kind and of one another: holds that are resolved, sales that are refunded, burns of sales."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from hypothesis import strategies as st

from tests.support.ledger_facts import OPERATOR, SECOND_US, Ask, Kind


class Referred(NamedTuple):
    """A hold, an earn or a burn that there is or was."""

    seq: int
    partner: UUID
    member: UUID


class Seen(NamedTuple):
    """What items may refer to."""

    holds: Sequence[Referred] = ()
    sales: Sequence[Referred] = ()
    keys: Sequence[tuple[UUID, str]] = ()


NOTHING_SEEN = Seen()


@dataclass(frozen=True)
class Rough:
    """An ask whose time is still relative to the clock."""

    kind: str
    partner: UUID
    key: int
    member: UUID
    reference: int
    offset_us: int
    amount: int
    seconds: int = 1
    in_points: int = 0
    pick: int = 0
    other: UUID = OPERATOR

    def at(self, now_us: int, seen: Seen = NOTHING_SEEN) -> list[Ask]:
        """The asks at a time: of a sale two that are linked, of all else one.

        What shall resolve a hold or refund a sale takes one of those seen, or opens a hold where there is none.
        """
        common, at_us = (self.partner, f"k{self.key}"), now_us + self.offset_us
        holds = [hold for hold in seen.holds if hold.partner == self.partner]
        sales = [sale for sale in seen.sales if sale.partner == self.partner]
        if self.kind == "sale":
            return self._sale(at_us, holds)
        if self.kind in ("capture", "void") and holds:
            hold = holds[self.pick % len(holds)]
            amount = self.amount if self.kind == "capture" else 0
            kind = "capture" if self.kind == "capture" else "void"
            return [Ask(kind, *common, hold.member, "", at_us, amount, 0, hold.seq)]
        if self.kind == "refund" and sales:
            sale = sales[self.pick % len(sales)]
            return [
                Ask(
                    "refund",
                    *common,
                    sale.member,
                    f"r{self.reference}",
                    at_us,
                    self.amount,
                    original_seq=sale.seq,
                )
            ]
        if self.kind == "reverse":
            # Something posted before, or a key that nobody has used yet and somebody may use later.
            keys = [key for partner, key in seen.keys if partner == self.partner and key != f"v{self.key}"]
            target = keys[self.pick % len(keys)] if keys and self.pick % 3 else f"k{self.pick % 16}"
            return [Ask("reverse", self.partner, f"v{self.key}", UUID(int=0), "", at_us, 0, target=target)]
        if self.kind in ("transfer", "adjust", "import", "merge"):
            return [self._of_wallets(at_us)]
        kinds: dict[str, Kind] = {"earn": "earn", "redeem": "redeem"}
        kind = kinds.get(self.kind, "hold")
        in_points = min(self.in_points, self.amount) if kind == "earn" else 0
        return [
            Ask(
                kind, *common, self.member, f"r{self.reference}", at_us, max(1, self.amount),
                self.seconds if kind == "hold" else 0, in_points=in_points,
                basket=self._basket() if kind in ("hold", "redeem") else None,
            )
        ]  # fmt: skip

    def _basket(self) -> tuple[int, int] | None:
        if self.pick % 4 == 0:
            return None
        return self.amount * (1 + self.pick % 3) + self.pick % 7, self.pick % 5 - 1

    def _of_wallets(self, at_us: int) -> Ask:
        common, reference, amount = (self.partner, f"k{self.key}"), f"r{self.reference}", max(1, self.amount)
        rarely = self.kind == "merge" and self.pick % 3 == 0
        if self.other != self.member and (self.kind == "transfer" or (self.kind == "merge" and not rarely)):
            amount = 1 + amount % 15
            return Ask("transfer", *common, self.member, reference, at_us, amount, other=self.other)
        staff = (OPERATOR, f"k{self.key}", self.member)
        if self.other != self.member and rarely:
            # Nothing is done for who was merged any more.
            return Ask("merge", *staff, "", 0, 0, other=self.other)
        if self.kind == "import":
            expires_us = at_us + self.seconds * SECOND_US * 40 if self.pick % 2 else 0
            issuer = self.partner if self.pick % 3 else OPERATOR
            return Ask("import", *staff, reference, at_us, amount, issuer=issuer, expires_us=expires_us)
        return Ask("adjust", *staff, "", 0, amount if self.pick % 2 else -amount)

    def _sale(self, at_us: int, holds: Sequence[Referred]) -> list[Ask]:
        """An earn, and what is burned with it: a hold of the member if there is one, or points in one step."""
        own = [hold for hold in holds if hold.member == self.member]
        earn = Ask(
            "earn", self.partner, f"k{self.key}", self.member, f"r{self.reference}", at_us, self.amount,
            in_points=min(self.in_points, self.amount), linked=True,
        )  # fmt: skip
        burn = Ask(
            "redeem",
            self.partner,
            f"b{self.key}",
            self.member,
            f"r{self.reference}",
            at_us,
            max(1, self.in_points),
        )
        if own:
            hold = own[self.pick % len(own)]
            burn = Ask(
                "capture", self.partner, f"b{self.key}", self.member, "", at_us, self.in_points, 0, hold.seq
            )
        return [earn, burn]


# Some that come twice, and many that do not.
NAMES = st.one_of(st.integers(0, 15), st.integers(10**6, 10**9), st.integers(10**6, 10**9))


def roughs(
    partners: Sequence[UUID],
    members: Sequence[UUID],
    offsets_us: Sequence[int],
    seconds: Sequence[int] = (1, 900, 40 * 86_400),
    *,
    merging: bool = True,
) -> st.SearchStrategy[Rough]:
    """Asks of these partners for these members, the first of each more often, at tills so far from the clock."""
    return st.builds(
        Rough,
        kind=st.sampled_from(
            ("earn", "earn", "redeem", "redeem", "hold", "hold", "capture", "void", "sale", "sale", "refund", "refund", "refund", "reverse",
             "transfer", "transfer", "adjust", "adjust", "import", "merge" if merging else "earn")
        ),
        partner=st.sampled_from((partners[0], *partners)),
        key=NAMES,
        member=st.sampled_from((members[0], *members)),
        reference=NAMES,
        offset_us=st.sampled_from(offsets_us),
        amount=st.integers(0, 40),
        seconds=st.sampled_from(seconds),
        in_points=st.integers(0, 9),
        pick=st.integers(0, 100),
        other=st.sampled_from((members[-1], *members)),
    )  # fmt: skip


def without_hasty(asks: Sequence[Ask]) -> list[Ask]:
    """Without reversals of what is asked before them in the same call: those wait until all the rest is decided.

    So do refunds for a member who is merged in it.
    """
    kept: list[Ask] = []
    for ask in asks:
        if ask.kind in ("refund", "reverse") and any(each.kind == "merge" for each in kept):
            continue
        if ask.kind != "reverse" or (ask.partner, ask.target) not in {
            (each.partner, each.key) for each in kept
        }:
            kept.append(ask)
    return kept
