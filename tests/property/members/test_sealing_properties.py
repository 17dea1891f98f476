import secrets
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.members.storage.sealing import KeyRing, Owner, SealBroken, read_wrapping_keys

RING = KeyRing(read_wrapping_keys(secrets.token_bytes(32), ""))
OWNERS = st.builds(Owner, st.integers(1, 32_767), st.uuids())
# Not every string of Python is one of UTF-8; what protobuf lets through is.
VALUES = st.text(st.characters(codec="utf-8"), max_size=300)


@given(OWNERS, st.text(st.characters(codec="utf-8"), max_size=30), VALUES)
def test_what_is_sealed_opens_again(owner: Owner, field: str, value: str):
    key, wrapped = RING.new_key(owner)

    assert RING.unwrap(owner, wrapped).open(field, key.seal(field, value)) == value


@given(
    st.uuids(),
    st.sampled_from(["personal.email", "personal.phone", "identifier.1", "identifier.11"]),
    st.data(),
)
def test_a_value_opens_as_no_other_field(member_id: UUID, field: str, data: st.DataObject):
    other = data.draw(
        st.sampled_from(["personal.email", "personal.phone", "identifier.1", "identifier.11", ""])
    )
    assume(other != field)
    key, _ = RING.new_key(Owner(1, member_id))

    with pytest.raises(SealBroken):
        key.open(other, key.seal(field, "value"))
