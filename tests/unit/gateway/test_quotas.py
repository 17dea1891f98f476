"""Quotas: what is let on never exceeds them by more than a slice for each gateway, and what is there is let on."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from coalition.type.v1.reason_pb2 import Reason
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.auth.quotas import QuotaLimits, Quotas
from services.gateway.domain.caller import Caller, KeyFacts, Partner
from services.gateway.domain.quotas import NANOS, Ask, Bucket, Grant, PartnersQuotas, Quota, QuotaClass, grant
from services.runtime.errors import Refused, Unavailable
from services.runtime.ids import new_id
from services.runtime.principal import Programme

_QUOTAS = st.builds(Quota, st.integers(1, 500), st.integers(1, 20))
_KEY = UUID(int=7)


class Shared:
    """A quota's row, as the database keeps it: one for all gateways."""

    def __init__(self) -> None:
        self.full_at_ns = 0

    def take(self, asked: Ask, now_ns: int) -> Grant:
        """As storage/quotas.py does."""
        got = grant(asked.quota, self.full_at_ns - now_ns, asked.owed, asked.wanted)
        self.full_at_ns = now_ns + got.spent_ns
        return got


class Leases:
    """A shared quota behind an await."""

    def __init__(self) -> None:
        self.calls = 0
        self.away = False
        self._rows: dict[tuple[UUID, QuotaClass], Shared] = {}
        self._now_ns = 0

    async def take(self, asks: list[Ask]) -> list[Grant]:
        """As QuotaStore.take; no time passes here."""
        self.calls += 1
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("away")
        return [
            self._rows.setdefault((each.key_id, each.kind), Shared()).take(each, self._now_ns)
            for each in asks
        ]


def _caller(key_id: UUID, quotas: PartnersQuotas = PartnersQuotas()) -> Caller:  # noqa: B008
    programme = Programme(3, "plaza", "Europe/Berlin", "EUR", is_test=True)
    partner = Partner(new_id(), "grocer", "Grocer")
    facts = KeyFacts(key_id, "till", "sk_…", frozenset(), partner, programme, quotas=quotas)
    return Caller(facts, "key_1", b"")


def _quotas(leases: Leases, per_second: int, window_seconds: int = 1) -> Quotas:
    quota = Quota(per_second, window_seconds)
    return Quotas(leases, QuotaLimits(quota, quota, 250, 10))


async def _let_on(quotas: Quotas, caller: Caller, times: int, kind: QuotaClass) -> int:
    let_on = 0
    for _ in range(times):
        try:
            await quotas.take(quotas.bucket(caller, kind))
            let_on += 1
        except Refused as error:
            assert error.reason == Reason.REASON_RATE_LIMITED
    return let_on


@given(
    _QUOTAS,
    st.lists(st.tuples(st.integers(0, 2 * NANOS), st.integers(0, 100), st.integers(0, 2_000)), max_size=30),
)
def test_a_bucket_never_grants_more_than_it_holds_and_gets_back(
    quota: Quota, steps: list[tuple[int, int, int]]
) -> None:
    row, now, taken = Shared(), 0, 0
    for pause, owed, wanted in steps:
        now += pause
        got = row.take(Ask(1, _KEY, QuotaClass.BULK, quota, owed, wanted), now)
        assert 0 <= got.granted <= wanted
        taken += owed + got.granted
        assert not got.granted or taken <= quota.capacity + now // quota.interval_ns
        assert got.granted == wanted or taken + 1 > quota.capacity or now


@given(_QUOTAS, st.integers(1, 3), st.data())
def test_gateways_together_keep_a_quota_but_for_a_slice_each(
    quota: Quota, gateways: int, data: st.DataObject
) -> None:
    row, now, let_on = Shared(), 0, 0
    buckets = [Bucket(1, _KEY, QuotaClass.INTERACTIVE, quota, 250) for _ in range(gateways)]
    asked: dict[Bucket, tuple[Ask, Grant]] = {}
    for _ in range(data.draw(st.integers(1, 40))):
        bucket = buckets[data.draw(st.integers(0, gateways - 1))]
        now += data.draw(st.integers(0, NANOS // 5))
        for _ in range(data.draw(st.sampled_from((1, 5, 50, 500)))):
            let_on += bucket.take(now)
        # An answer may come late: what is taken meanwhile is taken in advance.
        if bucket in asked:
            bucket.give(*asked.pop(bucket), now)
        elif bucket.low:
            asks = bucket.ask()
            asked[bucket] = asks, row.take(asks, now)
        assert let_on <= quota.capacity + now // quota.interval_ns + 1 + gateways * bucket.slice


def test_what_is_owed_is_paid_back_before_the_next_is_let_on() -> None:
    row, quota = Shared(), Quota(10, 6)
    bucket = Bucket(1, _KEY, QuotaClass.BULK, quota, 250)
    bucket.spend(1_060)
    asked = bucket.ask()
    assert (asked.owed, bucket.held) == (1_060, 0)
    bucket.give(asked, row.take(asked, 0), 0)
    assert bucket.dry
    assert not bucket.take(0)
    assert bucket.wait_ns(0) == 1_001 * NANOS // 10
    assert bucket.left(0) == 0
    later = 102 * NANOS
    bucket.give(bucket.ask(), row.take(bucket.ask(), later), later)
    assert bucket.take(later)


def test_what_is_held_too_long_is_not_used() -> None:
    bucket = Bucket(1, _KEY, QuotaClass.INTERACTIVE, Quota(100, 10), 250)
    bucket.give(bucket.ask(), Grant(10, 0), 0)
    assert bucket.dry
    assert bucket.take(NANOS // 2)
    assert not bucket.take(2 * NANOS)


async def test_requests_are_counted_here_and_slices_asked_for_together() -> None:
    leases = Leases()
    quotas = _quotas(leases, 100_000)
    keys = [_caller(new_id()) for _ in range(5)]
    for _ in range(1_000):
        for caller in keys:
            await quotas.take(quotas.bucket(caller, QuotaClass.INTERACTIVE))
    assert leases.calls == 0
    await asyncio.sleep(0.01)
    assert leases.calls == 1
    await quotas.close()


async def test_a_key_that_has_used_its_quota_up_waits_for_no_other_and_no_other_for_it() -> None:
    quotas = _quotas(Leases(), 40)
    greedy, modest = _caller(new_id()), _caller(new_id())
    assert await _let_on(quotas, greedy, 200, QuotaClass.INTERACTIVE) == 40
    assert await _let_on(quotas, modest, 30, QuotaClass.INTERACTIVE) == 30
    assert await _let_on(quotas, greedy, 20, QuotaClass.BULK) == 20
    await quotas.close()


async def test_a_refusal_says_how_much_and_when_to_come_back() -> None:
    quotas, caller = _quotas(Leases(), 2, 5), _caller(new_id())
    bucket = quotas.bucket(caller, QuotaClass.BULK)
    quotas.spend(bucket, 100)
    assert await _let_on(quotas, caller, 20, QuotaClass.BULK) <= bucket.slice
    with pytest.raises(Refused) as refused:
        await quotas.take(bucket)
    told = refused.value.metadata
    assert (told["limit"], told["window_seconds"]) == ("10", "5")
    assert 40 <= int(told["retry_after_seconds"]) <= 46
    assert told["resets_at"].endswith("Z")
    await quotas.close()


async def test_without_the_database_a_gateway_keeps_the_quota_by_itself() -> None:
    leases = Leases()
    leases.away = True
    quotas, caller = _quotas(leases, 40), _caller(new_id())
    let_on = await _let_on(quotas, caller, 200, QuotaClass.INTERACTIVE)
    assert 40 <= let_on <= 44
    assert leases.calls == 1
    await quotas.close()


async def test_what_was_agreed_with_a_partner_counts_for_its_keys_at_once() -> None:
    quotas, key_id = _quotas(Leases(), 40), new_id()
    assert quotas.bucket(_caller(key_id), QuotaClass.INTERACTIVE).quota == Quota(40, 1)
    agreed = _caller(key_id, PartnersQuotas(interactive_per_second=70))
    assert quotas.bucket(agreed, QuotaClass.INTERACTIVE).quota == Quota(70, 1)
    assert quotas.bucket(agreed, QuotaClass.BULK).quota == Quota(40, 1)
    assert quotas.bucket(agreed, QuotaClass.BULK) is quotas.bucket(agreed, QuotaClass.BULK)
    await quotas.close()


async def test_who_waits_for_an_answer_leaves_the_others_the_turn() -> None:
    quotas, caller = _quotas(Leases(), 1, 40), _caller(new_id())
    for _ in range(3):
        assert await _let_on(quotas, caller, 60, QuotaClass.INTERACTIVE) <= 41
        # The task that asks has come to its end; the next one who waits has another.
        await asyncio.sleep(0.03)
    quota = quotas.bucket(caller, QuotaClass.INTERACTIVE)
    quota.spent_until_ns = 0
    async with asyncio.timeout(5):
        assert await _let_on(quotas, caller, 1, QuotaClass.INTERACTIVE) == 0
    await quotas.close()
