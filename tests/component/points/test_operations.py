"""A partner's operations: one for each thing it asked for, its own alone, and sums that are those of its lines."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from coalition.points.v1 import operations_pb2 as pb
from coalition.points.v1 import points_pb2
from coalition.points.v1.operations_pb2_grpc import OperationsServiceStub
from coalition.type.v1.reason_pb2 import Reason

from services.points.queries import operations
from services.runtime import grpc_client
from services.runtime.errors import CoalitionError, InvalidRequest, PermissionDenied
from tests.support.campaign_wire import promote
from tests.support.points import PointsHouse, RunningPoints, Till
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import capture, earn, redemption, reversal

pytestmark = pytest.mark.asyncio(loop_scope="module")
_DAY_US = 86_400_000_000
_ALL = {"first_seq": 1, "last_seq": 10_000}
_FIGURES = ("issued", "reversed", "burned", "returned", "bonus_issued", "bonus_reversed", "amount_minor")


class Books:
    """The operations of one partner, as its gateway asks for them."""

    def __init__(self, stub: OperationsServiceStub, till: Till) -> None:
        self.stub, self.till = stub, replace(till, grants=(*till.grants, "statements:read"))

    async def call(self, method: str, request: Any) -> Any:
        return await grpc_client.call(getattr(self.stub, method), request, self.till.principal)

    async def read(self, **span: int) -> list[pb.Operation]:
        request = pb.ReadOperationsRequest(**(span or _ALL))
        blocks = grpc_client.stream(self.stub.ReadOperations, request, self.till.principal)
        return [operation async for block in blocks for operation in block.operations]

    async def sums(self, **span: int) -> dict[str, tuple[int, ...]]:
        answer = await self.call("SumOperations", pb.SumOperationsRequest(**(span or _ALL)))
        return {_kind(each.kind): (each.count, *_figures(each.figures)) for each in answer.totals}

    async def find(self, kind: str, *references: str) -> dict[str, bytes]:
        names = [
            pb.OperationName(kind=pb.OperationKind.Value(f"OPERATION_KIND_{kind.upper()}"), reference=each)
            for each in references
        ]
        answer = await self.call("FindOperations", pb.FindOperationsRequest(names=names))
        return {each.name.reference: each.transaction_id for each in answer.found}


def _kind(kind: pb.OperationKind.ValueType) -> str:
    return pb.OperationKind.Name(kind).removeprefix("OPERATION_KIND_").lower()


def _figures(figures: pb.OperationFigures) -> tuple[int, ...]:
    return tuple(getattr(figures, name) for name in _FIGURES)


def _told(operations: Sequence[pb.Operation]) -> list[tuple[str, str, tuple[int, ...]]]:
    return [(_kind(each.kind), each.reference, _figures(each.figures)) for each in operations]


def _summed(operations: Sequence[pb.Operation]) -> dict[str, tuple[int, ...]]:
    """The totals of lines, added up by hand."""
    found: dict[str, tuple[int, ...]] = {}
    for each in operations:
        before = found.get(_kind(each.kind), (0,) * (1 + len(_FIGURES)))
        line = (1, *_figures(each.figures))
        found[_kind(each.kind)] = tuple(one + other for one, other in zip(before, line, strict=True))
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stub(running: RunningPoints) -> AsyncGenerator[OperationsServiceStub]:
    channel = grpc_client.open_channel(running.address)
    yield OperationsServiceStub(channel)
    await channel.close()


async def _day(house: PointsHouse, till: Till) -> None:
    """One of each: sales with a campaign, a sale paid with a hold, a refund, a reversal, a void, a debt and its payment."""
    member, spender = house.member(), house.member()
    await promote(house, 10_000, multiplier_percent=300)
    await till.post(earn(member, 10_000, reference="A", key="k:a"))
    held = (await till.hold(member, 40, reference="H")).transaction.transaction_id
    await till.post(earn(member, 2_000, linked=True, reference="B", key="k:b"), capture(held, 30, key="b:b"))
    given_up = (await till.hold(member, 5, reference="V")).transaction.transaction_id
    await till.void(given_up)
    await till.refund("A", 5_000, reference="R", key="k:r")
    await till.post(reversal("k:b", by="k:off"))
    # Spent before it comes back, so it is owed; the next sale pays it.
    await till.post(earn(spender, 1_000, reference="C"), redemption(spender, 30, reference="D"))
    await till.refund("C", reference="E")
    await till.post(earn(spender, 5_000, reference="F"))


async def test_each_operation_is_one_line_with_what_it_came_to(
    house: PointsHouse, stub: OperationsServiceStub
) -> None:
    books = Books(stub, till := await house.till())
    await _day(house, till)
    lines = await books.read()
    assert _told(lines) == [
        ("earn", "A", (100, 0, 0, 0, 0, 0, 10_000)), ("bonus", "A", (0, 0, 0, 0, 200, 0, 0)),
        ("hold", "H", (0,) * 7),
        ("earn", "B", (20, 0, 0, 0, 0, 0, 2_000)), ("bonus", "B", (0, 0, 0, 0, 40, 0, 0)),
        ("capture", "H", (0, 0, 30, 0, 0, 0, 0)),
        ("hold", "V", (0,) * 7), ("void", "V", (0,) * 7),
        ("refund", "R", (0, 50, 0, 0, 0, 100, 5_000)),
        ("reversal", "k:off", (0, 20, 0, 30, 0, 40, 2_000)),
        ("earn", "C", (10, 0, 0, 0, 0, 0, 1_000)), ("bonus", "C", (0, 0, 0, 0, 20, 0, 0)),
        ("redemption", "D", (0, 0, 30, 0, 0, 0, 0)),
        ("refund", "E", (0, 0, 0, 0, 0, 0, 1_000)),
        ("earn", "F", (50, 0, 0, 0, 0, 0, 5_000)), ("bonus", "F", (0, 0, 0, 0, 100, 0, 0)),
        ("debt_repayment", "", (0, 10, 0, 0, 0, 20, 0)),
    ]  # fmt: skip
    by_name = {(_kind(each.kind), each.reference): each for each in lines}
    assert by_name["capture", "H"].original_reference == "B"
    assert by_name["refund", "R"].original_reference == "A"
    assert (by_name["hold", "H"].held, by_name["capture", "H"].held, by_name["void", "V"].held) == (
        40,
        -40,
        -5,
    )
    assert (by_name["earn", "A"].till, by_name["earn", "A"].receipt_number, by_name["earn", "A"].key) == (
        "1", "17", "k:a",
    )  # fmt: skip


async def test_sums_are_those_of_the_lines_wherever_the_journal_is_cut(
    house: PointsHouse, stub: OperationsServiceStub
) -> None:
    books = Books(stub, till := await house.till())
    await _day(house, till)
    last = (await house.head()).last_seq
    whole = await books.sums()
    assert whole == _summed(await books.read())
    points = {name: sum(each[place] for each in whole.values()) for place, name in enumerate(_FIGURES, 1)}
    for cut in range(1, last):
        # A cut may fall between the parts of a refund and its record: the points are on the side where they were posted.
        halves = [
            await books.sums(first_seq=1, last_seq=cut),
            await books.sums(first_seq=cut + 1, last_seq=last),
        ]
        assert halves[0] == _summed(await books.read(first_seq=1, last_seq=cut)), cut
        assert halves[1] == _summed(await books.read(first_seq=cut + 1, last_seq=last)), cut
        for place, name in enumerate(_FIGURES, 1):
            assert sum(each[place] for half in halves for each in half.values()) == points[name], (cut, name)


async def test_lines_are_the_same_however_they_are_cut_into_blocks(
    house: PointsHouse, stub: OperationsServiceStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = Books(stub, till := await house.till())
    await _day(house, till)
    whole = await books.read()
    for limit in (1, 2, 3, 7):
        monkeypatch.setattr(operations, "BLOCK_MAX", limit)
        assert await books.read() == whole


async def test_a_partner_has_its_own_operations_alone(
    house: PointsHouse, stub: OperationsServiceStub
) -> None:
    mine, other = await house.till(), await house.till()
    await mine.earn(house.member(), 1_000, reference="X", key="k:x")
    theirs = Books(stub, other)
    assert (await theirs.read(), await theirs.sums()) == ([], {})
    await other.earn(house.member(), 2_000, reference="Y")
    assert [line.reference for line in await theirs.read()] == ["Y"]
    assert await theirs.find("earn", "X", "Y") == {"Y": (await theirs.read())[0].transaction_id}
    assert await theirs.find("reversal", "k:x") == {}


async def test_operations_are_found_by_what_the_partner_knows_them_by(
    house: PointsHouse, stub: OperationsServiceStub
) -> None:
    books = Books(stub, till := await house.till())
    await _day(house, till)
    for line in await books.read():
        kind = _kind(line.kind)
        if kind in ("bonus", "debt_repayment"):
            with pytest.raises(InvalidRequest):
                await books.find(kind, "A")
        else:
            assert await books.find(kind, line.reference, "no such") == {line.reference: line.transaction_id}
    assert await books.find("refund", "k:off", "k:r") == {}
    assert await books.find("reversal", "k:r") == {}
    with pytest.raises(InvalidRequest):
        await books.find("earn", *(str(number) for number in range(501)))


async def test_a_refund_whose_reference_was_erased_is_a_refund_still(
    house: PointsHouse, stub: OperationsServiceStub
) -> None:
    books, member = Books(stub, till := await house.till()), house.member()
    await till.earn(member, 1_000, reference="A")
    await till.refund("A", reference="R")
    before = await books.sums()
    await house.as_staff(house.stub.EraseWords, points_pb2.EraseWordsRequest(member_id=member.bytes))
    assert [(_kind(line.kind), line.reference) for line in await books.read()] == [
        ("earn", ""),
        ("refund", ""),
    ]
    assert await books.sums() == before


async def test_a_stretch_that_is_over_never_changes_and_an_open_one_says_so(
    house: PointsHouse, stub: OperationsServiceStub
) -> None:
    till, member = await house.till(), house.member()
    service = house.signer.own(house.programme)

    async def span(start: int, end: int) -> pb.FindSpanResponse:
        request = pb.FindSpanRequest(starts_at_us=start, ends_at_us=end)
        return await grpc_client.call(stub.FindSpan, request, service)

    await till.earn(member, 1_000)
    today = (STARTS_AT_US, STARTS_AT_US + _DAY_US)
    now = await span(*today)
    assert (now.first_seq, now.last_seq, now.closed) == (1, 1, False)
    with pytest.raises(CoalitionError) as early:
        await span(today[1], today[1] + _DAY_US)
    assert early.value.reason == Reason.REASON_BOUNDARY_IN_FUTURE
    await house.move_clock(today[1])
    for _ in range(2):
        over = await span(*today)
        assert (over.first_seq, over.last_seq, over.closed) == (1, 1, True)
        await till.earn(member, 1_000)
    # What was cut before is told without the lock that every posting needs.
    async with house.locked_head():
        assert (await span(*today)).last_seq == 1
    tomorrow = await span(today[1], today[1] + _DAY_US)
    assert (tomorrow.first_seq, tomorrow.last_seq, tomorrow.closed) == (2, 3, False)
    for start, end in ((today[1], today[1]), (0, today[1]), (2**62, 2**62 + 1)):
        with pytest.raises(InvalidRequest):
            await span(start, end)


async def test_only_who_may_asks(house: PointsHouse, stub: OperationsServiceStub) -> None:
    till = await house.till()
    span = pb.FindSpanRequest(starts_at_us=1, ends_at_us=2)
    for token in (till.principal, house.staff):
        with pytest.raises(PermissionDenied):
            await grpc_client.call(stub.FindSpan, span, token)
        # (The till's key lacks the scope.)
        with pytest.raises(PermissionDenied):
            await grpc_client.call(stub.SumOperations, pb.SumOperationsRequest(**_ALL), token)
        with pytest.raises(PermissionDenied):
            async for _ in grpc_client.stream(stub.ReadOperations, pb.ReadOperationsRequest(**_ALL), token):
                pass
