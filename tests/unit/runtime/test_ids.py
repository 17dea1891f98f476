from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.ids import MalformedId, from_text, new_id, to_text

BODY = "01h455vb4pex5vsknk084sn02q"


@given(st.uuids(), st.sampled_from(["mem", "ptr", "txn", "lot"]))
def test_an_id_read_back_is_the_id_written(value: UUID, prefix: str) -> None:
    text = to_text(prefix, value)
    assert len(text) == len(prefix) + 27
    assert from_text(prefix, text) == value


@given(st.uuids(), st.uuids())
def test_texts_sort_as_their_uuids_do(one: UUID, other: UUID) -> None:
    assert (to_text("txn", one) < to_text("txn", other)) == (one.int < other.int)


@given(st.text(max_size=40))
def test_no_text_but_an_id_is_read(text: str) -> None:
    try:
        value = from_text("mem", text)
    except MalformedId:
        return
    assert to_text("mem", value) == text


def test_the_type_id_specifications_example_is_read() -> None:
    # github.com/jetify-com/typeid, spec: the suffix of 01890a5d-ac96-774b-bcce-b302099a8057.
    assert from_text("prefix", f"prefix_{BODY}") == UUID("01890a5d-ac96-774b-bcce-b302099a8057")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mem",
        "mem_",
        BODY,
        f"txn_{BODY}",
        f"MEM_{BODY}",
        f"mem_{BODY.upper()}",
        f"mem-{BODY}",
        f"mem_{BODY}0",
        f"mem_{BODY[:-1]}",
        f"mem_{BODY[:-1]}u",
        f"mem_{BODY[:-1]}l",
        f"mem_{BODY[:-1]}\u0663",
        f" mem_{BODY}",
        f"mem__{BODY}",
        "mem_8zzzzzzzzzzzzzzzzzzzzzzzzz",
        "mem_" + "z" * 26,
    ],
)
def test_what_is_malformed_is_refused(text: str) -> None:
    with pytest.raises(MalformedId):
        from_text("mem", text)


def test_the_largest_id_is_read() -> None:
    assert from_text("mem", "mem_7zzzzzzzzzzzzzzzzzzzzzzzzz") == UUID(int=2**128 - 1)


def test_the_message_of_a_malformed_id_is_short() -> None:
    with pytest.raises(MalformedId) as caught:
        from_text("mem", "x" * 100_000)
    assert len(str(caught.value)) < 200


def test_new_ids_are_version_7_and_differ_and_sort_by_the_time_they_were_made() -> None:
    made = [new_id() for _ in range(1_000)]
    assert {value.version for value in made} == {7}
    assert len(set(made)) == len(made)
    assert [value.int >> 80 for value in made] == sorted(value.int >> 80 for value in made)
