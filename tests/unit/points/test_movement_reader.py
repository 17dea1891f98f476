"""What is read off the wire, and each way in which an item cannot be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
import pytest
from coalition.points.v1 import movement_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.answers import TurnedAway
from services.points.domain.movements import Earn, Movement, Redemption
from services.points.rpc.movements import MovementReader
from services.runtime.ids import new_id
from services.runtime.principal import Kind, Principal
from tests.support.points import GRANTS
from tests.support.points_neighbours import new_programme
from tests.support.points_wire import earn, redemption

READER = MovementReader(bytes(32))
MEMBER = new_id()
TILL = Principal(Kind.PARTNER, "gateway", "key_1", new_id(), frozenset(GRANTS), new_programme(), 1 << 62)
TRACE = f"00-{'ab' * 16}-{'cd' * 8}-01"


def _read(item: pb.Item, principal: Principal = TILL, deadline_us: int = 0) -> Movement | TurnedAway:
    return READER.read(item, principal, "USD", deadline_us)


def _away(item: pb.Item, principal: Principal = TILL) -> TurnedAway:
    answer = _read(item, principal)
    assert isinstance(answer, TurnedAway)
    return answer


def _accepted(item: pb.Item, deadline_us: int = 0) -> Movement:
    answer = _read(item, deadline_us=deadline_us)
    assert isinstance(answer, Earn | Redemption), answer
    return answer


def _line(**changes: Any) -> pb.SaleLine:
    fields: dict[str, Any] = {"sku": "a", "amount_minor": 500, **changes}
    return pb.SaleLine(**fields)


def test_an_earn_is_read_as_the_till_told_it() -> None:
    store = new_id()
    item = earn(
        MEMBER, 500, key="k", reference="r", traceparent=TRACE, occurred_at_us=7, entry_mode="scanned",
        receipt=pb.Receipt(store_id=store.bytes, till="3", business_date="2017-02-28", number="99"),
        lines=[
            _line(sku="milk", category="dairy", quantity="0.125", amount_minor=600),
            _line(amount_minor=-100, returned=True),
        ],
        tenders=[pb.Tender(kind="cash", amount_minor=700), pb.Tender(kind="card", amount_minor=-200)],
    )  # fmt: skip
    read = _accepted(item)
    assert isinstance(read, Earn)
    assert (read.key, read.partner_id, read.member_id, read.reference, read.occurred_at_us, read.traceparent) == (
        "k", TILL.partner_id, MEMBER, "r", 7, TRACE,
    )  # fmt: skip
    assert read.purchase[:7] == (store, "3", "2017-02-28", "99", "store", "scanned", 500)
    assert orjson.loads(read.purchase.lines_json) == [
        ["milk", "dairy", "0.125", 600],
        ["a", "", "1", -100, True],
    ]
    assert orjson.loads(read.purchase.tenders_json) == [
        ["cash", 700],
        ["card", -200],
    ]


def test_a_redemption_is_read_as_the_till_told_it() -> None:
    store = new_id()
    read = _accepted(redemption(MEMBER, 12, key="k", reference="r", store_id=store, occurred_at_us=7))
    assert isinstance(read, Redemption)
    assert (read.key, read.reference, read.points, read.store_id, read.channel, read.occurred_at_us) == (
        "k", "r", 12, store, "store", 7,
    )  # fmt: skip


def _long(length: int) -> str:
    return "é" * length


@pytest.mark.parametrize(
    "item",
    [
        earn(MEMBER, 0),
        earn(MEMBER, 10**12),
        earn(MEMBER, 500, key=_long(300), reference=_long(255)),
        earn(MEMBER, 500, receipt=pb.Receipt(till=_long(64), number=_long(64), business_date="2016-02-29")),
        earn(MEMBER, 500, receipt=pb.Receipt()),
        earn(MEMBER, 500, lines=[_line(sku=_long(64), category=_long(64), quantity="-999999999.999999")]),
        earn(MEMBER, 500, lines=[_line(), *[_line(amount_minor=0)] * 499]),
        earn(MEMBER, 500, lines=[_line(tax_rate="0"), _line(amount_minor=0, tax_rate="99.9999")]),
        earn(MEMBER, 500, tenders=[pb.Tender(kind="other", amount_minor=1)] * 20),
        redemption(MEMBER, 1),
        redemption(MEMBER, 10**9),
    ],
)
def test_the_largest_and_the_smallest_are_taken(item: pb.Item) -> None:
    _accepted(item)


@pytest.mark.parametrize(
    ("item", "field"),
    [
        (earn(MEMBER, 500, key=""), "key"),
        (earn(MEMBER, 500, key=_long(301)), "key"),
        (earn(MEMBER, 500, key="a\x00b"), "key"),
        (earn(MEMBER, 500, key="two\nlines"), "key"),
        (pb.Item(key="k"), "movement"),
        (earn(MEMBER, 500, reference="\x00"), "reference"),
        (earn(MEMBER, 500, reference=_long(256)), "reference"),
        (pb.Item(key="k", earn=pb.Earn(member_id=b"short", reference="r")), "member"),
        (pb.Item(key="k", earn=pb.Earn(member_id=MEMBER.bytes)), "reference"),
        (earn(MEMBER, 500, occurred_at_us=0), "occurred_at"),
        (earn(MEMBER, 500, occurred_at_us=-5), "occurred_at"),
        (earn(MEMBER, 500, channel=""), "channel"),
        (earn(MEMBER, 500, channel="carrier pigeon"), "channel"),
        (earn(MEMBER, 500, entry_mode="guessed"), "entry_mode"),
        (earn(MEMBER, -1), "amount"),
        (earn(MEMBER, 10**12 + 1), "amount"),
        (earn(MEMBER, 500, receipt=pb.Receipt(till=_long(65))), "till"),
        (earn(MEMBER, 500, receipt=pb.Receipt(till="\x00")), "till"),
        (earn(MEMBER, 500, receipt=pb.Receipt(number=_long(65))), "number"),
        (earn(MEMBER, 500, receipt=pb.Receipt(number="\u2028")), "number"),
        (earn(MEMBER, 500, receipt=pb.Receipt(business_date="20170228")), "business_date"),
        (earn(MEMBER, 500, receipt=pb.Receipt(business_date="2017-02-29")), "business_date"),
        (earn(MEMBER, 500, receipt=pb.Receipt(business_date="٢٠١٧-٠٢-٢٨")), "business_date"),
        (earn(MEMBER, 500, receipt=pb.Receipt(store_id=b"short")), "store"),
        (earn(MEMBER, 500, lines=[_line(sku=_long(65))]), "lines"),
        (earn(MEMBER, 500, lines=[_line(sku="a\x00b")]), "lines"),
        (earn(MEMBER, 500, lines=[_line(category=_long(65))]), "lines"),
        (earn(MEMBER, 500, lines=[_line(category="\x00")]), "lines"),
        *(
            (earn(MEMBER, 500, lines=[_line(tax_rate=rate)]), "lines")
            for rate in ("100", "-1", "5,5", "5.", "19%", "0.12345", "٥")
        ),
        (earn(MEMBER, 500, lines=[_line(quantity="1,5")]), "lines"),
        (earn(MEMBER, 500, lines=[_line(quantity="1e3")]), "lines"),
        (earn(MEMBER, 500, lines=[_line(quantity="٣")]), "lines"),
        (earn(MEMBER, 500, lines=[_line(quantity="1.1234567")]), "lines"),
        (earn(MEMBER, 500, lines=[_line(quantity="1" * 100_000)]), "lines"),
        (earn(MEMBER, 500, lines=[_line(amount_minor=10**12 + 1)]), "lines"),
        (earn(MEMBER, 500, lines=[_line(), *[_line(amount_minor=0)] * 500]), "lines"),
        (earn(MEMBER, 500, tenders=[pb.Tender(kind="barter")]), "tenders"),
        (earn(MEMBER, 500, tenders=[pb.Tender(kind="cash", amount_minor=-(10**12) - 1)]), "tenders"),
        (earn(MEMBER, 500, tenders=[pb.Tender(kind="cash")] * 21), "tenders"),
        (redemption(MEMBER, 0), "points"),
        (redemption(MEMBER, -5), "points"),
        (redemption(MEMBER, 10**9 + 1), "points"),
        (redemption(MEMBER, 5, channel=""), "channel"),
        (redemption(MEMBER, 5, reference=""), "reference"),
        (redemption(MEMBER, 5, occurred_at_us=0), "occurred_at"),
        (redemption(MEMBER, 5, receipt=pb.Receipt(store_id=bytes(17))), "store"),
    ],
)
def test_what_is_malformed_is_turned_away_naming_the_field(item: pb.Item, field: str) -> None:
    answer = _away(item)
    assert (answer.reason, answer.metadata) == (Reason.REASON_INVALID_REQUEST, {"field": field})
    assert answer.message.startswith(field)


def test_another_currency_is_turned_away_naming_the_programmes() -> None:
    answer = _away(earn(MEMBER, 500, currency="EUR"))
    assert answer.reason == Reason.REASON_CURRENCY_UNSUPPORTED
    assert answer.metadata == {"field": "currency", "currency": "EUR", "expected": "USD"}


def test_lines_that_do_not_sum_to_the_amount_are_turned_away_with_both_sums() -> None:
    answer = _away(earn(MEMBER, 500, lines=[_line(amount_minor=300), _line(amount_minor=-50)]))
    assert answer.reason == Reason.REASON_AMOUNT_MISMATCH
    assert answer.metadata == {"field": "amount", "amount_minor": "500", "lines_minor": "250"}


@pytest.mark.parametrize(
    ("grants", "item", "needed"),
    [
        ({"points:redeem", "points:read"}, earn(MEMBER, 500), "points:earn"),
        ({"points:earn", "points:read"}, redemption(MEMBER, 5), "points:redeem"),
        (set[str](), earn(MEMBER, 500), "points:earn"),
    ],
)
def test_a_key_needs_the_scope_of_the_movement(grants: set[str], item: pb.Item, needed: str) -> None:
    answer = _away(item, replace(TILL, grants=frozenset(grants)))
    assert (answer.reason, answer.metadata["needed"]) == (Reason.REASON_PERMISSION_DENIED, needed)


@pytest.mark.parametrize("kind", [Kind.STAFF, Kind.SERVICE])
def test_nobody_but_a_partner_moves_points(kind: Kind) -> None:
    answer = _away(earn(MEMBER, 500), replace(TILL, kind=kind, partner_id=None))
    assert answer.reason == Reason.REASON_PERMISSION_DENIED


def test_the_items_own_deadline_goes_before_the_calls() -> None:
    assert _accepted(earn(MEMBER, 500), deadline_us=77).deadline_us == 77
    assert _accepted(earn(MEMBER, 500, deadline_us=55), deadline_us=77).deadline_us == 55


@pytest.mark.parametrize(
    "traceparent", ["", "\x00", "x" * 55, f"{TRACE}\r\nce-type: forged", TRACE.upper(), TRACE[:-1], f"{TRACE}0"]
)  # fmt: skip
def test_a_malformed_trace_context_is_left_out_and_the_item_goes_on(traceparent: str) -> None:
    assert _accepted(earn(MEMBER, 500, traceparent=traceparent)).traceparent == ""


def test_the_content_hash_tells_any_difference_and_needs_the_key() -> None:
    def content(item: pb.Item, reader: MovementReader = READER) -> bytes:
        read = reader.read(item, TILL, "USD", 0)
        assert not isinstance(read, TurnedAway)
        return read.content_hash

    base = earn(MEMBER, 500, key="k", reference="r")
    variants = [
        earn(MEMBER, 501, key="k", reference="r"),
        earn(MEMBER, 500, key="k", reference="s"),
        earn(UUID(int=MEMBER.int ^ 1), 500, key="k", reference="r"),
        earn(MEMBER, 500, key="k", reference="r", channel="web"),
        earn(MEMBER, 500, key="k", reference="r", lines=[_line()]),
        redemption(MEMBER, 500, key="k", reference="r"),
    ]
    hashes = [content(item) for item in (base, *variants)]
    assert len(set(hashes)) == len(hashes)
    again = earn(MEMBER, 500, key="another", reference="r", traceparent=TRACE, deadline_us=5)
    assert content(again) == hashes[0]
    assert content(base, MovementReader(bytes([1] * 32))) != hashes[0]
