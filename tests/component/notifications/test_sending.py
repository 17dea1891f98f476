"""From an event to a mail: what is sent, once and in whose words; and what is not."""

from __future__ import annotations

from uuid import UUID

from coalition.events.v1 import members_pb2, points_pb2
from coalition.members.v1 import contacts_pb2 as contacts
from coalition.notifications.v1 import notifications_pb2 as pb

from services.notifications.domain.kinds import Kind
from services.runtime.clock import MICROS_PER_DAY, MICROS_PER_SECOND, to_micros, wall_now_us
from services.runtime.ids import new_id
from tests.support.notifying import Desk
from tests.support.outboxes import body_of, subject_of

_HOUR_US = 3_600 * MICROS_PER_SECOND
_MINUTE_US = 60 * MICROS_PER_SECOND


def redeemed(member_id: UUID, points: int = 12_345) -> points_pb2.PointsRedeemed:
    return points_pb2.PointsRedeemed(
        transaction_id=new_id().bytes, member_id=member_id.bytes, points=points, balance_after=700
    )


async def test_a_mail_is_sent_once_in_the_members_language_and_named_after_the_notice(house: Desk):
    member = house.member(language="de-AT", given_name="Jürgen <b>evil.com</b>")
    await house.tell(redeemed(member))
    await house.send()
    await house.send()
    (mail,) = house.mails(member)
    (notice,) = await house.notices()
    assert subject_of(mail) == "Sie haben Punkte eingelöst"
    assert "Hallo Jürgen b evil. com b,\n\nEingelöste Punkte: 12.345\nGuthaben: 700\n" in body_of(mail)
    assert mail.get_all("Message-ID") == [f"<ntc.{notice.notice_id.hex}@127.0.0.1>"]
    assert [part.get_content_type() for part in mail.walk() if not part.is_multipart()] == ["text/plain"]
    assert (notice.state, notice.channel, notice.attempts) == ("sent", "email", 1)
    assert await house.log() == [("sent", "email", "")]
    (asked,) = house.members.asked
    assert (asked.purpose, asked.reason[:4]) == (contacts.CONTACT_PURPOSE_SERVICE, "ntc_")


async def test_the_same_event_told_twice_is_one_notice(house: Desk):
    member = house.member()
    pos = await house.tell(redeemed(member))
    await house.tell(redeemed(member), pos=pos)
    await house.send()
    assert len(house.mails(member)) == 1


async def test_nothing_is_noted_of_a_replay_nor_of_what_was_before_the_service(house: Desk):
    member = house.member()
    await house.tell(redeemed(member), replayed=True)
    await house.tell(
        points_pb2.PointsRedeemed(member_id=member.bytes, points=5), wall_now_us() - MICROS_PER_DAY
    )
    await house.tell(members_pb2.MemberEnrolled(member_id=member.bytes), wall_now_us() - MICROS_PER_DAY)
    await house.tell(members_pb2.MemberEnrolled(member_id=member.bytes, anonymous=True))
    assert await house.notices() == []
    await house.tell(members_pb2.MemberEnrolled(member_id=member.bytes))
    await house.send()
    assert [subject_of(mail) for mail in house.mails(member)] == ["Welcome to Plaza Points"]


async def test_age_is_counted_by_the_wall_clock_whatever_a_test_programmes_clock_says(house: Desk):
    """The programme is two years back: an event of now is new, and what expires there in a day does so here in a day."""
    member, offset_us = house.member(), -730 * MICROS_PER_DAY
    await house.tell(redeemed(member), wall_now_us() + offset_us)
    tomorrow = wall_now_us() + offset_us + MICROS_PER_DAY
    await house.tell(
        points_pb2.PointsExpiring(member_id=member.bytes, points=9, expires_at_us=tomorrow),
        wall_now_us() + offset_us,
    )
    await house.tell(points_pb2.ProgrammeClockMoved(offset_us=0), wall_now_us())
    await house.tell(points_pb2.PointsExpiring(member_id=member.bytes, points=9), wall_now_us())
    now, rows = wall_now_us(), await house.notices()
    assert [row.kind for row in rows] == ["points_redeemed", "points_expiring", "points_expiring"]
    assert all(abs(to_micros(row.recorded_at) - now) < _MINUTE_US for row in rows)
    assert abs(to_micros(rows[1].stale_at) - now - MICROS_PER_DAY) < _MINUTE_US
    await house.send()
    assert len(house.mails(member)) == 3


async def test_a_clock_that_moves_while_there_is_no_channel_is_known_when_there_is_one(house: Desk):
    offset_us = -730 * MICROS_PER_DAY
    house.app.note.is_needed = False
    await house.tell(points_pb2.ProgrammeClockMoved(offset_us=offset_us), wall_now_us() + offset_us)
    house.app.note.is_needed = True
    # (One of which the event's own ids tell no time.)
    member = house.member()
    await house.tell(points_pb2.PointsExpiring(member_id=member.bytes, points=9), wall_now_us() + offset_us)
    assert [row.kind for row in await house.notices()] == ["points_expiring"]


async def test_what_is_too_old_expires_and_the_log_says_so(house: Desk):
    member = house.member()
    await house.tell(redeemed(member))
    await house.grow_old()
    await house.send()
    assert (house.mails(member), await house.log()) == ([], [("expired", "", "too_old")])
    assert house.members.asked == [], "nobody's address is read for it"


async def test_consent_that_is_withdrawn_between_event_and_sending_counts(house: Desk):
    granted = points_pb2.PointsGranted(
        transaction_id=new_id().bytes, member_id=house.member().bytes, points=50
    )
    await house.turn(Kind.POINTS_GRANTED, on=True)
    await house.tell(granted)
    house.members.no_marketing.add(granted.member_id)
    await house.send()
    assert (house.mail.mails, await house.log()) == ([], [("dropped", "", "no_consent")])


async def test_a_closed_member_and_one_that_nobody_knows_are_not_written_to(house: Desk):
    member = house.member()
    house.members.known[member.bytes] = contacts.GetContactResponse(why_not="closed")
    await house.tell(redeemed(member))
    await house.tell(redeemed(new_id()))
    await house.tell(redeemed(house.member(contacts=[])))
    await house.send()
    assert await house.log() == [
        ("dropped", "", "closed"), ("dropped", "", "not_found"), ("dropped", "", "no_channel"),
    ]  # fmt: skip
    assert house.mail.mails == []


async def test_a_kind_that_is_off_is_not_noted_and_one_turned_off_meanwhile_is_dropped(house: Desk):
    member = house.member()
    earned = points_pb2.PointsEarned(transaction_id=new_id().bytes, member_id=member.bytes, points=3)
    await house.tell(earned)
    assert await house.notices() == [], "earning is told of only where a programme wants it"
    await house.tell(redeemed(member))
    await house.turn(Kind.POINTS_REDEEMED, on=False)
    await house.send()
    assert (house.mail.mails, await house.log()) == ([], [("dropped", "", "off")])


async def test_in_quiet_hours_it_is_put_off_to_their_end_and_then_sent(house: Desk):
    """All of the day but one minute is quiet, which is not now."""
    quiet_to = (wall_now_us() // _MINUTE_US + 720) % 1_440
    member = house.member(quiet_from_minute=(quiet_to + 1) % 1_440, quiet_to_minute=quiet_to, zone="UTC")
    await house.tell(redeemed(member))
    await house.send()
    (notice,) = await house.notices()
    assert (house.mail.mails, await house.log()) == ([], [("put_off", "", "quiet_hours")])
    due_us = to_micros(notice.due_at)
    assert (notice.state, due_us // _MINUTE_US % 1_440, due_us % _MINUTE_US) == ("waiting", quiet_to, 0)
    assert await house.send() == 0, "it is not looked at before"
    house.members.known[member.bytes].quiet_to_minute = house.members.known[member.bytes].quiet_from_minute
    await house.make_due()
    await house.send()
    assert len(house.mails(member)) == 1


async def test_a_member_gets_so_many_a_day_and_what_is_beyond_is_dropped_and_said_so(house: Desk):
    member, other = house.member(), house.member()
    for _ in range(7):
        await house.tell(redeemed(member))
    await house.tell(redeemed(other))
    await house.send()
    assert (len(house.mails(member)), len(house.mails(other))) == (5, 1)
    log = await house.log()
    assert (log.count(("sent", "email", "")), log.count(("dropped", "email", "limit"))) == (6, 2)


async def test_a_short_text_goes_by_the_channel_that_the_member_prefers(house: Desk):
    chat = contacts.Contact(channel=contacts.CHANNEL_CHAT, address="ada-42")
    mail = contacts.Contact(channel=contacts.CHANNEL_EMAIL, address="ada@example.org")
    sms = contacts.Contact(channel=contacts.CHANNEL_SMS, address="+491701234567")
    member = house.member(contacts=[sms, chat, mail])
    await house.tell(redeemed(member, 5))
    await house.send()
    assert house.mail.mails == []
    ((path, posted),) = house.chat.posts
    assert path == "/hook/ada-42"
    assert posted["message"].startswith("Plaza Points: points spent: 5. Balance: 700.")
    assert await house.log() == [("sent", "chat", "")]


async def test_a_text_that_raises_harms_no_other_and_is_tried_again(house: Desk):
    german, english = house.member(language="de"), house.member()
    # As if a later version had another placeholder than the one that set it.
    await house.execute(
        "INSERT INTO template_version VALUES "
        f"('{house.programme.slug}', 'points_redeemed', 'email', 'de', 1, 'S', '{{gone}}', 'stf_test', now())"
    )
    await house.tell(redeemed(german))
    await house.tell(redeemed(english))
    await house.send()
    assert (len(house.mails(german)), len(house.mails(english))) == (0, 1)
    assert sorted(await house.log()) == [("failed", "", "TextBroken"), ("sent", "email", "")]
    mended = pb.SetTemplateRequest(
        kind="points_redeemed",
        form=pb.TEXT_FORM_EMAIL,
        language="de",
        subject="Weg",
        body="{points} weg {{so}}",
    )
    await house.call("SetTemplate", mended, "admin")
    await house.make_due()
    await house.send()
    (mail,) = house.mails(german)
    assert (subject_of(mail), body_of(mail).strip()) == ("Weg", "12.345 weg {so}")


async def test_while_members_is_away_nothing_is_lost_and_no_try_is_spent(house: Desk):
    member = house.member()
    await house.tell(redeemed(member))
    house.members.away = True
    await house.send()
    (notice,) = await house.notices()
    assert (notice.state, notice.attempts, await house.log()) == ("waiting", 0, [])
    house.members.away = False
    await house.make_due()
    await house.send()
    assert len(house.mails(member)) == 1
