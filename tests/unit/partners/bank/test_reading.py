"""Reports and statements of banks are read as they are, in whatever form banks write them."""

from datetime import date
from typing import cast

import pytest

from services.partners.bank.limits import ITEMS_MAX
from services.partners.bank.reading import read_bank_file
from services.partners.bank.values import AMOUNT_MINOR_MAX
from services.partners.domain.payments.bank_entries import BankStatement, Status, StatusReport
from services.runtime.errors import InvalidRequest
from tests.support.bank_files import balance, camt, camt_statement, entry, report, status, transaction
from tests.support.payment_model import OWN_IBAN

PARTIES = (
    "<RltdPties><Dbtr><Pty><Nm>Grocer GmbH</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></DbtrAcct>"
    "<Cdtr><Nm>Plaza</Nm></Cdtr></RltdPties>"
)
RETURN = "<RtrInf><Rsn><Cd>MD06</Cd></Rsn></RtrInf>"


def statements(xml: bytes) -> tuple[BankStatement, ...]:
    return cast("tuple[BankStatement, ...]", read_bank_file([xml]))


def only(*entries: str, closing: str = "100.00") -> BankStatement:
    (found,) = statements(camt(camt_statement(*entries, closing=closing)))
    return found


def refused(xml: bytes) -> str:
    with pytest.raises(InvalidRequest) as error:
        read_bank_file([xml])
    return f"{error.value.metadata.get('field')}: {error.value}"


def test_a_statement_is_read_with_all_that_matching_needs():
    remittance = "<RmtInf><Ustrd>invoice 17</Ustrd><Ustrd> of march</Ustrd><Strd><CdtrRefInf><Ref>RF712348231</Ref></CdtrRefInf></Strd></RmtInf>"
    found = only(entry(inner=transaction(inner=PARTIES + remittance)))
    assert (found.statement_id, found.number, found.account_iban, found.currency) == (
        "S-1",
        "7",
        OWN_IBAN,
        "EUR",
    )
    assert (found.opening_minor, found.closing_minor, found.gap_minor()) == (0, 10_000, 0)
    (item,) = found.items
    assert (item.entry, item.detail, item.bank_reference) == (1, 1, "B1")
    assert (item.booked_on, item.value_on) == (date(2026, 3, 2), date(2026, 3, 3))
    assert (item.amount_minor, item.currency, item.end_to_end_id) == (10_000, "EUR", "R1-000000000001-1")
    assert (item.creditor_reference, item.remittance) == ("RF712348231", "invoice 17 of march")
    assert (item.counterparty, item.counterparty_iban) == ("Grocer GmbH", "DE89370400440532013000")
    assert (item.is_return, item.reason) == (False, "")


@pytest.mark.parametrize("version", ["02", "04", "08", "14"])
def test_versions_of_many_years_are_read(version: str):
    old = entry(status="BOOK") if version == "02" else entry()
    (found,) = statements(camt(camt_statement(old), version=version))
    assert [each.amount_minor for each in found.items] == [10_000]


def test_money_that_goes_out_and_what_comes_back_have_their_signs():
    found = only(
        entry("50.00", "DBIT", transaction()),
        entry("50.00", "CRDT", transaction(inner=RETURN)),
        entry("7.5", "DBIT").replace("<Sts>", "<RvslInd>true</RvslInd><Sts>"),
        closing="-7.50".lstrip("-"),
    )
    assert [each.amount_minor for each in found.items] == [-5_000, 5_000, -750]
    assert [each.is_return for each in found.items] == [False, True, True]
    assert found.items[1].reason == "MD06"


def test_an_account_in_debit_has_a_balance_below_zero():
    xml = camt(camt_statement(entry("1.00", "DBIT"))).replace(
        balance("CLBD", "100.00").encode(), balance("CLBD", "1.00", "DBIT").encode()
    )
    (found,) = statements(xml)
    assert (found.closing_minor, found.gap_minor()) == (-100, 0)


def test_an_entry_of_several_transactions_is_as_many_movements():
    first = transaction("A", '<Amt Ccy="EUR">60.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>')
    second = transaction("B", '<AmtDtls><TxAmt><Amt Ccy="EUR">40.00</Amt></TxAmt></AmtDtls>')
    found = only(entry(inner=first + second))
    assert [(each.end_to_end_id, each.amount_minor, each.detail) for each in found.items] == [
        ("A", 6_000, 1), ("B", 4_000, 2)
    ]  # fmt: skip
    assert len({each.key() for each in found.items}) == 2


def test_what_transactions_leave_over_of_their_entry_is_a_movement_too():
    one = transaction("A", '<Amt Ccy="EUR">103.50</Amt>')
    found = only(entry(inner=one))
    assert [(each.amount_minor, each.detail) for each in found.items] == [(10_350, 1), (-350, 0)]
    assert found.gap_minor() == 0


CHARGES = {
    "as a record": '<Chrgs><Rcrd><Amt Ccy="EUR">0.35</Amt></Rcrd></Chrgs>',
    "as one of two": (
        '<Chrgs><TtlChrgsAndTaxAmt Ccy="EUR">0.35</TtlChrgsAndTaxAmt><Rcrd><Amt Ccy="EUR">0.40</Amt>'
        "<CdtDbtInd>DBIT</CdtDbtInd><ChrgInclInd>true</ChrgInclInd></Rcrd>"
        '<Rcrd><Amt Ccy="EUR">0.05</Amt><CdtDbtInd>CRDT</CdtDbtInd></Rcrd></Chrgs>'
    ),
    "as in version 02": '<Chrgs><Amt Ccy="EUR">0.35</Amt></Chrgs>',
    "as a total": '<Chrgs><TtlChrgsAndTaxAmt Ccy="EUR">0.35</TtlChrgsAndTaxAmt></Chrgs>',
}


@pytest.mark.parametrize("charges", CHARGES.values(), ids=CHARGES)
def test_what_the_bank_charged_is_read_of_a_transaction_and_of_its_entry(charges: str):
    of_transaction = entry("99.65", inner=transaction(inner=charges))
    of_entry = entry("99.65", inner=transaction()).replace("<NtryDtls>", f"{charges}<NtryDtls>")
    before_it = entry("99.65", inner=transaction(inner=f'<Amt Ccy="EUR">100.00</Amt>{charges}'))
    for told in (of_transaction, of_entry, before_it):
        (item,) = only(told, closing="99.65").items
        assert (item.amount_minor, item.charge_minor, item.before_charge_minor) == (9_965, -35, 10_000)


@pytest.mark.parametrize(
    "charges",
    [
        '<Chrgs><Rcrd><Amt Ccy="EUR">0.35</Amt><ChrgInclInd>false</ChrgInclInd></Rcrd></Chrgs>',
        '<Chrgs><Rcrd><Amt Ccy="USD">0.35</Amt></Rcrd></Chrgs>',
        "<Chrgs><Rcrd><Tp><Cd>COMM</Cd></Tp></Rcrd></Chrgs>",
    ],
)
def test_a_charge_that_is_not_in_the_amount_is_not_counted(charges: str):
    (item,) = only(entry(inner=transaction(inner=charges))).items
    assert (item.amount_minor, item.charge_minor) == (10_000, 0)


def test_charges_that_no_database_holds_are_refused_with_their_place():
    many = '<Chrgs><Amt Ccy="EUR">99999999999</Amt></Chrgs>' * 2
    said = refused(camt(camt_statement(entry(inner=transaction(inner=many)))))
    assert said.startswith("Document/BkToCstmrStmt/Stmt[1]/Ntry[1]/NtryDtls/TxDtls/Chrgs:")


def test_amounts_that_are_taken_add_up_in_the_database():
    assert AMOUNT_MINOR_MAX * ITEMS_MAX * 8 < 2**63
    assert only(entry("100000000000.00")).items[0].amount_minor == AMOUNT_MINOR_MAX
    assert "Ntry[1]/Amt" in refused(camt(camt_statement(entry("100000000000.01"))))


def test_what_the_bank_charges_for_a_batch_is_a_movement_of_its_own():
    charges = '<Chrgs><Rcrd><Amt Ccy="EUR">0.70</Amt></Rcrd></Chrgs>'
    two = "".join(transaction(name, '<Amt Ccy="EUR">50.00</Amt>') for name in ("A", "B"))
    batch = entry("99.30", inner=two).replace("<NtryDtls>", f"{charges}<NtryDtls>")
    items = only(batch, closing="99.30").items
    assert [(each.amount_minor, each.charge_minor) for each in items] == [(5_000, 0), (5_000, 0), (-70, -70)]


@pytest.mark.parametrize("code", ["CHRG", "COMM", "FEES"])
@pytest.mark.parametrize("inner", ["", transaction("NOTPROVIDED")])
def test_an_entry_that_the_bank_calls_a_charge_is_one(code: str, inner: str):
    coded = (
        f"<BkTxCd><Domn><Cd>ACMT</Cd><Fmly><Cd>MCOP</Cd><SubFmlyCd>{code}</SubFmlyCd></Fmly></Domn></BkTxCd>"
    )
    told = entry("12.50", "DBIT", inner).replace("</AcctSvcrRef>", f"</AcctSvcrRef>{coded}")
    (item,) = only(told, closing="0.00").items
    assert (item.amount_minor, item.charge_minor) == (-1_250, -1_250)


def test_an_entry_whose_transactions_do_not_say_of_how_much_they_are_is_one_movement():
    (item,) = only(entry(inner=transaction("A") + transaction("B"))).items
    assert (item.amount_minor, item.detail, item.end_to_end_id) == (10_000, 0, "")


def test_an_entry_that_is_announced_only_is_counted_and_not_taken_for_money():
    found = only(entry(), entry("5.00", status="<Cd>PDNG</Cd>"))
    assert (len(found.items), found.unbooked, found.items[0].entry) == (1, 1, 1)


def test_a_reference_that_says_nothing_is_none():
    (item,) = only(entry(reference="NONREF")).items
    assert item.key() == ""


def test_a_file_may_have_several_statements():
    first, second = statements(camt(camt_statement(entry()), camt_statement(closing="0.00")))
    assert (len(first.items), len(second.items)) == (1, 0)


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "windows-1252"])
def test_other_encodings_are_read(encoding: str):
    text = camt(camt_statement(entry(inner=transaction(inner=PARTIES.replace("GmbH", "Müller"))))).decode()
    (found,) = statements(text.replace("UTF-8", encoding).encode(encoding))
    assert found.items[0].counterparty == "Grocer Müller"


def test_it_does_not_matter_how_a_file_is_cut_into_pieces():
    xml = camt(camt_statement(entry(inner=transaction())))
    assert read_bank_file(xml[place : place + 1] for place in range(len(xml))) == read_bank_file([xml])


def test_a_report_is_read_with_its_reasons():
    found = read_bank_file(
        [report(status("ACCP", "A"), status("RJCT", "B", "AC04"), group="<GrpSts>PART</GrpSts>")]
    )
    assert isinstance(found, StatusReport)
    assert (found.message_id, found.original_message_id) == ("P1", "R1-1")
    assert found.whole is not None
    assert found.whole.status is Status.PENDING
    assert [(each.end_to_end_id, each.status, each.reason, each.detail) for each in found.items] == [
        ("A", Status.ACCEPTED, "", ""), ("B", Status.REJECTED, "AC04", "told")
    ]  # fmt: skip


def test_a_report_on_a_file_as_such_has_no_items():
    why = "<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>FF01</Cd></Rsn></StsRsnInf>"
    found = read_bank_file([report(group=why)])
    assert isinstance(found, StatusReport)
    assert found.whole is not None
    assert (found.whole.status, found.whole.reason, found.items) == (Status.REJECTED, "FF01", ())


@pytest.mark.parametrize(
    "amount", ["1.005", "-1.00", "1e3", "1,00", "", "NaN", "9" * 19, "٣", "999999999999999999"]
)
def test_an_amount_that_is_none_is_refused_with_its_place(amount: str):
    assert "Document/BkToCstmrStmt/Stmt[1]/Ntry[2]/Amt" in refused(
        camt(camt_statement(entry(), entry(amount)))
    )


@pytest.mark.parametrize(
    ("amount", "minor"), [("1", 100), ("1.", 100), ("0.1", 10), ("1.23000", 123), ("0.00", 0)]
)
def test_an_amount_is_read_as_a_decimal(amount: str, minor: int):
    assert [each.amount_minor for each in only(entry(amount)).items] == [minor]


@pytest.mark.parametrize("currency", ["JPY", "KWD", "eur", ""])
def test_a_currency_without_two_decimals_is_refused(currency: str):
    assert "two decimals" in refused(camt(camt_statement(entry(currency=currency))))


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        (camt(camt_statement(entry(side="BOTH"))), "Ntry[1]/CdtDbtInd"),
        (camt(camt_statement(entry().replace("2026-03-02", "yesterday"))), "Ntry[1]/BookgDt"),
        (camt(camt_statement(entry(status="<Cd></Cd>"))), "this is missing|Sts"),
        (camt(camt_statement(iban="")), "Acct/Id"),
        (camt(), "no statement"),
        (camt(camt_statement(), version="01"), "not 01"),
        (camt(camt_statement(), version="15"), "not 15"),
        (camt(camt_statement(), kind="camt.054"), "a notification: the statement"),
        (camt(camt_statement(), kind="camt.086"), "no ISO 20022 file that is read"),
        (camt(camt_statement(), kind="pain.001"), "what the bank is told"),
        (report(status("WHAT")), "no status that is known"),
        (report(status("RJCT", "")), "OrgnlEndToEndId"),
        (b"<Document/>", "no ISO 20022 file"),
        (b'<Document xmlns="urn:other"/>', "no ISO 20022 file"),
        (b"<html><body>Please log in</body></html>", "no ISO 20022 file"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_and_where(xml: bytes, said: str):
    message = refused(xml)
    assert any(each in message for each in said.split("|")), message
