"""A partner's own ids of members."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.directory.aliases import MemberAliases
from services.runtime.errors import NotFound
from services.runtime.ids import new_id

_SECRET = bytes(range(32))
_ids = st.uuids()


@given(partner=_ids, member=_ids)
def test_an_alias_leads_back_to_its_member(partner: UUID, member: UUID) -> None:
    aliases = MemberAliases(_SECRET)
    assert aliases.member_id(partner, aliases.alias(partner, member)) == member


@given(member=_ids)
def test_two_partners_see_one_member_under_unlike_ids(member: UUID) -> None:
    aliases = MemberAliases(_SECRET)
    one, two = UUID(int=1), UUID(int=2)
    assert aliases.alias(one, member) != aliases.alias(two, member)
    assert aliases.member_id(two, aliases.alias(one, member)) != member


def test_an_alias_is_the_same_in_every_replica_and_another_with_another_secret() -> None:
    partner, member = new_id(), new_id()
    alias = MemberAliases(_SECRET).alias(partner, member)
    assert MemberAliases(_SECRET).alias(partner, member) == alias
    assert MemberAliases(_SECRET[::-1]).alias(partner, member) != alias


def test_members_made_one_after_the_other_get_aliases_that_tell_no_order() -> None:
    aliases, partner = MemberAliases(_SECRET), new_id()
    prefixes = {aliases.alias(partner, new_id())[:10] for _ in range(50)}
    assert len(prefixes) == 50


def test_interleaved_partners_do_not_disturb_each_other() -> None:
    aliases = MemberAliases(_SECRET)
    partners, members = [new_id() for _ in range(3)], [new_id() for _ in range(20)]
    made = [(partner, member, aliases.alias(partner, member)) for member in members for partner in partners]
    assert all(aliases.member_id(partner, alias) == member for partner, member, alias in reversed(made))


@pytest.mark.parametrize(
    "text", ["", "mem_", "txn_01kkq5x2m8e4ta7c9v1w3y5z70", "mem_zzzzzzzzzzzzzzzzzzzzzzzzzz", "\0"]
)
def test_what_cannot_be_an_alias_is_not_found(text: str) -> None:
    with pytest.raises(NotFound):
        MemberAliases(_SECRET).member_id(new_id(), text)
