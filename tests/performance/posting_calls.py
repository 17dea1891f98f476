"""The calls of the posting rows: what to send, built before any of it is sent."""

from __future__ import annotations

import json
import random
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, NamedTuple
from uuid import UUID

from coalition.points.v1 import movement_pb2, points_pb2

from tests.performance.programme import OCCURRED_AT_US, unenrolled_member
from tests.performance.sale import receipt_message, refund_message, sale_message

#: Of twelve items of the mixed row: 60 % of what is done are earns, 20 % holds that are then captured, which are two
#: postings, 10 % redemptions and 10 % refunds. What is left of a call over these shares are earns.
_MIX_OF: Final = 12
_HOLDS, _REDEMPTIONS, _REFUNDS = 2, 1, 1
#: Few enough that a wallet of the filled books has them many times over.
_HELD_POINTS: Final = 10
_CAPTURED_POINTS: Final = 8
_REDEEMED_POINTS: Final = 5
#: What shows that members want it.
_CARD_READ: Final = movement_pb2.BurnAuthority(kind=movement_pb2.AUTHORITY_KIND_CARD)
#: Stands for the id of a hold in a capture until that is known. No id and no text has these bytes.
_UNKNOWN_HOLD: Final = b"\xff" * 16


@dataclass(frozen=True, slots=True)
class Till:
    """Who posts: a partner's signed principal (base64) and its store's id (hexadecimal)."""

    principal: str
    store: str


@dataclass(frozen=True, slots=True)
class Order:
    """What to send. `run` makes keys and references distinct; members are numbered from `members_from`.

    `targets`: where to; the calls in flight are shared out among them. `bulk`: after what tills ask for.
    """

    targets: list[str]
    run: str
    own_principal: str
    tills: list[Till]
    members_from: int
    members_until: int
    calls: int
    items_a_call: int
    in_flight: int
    mixed: bool = False
    bulk: bool = False

    def to_line(self) -> str:
        """The order as a line of JSON."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Order:
        """Reads it back."""
        told: dict[str, Any] = json.loads(line)
        told["tills"] = [Till(**each) for each in told["tills"]]
        return cls(**told)


def encode(token: bytes) -> str:
    """A signed principal as text."""
    return b64encode(token).decode()


def owners(tills: list[tuple[bytes, UUID]]) -> list[Till]:
    """Tills from signed principals and store ids."""
    return [Till(encode(token), store.hex) for token, store in tills]


@dataclass(slots=True)
class Call:
    """A request, serialised. `holds`: places of the holds that it opens, which the next call of its lane captures.

    `captures`: where in the request the ids of the holds belong that the call before opened, in their order.
    """

    request: bytearray
    holds: list[int] = field(default_factory=list[int])
    captures: list[int] = field(default_factory=list[int])

    def capture(self, holds: Sequence[bytes]) -> None:
        """Puts the ids of holds in; one that was not opened is left out, and its capture will be refused."""
        for offset, hold_id in zip(self.captures, holds, strict=True):
            if len(hold_id) == len(_UNKNOWN_HOLD):
                self.request[offset : offset + len(hold_id)] = hold_id


class _Done(NamedTuple):
    """What a later call builds on: the till, and the reference of its earn."""

    till: int
    reference: str = ""


class Calls:
    """Builds calls: distinct keys and references, tills and members drawn anew for each item."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._draw = random.Random(order.run)
        self._principals = [b64decode(till.principal) for till in order.tills]
        stores = [bytes.fromhex(till.store) for till in order.tills]
        # The purchase is the same at one store, so it is built once for each.
        self._sales = [sale_message(store, OCCURRED_AT_US) for store in stores]
        self._receipts = [receipt_message(store) for store in stores]
        self._refunds = [refund_message(store, OCCURRED_AT_US) for store in stores]
        self._members = [unenrolled_member(no).bytes for no in range(order.members_from, order.members_until)]

    def earns(self) -> list[Call]:
        """Calls of purchases alone, to be sent in any order."""
        places = range(self._order.items_a_call)
        return [
            self._call([self._earn(f"{call}-{place}")[1] for place in places])
            for call in range(self._order.calls)
        ]

    def mixed(self) -> list[list[Call]]:
        """Lanes of calls of all kinds. A call captures and refunds what the one before it in its lane has posted.

        So the first of a lane has earns in place of captures and refunds, and the last opens no holds.
        """
        in_flight, calls = self._order.in_flight, self._order.calls
        return [
            self._lane(f"{lane}", len(range(lane, calls, in_flight))) for lane in range(min(in_flight, calls))
        ]

    def _lane(self, name: str, calls: int) -> list[Call]:
        made: list[Call] = []
        held: list[_Done] = []
        earned: list[_Done] = []
        share = self._order.items_a_call // _MIX_OF
        for number in range(calls):
            mark = f"{name}-{number}"
            holds = 0 if number == calls - 1 else share * _HOLDS
            refunded = self._draw.sample(earned, share * _REFUNDS) if earned else []
            captures = [self._capture(f"{mark}-c{place}", each) for place, each in enumerate(held)]
            others = [self._redeem(f"{mark}-r{place}") for place in range(share * _REDEMPTIONS)]
            others += [self._refund(f"{mark}-b{place}", each) for place, each in enumerate(refunded)]
            opened = [self._hold(f"{mark}-h{place}") for place in range(holds)]
            rest = self._order.items_a_call - len(captures) - len(others) - len(opened)
            sold = [self._earn(f"{mark}-e{place}") for place in range(rest)]
            earned = [done for done, _ in sold]
            others += [item for _, item in sold]
            call, held = self._mixed_call(captures, opened, others)
            made.append(call)
        return made

    def _mixed_call(
        self,
        captures: list[movement_pb2.Item],
        opened: list[tuple[_Done, movement_pb2.Item]],
        others: list[movement_pb2.Item],
    ) -> tuple[Call, list[_Done]]:
        """Shuffles, but leaves captures in the order of the holds before; answers who opened which hold, too."""
        kinds = ["capture"] * len(captures) + ["hold"] * len(opened) + ["other"] * len(others)
        self._draw.shuffle(kinds)
        left = {"capture": iter(captures), "other": iter(others)}
        opening = iter(opened)
        items: list[movement_pb2.Item] = []
        held: list[_Done] = []
        for kind in kinds:
            if kind == "hold":
                done, item = next(opening)
                held.append(done)
            else:
                item = next(left[kind])
            items.append(item)
        call = self._call(items)
        call.holds = [place for place, kind in enumerate(kinds) if kind == "hold"]
        return call, held

    def _call(self, items: list[movement_pb2.Item]) -> Call:
        # As the gateway does: the principals of those who ask in this call, each once.
        asking = list(dict.fromkeys(item.principal for item in items))
        places = {till: place for place, till in enumerate(asking)}
        for item in items:
            item.principal = places[item.principal]
        principals = [self._principals[till] for till in asking]
        request = points_pb2.PostRequest(items=items, principals=principals, bulk=self._order.bulk)
        call = Call(bytearray(request.SerializeToString()))
        offset = call.request.find(_UNKNOWN_HOLD)
        while offset >= 0:
            call.captures.append(offset)
            offset = call.request.find(_UNKNOWN_HOLD, offset + len(_UNKNOWN_HOLD))
        return call

    def _item(self, mark: str, till: int, **movement: Any) -> movement_pb2.Item:
        return movement_pb2.Item(key=f"k:{self._order.run}-{mark}", principal=till, **movement)

    def _till(self) -> int:
        return self._draw.randrange(len(self._sales))

    def _earn(self, mark: str) -> tuple[_Done, movement_pb2.Item]:
        till, reference = self._till(), f"{self._order.run}-{mark}"
        member = self._draw.choice(self._members)
        earn = movement_pb2.Earn(member_id=member, reference=reference, sale=self._sales[till])
        return _Done(till, reference), self._item(mark, till, earn=earn)

    def _hold(self, mark: str) -> tuple[_Done, movement_pb2.Item]:
        till = self._till()
        hold = movement_pb2.Hold(
            member_id=self._draw.choice(self._members), reference=f"{self._order.run}-{mark}",
            points=_HELD_POINTS, occurred_at_us=OCCURRED_AT_US, authority=_CARD_READ, receipt=self._receipts[till],
        )  # fmt: skip
        return _Done(till), self._item(mark, till, hold=hold)

    def _capture(self, mark: str, held: _Done) -> movement_pb2.Item:
        capture = movement_pb2.Capture(
            hold_id=_UNKNOWN_HOLD, points=_CAPTURED_POINTS, occurred_at_us=OCCURRED_AT_US,
            receipt=self._receipts[held.till], channel="store",
        )  # fmt: skip
        return self._item(mark, held.till, capture=capture)

    def _redeem(self, mark: str) -> movement_pb2.Item:
        till = self._till()
        redemption = movement_pb2.Redemption(
            member_id=self._draw.choice(self._members), reference=f"{self._order.run}-{mark}",
            points=_REDEEMED_POINTS, occurred_at_us=OCCURRED_AT_US, receipt=self._receipts[till], channel="store", authority=_CARD_READ,
        )  # fmt: skip
        return self._item(mark, till, redemption=redemption)

    def _refund(self, mark: str, earned: _Done) -> movement_pb2.Item:
        item = self._item(mark, earned.till, refund=self._refunds[earned.till])
        item.refund.original_reference = earned.reference
        item.refund.reference = f"{self._order.run}-{mark}"
        return item


def lanes_of(order: Order) -> list[Iterator[Call]]:
    """The calls of an order, a lane for each that is in flight; a lane sends one call after the other."""
    calls = Calls(order)
    if order.mixed:
        return [iter(lane) for lane in calls.mixed()]
    # Nothing builds on a call before, so each lane takes what is left.
    return [iter(calls.earns())] * order.in_flight
