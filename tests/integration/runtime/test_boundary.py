"""What a caller is told, and what it is not, over real gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import grpc
import grpc.aio
import pytest
import pytest_asyncio
from coalition.points.v1 import points_pb2
from coalition.points.v1.points_pb2_grpc import (
    PointsServiceServicer,
    PointsServiceStub,
    add_PointsServiceServicer_to_server,
)
from coalition.type.v1.reason_pb2 import Reason
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from services.runtime import grpc_client
from services.runtime.boundary import CallContext
from services.runtime.errors import (
    CATALOGUE,
    CoalitionError,
    Fault,
    InvalidRequest,
    Refused,
    Unauthenticated,
    Unavailable,
    code_of,
)
from services.runtime.grpc_server import GrpcServer, health_stub
from services.runtime.principal import METADATA_KEY, Kind, Verifier, acting
from tests.support.points_neighbours import Identity, new_programme

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = "the password of the database is swordfish"
IDENTITY, PROGRAMME = Identity(), new_programme()


def staff() -> bytes:
    """A principal as of now: it is good for minutes, and tests are collected long before they run."""
    return IDENTITY.signers["cli"].sign(Kind.STAFF, "stf_1", PROGRAMME)


class Raising(PointsServiceServicer):
    """Does what the test says."""

    def __init__(self) -> None:
        self.act: Callable[[], object] = lambda: None
        self.entered, self.cancelled = asyncio.Event(), asyncio.Event()

    async def GetHead(self, request: object, context: CallContext) -> points_pb2.GetHeadResponse:
        self.act()
        return points_pb2.GetHeadResponse(last_seq=len(acting().actor))

    async def GetBalance(self, request: object, context: CallContext) -> points_pb2.GetBalanceResponse:
        self.entered.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        raise AssertionError("not reached")

    async def ReadJournal(
        self, request: object, context: CallContext
    ) -> AsyncIterator[points_pb2.ReadJournalResponse]:
        yield points_pb2.ReadJournalResponse()
        self.act()
        yield points_pb2.ReadJournalResponse()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served() -> AsyncIterator[tuple[Raising, grpc.aio.Channel]]:
    servicer = Raising()  # pyright: ignore[reportAbstractUsage]

    def register(server: grpc.aio.Server) -> None:
        add_PointsServiceServicer_to_server(servicer, server)

    server = GrpcServer(
        "127.0.0.1:0", Verifier(IDENTITY.public_keys), ["coalition.points.v1.PointsService"], register
    )
    # (One of ours would try the unavailable again and again.)
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{await server.start()}")
    yield servicer, channel
    await channel.close()
    await server.stop(0)


def _raise(error: BaseException) -> Callable[[], object]:
    def act() -> object:
        raise error

    return act


async def _unary(served: tuple[Raising, grpc.aio.Channel], act: Callable[[], object]) -> grpc.aio.AioRpcError:
    """The bare status of a call, as any client sees it."""
    servicer, channel = served
    servicer.act = act
    metadata = ((METADATA_KEY, staff()),)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await PointsServiceStub(channel).GetHead(points_pb2.GetHeadRequest(), metadata=metadata)
    return caught.value


def _all_text(error: grpc.aio.AioRpcError) -> str:
    trailers = error.trailing_metadata() or ()
    return f"{error.details()} {error.debug_error_string()} {[(name, value) for name, value in trailers]}"


class Unspeakable(Exception):
    """A fault with something in it that nobody may see."""


@pytest.mark.parametrize(
    "error",
    [
        Unspeakable(SECRET),
        ValueError(SECRET),
        KeyError(SECRET),
        AssertionError(SECRET),
        SQLAlchemyError(SECRET),
        asyncpg.UniqueViolationError(SECRET),
        asyncpg.InterfaceError(SECRET),
        ExceptionGroup(SECRET, [ValueError(SECRET)]),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_the_text_of_a_fault_never_leaves_the_service(
    served: tuple[Raising, grpc.aio.Channel], error: Exception
) -> None:
    told = await _unary(served, _raise(error))
    assert told.code() is grpc.StatusCode.INTERNAL
    assert "swordfish" not in _all_text(told)
    assert type(error).__name__ not in _all_text(told)
    assert isinstance(grpc_client.error_from(told), Fault)


async def test_a_fault_in_the_middle_of_a_stream_is_told_as_little_of(
    served: tuple[Raising, grpc.aio.Channel],
) -> None:
    servicer, channel = served
    servicer.act = _raise(Unspeakable(SECRET))
    call = PointsServiceStub(channel).ReadJournal(
        points_pb2.ReadJournalRequest(), metadata=((METADATA_KEY, staff()),)
    )
    assert await call.read() == points_pb2.ReadJournalResponse()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call.read()
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert "swordfish" not in _all_text(caught.value)


@pytest.mark.parametrize(
    "error",
    [
        OSError(SECRET),
        ConnectionRefusedError(SECRET),
        asyncpg.ConnectionDoesNotExistError(SECRET),
        asyncpg.CannotConnectNowError(SECRET),
        asyncpg.AdminShutdownError(SECRET),
        asyncpg.TooManyConnectionsError(SECRET),
        asyncpg.InternalClientError(SECRET),
        DBAPIError("SELECT 1", {}, asyncpg.CannotConnectNowError(SECRET)),
        asyncpg.InterfaceError(f"cannot do this: the underlying connection is closed {SECRET}"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_is_away_is_unavailable_without_a_word_about_it(
    served: tuple[Raising, grpc.aio.Channel], error: Exception
) -> None:
    told = await _unary(served, _raise(error))
    assert told.code() is grpc.StatusCode.UNAVAILABLE
    assert "swordfish" not in _all_text(told)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TimeoutError(), Reason.REASON_DEADLINE_EXCEEDED),
        (PoolTimeoutError("QueuePool limit of size 10 overflow 0 reached"), Reason.REASON_OVERLOADED),
    ],
)
async def test_time_and_connections_that_run_out_have_reasons_of_their_own(
    served: tuple[Raising, grpc.aio.Channel], error: Exception, reason: Reason.ValueType
) -> None:
    told = await _unary(served, _raise(error))
    assert grpc_client.error_from(told).reason == reason


@pytest.mark.parametrize("reason", CATALOGUE, ids=code_of)
async def test_every_reason_reaches_the_caller_with_its_sentence_and_numbers(
    served: tuple[Raising, grpc.aio.Channel], reason: Reason.ValueType
) -> None:
    told = await _unary(served, _raise(CoalitionError(reason, "3 are there, 5 are needed", available=3)))
    back = grpc_client.error_from(told)
    assert told.code() is CATALOGUE[reason].grpc_status
    assert (back.reason, back.message, back.metadata) == (
        reason,
        "3 are there, 5 are needed",
        {"available": "3"},
    )


async def test_an_error_comes_back_as_the_class_that_was_raised(
    served: tuple[Raising, grpc.aio.Channel],
) -> None:
    servicer, channel = served
    stub = PointsServiceStub(channel)
    for error in (
        InvalidRequest("no", field="x"),
        Refused(Reason.REASON_CLOCK_FIXED, "no"),
        Unavailable("no"),
        Unauthenticated(),
    ):
        servicer.act = _raise(error)
        with pytest.raises(type(error)):
            await grpc_client.call(stub.GetHead, points_pb2.GetHeadRequest(), staff())


async def test_without_a_principal_nothing_but_health_and_reflection_answers(
    served: tuple[Raising, grpc.aio.Channel],
) -> None:
    servicer, channel = served
    servicer.act = lambda: None
    stub = PointsServiceStub(channel)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.GetHead(points_pb2.GetHeadRequest())
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.ReadJournal(points_pb2.ReadJournalRequest()).read()
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    health = await health_stub(channel).Check(health_pb2.HealthCheckRequest())
    assert health.status == health_pb2.HealthCheckResponse.SERVING
    reflection: Any = reflection_pb2_grpc
    asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
    answer = await reflection.ServerReflectionStub(channel).ServerReflectionInfo(asked).read()
    services = {service.name for service in answer.list_services_response.service}
    assert "coalition.points.v1.PointsService" in services


async def test_the_handler_knows_who_acts(served: tuple[Raising, grpc.aio.Channel]) -> None:
    servicer, channel = served
    servicer.act = lambda: None
    answer = await grpc_client.call(PointsServiceStub(channel).GetHead, points_pb2.GetHeadRequest(), staff())
    assert answer.last_seq == len("stf_1")


async def test_an_rpc_that_is_not_served_is_unimplemented(served: tuple[Raising, grpc.aio.Channel]) -> None:
    _, channel = served
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await channel.unary_unary("/coalition.points.v1.PointsService/Nothing")(b"")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("how", ["deadline", "cancelled"])
async def test_a_caller_that_does_not_wait_any_longer_cancels_the_handler(
    served: tuple[Raising, grpc.aio.Channel], how: str
) -> None:
    servicer, channel = served
    servicer.entered.clear()
    servicer.cancelled.clear()
    call = PointsServiceStub(channel).GetBalance(
        points_pb2.GetBalanceRequest(),
        metadata=((METADATA_KEY, staff()),),
        timeout=0.3 if how == "deadline" else None,
    )
    if how == "cancelled":
        await servicer.entered.wait()
        call.cancel()
    with pytest.raises((grpc.aio.AioRpcError, asyncio.CancelledError)):
        await call
    async with asyncio.timeout(10):
        await servicer.cancelled.wait()


async def test_the_callers_deadline_is_passed_on_and_never_grows(
    served: tuple[Raising, grpc.aio.Channel],
) -> None:
    _, channel = served
    stub = PointsServiceStub(channel)
    token = grpc_client.deadline_us.set(1)
    try:
        assert grpc_client.remaining_seconds(10) == 0.001
        with pytest.raises(Unavailable) as caught:
            await grpc_client.call(stub.GetBalance, points_pb2.GetBalanceRequest(), staff())
    finally:
        grpc_client.deadline_us.reset(token)
    assert caught.value.reason == Reason.REASON_DEADLINE_EXCEEDED
    assert grpc_client.remaining_seconds(10) == 10


async def test_a_neighbour_that_is_not_there_is_unavailable() -> None:
    channel = grpc_client.open_channel("127.0.0.1:1")
    try:
        with pytest.raises(Unavailable) as caught:
            await grpc_client.call(
                PointsServiceStub(channel).GetHead, points_pb2.GetHeadRequest(), staff(), timeout_seconds=5
            )
        assert caught.value.reason == Reason.REASON_UNAVAILABLE
    finally:
        await channel.close()


async def test_a_taken_port_is_an_error_at_the_start(served: tuple[Raising, grpc.aio.Channel]) -> None:
    first = GrpcServer("127.0.0.1:0", Verifier(IDENTITY.public_keys), [], lambda _: None)
    port = await first.start()
    second = GrpcServer(f"127.0.0.1:{port}", Verifier(IDENTITY.public_keys), [], lambda _: None)
    try:
        with pytest.raises(OSError, match=str(port)):
            await second.start()
    finally:
        await first.stop(0)
