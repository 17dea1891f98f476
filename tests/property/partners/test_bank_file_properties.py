"""Whatever bytes come as a file from a bank: they are read, or refused with a place; and what is read is what was written."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from services.partners.bank.pain import payment_files
from services.partners.bank.reading import read_bank_file
from services.partners.domain.payments.bank_entries import StatusReport
from services.partners.domain.payments.instructions import Direction
from services.partners.domain.payments.sepa_text import sepa_text
from services.runtime.errors import InvalidRequest
from tests.support.bank_files import camt, camt_statement, entry, report, status, transaction
from tests.support.payment_model import account, instruction, own_account

GOOD = camt(camt_statement(entry(inner=transaction() * 2), entry("5.00", "DBIT"), closing="95.00"))
REPORT = report(status("ACCP"), status("RJCT", reason="AC04"), group="<GrpSts>PART</GrpSts>")
AMOUNTS = st.integers(0, 10**12)
SEPA = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/?:().,'+ -")


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A file of a bank, of which some bytes are others, gone, or more."""
    xml = bytearray(draw(st.sampled_from([GOOD, REPORT])))
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(xml)))
        end = min(len(xml), start + draw(st.integers(0, 40)))
        xml[start:end] = draw(
            st.one_of(st.binary(max_size=20), st.sampled_from([b"<", b"&", b"</", b"<!DOCTYPE x>", b"]]>"]))
        )
    return bytes(xml)


@settings(deadline=None)
@given(st.one_of(damaged(), st.binary(max_size=200)))
def test_a_damaged_file_is_read_or_refused_and_nothing_else(xml: bytes) -> None:
    try:
        read_bank_file([xml])
    except InvalidRequest as error:
        assert error.metadata["field"]


@settings(deadline=None)
@given(st.lists(st.tuples(AMOUNTS, st.booleans()), max_size=8), st.integers(1, 60))
def test_what_is_read_is_what_was_written_to_the_cent(amounts: list[tuple[int, bool]], size: int) -> None:
    entries = [entry(str(Decimal(minor) / 100), "CRDT" if sign else "DBIT") for minor, sign in amounts]
    xml = camt(camt_statement(*entries))
    found = read_bank_file(xml[place : place + size] for place in range(0, len(xml), size))
    assert not isinstance(found, StatusReport)
    assert [each.amount_minor for each in found[0].items] == [
        minor if sign else -minor for minor, sign in amounts
    ]


@given(st.text(min_size=1, max_size=100))
def test_a_text_is_written_in_the_letters_of_every_bank_and_always_the_same(text: str) -> None:
    written = sepa_text(text, 70)
    assert set(written) <= SEPA
    assert len(written) <= 70
    assert sepa_text(written, 70) == written


# Reading a schema takes most of it.
@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(Direction), st.integers(1, 10**11 - 1)), max_size=6, min_size=1))
def test_files_tell_of_each_payment_once_and_sum_to_them(wanted: list[tuple[Direction, int]]) -> None:
    told = [
        instruction(number, direction, amount_minor=amount, account=account(number, "Žluťoučký kůň & syn"))
        for number, (direction, amount) in enumerate(wanted, start=1)
    ]
    files = payment_files(own_account(), told, "R1", 0)
    assert sum(each.total_minor for each in files) == sum(amount for _, amount in wanted)
    for each in told:
        assert sum(file.xml.count(f">{each.end_to_end_id}<".encode()) for file in files) == 1
