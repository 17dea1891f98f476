"""Files as banks write them, in the least that a bank says."""

from __future__ import annotations

from tests.support.payment_model import OWN_IBAN

PREFIX = "urn:iso:std:iso:20022:tech:xsd:"


def transaction(end_to_end_id: str = "R1-000000000001-1", inner: str = "") -> str:
    """A transaction of an entry."""
    return f"<TxDtls><Refs><EndToEndId>{end_to_end_id}</EndToEndId></Refs>{inner}</TxDtls>"


def entry(
    amount: str = "100.00",
    side: str = "CRDT",
    inner: str = "",
    status: str = "<Cd>BOOK</Cd>",
    currency: str = "EUR",
    reference: str = "B1",
) -> str:
    """An entry, as of version 08; `inner`: transactions."""
    details = f"<NtryDtls>{inner}</NtryDtls>" if inner else ""
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts>{status}</Sts>'
        "<BookgDt><Dt>2026-03-02</Dt></BookgDt><ValDt><Dt>2026-03-03</Dt></ValDt>"
        f"<AcctSvcrRef>{reference}</AcctSvcrRef>{details}</Ntry>"
    )


def balance(code: str, amount: str, side: str = "CRDT", on: str = "2026-03-02") -> str:
    """A balance of a statement, on a day."""
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>{on}</Dt></Dt></Bal>'
    )


def camt_statement(
    *entries: str,
    opening: str = "0.00",
    closing: str = "100.00",
    iban: str = OWN_IBAN,
    number: int = 7,
    on: str = "2026-03-02",
) -> str:
    """A statement, as the bank counts them, of a day."""
    return (
        f"<Stmt><Id>S-{number - 6}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb><Acct><Id><IBAN>{iban}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
        f"{balance('OPBD', opening, on=on)}{balance('CLBD', closing, on=on)}{''.join(entries)}</Stmt>"
    )


def camt(*statements: str, version: str = "08", kind: str = "camt.053") -> bytes:
    """A file of statements."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{PREFIX}{kind}.001.{version}"><BkToCstmrStmt><GrpHdr>'
        f"<MsgId>M1</MsgId><CreDtTm>2026-03-02T20:00:00Z</CreDtTm></GrpHdr>{''.join(statements)}"
        "</BkToCstmrStmt></Document>"
    ).encode()


def report(*transactions: str, group: str = "", version: str = "10") -> bytes:
    """A report on the file R1-1; `group`: elements of the file's own status."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{PREFIX}pain.002.001.{version}"><CstmrPmtStsRpt><GrpHdr>'
        "<MsgId>P1</MsgId></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>R1-1</OrgnlMsgId>"
        f"{group}</OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>R1-1</OrgnlPmtInfId>{''.join(transactions)}"
        "</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    ).encode()


def status(code: str, end_to_end_id: str = "R1-000000000001-1", reason: str = "") -> str:
    """What is said of a transaction."""
    why = f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn><AddtlInf>told</AddtlInf></StsRsnInf>" if reason else ""
    return f"<TxInfAndSts><OrgnlEndToEndId>{end_to_end_id}</OrgnlEndToEndId><TxSts>{code}</TxSts>{why}</TxInfAndSts>"
