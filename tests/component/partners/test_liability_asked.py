"""What the liability rests on and how it is asked for: followed again from nothing, seen where it was tampered with, refused."""

from __future__ import annotations

import csv
import time
from io import StringIO
from typing import Any

import pytest
from coalition.partners.v1 import liability_pb2 as pb
from coalition.partners.v1.liability_pb2_grpc import LiabilityServiceStub
from coalition.type.v1.reason_pb2 import Reason

from services.partners.jobs import FollowAllLots
from services.runtime import grpc_client
from services.runtime.errors import CoalitionError
from tests.support.ledger import Burn, ClawBack, Earn, Return
from tests.support.liability import close, journals, liability, liability_stub
from tests.support.partners import STARTS_AT_US, House

stub = liability_stub


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ("DELETE FROM lot_movement WHERE ledger_id = {} AND kind = 'burned'", pb.LIABILITY_TIE_KIND_BURNED),
        ("UPDATE lot_movement SET points = points + 1 WHERE ledger_id = {} AND kind = 'returned'", pb.LIABILITY_TIE_KIND_RETURNED),
        ("UPDATE lot_movement SET points = points - 1 WHERE ledger_id = {} AND kind = 'reversed'", pb.LIABILITY_TIE_KIND_DEFERRED),
        ("UPDATE lot_movement SET earned_seq = 9 WHERE ledger_id = {} AND kind = 'burned'", pb.LIABILITY_TIE_KIND_STRAYED),
        ("UPDATE rated_entry SET points = 201, amount_micros = 201 * price_micros WHERE ledger_id = {} AND kind = 'charged'", pb.LIABILITY_TIE_KIND_CHARGED),
        ("UPDATE rated_entry SET amount_micros = 0, price_micros = 0 WHERE ledger_id = {} AND kind = 'issued'", pb.LIABILITY_TIE_KIND_DEFERRED),
    ],
)  # fmt: skip
async def test_an_account_that_was_tampered_with_no_longer_ties(
    house: House, stub: LiabilityServiceStub, change: str, kind: int
) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer", None)
    await house.set_rates(programme, grocer, 10_000, 8_000, STARTS_AT_US, issue_share_percent=50)
    earned = await house.ledger.post(programme, Earn(grocer, 1_000))
    burned = await house.ledger.post(programme, Burn(grocer, [(grocer, 200, earned)]))
    await house.ledger.post(
        programme,
        Return(grocer, burned, [(grocer, 20, earned)]),
        ClawBack(grocer, earned, 30, [(grocer, 30, earned)]),
    )
    await close(house, programme, 1)
    await liability(house, stub, programme)
    await house.as_superuser(
        "ALTER TABLE lot_movement DROP CONSTRAINT lot_movement_earned_ck", change.format(programme.ledger_id)
    )
    try:
        found = await house.ask(stub.GetLiability, pb.GetLiabilityRequest(), programme)
        made = await house.ask(stub.GetLiabilityJournals, pb.GetLiabilityJournalsRequest(), programme)
        for ties in (found.ties, made.ties):
            assert kind in {tie.kind for tie in ties if not tie.holds}
    finally:
        await house.as_superuser(
            f"DELETE FROM lot_movement WHERE ledger_id = {programme.ledger_id}",
            "ALTER TABLE lot_movement ADD CONSTRAINT lot_movement_earned_ck "
            "CHECK (CASE kind WHEN 'issued' THEN earned_seq = seq ELSE earned_seq < seq AND NOT is_opening END)",
        )


async def test_what_is_followed_can_be_followed_again_and_only_to_what_is_stated(
    house: House, stub: LiabilityServiceStub
) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    earned = await house.ledger.post(programme, Earn(grocer, 1_000))
    await house.ledger.post(programme, Burn(grocer, [(grocer, 10, earned)]))
    await close(house, programme, 1)
    await house.ledger.post(programme, Burn(grocer, [(grocer, 20, earned)]))
    job = FollowAllLots(house.app.follow_lots, house.app.programmes)
    await job()
    await job()
    before = await liability(house, stub, programme)
    kept = "SELECT seq, line, kind, points FROM lot_movement WHERE ledger_id = $1 ORDER BY seq, line"
    rows = await house.fetch(kept, programme.ledger_id)
    assert [tuple(row) for row in rows] == [(2, 1, "burned", 10)]
    await house.as_superuser(
        f"DELETE FROM lot_movement WHERE ledger_id = {programme.ledger_id}",
        f"DELETE FROM lot_head WHERE ledger_id = {programme.ledger_id}",
    )
    assert await liability(house, stub, programme) == before
    assert await house.fetch(kept, programme.ledger_id) == rows


async def test_the_job_leaves_most_of_the_time_to_tills_and_whoever_asks_waits_for_nothing(
    house: House, stub: LiabilityServiceStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[float] = []

    async def rest(seconds: float) -> None:
        rests.append(seconds)

    monkeypatch.setattr("services.partners.commands.liability.follow_lots.sleep", rest)
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    earned = await house.ledger.post(programme, Earn(grocer, 1_000))
    await house.ledger.post(programme, Burn(grocer, [(grocer, 10, earned)]))
    await close(house, programme, 1)
    began = time.monotonic()
    await FollowAllLots(house.app.follow_lots, house.app.programmes)()
    # It has worked for less than it took, and rests three times as long.
    assert 0 < sum(rests) < 3 * (time.monotonic() - began)
    done = len(rests)
    await house.ledger.post(programme, Burn(grocer, [(grocer, 20, earned)]))
    await close(house, programme, 2)
    await liability(house, stub, programme)
    kept = "SELECT points FROM lot_movement WHERE ledger_id = $1 ORDER BY seq"
    assert [row["points"] for row in await house.fetch(kept, programme.ledger_id)] == [10, 20]
    assert len(rests) == done


async def test_journals_are_a_file_with_the_names_of_the_operators_own_accounts(
    house: House, stub: LiabilityServiceStub
) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    earned = await house.ledger.post(programme, Earn(grocer, 1_000))
    await house.ledger.post(programme, Burn(grocer, [(grocer, 250, earned)]))
    await close(house, programme, 1)
    renamed = pb.AccountName(key="contract_liability", code="=1+1", name="Points, deferred")
    made = await journals(house, stub, programme, accounts=[renamed])
    rows = list(csv.DictReader(StringIO(made.file, newline="")))
    assert [(row["kind"], row["account"], row["debit"], row["credit"]) for row in rows] == [
        ("deferred", "1400", "10.00", ""),
        ("deferred", "'=1+1", "", "10.00"),
        ("redeemed", "'=1+1", "2.50", ""),
        ("redeemed", "4400", "", "2.50"),
        ("reimbursed", "5400", "2.00", ""),
        ("reimbursed", "1400", "", "2.00"),
    ]
    # The first window is the one day of Sunday 1 January 2017.
    assert {(row["date"], row["currency"], row["journal"].rsplit("-", 1)[0]) for row in rows} == {
        ("2017-01-01", "USD", f"{programme.slug}-1-1")
    }


@pytest.mark.parametrize(
    ("method", "asked"),
    [
        ("GetLiability", {"window": 2}),
        ("GetLiability", {"window": -1}),
        ("GetLiability", {"level_percent": 49}),
        ("GetLiability", {"level_percent": 100}),
        ("GetLiability", {"tail_millionths": 999_999}),
        ("GetLiability", {"tail_millionths": 10_000_001}),
        ("GetLiability", {"held_out_months": 25}),
        ("GetLiability", {"held_out_months": -1}),
        ("GetLiabilityJournals", {"from_window": 2}),
        ("GetLiabilityJournals", {"from_window": -1}),
        ("GetLiabilityJournals", {"to_window": 2}),
        ("GetLiabilityJournals", {"accounts": [{"key": "cash", "code": "1", "name": "Cash"}]}),
        ("GetLiabilityJournals", {"accounts": [{"key": "partners", "code": "1", "name": "P"}] * 7}),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    house: House, stub: LiabilityServiceStub, method: str, asked: dict[str, Any]
) -> None:
    programme = await house.programme()
    await house.partner(programme, "grocer")
    await close(house, programme, 1)
    request = getattr(pb, f"{method}Request")(**asked)
    with pytest.raises(CoalitionError) as refused:
        await house.ask(getattr(stub, method), request, programme)
    assert refused.value.reason == Reason.REASON_INVALID_REQUEST


async def test_before_a_window_is_stated_there_is_nothing_to_tell_and_partners_are_not_told_at_all(
    house: House, stub: LiabilityServiceStub
) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    with pytest.raises(CoalitionError, match="no window is stated yet"):
        await house.ask(stub.GetLiability, pb.GetLiabilityRequest(), programme)
    await close(house, programme, 1)
    empty = await liability(house, stub, programme)
    assert (list(empty.cohorts), empty.is_mature, empty.last_month) == ([], False, 0)
    assert list((await journals(house, stub, programme)).journals) == []
    partner = house.as_partner(programme, grocer)
    for method, request in (
        (stub.GetLiability, pb.GetLiabilityRequest()),
        (stub.GetLiabilityJournals, pb.GetLiabilityJournalsRequest()),
    ):
        with pytest.raises(CoalitionError) as refused:
            await grpc_client.call(method, request, partner)
        assert refused.value.reason == Reason.REASON_PERMISSION_DENIED
    auditor = house.as_staff("auditor", programme=programme)
    assert await grpc_client.call(stub.GetLiability, pb.GetLiabilityRequest(), auditor) == empty
