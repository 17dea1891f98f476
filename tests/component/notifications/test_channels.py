"""What channels do: they are down for a while, say no for good, or are killed off half-way."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import ssl
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass

import pytest
from coalition.events.v1 import points_pb2
from coalition.members.v1 import contacts_pb2 as contacts

from services.notifications.clients.outlets import AppriseOutlets
from services.notifications.domain.channels import Channel, Message
from services.runtime.clock import MICROS_PER_SECOND, to_micros, wall_now_us
from services.runtime.ids import new_id
from tests.support.notifying import Desk, desk
from tests.support.servers import ServiceDatabase


def redeemed(member_id: bytes) -> points_pb2.PointsRedeemed:
    return points_pb2.PointsRedeemed(transaction_id=new_id().bytes, member_id=member_id, points=5)


async def test_while_the_mail_server_is_down_pauses_grow_and_then_it_is_delivered_once(house: Desk):
    member = house.member()
    await house.tell(redeemed(member.bytes))
    house.mail.stop()
    for attempt, pause_seconds in enumerate((60, 120, 240), start=1):
        await house.send()
        (notice,) = await house.notices()
        left_us = to_micros(notice.due_at) - wall_now_us()
        assert (notice.state, notice.attempts) == ("waiting", attempt)
        assert (pause_seconds - 30) * MICROS_PER_SECOND < left_us <= pause_seconds * MICROS_PER_SECOND
        assert await house.send() == 0, "not before its pause is over"
        await house.make_due()
    house.mail.start()
    await house.send()
    await house.make_due()
    await house.send()
    assert len(house.mails(member)) == 1
    assert await house.log() == [("failed", "email", "ConnectionRefusedError")] * 3 + [("sent", "email", "")]


async def test_a_mail_that_is_refused_for_good_is_not_tried_again_and_one_for_now_is(house: Desk):
    await house.tell(redeemed(house.member().bytes))
    house.mail.refuses = "550 no such mailbox"
    await house.send()
    house.mail.refuses = "451 come back later"
    await house.tell(redeemed(house.member().bytes))
    await house.send()
    assert await house.log() == [("refused", "email", "SMTPDataError"), ("failed", "email", "SMTPDataError")]
    assert [row.state for row in await house.notices()] == ["failed", "waiting"]


async def test_it_is_given_up_after_so_many_tries(database_for: Callable[[str], ServiceDatabase]):
    async with desk(database_for("notifications"), attempts_max=2) as house:
        chat = contacts.Contact(channel=contacts.CHANNEL_CHAT, address="ada")
        await house.tell(redeemed(house.member(contacts=[chat]).bytes))
        house.chat.status = 500
        for _ in range(3):
            await house.send()
            await house.make_due()
        (notice,) = await house.notices()
        assert (notice.state, notice.attempts, notice.why) == ("failed", 2, "NotTaken")
        assert await house.log() == [("failed", "chat", "NotTaken")] * 2


@pytest.mark.parametrize(
    ("url", "sent_to"),
    [
        ("json://127.0.0.1:{port}/sms/{address}", "/sms/"),
        ("mmost://127.0.0.1:{port}/3ccdd113474722377935511fc85d3dd4?to={address}", "/hooks/"),
        ("signal://127.0.0.1:{port}/+15550100200/{address}", "/v2/send"),
    ],
)
async def test_sms_and_chats_go_by_apprises_services(url: str, sent_to: str, house: Desk):
    given = url.replace("{port}", str(house.chat.port))
    outlets = AppriseOutlets({Channel.SMS: given}, 1, 5)
    outcome = await outlets.post(Channel.SMS, "+491701234567", Message("", "Points: 5"), new_id())
    await outlets.close()
    ((path, posted),) = house.chat.posts
    assert (outcome.sent, path.startswith(sent_to)) == (True, True)
    assert "Points: 5" in json.dumps(posted)


async def test_certificates_are_read_once_a_channel_and_one_that_checks_none_changes_no_other(
    house: Desk, monkeypatch: pytest.MonkeyPatch
):
    read: list[ssl.SSLContext] = []
    new_context = ssl.create_default_context

    def counted() -> ssl.SSLContext:
        read.append(new_context())
        return read[-1]

    monkeypatch.setattr(ssl, "create_default_context", counted)
    outlets = AppriseOutlets(
        {Channel.EMAIL: house.mail.url, Channel.PUSH: f"{house.mail.url}&verify=no"}, 4, 5
    )
    sent = [
        outlets.post(channel, "ada@example.org", Message("Points", "5"), new_id())
        for channel in (Channel.EMAIL, Channel.PUSH) * 3
    ]
    assert all(outcome.sent for outcome in await asyncio.gather(*sent))
    await outlets.close()
    assert sorted((each.verify_mode, each.check_hostname) for each in read) == [
        (ssl.CERT_NONE, False),
        (ssl.CERT_REQUIRED, True),
    ]


async def test_neither_address_nor_password_nor_text_is_in_any_log(house: Desk):
    class Kept(logging.Handler):
        def __init__(self) -> None:
            super().__init__(logging.DEBUG)
            self.said: list[str] = []

        def emit(self, record: logging.LogRecord) -> None:
            self.said.append(f"{record.name} {record.getMessage()}")

    kept, root = Kept(), logging.getLogger()
    before = root.level
    root.addHandler(kept)
    root.setLevel(logging.DEBUG)
    try:
        url = f"mailto://user:geheim@127.0.0.1:{house.mail.port}?from=points@example.com&to={{address}}&mode=insecure"
        outlets = AppriseOutlets({Channel.EMAIL: url}, 1, 5)
        outcome = await outlets.post(Channel.EMAIL, "ada@example.org", Message("Betreff", "Inhalt"), new_id())
        await outlets.close()
    finally:
        root.removeHandler(kept)
        root.setLevel(before)
    assert not outcome.sent, "the server offers no way to sign in"
    assert not [
        said
        for said in kept.said
        for word in ("ada@", "ada%40", "geheim", "Inhalt", "Betreff")
        if word in said
    ]
    assert "geheim" not in repr(house.settings) + str(outcome)


async def test_killed_between_sending_and_writing_it_down_it_is_sent_once_more_and_no_third_time(
    database_for: Callable[[str], ServiceDatabase],
):
    """The documented gap: the mail server has the mail, and the sender dies before it knows."""
    async with desk(database_for("notifications"), lease_seconds=1) as house:
        member = house.member()
        await house.tell(redeemed(member.bytes))
        child = await _sending(house)
        # The mail is there, and the server has not answered yet.
        house.mail.taken = lambda: os.kill(child.pid, signal.SIGKILL)
        assert await child.wait() == -signal.SIGKILL
        house.mail.taken = lambda: None
        (notice,) = await house.notices()
        assert (notice.state, notice.attempts, len(house.mails(member))) == ("sending", 1, 1)
        await asyncio.sleep(1.1)
        await house.send()
        await house.send()
        assert await house.log() == [("interrupted", "email", "interrupted"), ("sent", "email", "")]
        first, second = house.mails(member)
        assert first["Message-ID"] == second["Message-ID"], "so that a mailbox may know them for one"


@dataclass(frozen=True)
class Given:
    """What a child is told on its standard input."""

    database_url: str
    email_url: str
    contacts_target: str
    key: str
    programme: dict[str, object]


async def _sending(house: Desk) -> asyncio.subprocess.Process:
    """A process of its own that sends what is due."""
    given = Given(
        house.given.runtime_url,
        house.mail.url,
        house.contacts_target,
        house.keys["notifications"].hex(),
        asdict(house.programme),
    )
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.notifying_child",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert child.stdin is not None
    child.stdin.write(json.dumps(asdict(given)).encode())
    child.stdin.write_eof()
    return child
