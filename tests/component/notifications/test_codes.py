"""Codes by message: asked of members right before they are sent, before all else and at any hour, and kept nowhere here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from uuid import UUID

import pytest
from coalition.events.v1 import members_pb2, points_pb2
from coalition.members.v1 import contacts_pb2 as contacts

from services.notifications.domain.channels import Channel, Message, Outcome
from services.runtime.clock import MICROS_PER_SECOND, to_micros, wall_now_us
from services.runtime.ids import new_id
from tests.support.notifying import Desk, desk
from tests.support.outboxes import body_of, subject_of
from tests.support.servers import ServiceDatabase

_PARTNER = UUID(int=0x5EED)
_EMAIL, _CHAT = contacts.CHANNEL_EMAIL, contacts.CHANNEL_CHAT


def requested(house: Desk, member: UUID, code: str, seconds: int = 300) -> members_pb2.MemberCodeRequested:
    """A till has asked for a code, which members knows."""
    code_id, now_us = new_id(), wall_now_us()
    house.members.codes[code_id.bytes] = code
    return members_pb2.MemberCodeRequested(
        member_id=member.bytes, partner_id=_PARTNER.bytes, code_id=code_id.bytes,
        requested_at_us=now_us, expires_at_us=now_us + seconds * MICROS_PER_SECOND,
    )  # fmt: skip


def redeemed(member: UUID) -> points_pb2.PointsRedeemed:
    return points_pb2.PointsRedeemed(
        transaction_id=new_id().bytes, member_id=member.bytes, points=5, balance_after=1
    )


async def test_a_code_goes_at_once_whatever_the_hour_and_what_else_waits(
    house: Desk, capsys: pytest.CaptureFixture[str]
):
    by_chat_first = [
        contacts.Contact(channel=_CHAT, address="chat-1"),
        contacts.Contact(channel=_EMAIL, address="ada@example.org"),
    ]
    # Quiet all day, but for a minute that a test can hardly meet twice.
    quiet = {"quiet_from_minute": 1, "quiet_to_minute": 0}
    member = house.member(language="de", contacts=by_chat_first, **quiet)
    other = house.member()
    for _ in range(3):
        await house.tell(redeemed(other))
    codes = [f"04829{n}" for n in range(7)]
    for code in codes:
        await house.tell(requested(house, member, code))
    event = requested(house, member, "999999")
    await house.tell(event, replayed=True)
    assert await house.app.send_due(urgent=True) == 7
    assert house.mails(other) == []
    assert len(house.chat.posts) == 0
    mails = house.mail.to("ada@example.org")
    assert sorted(body_of(mail).split("Plaza", 1)[0].split(": ")[1][:6] for mail in mails) == codes
    assert subject_of(mails[0]) == "Ihr Code für Shop ed"
    assert "bei Shop ed: 04829" in body_of(mails[0])
    assert "Er gilt 5 Min." in body_of(mails[0])
    await house.send()
    assert len(house.mails(other)) == 3
    # Nothing of what they said is kept or logged.
    kept = json.dumps([[str(each) for each in row] for row in [*await house.notices(), *await house.log()]])
    captured = capsys.readouterr()
    assert not any(code in text for code in codes for text in (kept, captured.out, captured.err))


async def test_codes_and_the_limit_of_a_day_know_nothing_of_each_other(house: Desk):
    full, fresh, limit = house.member(), house.member(), house.settings.email_per_day
    for _ in range(limit + 1):
        await house.tell(redeemed(full))
        await house.tell(requested(house, fresh, "048291"))
    await house.send()
    assert len(house.mails(full)) == limit
    await house.tell(requested(house, full, "048292"))
    await house.tell(redeemed(fresh))
    await house.send()
    assert [len(house.mails(each)) for each in (full, fresh)] == [limit + 1, limit + 2]


async def test_a_code_that_is_over_is_not_sent_nor_one_that_could_go_by_chat_alone(house: Desk):
    member = house.member()
    over = requested(house, member, "048291")
    house.members.codes.clear()
    await house.tell(over)
    await house.tell(requested(house, member, "048292", seconds=0))
    by_chat = house.member(contacts=[contacts.Contact(channel=_CHAT, address="chat-1")])
    await house.tell(requested(house, by_chat, "048293"))
    await house.send()
    assert house.mail.mails == []
    assert len(house.chat.posts) == 0
    assert await house.log() == [
        ("dropped", "", "not_found"), ("expired", "", "too_old"), ("dropped", "", "no_channel"),
    ]  # fmt: skip


async def test_a_code_waits_for_members_no_longer_than_it_is_good(house: Desk):
    member = house.member()
    event = requested(house, member, "048291")
    await house.tell(event)
    house.members.away = True
    await house.send()
    (notice,) = await house.notices()
    assert (notice.state, notice.attempts) == ("waiting", 0)
    assert to_micros(notice.stale_at) == event.expires_at_us
    assert to_micros(notice.due_at) < wall_now_us() + 2 * MICROS_PER_SECOND
    house.members.away = False
    await house.make_due()
    await house.send()
    assert len(house.mails(member)) == 1


class Stuck:
    """A channel that takes no message to some addresses before it is let go."""

    channels = (Channel.EMAIL,)

    def __init__(self) -> None:
        self.stuck: set[str] = set()
        self.sent: list[str] = []
        self.go = asyncio.Event()

    async def post(
        self, channel: Channel, address: str, message: Message, notice_id: UUID, *, urgent: bool = False
    ) -> Outcome:
        """See Outlets."""
        if address in self.stuck:
            await self.go.wait()
        self.sent.append(address)
        return Outcome(True)


async def test_a_code_that_hangs_keeps_no_other_waiting(database_for: Callable[[str], ServiceDatabase]):
    outlet = Stuck()
    async with desk(database_for("notifications"), lambda _: outlet) as house:
        hung, other = house.member(), house.member()
        outlet.stuck.add(house.address(hung))
        await house.tell(requested(house, hung, "048291"))
        run = asyncio.create_task(house.app.send_due(urgent=True))
        while [each.state for each in await house.notices()] != ["sending"]:
            await asyncio.sleep(0.02)
        await house.tell(requested(house, other, "048292"))
        async with asyncio.timeout(5):
            while outlet.sent != [house.address(other)]:
                await asyncio.sleep(0.02)
        # A stop waits for what is being handed over.
        run.cancel()
        stop = asyncio.create_task(house.app.send_due.drain())
        await asyncio.sleep(0.1)
        assert not stop.done()
        outlet.go.set()
        await stop
        assert [each.state for each in await house.notices()] == ["sent", "sent"]
