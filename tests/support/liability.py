"""The liability of a real partners service, asked for over gRPC; and postings that the ledger's stand-in has no movement for."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from coalition.partners.v1 import liability_pb2 as pb
from coalition.partners.v1.liability_pb2_grpc import LiabilityServiceStub
from google.protobuf.message import Message

from services.runtime.grpc_client import open_channel
from services.runtime.ids import new_id
from services.runtime.principal import Programme
from tests.support.partners import DAY_US, STARTS_AT_US, House

MONDAY_US = STARTS_AT_US + DAY_US
WEEK_US = 7 * DAY_US
JANUARY = 2017 * 12
PARTS = 1_000_000


@pytest.fixture
async def liability_stub(house: House) -> AsyncGenerator[LiabilityServiceStub]:
    channel = open_channel(house.target)
    yield LiabilityServiceStub(channel)
    await channel.close(None)


async def liability(
    house: House, stub: LiabilityServiceStub, programme: Programme, window: int = 0, **asked: Any
) -> pb.GetLiabilityResponse:
    """The liability as the host sees it, where all ties hold."""
    found = await house.ask(stub.GetLiability, pb.GetLiabilityRequest(window=window, **asked), programme)
    assert [tie for tie in found.ties if not tie.holds] == []
    return found


async def journals(
    house: House,
    stub: LiabilityServiceStub,
    programme: Programme,
    first: int = 0,
    last: int = 0,
    **asked: Any,
) -> pb.GetLiabilityJournalsResponse:
    request = pb.GetLiabilityJournalsRequest(from_window=first, to_window=last, **asked)
    found = await house.ask(stub.GetLiabilityJournals, request, programme)
    for journal in found.journals:
        assert sum(line.debit_minor - line.credit_minor for line in journal.lines) == 0
    for moved in (found.total, *(cohort.moved for cohort in found.cohorts)):
        recognised = moved.redeemed_minor + moved.breakage_minor + moved.change_of_estimate_minor
        assert moved.opening_minor + moved.deferred_minor - recognised == moved.closing_minor
    return found


async def close(house: House, programme: Programme, number: int) -> None:
    await house.ledger.move_clock(programme, MONDAY_US + (number - 1) * WEEK_US)
    await house.rate_now(programme)
    await house.close(programme)


async def post(house: House, programme: Programme, type_: str, message: Message) -> int:
    """Posts what the stand-in has no movement for; answers its seq."""
    book = house.ledger.book(programme)
    seq = len(book.recorded_us) + 1
    common: dict[str, Any] = {
        "transaction_id": new_id().bytes, "seq": seq, "member_id": new_id().bytes, "recorded_at_us": book.now_us,
    }  # fmt: skip
    message.MergeFrom(type(message)(**common))
    book.recorded_us.append(book.now_us)
    await house.ledger.tell(programme, type_, message, seq)
    return seq


def figures(cohort: pb.LiabilityCohort) -> tuple[int, ...]:
    return cohort.month - JANUARY, cohort.issued, cohort.used, cohort.lapsed, cohort.outstanding


def carried(cohort: pb.LiabilityCohort) -> dict[str, int]:
    return {each.carrier.slug: each.parts for each in cohort.carriers}
