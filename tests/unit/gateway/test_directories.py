"""What partners call their members and stores is looked up as seldom as can be."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from coalition.type.v1.reason_pb2 import Reason

from services.gateway.directory.aliases import MemberAliases
from services.gateway.directory.languages import Languages, spoken
from services.gateway.directory.members import MemberDirectory
from services.gateway.directory.remembered import Remembered
from services.gateway.directory.stores import StoreDirectory
from services.gateway.domain.caller import Caller, KeyFacts, Partner
from services.gateway.domain.clearing import Store
from services.gateway.domain.members import NOWHERE, Asking, Identifier, IdentifierKind, Named, Place
from services.gateway.schemas.naming import MemberReference
from services.runtime.clock import wall_now_us
from services.runtime.errors import CoalitionError, InvalidRequest, NotFound, Unavailable
from services.runtime.ids import new_id
from services.runtime.principal import Programme, Signer

_PROGRAMME = Programme(1, "plaza", "Europe/Sofia", "EUR", is_test=True)
_SIGNER = Signer("gateway", bytes(32))
_ALIASES = MemberAliases(bytes(32))


def _caller(token: bytes = b"partner") -> Caller:
    facts = KeyFacts(new_id(), "", "", frozenset(), Partner(new_id(), "grocer", "G"), _PROGRAMME)
    return Caller(facts, "key_x", token)


def _soon() -> int:
    return wall_now_us() + 5_000_000


class _Members:
    def __init__(self, **known: UUID) -> None:
        self.known = known
        self.calls: list[tuple[bytes, list[str]]] = []
        self.languages: dict[UUID, str] = {}
        self.existing: set[UUID] = set()
        self.existence_asked = 0
        self.down = False
        self.limited = False
        self.limited_till = self.unknown_till = ""
        self.askings: list[Asking] = []

    async def look_up(
        self, token: bytes, identifiers: Sequence[Identifier], askings: Sequence[Asking]
    ) -> list[Named | CoalitionError]:
        self.askings += askings
        if self.limited:
            return [
                CoalitionError(Reason.REASON_LOOKUP_LIMITED, "too many", retry_after_seconds=60)
                for _ in identifiers
            ]
        self.calls.append((token, [each.value for each in identifiers]))
        if self.down:
            raise Unavailable("down")
        answers: list[Named | CoalitionError] = []
        for each, asking in zip(identifiers, askings, strict=True):
            if asking.place.till and asking.place.till == self.limited_till:
                answers.append(
                    CoalitionError(Reason.REASON_LOOKUP_LIMITED, "too many", retry_after_seconds=60)
                )
                continue
            if asking.place.till and asking.place.till == self.unknown_till:
                answers.append(NotFound("unknown", Reason.REASON_MEMBER_UNKNOWN))
                continue
            if each.kind is IdentifierKind.CARD and not each.value.isdigit():
                bad = InvalidRequest(
                    "bad card", Reason.REASON_CARD_NUMBER_INVALID, field="identifiers[7].value"
                )
                answers.append(bad)
                continue
            found = self.known.get(f"{each.kind.value}_{each.value}")
            unknown = NotFound("unknown", Reason.REASON_MEMBER_UNKNOWN)
            answers.append(Named(found, self.languages.get(found, "")) if found else unknown)
        return answers

    async def exists(self, programme: Programme, member_id: UUID) -> bool:
        self.existence_asked += 1
        return member_id in self.existing


def _directory(members: Any) -> MemberDirectory:
    return MemberDirectory(members, _SIGNER, _ALIASES, Languages(100, {}), entries_max=100, seconds=60)


def _card(value: str) -> MemberReference:
    return MemberReference(card=value)


async def test_a_card_is_asked_for_once_however_it_is_written() -> None:
    member = new_id()
    members = _Members(card_6035=member)
    directory = _directory(members)
    for text in ("6035", "60 35", "60-35"):
        assert await directory.resolve(_caller(), _card(text), _soon()) == member
    assert [values for _, values in members.calls] == [["6035"]]


async def test_cards_are_asked_for_by_the_gateway_and_customer_numbers_by_the_partner() -> None:
    member, caller = new_id(), _caller()
    members = _Members(card_1=member, customer_id_C1=member)
    directory = _directory(members)
    await directory.resolve(caller, _card("1"), _soon())
    await directory.resolve(caller, MemberReference(customer_id="C1"), _soon())
    assert [token for token, _ in members.calls] == [_SIGNER.own(_PROGRAMME), caller.token]


async def test_a_customer_number_of_one_partner_is_not_remembered_for_another() -> None:
    members = _Members(customer_id_C1=new_id())
    directory = _directory(members)
    await directory.resolve(_caller(), MemberReference(customer_id="C1"), _soon())
    await directory.resolve(_caller(), MemberReference(customer_id="C1"), _soon())
    assert len(members.calls) == 2


async def test_tills_that_ask_at_once_share_a_look_up() -> None:
    members = _Members(**{f"card_{n}": new_id() for n in range(50)})
    directory, caller = _directory(members), _caller()
    found = await asyncio.gather(*(directory.resolve(caller, _card(str(n)), _soon()) for n in range(50)))
    assert found == [members.known[f"card_{n}"] for n in range(50)]
    assert len(members.calls) == 1


async def test_an_unknown_card_is_asked_for_again_since_it_may_be_enrolled_by_then() -> None:
    members = _Members()
    directory, caller = _directory(members), _caller()
    with pytest.raises(NotFound) as caught:
        await directory.resolve(caller, _card("1"), _soon())
    assert caught.value.reason == Reason.REASON_MEMBER_UNKNOWN
    assert caught.value.metadata["field"] == "member.card"
    members.known["card_1"] = new_id()
    assert await directory.resolve(caller, _card("1"), _soon()) == members.known["card_1"]


async def test_a_bad_card_is_pointed_at_in_the_caller_s_own_body() -> None:
    with pytest.raises(InvalidRequest) as caught:
        await _directory(_Members()).resolve(_caller(), _card("x"), _soon())
    assert caught.value.metadata["field"] == "member.card"


async def test_an_alias_is_turned_back_without_a_question() -> None:
    members, caller, member = _Members(), _caller(), new_id()
    alias = _ALIASES.alias(caller.partner.partner_id, member)
    assert await _directory(members).resolve(caller, MemberReference(id=alias), _soon()) == member
    assert members.calls == []


async def test_the_names_in_a_batch_are_each_asked_for_once_a_thousand_at_a_time() -> None:
    members = _Members(**{f"card_{n}": new_id() for n in range(1_500)})
    directory, caller = _directory(members), _caller()
    references = [_card(str(n)) for n in range(1_500)] * 2
    found = await directory.resolve_all(caller, [(each, NOWHERE) for each in references])
    assert found == [members.known[f"card_{n}"] for n in range(1_500)] * 2
    assert sorted(len(values) for _, values in members.calls) == [500, 1_000]


async def test_a_name_that_names_nobody_spoils_only_its_own_line() -> None:
    members = _Members(card_1=new_id())
    found = await _directory(members).resolve_all(
        _caller(),
        [
            (each, NOWHERE)
            for each in (_card("1"), _card("2"), MemberReference(id="mem_nonsense"), _card("x"))
        ],
    )
    assert found[0] == members.known["card_1"]
    reasons = [each.reason for each in found[1:] if isinstance(each, CoalitionError)]
    assert reasons == [
        Reason.REASON_MEMBER_UNKNOWN, Reason.REASON_MEMBER_UNKNOWN, Reason.REASON_CARD_NUMBER_INVALID,
    ]  # fmt: skip


async def test_a_batch_waits_for_members_that_cannot_be_asked() -> None:
    members = _Members()
    members.down = True
    with pytest.raises(Unavailable):
        await _directory(members).resolve_all(_caller(), [(_card("1"), NOWHERE)])


async def test_a_card_that_a_line_spends_from_and_another_earns_on_is_asked_for_to_earn() -> None:
    members, caller = _Members(card_1=new_id()), _caller()
    at_till = Place("S1", "7")
    lines = [(_card("1"), at_till), (_card("1"), at_till._replace(earns=True)), (_card("1"), at_till)]
    await _directory(members).resolve_all(caller, lines)
    told = Asking(caller.partner.partner_id, "key_x", Place("S1", "7", earns=True))
    assert members.askings == [told]


async def test_who_was_stopped_is_not_asked_for_again_and_others_are() -> None:
    members, caller = _Members(card_1=new_id()), _caller()
    directory, till = _directory(members), Place("S1", "7", earns=True)
    assert await directory.resolve(caller, _card("1"), _soon(), till) == members.known["card_1"]
    members.limited = True
    with pytest.raises(CoalitionError) as caught:
        await directory.resolve(caller, _card("2"), _soon(), till)
    assert caught.value.reason == Reason.REASON_LOOKUP_LIMITED
    members.limited = False
    # A card that is known here as well, to earn with it or not, alone or in a batch.
    for place in (till, till._replace(earns=False)):
        with pytest.raises(CoalitionError) as caught:
            await directory.resolve(caller, _card("1"), _soon(), place)
        assert caught.value.reason == Reason.REASON_LOOKUP_LIMITED
        assert 1 <= int(caught.value.metadata["retry_after_seconds"]) <= 60
    (found,) = await directory.resolve_all(caller, [(_card("1"), till)])
    assert isinstance(found, CoalitionError)
    assert found.reason == Reason.REASON_LOOKUP_LIMITED
    asked = len(members.askings)
    assert await directory.resolve(caller, _card("1"), _soon(), till._replace(till="8")) is not None
    assert await directory.resolve(_caller(), _card("1"), _soon(), till) is not None
    assert len(members.askings) == asked


async def test_in_a_batch_a_till_that_is_stopped_stops_no_other_and_learns_nothing_from_it() -> None:
    members, caller = _Members(card_1=new_id()), _caller()
    directory, stopped, other = _directory(members), Place("S1", "7"), Place("S1", "8")
    members.limited_till = "7"
    for _ in range(2):
        for lines in ([stopped, other], [other, stopped]):
            found = await directory.resolve_all(caller, [(_card("1"), place) for place in lines])
            told = dict(zip(lines, found, strict=True))
            assert told[other] == members.known["card_1"]
            refused = told[stopped]
            assert isinstance(refused, CoalitionError)
            assert refused.reason == Reason.REASON_LOOKUP_LIMITED
        # The first time it is the service that says so, then it is remembered.
        directory._known.forget(next(iter(directory._known._entries)))  # pyright: ignore[reportPrivateUsage]


async def test_in_a_batch_a_card_that_one_till_earns_with_is_somebody_s_for_the_others() -> None:
    members, caller = _Members(card_1=new_id()), _caller()
    members.unknown_till = "7"
    lines = [(_card("1"), Place("S1", "7")), (_card("1"), Place("S1", "8", earns=True))]
    assert await _directory(members).resolve_all(caller, lines) == [members.known["card_1"]] * 2


async def test_whether_an_alias_stands_for_a_member_is_asked_once() -> None:
    members, caller, member = _Members(), _caller(), new_id()
    members.existing.add(member)
    directory = _directory(members)
    alias = _ALIASES.alias(caller.partner.partner_id, member)
    assert [await directory.existing(caller, alias) for _ in range(3)] == [member] * 3
    assert members.existence_asked == 1
    with pytest.raises(NotFound):
        await directory.existing(caller, _ALIASES.alias(caller.partner.partner_id, new_id()))


class _Stores:
    def __init__(self, count: int) -> None:
        self.all = [Store(new_id(), f"S{n:04d}", f"Store {n}") for n in range(count)]
        self.pages = 0

    async def stores(
        self, programme: Programme, partner_id: UUID, after_code: str
    ) -> tuple[list[Store], bool]:
        self.pages += 1
        await asyncio.sleep(0)
        rest = [store for store in self.all if store.code > after_code]
        return rest[:1_000], len(rest) > 1_000


def _store_directory(stores: Any, refresh_seconds: float = 60.0) -> StoreDirectory:
    return StoreDirectory(stores, partners_max=10, seconds=300, refresh_seconds=refresh_seconds)


async def test_a_partner_s_stores_are_read_once_page_by_page() -> None:
    stores = _Stores(2_500)
    directory, caller = _store_directory(stores), _caller()
    assert await directory.store_id(caller, "S2499") == stores.all[2_499].store_id
    assert await directory.store_id(caller, "S0000") == stores.all[0].store_id
    assert len(await directory.stores(caller)) == 2_500
    assert stores.pages == 3


async def test_no_store_is_no_store() -> None:
    stores = _Stores(1)
    assert await _store_directory(stores).store_id(_caller(), None) is None
    assert stores.pages == 0


async def test_an_unknown_code_is_asked_for_but_not_again_and_again() -> None:
    stores = _Stores(1)
    directory, caller = _store_directory(stores), _caller()
    for _ in range(20):
        with pytest.raises(NotFound) as caught:
            await directory.store_id(caller, "S9999")
        assert caught.value.reason == Reason.REASON_STORE_UNKNOWN
        assert caught.value.metadata["store"] == "S9999"
    assert stores.pages == 1


async def test_a_new_store_is_found_at_the_next_reading() -> None:
    stores = _Stores(1)
    directory, caller = _store_directory(stores, refresh_seconds=0.0), _caller()
    await directory.store_id(caller, "S0000")
    added = Store(new_id(), "S9999", "New")
    stores.all.append(added)
    assert await directory.store_id(caller, "S9999") == added.store_id


async def test_tills_that_come_at_once_share_one_reading() -> None:
    stores = _Stores(5)
    directory, caller = _store_directory(stores), _caller()
    await asyncio.gather(*(directory.store_id(caller, "S0003") for _ in range(30)))
    assert stores.pages == 1


def test_a_memory_keeps_no_more_than_its_limit_and_nothing_too_long() -> None:
    memory: Remembered[int, str] = Remembered(3, 60)
    for number in range(5):
        memory.put(number, str(number))
    assert len(memory) == 3
    assert memory.get(0) is None
    assert memory.get(4) == "4"
    memory.forget(4)
    assert memory.get(4) is None
    short: Remembered[int, str] = Remembered(3, 0)
    short.put(1, "1")
    assert short.get(1) is None


async def test_a_card_is_remembered_with_its_member_s_language_and_the_till_is_told_in_it() -> None:
    german, silent = new_id(), new_id()
    members = _Members(card_1=german, card_2=silent)
    members.languages = {german: "de"}
    languages, caller = Languages(100, {_PROGRAMME.slug: "fr"}), _caller()
    directory = MemberDirectory(members, _SIGNER, _ALIASES, languages, entries_max=100, seconds=60)  # pyright: ignore[reportArgumentType]
    for card, member_id, language in (("2", silent, "fr"), ("1", german, "de")):
        assert await directory.resolve(caller, MemberReference(card=card), _soon()) == member_id
        assert languages.of(_PROGRAMME, member_id) == spoken.get() == language
    # By its id it is known from now on, without another call.
    alias = _ALIASES.alias(caller.partner.partner_id, german)
    spoken.set("en")
    assert await directory.resolve(caller, MemberReference(id=alias), _soon()) == german
    assert (spoken.get(), len(members.calls)) == ("de", 2)
    assert languages.of(Programme(_PROGRAMME.ledger_id + 1, "x", "UTC", "EUR", is_test=True), german) == "en"


def test_languages_are_forgotten_oldest_first_and_where_a_member_says_none() -> None:
    languages, ids = Languages(2, {}), [new_id() for _ in range(3)]
    for each in ids:
        languages.note(_PROGRAMME.ledger_id, each, "de")
    assert [languages.of(_PROGRAMME, each) for each in ids] == ["en", "de", "de"]
    languages.note(_PROGRAMME.ledger_id, ids[2], "")
    assert languages.of(_PROGRAMME, ids[2]) == "en"
