"""Closing windows: ranges, nets and statements, once, whatever happens in between."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from coalition.events.v1 import partners_pb2 as told
from coalition.partners.v1 import clearing_pb2 as pb
from coalition.partners.v1 import partners_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.partners.commands.close_windows import CloseWindows
from services.partners.domain.windows import WindowState
from services.partners.events.publish import tell
from services.partners.storage import windows
from services.runtime import grpc_client
from services.runtime.errors import CoalitionError
from services.runtime.ids import new_id
from services.runtime.principal import Programme
from tests.support.ledger import Burn, Earn, Expiry
from tests.support.partners import DAY_US, STARTS_AT_US, House, prove_window

MONDAY_US = STARTS_AT_US + DAY_US
WEEK_US = 7 * DAY_US


async def to_monday(house: House, programme: Programme, weeks: int = 0) -> None:
    """Moves the clock past a Monday's midnight and rates what was told until then."""
    await house.ledger.move_clock(programme, MONDAY_US + weeks * WEEK_US)
    await house.rate_now(programme)


async def events_of(house: House, programme: Programme, type_: str) -> list[Any]:
    request = partners_pb2.ReadEventsRequest()
    blocks = grpc_client.stream(house.registry.ReadEvents, request, house.as_host(programme))
    return [event async for block in blocks for event in block.events if event.type == type_]


async def test_a_week_is_closed_netted_and_stated_to_the_cent(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer", 10_000, 8_000)
    fuel = await house.partner(programme, "fuel", 11_050, 8_475)
    await house.ledger.post(
        programme,
        Earn(grocer, 12_345),
        Earn(fuel, 333),
        Earn(grocer, 0),
        Burn(fuel, [(grocer, 200), (fuel, 1), (grocer, 50)]),
        Expiry(grocer, 5),
    )
    await to_monday(house, programme)

    stated = await house.close(programme)

    assert [(each.number, each.first_seq, each.last_seq, each.state) for each in stated] == [
        (1, 1, 5, pb.WINDOW_STATE_STATED)
    ]
    assert (stated[0].starts_at_us, stated[0].ends_at_us) == (STARTS_AT_US, MONDAY_US)
    nets = await house.nets(programme)
    # grocer: 12,345 × 10,000; fuel: 333 × 11,050 − 251 × 8,475 = 1,552,425 micros.
    assert (nets["grocer"].net_minor, nets["grocer"].carry_out_micros) == (12_345, 0)
    assert (nets["fuel"].net_minor, nets["fuel"].carry_out_micros) == (155, 2_425)
    assert (nets["operator"].net_minor, nets["operator"].carry_out_micros) == (-12_500, -2_425)
    assert list(nets) == ["fuel", "grocer", "operator"]
    assert nets["operator"].party.partner_id == b""
    matrix = await house.ask(house.clearing.GetMatrix, pb.GetMatrixRequest(), programme)
    assert [(c.issuer.slug, c.redeemer.slug, c.points, c.micros) for c in matrix.cells] == [
        ("fuel", "fuel", 1, 8_475),
        ("grocer", "fuel", 250, 2_118_750),
    ]
    assert all(finding.holds for finding in (await house.findings(programme)).values())


async def test_residues_are_carried_from_week_to_week_and_no_total_changes(house: House) -> None:
    programme = await house.programme()
    fuel = await house.partner(programme, "fuel", 3_333, 8_475)
    for week in range(4):
        await house.ledger.post(programme, Earn(fuel, 1 + week))
        await to_monday(house, programme, week)
        await house.close(programme)
    nets = [(await house.nets(programme, number))["fuel"] for number in (1, 2, 3, 4)]
    assert [net.carry_in_micros for net in nets] == [0, *(net.carry_out_micros for net in nets[:3])]
    paid = sum(net.net_minor for net in nets) * 10_000 + nets[-1].carry_out_micros
    assert paid == 10 * 3_333
    assert all(finding.holds for finding in (await house.findings(programme)).values())


async def test_weeks_that_nobody_closed_are_closed_together_and_empty_ones_too(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    await house.ledger.post(programme, Earn(grocer, 7))
    await to_monday(house, programme, 3)
    await house.ledger.post(programme, Earn(grocer, 8))
    await house.rate_now(programme)

    stated = await house.close(programme)

    assert [(each.number, each.first_seq, each.last_seq) for each in stated] == [
        (1, 1, 1),
        (2, 2, 1),
        (3, 2, 1),
        (4, 2, 1),
    ]
    assert [each.starts_at_us for each in stated[1:]] == [each.ends_at_us for each in stated[:-1]]
    status = await house.status(programme)
    assert (status.rated_seq, status.stated, status.open.number, status.open.first_seq) == (2, 4, 5, 2)
    assert (status.open.state, status.blocked) == (pb.WINDOW_STATE_OPEN, "")
    closed = await events_of(house, programme, "window.closed")
    assert [told.WindowClosed.FromString(event.payload).number for event in closed] == [1, 2, 3, 4]


async def test_until_closes_no_later_window_and_never_ahead_of_programme_time(house: House) -> None:
    programme = await house.programme()
    await to_monday(house, programme, 2)
    assert [each.number for each in await house.close(programme, MONDAY_US + WEEK_US)] == [1, 2]
    assert await house.close(programme, MONDAY_US + WEEK_US) == []
    with pytest.raises(CoalitionError) as refused:
        await house.close(programme, MONDAY_US + 3 * WEEK_US)
    assert refused.value.reason == Reason.REASON_BOUNDARY_IN_FUTURE
    assert [each.number for each in await house.close(programme)] == [3]


async def test_closing_again_does_nothing_more(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    await house.ledger.post(programme, Earn(grocer, 7))
    await to_monday(house, programme)
    assert len(await house.close(programme)) == 1
    before = await house.fetch("SELECT count(*) FROM event_log WHERE ledger_id = $1", programme.ledger_id)
    assert await house.close(programme) == []
    assert before == await house.fetch(
        "SELECT count(*) FROM event_log WHERE ledger_id = $1", programme.ledger_id
    )


async def test_callers_at_once_take_turns_and_state_each_window_once(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    await house.ledger.post(programme, Earn(grocer, 7))
    await to_monday(house, programme, 4)
    answers = await asyncio.gather(*(house.close(programme) for _ in range(6)))
    assert sorted(each.number for answer in answers for each in answer) == [1, 2, 3, 4, 5]
    issued = await events_of(house, programme, "statement.issued")
    assert [told.StatementIssued.FromString(event.payload).window for event in issued] == [1, 2, 3, 4, 5]
    assert len(await events_of(house, programme, "window.closed")) == 5
    assert all(finding.holds for finding in (await house.findings(programme)).values())


@pytest.mark.parametrize(
    ("step", "state"),
    [
        ("_close", None),
        ("_await_rating", WindowState.CLOSED),
        ("_aggregate", WindowState.CLOSED),
        ("_state", WindowState.AGGREGATED),
    ],
)
async def test_a_call_that_dies_between_two_steps_is_finished_by_the_next(
    house: House, monkeypatch: pytest.MonkeyPatch, step: str, state: WindowState | None
) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer", 3_333)
    await house.ledger.post(programme, Earn(grocer, 7))
    await to_monday(house, programme)

    async def die(*_: Any, **__: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(CloseWindows, step, die)
        with pytest.raises(CoalitionError):
            await house.close(programme)
    async with house.app.database.reader.snapshot() as connection:
        left = await windows.last(connection, programme.ledger_id)
    assert (left.state if left else None) == state
    assert [each.number for each in await house.close(programme)] == [1]
    assert (await house.nets(programme))["grocer"].net_minor == 2
    assert len(await events_of(house, programme, "statement.issued")) == 1
    assert all(finding.holds for finding in (await house.findings(programme)).values())


@pytest.mark.parametrize("moved", [WindowState.AGGREGATED, WindowState.STATED])
async def test_a_step_that_dies_before_its_commit_leaves_nothing_behind(
    house: House, monkeypatch: pytest.MonkeyPatch, moved: WindowState
) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    await house.ledger.post(programme, Earn(grocer, 7))
    await to_monday(house, programme)
    move = windows.move

    async def die(connection: Any, ledger_id: int, number: int, state: WindowState) -> None:
        await move(connection, ledger_id, number, state)
        if state is moved:
            raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(windows, "move", die)
        with pytest.raises(CoalitionError):
            await house.close(programme)
    table = "net" if moved is WindowState.AGGREGATED else "statement"
    assert await house.fetch(f"SELECT 1 FROM {table} WHERE ledger_id = $1", programme.ledger_id) == []
    assert [each.number for each in await house.close(programme)] == [1]


async def test_a_window_waits_for_rating_and_says_how_far_it_is(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    await to_monday(house, programme)
    await house.close(programme)
    await house.ledger.post(programme, Earn(grocer, 7), Earn(grocer, 8))
    await house.ledger.move_clock(programme, MONDAY_US + WEEK_US)

    impatient = CloseWindows(
        house.app.database, tell, house.points,
        house.app.programmes,
        prove_window(house), rating_seconds_max=0.1,
    )  # fmt: skip
    with pytest.raises(CoalitionError) as behind:
        await impatient.close(await house.app.programmes.named(programme.slug))
    assert behind.value.reason == Reason.REASON_RATING_BEHIND
    assert behind.value.metadata == {"rated_seq": "0", "last_seq": "2"}
    closing = asyncio.create_task(house.close(programme))
    await asyncio.sleep(0.1)
    await house.rate_now(programme)
    assert [(each.number, each.last_seq) for each in await closing] == [(2, 2)]


async def test_a_late_item_falls_into_the_open_window_at_the_price_of_its_own_time(house: House) -> None:
    programme = await house.programme()
    fuel = await house.partner(programme, "fuel", 10_000, 8_000)
    await house.set_rates(programme, fuel, 20_000, 8_000, MONDAY_US)
    await to_monday(house, programme)
    await house.close(programme)
    await house.ledger.post(programme, Earn(fuel, 100, at_us=MONDAY_US - 1), Earn(fuel, 1, at_us=MONDAY_US))
    await to_monday(house, programme, 1)
    await house.close(programme)
    statement = await house.statement(programme, fuel, 2)
    assert [(line.price_micros, line.points) for line in statement.lines[:2]] == [(10_000, 100), (20_000, 1)]
    assert (await house.nets(programme, 1))["fuel"].points_issued == 0


async def test_a_posting_without_a_price_is_named_and_holds_its_window_until_it_has_one(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    leisure = await house.partner(programme, "leisure", issue=None)
    await house.ledger.post(programme, Earn(grocer, 7), Earn(leisure, 8), Earn(grocer, 9))
    await to_monday(house, programme)

    status = await house.status(programme)
    assert status.rated_seq == 1
    assert status.blocked.startswith(f"seq 2, partner {leisure}, at ")
    with pytest.raises(CoalitionError) as refused:
        await house.close(programme)
    assert refused.value.reason == Reason.REASON_RATE_CARD_MISSING
    assert (refused.value.metadata["seq"], refused.value.metadata["partner_id"]) == ("2", str(leisure))

    version = await house.set_rates(programme, leisure, 12_500, 7_485, STARTS_AT_US)
    assert version.known_from_seq == 2
    await house.rate_now(programme)
    assert (await house.status(programme)).blocked == ""
    assert [each.last_seq for each in await house.close(programme)] == [3]
    assert all(finding.holds for finding in (await house.findings(programme)).values())


async def test_nets_that_do_not_balance_are_never_stated(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    await house.ledger.post(programme, Earn(grocer, 7))
    await to_monday(house, programme)
    stranger = new_id()
    await house.as_superuser(
        f"UPDATE rated_entry SET partner_id = '{stranger}' WHERE ledger_id = {programme.ledger_id} AND seq = 1"
    )
    with pytest.raises(CoalitionError) as fault:
        await house.close(programme)
    assert fault.value.reason == Reason.REASON_INTERNAL
    listed = await house.ask(house.clearing.ListWindows, pb.ListWindowsRequest(), programme)
    assert [each.state for each in listed.windows] == [pb.WINDOW_STATE_OPEN, pb.WINDOW_STATE_CLOSED]
    assert (await house.status(programme)).stated == 0


async def test_windows_are_listed_newest_first_with_the_open_one_on_top(house: House) -> None:
    programme = await house.programme()
    await to_monday(house, programme, 4)
    await house.close(programme)

    async def page(**wanted: int) -> tuple[list[int], bool]:
        answer = await house.ask(house.clearing.ListWindows, pb.ListWindowsRequest(**wanted), programme)
        return [each.number for each in answer.windows], answer.has_more

    assert await page() == ([6, 5, 4, 3, 2, 1], False)
    assert await page(limit=2) == ([6, 5], True)
    assert await page(limit=2, before_number=5) == ([4, 3], True)
    assert await page(limit=2, before_number=3) == ([2, 1], False)
    assert await page(before_number=6) == ([5, 4, 3, 2, 1], False)
    for wrong in ({"limit": 101}, {"limit": -1}):
        with pytest.raises(CoalitionError) as refused:
            await page(**wrong)
        assert refused.value.metadata["field"] == "limit"


async def test_nets_and_matrix_are_read_over_the_windows_asked_for(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    for week in range(3):
        await house.ledger.post(programme, Earn(grocer, 100), Burn(grocer, [(grocer, 1 + week)]))
        await to_monday(house, programme, week)
    await house.close(programme)
    for first, last, points in ((0, 0, 6), (2, 3, 5), (2, 2, 2), (3, 0, 3)):
        request = pb.GetMatrixRequest(from_window=first, to_window=last)
        cells = (await house.ask(house.clearing.GetMatrix, request, programme)).cells
        assert [cell.points for cell in cells] == [points]
    answer = await house.ask(house.clearing.GetNets, pb.GetNetsRequest(from_window=2, to_window=3), programme)
    assert [(net.window, net.party.slug) for net in answer.nets] == [
        (2, "grocer"),
        (2, "operator"),
        (3, "grocer"),
        (3, "operator"),
    ]
    for wrong in (
        pb.GetNetsRequest(from_window=-1),
        pb.GetNetsRequest(from_window=1, to_window=521),
    ):
        with pytest.raises(CoalitionError) as refused:
            await house.ask(house.clearing.GetNets, wrong, programme)
        assert refused.value.reason == Reason.REASON_INVALID_REQUEST


async def test_clearing_is_for_staff_and_services(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    partner = house.as_partner(programme, grocer, "statements:read")
    for method, request in (
        (house.clearing.CloseWindows, pb.CloseWindowsRequest()),
        (house.clearing.GetClearingStatus, pb.GetClearingStatusRequest()),
        (house.clearing.ListWindows, pb.ListWindowsRequest()),
        (house.clearing.GetNets, pb.GetNetsRequest()),
        (house.clearing.GetMatrix, pb.GetMatrixRequest()),
        (house.clearing.CheckClearing, pb.CheckClearingRequest()),
    ):
        with pytest.raises(CoalitionError) as refused:
            await grpc_client.call(method, request, partner)
        assert refused.value.reason == Reason.REASON_PERMISSION_DENIED
        await grpc_client.call(method, request, house.as_staff("auditor", programme=programme))
