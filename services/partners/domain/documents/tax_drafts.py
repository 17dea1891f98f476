"""Tax data as drafts say it: canonical bodies, written here and read back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.partners.domain.contract_drafts import micros_of
from services.partners.domain.documents.canonical import (
    read_rule,
    read_self_billing,
    self_billing_document,
)
from services.partners.domain.documents.party import read_party
from services.partners.domain.documents.tax import OperatorData, Supply, TaxData
from services.partners.domain.drafts import parse_body, whole
from services.runtime.clock import from_micros
from services.runtime.ids import from_text, to_text

TAX_KIND: Final = "tax_data"
OPERATOR_KIND: Final = "operator_data"


def tax_document(data: TaxData) -> dict[str, Any]:
    """What a draft and the audit log say of tax data."""
    return {
        "entity": data.entity,
        "partner_id": to_text("ptr", data.partner_id),
        "party": data.party.document(),
        "rules": {supply.value: rule.document() for supply, rule in data.rules.items()},
        "self_billing": self_billing_document(data.self_billing),
        "valid_from": from_micros(data.valid_from_us).isoformat(),
    }


def operator_document(data: OperatorData) -> dict[str, Any]:
    """What a draft and the audit log say of the operator's data."""
    return {"party": data.party.document(), "valid_from": from_micros(data.valid_from_us).isoformat()}


def parse_tax(body: bytes) -> TaxData:
    """Reads the body of a draft of tax data. Raises Fault for one that `tax_document` has not made."""
    return parse_body(TAX_KIND, body, _tax, tax_document)


def parse_operator(body: bytes) -> OperatorData:
    """Reads the body of a draft of the operator's data. Raises Fault for one that `operator_document` has not made."""
    return parse_body(OPERATOR_KIND, body, _operator, operator_document)


def _tax(said: Mapping[str, Any]) -> TaxData:
    return TaxData(
        from_text("ptr", said["partner_id"]),
        whole(said["entity"]),
        micros_of(said["valid_from"]),
        read_party(said["party"]),
        {Supply(supply): read_rule(rule) for supply, rule in said["rules"].items()},
        read_self_billing(said["self_billing"]),
    ).checked()


def _operator(said: Mapping[str, Any]) -> OperatorData:
    return OperatorData(micros_of(said["valid_from"]), read_party(said["party"])).checked()
