"""Files for the bank: valid, the same each time, and with nothing in them that a bank would stumble over."""

from dataclasses import replace
from datetime import date

import pytest

from services.partners.bank.accounts import read_bic, read_iban
from services.partners.bank.pain import CREDIT_TRANSFERS, DIRECT_DEBITS, PaymentFile, payment_files
from services.partners.domain.payments.instructions import Direction, Instruction, Sequence
from services.partners.domain.payments.terms import Mandate, Scheme
from services.runtime.errors import InvalidRequest
from tests.support.payment_model import account, instruction, own_account

CREATED_US = 1_772_445_600_000_000
B2B = Mandate("M-B2B", date(2026, 2, 2), Scheme.B2B)


def files(*instructions: Instruction, at_most: int = 5_000) -> tuple[PaymentFile, ...]:
    return payment_files(own_account(), instructions, "PLAZA-R1", CREATED_US, at_most)


def text(found: PaymentFile) -> str:
    return found.xml.decode()


def test_payouts_are_a_credit_transfer_with_their_ids_amounts_and_addresses():
    (found,) = files(instruction(1), instruction(2, remittance="Dokument 2 für Köln & Bonn"))
    assert (found.message_id, found.kind, found.total_minor) == ("PLAZA-R1-1", CREDIT_TRANSFERS, 20_003)
    for said in (
        "<MsgId>PLAZA-R1-1</MsgId>",
        "<CreDtTm>2026-03-02T10:00:00Z</CreDtTm>",
        "<NbOfTxs>2</NbOfTxs><CtrlSum>200.03</CtrlSum>",
        "<ReqdExctnDt><Dt>2026-03-02</Dt></ReqdExctnDt>",
        "<EndToEndId>R1-000000000001-1</EndToEndId>",
        '<InstdAmt Ccy="EUR">100.01</InstdAmt>',
        f"<IBAN>{account(1).iban}</IBAN>",
        "<StrtNm>Hauptstrasse 1</StrtNm><PstCd>50667</PstCd><TwnNm>Koln</TwnNm><Ctry>DE</Ctry>",
        "<Ustrd>Dokument 2 fur Koln + Bonn</Ustrd>",
        "<BtchBookg>false</BtchBookg>",
    ):
        assert said in text(found)


def test_collections_are_direct_debits_under_their_mandates():
    (found,) = files(instruction(1, Direction.COLLECT, sequence=Sequence.FRST))
    assert found.kind == DIRECT_DEBITS
    for said in (
        "<LclInstrm><Cd>CORE</Cd></LclInstrm><SeqTp>FRST</SeqTp>",
        "<MndtId>M-1</MndtId><DtOfSgntr>2026-02-02</DtOfSgntr>",
        "<Id>NL79ZZZ999999990000</Id><SchmeNm><Prtry>SEPA</Prtry></SchmeNm>",
        "<DbtrAgt><FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId></DbtrAgt>",
        "<ReqdColltnDt>2026-03-02</ReqdColltnDt>",
    ):
        assert said in text(found)


def test_the_same_instructions_give_the_same_bytes_in_whatever_order():
    some = [instruction(number, direction) for number, direction in enumerate([*Direction] * 3, start=1)]
    assert files(*some) == files(*reversed(some))


def test_a_file_has_payments_of_one_kind_for_one_day_under_one_scheme():
    found = files(
        instruction(1, Direction.COLLECT),
        instruction(2, Direction.COLLECT, mandate=B2B),
        instruction(3, Direction.COLLECT, sequence=Sequence.FRST),
        instruction(4, Direction.COLLECT, on=date(2026, 3, 3)),
        instruction(5),
    )
    assert [len(each.instructions) for each in found] == [1] * 5
    assert len({each.message_id for each in found}) == 5
    assert all(text(each).count("<PmtInf>") == 1 for each in found)


def test_many_payments_are_split_over_files_and_none_is_lost():
    found = files(*(instruction(number) for number in range(1, 6)), at_most=2)
    assert [len(each.instructions) for each in found] == [2, 2, 1]
    told = [each.end_to_end_id for one in found for each in one.instructions]
    assert sorted(set(told)) == sorted(told) == [f"R1-{number:012}-1" for number in range(1, 6)]


def test_names_of_any_script_become_letters_that_banks_take():
    for holder in ('Ünïcødé <&> "Söhne"', "株式会社", "x" * 70, "Ø"):
        (found,) = files(instruction(account=account(holder=holder)))
        assert found.xml.isascii()
        assert "&" not in text(found)


@pytest.mark.parametrize("amount", [1, 10, 99, 100, 99_999_999_999])
def test_amounts_are_written_to_the_cent(amount: int):
    (found,) = files(instruction(1, Direction.PAYOUT, amount_minor=amount))
    assert f">{amount // 100}.{amount % 100:02}</InstdAmt>" in text(found)


@pytest.mark.parametrize("direction", Direction)
def test_a_bank_that_is_not_named_is_said_not_to_be(direction: Direction):
    own = replace(own_account(), account=replace(own_account().account, bic=""))
    (found,) = payment_files(own, [instruction(1, direction)], "R1", CREATED_US)
    ours = "CdtrAgt" if direction is Direction.COLLECT else "DbtrAgt"
    assert f"<{ours}><FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId></{ours}>" in text(found)


def test_nothing_to_pay_is_no_file():
    assert files() == ()


def test_an_end_to_end_id_is_used_once():
    with pytest.raises(InvalidRequest, match="same end-to-end id"):
        files(instruction(1), instruction(1))


def test_debits_take_a_creditor_identifier():
    own = replace(own_account(), creditor_id="")
    with pytest.raises(InvalidRequest, match="creditor identifier"):
        payment_files(own, [instruction(1, Direction.COLLECT)], "R1", CREATED_US)
    assert payment_files(own, [instruction(1)], "R1", CREATED_US)


@pytest.mark.parametrize("message_id", ["", "x" * 30, "R_1", "R1/"])
def test_a_message_id_is_one_that_banks_take(message_id: str):
    with pytest.raises(InvalidRequest):
        payment_files(own_account(), [instruction(1)], message_id, CREATED_US)


@pytest.mark.parametrize("text", ["NL84 mock 0000 0000 03", "NL84MOCK0000000003"])
def test_an_iban_is_read_however_it_is_typed(text: str):
    assert read_iban(text, "account.iban") == "NL84MOCK0000000003"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("NL85MOCK0000000003", "check digits"),
        ("NL84MOCK000000003", "length"),
        ("XX84MOCK0000000003", "no such country"),
        ("", "form"),
        ("ＮＬ84MOCK0000000003", "letters and figures"),
        ("N" * 51, "up to 50"),
    ],
)
def test_another_iban_is_refused_with_why_and_without_the_number(text: str, why: str):
    with pytest.raises(InvalidRequest, match=why) as refused:
        read_iban(text, "account.iban")
    assert refused.value.metadata["field"] == "account.iban"
    assert not text or text not in str(refused.value)


def test_a_bic_is_optional_and_read_in_capitals():
    assert read_bic(" ", "bic") == ""
    assert read_bic("deutdeff", "bic") == "DEUTDEFF"
    for wrong in ("FOO", "DEUTXXFF", "12345678"):
        with pytest.raises(InvalidRequest):
            read_bic(wrong, "bic")
