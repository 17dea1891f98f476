"""pain.002: what a bank says of a file that it was given."""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element

from services.partners.bank.values import Node
from services.partners.domain.payments.bank_entries import Status, StatusItem, StatusReport
from services.runtime.errors import InvalidRequest

_ROOT: Final = "CstmrPmtStsRpt"
_ID_CHARACTERS_MAX: Final = 35
# ISO 20022 external code set ExternalPaymentTransactionStatus1Code (and those of group and part).
_STATUSES: Final = {
    **dict.fromkeys(("RJCT", "CANC", "BLCK"), Status.REJECTED),
    **dict.fromkeys(("PDNG", "RCVD", "PART", "PATC", "RVCD", "RVMC", "RVNC"), Status.PENDING),
    **dict.fromkeys(
        ("ACCP", "ACTC", "ACSP", "ACSC", "ACCC", "ACWC", "ACWP", "ACFC", "ACPD", "ACIS", "ACWP", "PRES"),
        Status.ACCEPTED,
    ),
}


class ReportReader:
    """Reads the parts of a report as they are complete, and then the rest of it."""

    def __init__(self, namespace: str) -> None:
        self._namespace: Final = namespace
        self._items: list[StatusItem] = []

    def part(self, path: str, element: Element) -> int:
        """Reads a transaction; answers how many there were in it: one."""
        node = Node(element, f"{path}[{len(self._items) + 1}]", self._namespace)
        end_to_end_id = node.needed("OrgnlEndToEndId", at_most=_ID_CHARACTERS_MAX)
        self._items.append(_item(node, "TxSts", end_to_end_id))
        return 1

    def read(self, root: Element) -> StatusReport:
        """The report. Raises InvalidRequest where something is missing in it."""
        report = Node(root, "Document", self._namespace).at(_ROOT)
        original = report.at("OrgnlGrpInfAndSts") if report else None
        if report is None or original is None:
            raise InvalidRequest(
                "there is no report in the file", field=f"Document/{_ROOT}/OrgnlGrpInfAndSts"
            )
        parts = [each for each in report.all("OrgnlPmtInfAndSts") if each.text("PmtInfSts")]
        return StatusReport(
            report.needed("GrpHdr", "MsgId", at_most=_ID_CHARACTERS_MAX),
            original.needed("OrgnlMsgId", at_most=_ID_CHARACTERS_MAX),
            _item(original, "GrpSts", "") if original.text("GrpSts") else None,
            tuple(_item(each, "PmtInfSts", "") for each in parts),
            tuple(self._items),
        )


def _item(node: Node, name: str, end_to_end_id: str) -> StatusItem:
    code = node.needed(name, at_most=4)
    status = _STATUSES.get(code)
    if status is None:
        raise InvalidRequest(f"{code} is no status that is known", field=f"{node.path}/{name}")
    reason = node.first_text(("StsRsnInf", "Rsn", "Cd"), ("StsRsnInf", "Rsn", "Prtry"))
    return StatusItem(end_to_end_id, status, code, reason, node.text("StsRsnInf", "AddtlInf"))
