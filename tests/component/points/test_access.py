"""Who may call what: principals, scopes, roles, programmes."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from coalition.points.v1 import points_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.runtime import grpc_client
from services.runtime.errors import CoalitionError, InvalidRequest, PermissionDenied, Unauthenticated
from services.runtime.ids import new_id
from services.runtime.principal import Kind, Signer
from tests.support.points import GRANTS, PointsHouse, RunningPoints, Till
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import earn, reasons, redemption

pytestmark = pytest.mark.asyncio(loop_scope="module")

RATE = points_pb2.EarnRate(partner_id=new_id().bytes, points=1, per_minor=100, valid_from_us=1)
ID = new_id().bytes
UNARY: dict[str, Any] = {
    "Post": points_pb2.PostRequest(items=[earn(new_id(), 500)]),
    "GetBalance": points_pb2.GetBalanceRequest(member_id=ID),
    "GetTransaction": points_pb2.GetTransactionRequest(transaction_id=ID),
    "ListTransactions": points_pb2.ListTransactionsRequest(),
    "SetEarnRate": points_pb2.SetEarnRateRequest(rate=RATE),
    "ListEarnRates": points_pb2.ListEarnRatesRequest(),
    "SetFloor": points_pb2.SetFloorRequest(floor=points_pb2.Floor(partner_id=ID, floor=0)),
    "ListFloors": points_pb2.ListFloorsRequest(),
    "MoveClock": points_pb2.MoveClockRequest(now_us=STARTS_AT_US),
    "GetHead": points_pb2.GetHeadRequest(),
    "CutAt": points_pb2.CutAtRequest(boundary_us=STARTS_AT_US),
    "CheckLedger": points_pb2.CheckLedgerRequest(),
    "EraseWords": points_pb2.EraseWordsRequest(member_id=ID),
    "ProposeAdjustment": points_pb2.ProposeAdjustmentRequest(key="k"),
    "ApproveAdjustment": points_pb2.ApproveAdjustmentRequest(proposal_id=ID),
    "RejectAdjustment": points_pb2.RejectAdjustmentRequest(proposal_id=ID),
    "ListProposals": points_pb2.ListProposalsRequest(),
    "SetAdjustmentLimit": points_pb2.SetAdjustmentLimitRequest(points=1),
    "SetTransferLimits": points_pb2.SetTransferLimitsRequest(points=1, points_a_day=1),
    "GetLimits": points_pb2.GetLimitsRequest(),
    "SetCampaign": points_pb2.SetCampaignRequest(),
    "LoadBudget": points_pb2.LoadBudgetRequest(key="k", points=1, campaign_id=ID),
    "ListCampaigns": points_pb2.ListCampaignsRequest(),
}
STREAMS: dict[str, Any] = {
    "ReadJournal": points_pb2.ReadJournalRequest(),
    "ReadPurchases": points_pb2.ReadPurchasesRequest(),
    "ReadEvents": points_pb2.ReadEventsRequest(),
    "ReadBatches": points_pb2.ReadBatchesRequest(),
}
STAFF_ONLY = (
    "SetEarnRate", "SetFloor", "ListFloors", "MoveClock", "GetHead", "CutAt", "CheckLedger", "EraseWords", *STREAMS, "ProposeAdjustment",
    "ApproveAdjustment", "RejectAdjustment", "ListProposals", "SetAdjustmentLimit", "SetTransferLimits", "GetLimits",
    "SetCampaign", "LoadBudget", "ListCampaigns",
)  # fmt: skip


async def _call(house: PointsHouse, method: str, token: bytes) -> None:
    if method in STREAMS:
        async for _ in grpc_client.stream(getattr(house.stub, method), STREAMS[method], token):
            pass
    else:
        await grpc_client.call(getattr(house.stub, method), UNARY[method], token)


async def _reason(house: PointsHouse, method: str, token: bytes) -> Reason.ValueType | None:
    try:
        await _call(house, method, token)
    except CoalitionError as error:
        return error.reason
    return None


def _flaws(house: PointsHouse) -> dict[str, bytes]:
    """Tokens that must not be believed, by what is wrong with them."""
    identity = house.running.identity
    good = Till(house).principal
    stranger = Signer("gateway", secrets.token_bytes(32))
    partner = new_id()
    return {
        "none": b"",
        "noise": secrets.token_bytes(100),
        "changed": bytes([good[0] ^ 1]) + good[1:],
        "signature changed": good[:-1] + bytes([good[-1] ^ 1]),
        "key unknown": stranger.sign(Kind.PARTNER, "key_1", house.programme, partner, GRANTS),
        "issuer unknown": Signer("stranger", identity.keys["gateway"]).sign(
            Kind.PARTNER, "key_1", house.programme, partner, GRANTS
        ),
        "staff from the gateway": identity.signers["gateway"].sign(
            Kind.STAFF, "stf_1", house.programme, grants=("admin", "maker", "pricing")
        ),
        "partner from the command line": identity.signers["cli"].sign(
            Kind.PARTNER, "key_1", house.programme, partner, GRANTS
        ),
        "partner from a service": identity.signers["members"].sign(
            Kind.PARTNER, "key_1", house.programme, partner, GRANTS
        ),
        "partner that is nobody": identity.signers["gateway"].sign(
            Kind.PARTNER, "key_1", house.programme, None, GRANTS
        ),
        "staff with a partner's id": identity.signers["cli"].sign(
            Kind.STAFF, "stf_1", house.programme, partner, ("admin", *GRANTS)
        ),
        "expired": identity.signers["gateway"].sign(
            Kind.PARTNER, "key_1", house.programme, partner, GRANTS, life_seconds=-1
        ),
        "too long": identity.signers["gateway"].sign(
            Kind.PARTNER, "key_1" * 1_000, house.programme, partner, GRANTS
        ),
    }  # fmt: skip


async def test_no_call_is_served_to_a_principal_that_is_missing_forged_or_expired(house: PointsHouse) -> None:
    found = {
        (method, flaw): await _reason(house, method, token)
        for method in (*UNARY, *STREAMS)
        for flaw, token in _flaws(house).items()
    }
    assert set(found.values()) == {Reason.REASON_UNAUTHENTICATED}


async def test_a_forged_principal_within_a_batch_fails_the_call(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    for token in _flaws(house).values():
        with pytest.raises(Unauthenticated):
            await till.call("Post", points_pb2.PostRequest(items=[earn(member, 500)], principals=[token]))
    assert (await house.head()).last_seq == 0


@pytest.mark.parametrize("method", STAFF_ONLY)
async def test_a_partner_may_not_call_what_is_the_staffs(house: PointsHouse, method: str) -> None:
    till = Till(house, grants=(*GRANTS, "admin", "pricing", "maker"))
    with pytest.raises(PermissionDenied):
        await _call(house, method, till.principal)


@pytest.mark.parametrize(
    ("method", "roles"),
    [
        ("SetEarnRate", ("pricing",)),
        ("SetFloor", ("admin",)),
        ("MoveClock", ("admin",)),
        ("CutAt", ("maker", "admin")),
        ("EraseWords", ("admin",)),
    ],
)
async def test_staff_needs_the_role_of_what_it_does(
    house: PointsHouse, method: str, roles: tuple[str, ...]
) -> None:
    await house.head()
    for role in ("auditor", "pricing", "maker", "admin"):
        denied = await _reason(house, method, house.staff_with(role)) == Reason.REASON_PERMISSION_DENIED
        assert denied == (role not in roles)


@pytest.mark.parametrize("method", ["GetHead", "ListFloors", "CheckLedger", *STREAMS])
async def test_staff_of_any_role_may_look_and_prove(house: PointsHouse, method: str) -> None:
    await house.head()
    assert await _reason(house, method, house.staff_with("auditor")) is None


@pytest.mark.parametrize("method", ["GetBalance", "GetTransaction", "ListTransactions"])
async def test_a_partner_needs_the_scope_to_read(house: PointsHouse, method: str) -> None:
    till = Till(house, grants=("points:earn", "points:redeem"))
    with pytest.raises(PermissionDenied):
        await _call(house, method, till.principal)


async def test_a_partner_needs_the_scope_of_each_movement(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    for grants, expected in (
        (("points:earn",), ["", "PERMISSION_DENIED"]),
        (("points:redeem",), ["PERMISSION_DENIED", ""]),
        (("points:read",), ["PERMISSION_DENIED", "PERMISSION_DENIED"]),
    ):
        narrow = Till(house, till.partner_id, grants)
        assert reasons(await narrow.post(earn(member, 500), redemption(member, 1))) == expected


@pytest.mark.parametrize("who", ["staff", "service"])
async def test_staff_and_services_move_no_points(house: PointsHouse, who: str) -> None:
    token = house.staff
    if who == "service":
        token = house.running.identity.signers["members"].sign(Kind.SERVICE, "members", house.programme)
    answer = await grpc_client.call(
        house.stub.Post, points_pb2.PostRequest(items=[earn(house.member(), 500)]), token
    )
    assert reasons(answer.results) == ["PERMISSION_DENIED"]


async def test_each_item_of_a_batch_is_posted_for_the_principal_it_names(house: PointsHouse) -> None:
    tills, member = [await house.till(), await house.till(points=3)], house.member()
    gateway = house.signer.sign(Kind.SERVICE, "gateway", house.programme)
    request = points_pb2.PostRequest(
        items=[earn(member, 500, principal=1), earn(member, 500, principal=0)],
        principals=[till.principal for till in tills],
    )
    answer = await grpc_client.call(house.stub.Post, request, gateway)
    assert [(result.transaction.partner_id, result.transaction.points) for result in answer.results] == [
        (tills[1].partner_id.bytes, 15),
        (tills[0].partner_id.bytes, 5),
    ]


async def test_an_item_that_names_no_principal_of_the_call_fails_the_call(house: PointsHouse) -> None:
    till = await house.till()
    with pytest.raises(InvalidRequest) as caught:
        await till.post(earn(house.member(), 500), earn(house.member(), 500, principal=1))
    assert caught.value.metadata["field"] == "principal"
    assert (await house.head()).last_seq == 0


async def test_principals_of_another_programme_fail_the_call(running: RunningPoints) -> None:
    house, elsewhere = running.house(), running.house()
    till, stranger = await house.till(), await elsewhere.till()
    with pytest.raises(InvalidRequest) as caught:
        await till.call(
            "Post",
            points_pb2.PostRequest(
                items=[earn(house.member(), 500)], principals=[till.principal, stranger.principal]
            ),
        )
    assert caught.value.metadata["field"] == "principals"


@pytest.mark.parametrize("method", [*UNARY, *STREAMS])
async def test_every_call_needs_a_programme(house: PointsHouse, method: str) -> None:
    token = house.running.identity.signers["members"].sign(Kind.SERVICE, "members", None)
    assert await _reason(house, method, token) == Reason.REASON_PERMISSION_DENIED


async def test_a_programme_sees_nothing_of_another(running: RunningPoints) -> None:
    house, elsewhere = running.house(), running.house()
    till, member = await house.till(), house.member()
    moved = (await till.earn(member, 500)).transaction
    stranger = Till(elsewhere, till.partner_id)
    await elsewhere.head()
    assert (await stranger.balance(member)).available == 0
    answer = await stranger.call("ListTransactions", points_pb2.ListTransactionsRequest())
    assert not answer.transactions
    request = points_pb2.GetTransactionRequest(transaction_id=moved.transaction_id)
    assert (await till.call("GetTransaction", request)).transaction == moved
    with pytest.raises(CoalitionError) as caught:
        await stranger.call("GetTransaction", request)
    assert caught.value.reason == Reason.REASON_NOT_FOUND
    assert (await elsewhere.journal(), await elsewhere.purchases(), await elsewhere.events()) == ([], [], [])
    answer = await stranger.call("ListEarnRates", points_pb2.ListEarnRatesRequest())
    assert not answer.rates


async def test_an_unregistered_programme_has_no_ledger(running: RunningPoints) -> None:
    house = running.house()
    running.neighbours.programmes.clear()
    with pytest.raises(CoalitionError) as caught:
        await house.head()
    assert caught.value.reason == Reason.REASON_PROGRAMME_UNKNOWN


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("GetBalance", points_pb2.GetBalanceRequest(member_id=b"short")),
        ("GetTransaction", points_pb2.GetTransactionRequest()),
        ("ListTransactions", points_pb2.ListTransactionsRequest(member_id=b"short")),
        ("ListTransactions", points_pb2.ListTransactionsRequest(limit=101)),
        ("ListTransactions", points_pb2.ListTransactionsRequest(limit=-1)),
        ("ListTransactions", points_pb2.ListTransactionsRequest(recorded_from_us=2**62)),
        ("ListTransactions", points_pb2.ListTransactionsRequest(recorded_from_us=-1)),
        ("ListEarnRates", points_pb2.ListEarnRatesRequest(partner_id=b"short")),
    ],
)
async def test_a_malformed_read_is_an_invalid_request(house: PointsHouse, method: str, request_: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await Till(house).call(method, request_)
    assert caught.value.metadata["field"] in type(request_).DESCRIPTOR.fields_by_name


MALFORMED: list[tuple[Callable[[PointsHouse], Any], str]] = [
    (lambda house: house.cut_at(0), "boundary_us"),
    (lambda house: house.cut_at(2**62), "boundary_us"),
    (lambda house: house.move_clock(0), "now_us"),
    (lambda house: house.move_clock(2**62), "now_us"),
    (lambda house: house.events(-1), "from_pos"),
    (lambda house: house.events(limit=-5), "limit"),
]


@pytest.mark.parametrize(("ask", "field"), MALFORMED)
async def test_a_malformed_staff_request_is_an_invalid_request(
    house: PointsHouse, ask: Callable[[PointsHouse], Any], field: str
) -> None:
    await house.head()
    with pytest.raises(InvalidRequest) as caught:
        await ask(house)
    assert caught.value.metadata["field"] == field


async def test_extreme_positions_answer_nothing_rather_than_fail(house: PointsHouse) -> None:
    till = await house.till()
    await till.earn(house.member(), 500)
    assert [await house.journal(seq) for seq in (2, 2**62)] == [[], []]
    assert len(await house.journal(-(2**62))) == 1
    assert await house.journal(1, -5) == []
    assert await house.events(2**62) == []
    for before, after, count in ((2**62, 0, 1), (-5, 0, 0), (0, 2**62, 0), (0, -5, 1)):
        answer = await till.call(
            "ListTransactions", points_pb2.ListTransactionsRequest(before_seq=before, after_seq=after)
        )
        assert len(answer.transactions) == count
