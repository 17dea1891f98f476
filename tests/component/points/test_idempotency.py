"""One key, one effect, one answer; one accepted operation per partner, kind and reference."""

from __future__ import annotations

import asyncio

import pytest
from coalition.points.v1 import movement_pb2 as pb

from services.runtime.ids import new_id
from tests.support.points import PointsHouse, RunningPoints, running_points
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import earn, outcomes, reason, reasons, redemption

pytestmark = pytest.mark.asyncio(loop_scope="module")

ACCEPTED, REFUSED, TURNED_AWAY = pb.OUTCOME_ACCEPTED, pb.OUTCOME_REFUSED, pb.OUTCOME_TURNED_AWAY


async def test_a_batch_sent_again_gets_the_same_answers_and_posts_nothing(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    batch = [earn(member, 500), redemption(member, 2), redemption(member, 50), earn(member, 10)]
    first = await till.post(*batch)
    journal, head = await house.journal(), await house.head()
    again = await till.post(*batch)
    assert outcomes(first) == [ACCEPTED, ACCEPTED, REFUSED, ACCEPTED]
    for before, after in zip(first, again, strict=True):
        assert (before.replayed, after.replayed) == (False, True)
        assert (after.outcome, after.transaction, after.error) == (
            before.outcome,
            before.transaction,
            before.error,
        )
    assert await house.journal() == journal
    assert ((await house.head()).last_seq, (await house.head()).last_pos) == (head.last_seq, head.last_pos)


async def test_a_key_used_with_another_body_is_turned_away_and_the_first_answer_stands(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    first = await till.earn(member, 500, key="one")
    for other in (
        earn(member, 501, key="one"),
        earn(member, 500, key="one"),
        redemption(member, 1, key="one"),
    ):
        (answer,) = await till.post(other)
        assert (answer.outcome, reason(answer)) == (TURNED_AWAY, "IDEMPOTENCY_KEY_REUSED")
        assert answer.error.metadata["key"] == "one"
    again = await till.earn(member, 500, key="one", reference=first.transaction.reference)
    assert (again.replayed, again.transaction) == (True, first.transaction)


async def test_a_turned_away_key_is_free_for_what_was_meant(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    late = await till.earn(member, 500, key="one", occurred_at_us=STARTS_AT_US + 86_400_000_000)
    assert (late.outcome, reason(late)) == (TURNED_AWAY, "OCCURRED_IN_FUTURE")
    assert (await till.earn(member, 500, key="one")).outcome == ACCEPTED


async def test_in_one_batch_the_same_key_replays_for_the_same_body_and_conflicts_for_another(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    item = earn(member, 500, key="one")
    results = await till.post(item, item, earn(member, 700, key="one"))
    assert outcomes(results) == [ACCEPTED, ACCEPTED, TURNED_AWAY]
    assert [result.replayed for result in results] == [False, True, False]
    assert results[0].transaction == results[1].transaction
    assert reason(results[2]) == "IDEMPOTENCY_KEY_REUSED"
    assert (await till.balance(member)).available == 5


async def test_a_refusal_in_the_same_batch_is_replayed_as_a_refusal(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    burn = redemption(member, 5, key="one")
    results = await till.post(burn, earn(member, 900), burn)
    assert outcomes(results) == [REFUSED, ACCEPTED, REFUSED]
    assert (results[2].replayed, results[2].error) == (True, results[0].error)


async def test_an_earn_and_a_redemption_may_have_the_same_reference(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    results = await till.post(
        earn(member, 500, reference="receipt 17"), redemption(member, 3, reference="receipt 17")
    )
    assert outcomes(results) == [ACCEPTED, ACCEPTED]


async def test_the_same_content_under_another_key_gets_the_first_answer(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    first = await till.earn(member, 500, reference="receipt 17", key="one")
    second = await till.earn(member, 500, reference="receipt 17", key="two")
    assert (second.replayed, second.transaction) == (True, first.transaction)
    # The second key is taken by that answer too.
    other = await till.earn(member, 900, reference="receipt 18", key="two")
    assert reason(other) == "IDEMPOTENCY_KEY_REUSED"
    assert (await till.balance(member)).available == 5
    await house.assert_sound()


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"amount_minor": 600}, "amount"),
        ({"occurred_at_us": STARTS_AT_US - 1}, "occurred_at"),
        ({"channel": "web"}, "channel"),
        ({"entry_mode": "typed"}, "entry_mode"),
        ({"receipt": pb.Receipt(till="2", number="17")}, "till"),
        ({"receipt": pb.Receipt(till="1", number="18", business_date="2017-01-01")}, "business_date,number"),
        ({"lines": [pb.SaleLine(sku="a", amount_minor=500)]}, "lines"),
        ({"lines": [pb.SaleLine(quantity="1", amount_minor=500)]}, "lines"),
        ({"tenders": [pb.Tender(kind="cash", amount_minor=500)]}, "tenders"),
    ],
)
async def test_a_reference_with_other_content_names_the_fields_of_an_earn(
    house: PointsHouse, changed: dict[str, object], fields: str
) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 500, reference="receipt 17")
    answer = await till.earn(member, **{"amount_minor": 500, "reference": "receipt 17", **changed})  # pyright: ignore[reportArgumentType]
    assert (answer.outcome, reason(answer)) == (TURNED_AWAY, "REFERENCE_REUSED")
    assert (answer.error.metadata["fields"], answer.error.metadata["reference"]) == (fields, "receipt 17")
    assert all(field in answer.error.message for field in fields.split(","))


async def test_a_reference_with_other_content_names_the_fields_of_a_redemption(house: PointsHouse) -> None:
    till, member, other = await house.till(), house.member(), house.member()
    await till.post(earn(member, 5_000), redemption(member, 3, reference="r"))
    by_points, by_member, by_time, by_receipt = await till.post(
        redemption(member, 4, reference="r"),
        redemption(other, 3, reference="r"),
        redemption(member, 3, reference="r", occurred_at_us=STARTS_AT_US - 1),
        redemption(member, 3, reference="r", receipt=pb.Receipt(till="another")),
    )
    assert [result.error.metadata["fields"] for result in (by_points, by_member, by_time)] == [
        "points",
        "member",
        "occurred_at",
    ]
    # Where it was rung up is not kept, so it cannot be named more closely.
    assert by_receipt.error.metadata["fields"] == "receipt,channel"


async def test_a_reference_reused_in_the_batch_that_posted_it_names_the_fields(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    results = await till.post(earn(member, 500, reference="r"), earn(member, 600, reference="r"))
    assert reasons(results) == ["", "REFERENCE_REUSED"]
    assert results[1].error.metadata["fields"] == "amount"


async def test_a_refused_reference_can_be_used_again(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    refused = await till.redeem(member, 5, reference="r")
    await till.earn(member, 900)
    assert (refused.outcome, (await till.redeem(member, 5, reference="r")).outcome) == (REFUSED, ACCEPTED)


async def test_insufficient_points_stays_refused_after_more_points_came(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    burn = redemption(member, 5, key="one")
    (before,) = await till.post(burn)
    await till.earn(member, 100_000)
    (after,) = await till.post(burn)
    assert (before.outcome, reason(before)) == (REFUSED, "INSUFFICIENT_POINTS")
    assert (after.outcome, after.replayed, after.error) == (REFUSED, True, before.error)
    assert dict(after.error.metadata) == {"available": "0", "required": "5"}


async def test_partners_have_keys_and_references_of_their_own(house: PointsHouse) -> None:
    member = house.member()
    tills = [await house.till(), await house.till()]
    results = [await till.earn(member, 500, key="one", reference="r") for till in tills]
    assert outcomes(results) == [ACCEPTED, ACCEPTED]
    assert results[0].transaction.seq != results[1].transaction.seq


async def test_a_key_counts_in_its_own_programme_only(running: RunningPoints) -> None:
    houses = [running.house(), running.house()]
    partner, member = new_id(), houses[0].member()
    for house in houses:
        till = await house.till()
        await house.set_rate(partner, 1, 100, 1)
        till.partner_id = partner
        result = await till.earn(member, 500, key="one", reference="r")
        assert (result.outcome, result.replayed, result.transaction.seq) == (ACCEPTED, False, 1)


async def test_the_same_key_at_once_at_two_replicas_has_one_effect(running: RunningPoints) -> None:
    async with running_points(running.database, beside=running) as replica:
        house = running.house()
        till, members = await house.till(), [house.member() for _ in range(20)]
        there = till.at(house.at(replica))
        items = [earn(member, 500) for member in members]
        answers = await asyncio.gather(*(each.post(item) for item in items for each in (till, there, till)))
        triples = [[answer[0] for answer in answers[at : at + 3]] for at in range(0, len(answers), 3)]
        for triple in triples:
            assert outcomes(triple) == [ACCEPTED] * 3
            assert sorted(result.replayed for result in triple) == [False, True, True]
            assert len({result.transaction.seq for result in triple}) == 1
        assert (await house.head()).last_seq == len(members)
        await house.assert_sound()
