"""Which lines of a large batch are tried again."""

from __future__ import annotations

import pytest
from coalition.type.v1.reason_pb2 import Reason

from services.gateway.domain.large_batches.retrying import RECOVERABLE, is_open, outcome_of
from services.gateway.domain.large_batches.runs import LineCounts, LineOutcome, Run, RunStatus
from services.gateway.domain.movements import Awaited, Declined
from services.runtime.errors import CATALOGUE, CoalitionError


def _declined(reason: Reason.ValueType, *, remembered: bool) -> Declined:
    return Declined(CoalitionError(reason, "no"), remembered=remembered, replayed=False)


@pytest.mark.parametrize("reason", sorted(CATALOGUE))
def test_what_is_remembered_is_over_and_of_the_rest_what_may_pass_goes_on(reason: Reason.ValueType) -> None:
    assert outcome_of(_declined(reason, remembered=True)) is LineOutcome.REFUSED
    wanted = LineOutcome.RETRYING if reason in RECOVERABLE else LineOutcome.REFUSED
    assert outcome_of(_declined(reason, remembered=False)) is wanted


def test_a_refund_that_waits_is_asked_about_again() -> None:
    assert outcome_of(Awaited(replayed=False)) is LineOutcome.WAITING
    assert [each for each in LineOutcome if is_open(each)] == ["retrying", "waiting", "parked"]


def test_a_run_tells_how_far_it_is() -> None:
    counts = LineCounts(8, queued=1, retrying=1, waiting=1, parked=1, accepted=3, refused=1)
    run = Run(5, 0, 0, 0, 5, True, counts)
    assert (run.status, run.percent) == (RunStatus.QUEUED, 50)
    assert run._replace(started_at_us=6).status is RunStatus.IN_PROGRESS
    left = LineCounts(8, waiting=1, parked=1, accepted=5, refused=1)
    over = run._replace(started_at_us=6, finished_at_us=7, counts=left)
    assert (over.status, over.percent) == (RunStatus.COMPLETED, 100)
    assert over._replace(cancelled_at_us=6).status is RunStatus.CANCELLED
