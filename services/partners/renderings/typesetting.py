"""Typst: templates that come with this package, data as JSON, fonts that come with typst."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import typst

from services.partners.domain.documents.party import Party

_TEMPLATES: Final = Path(__file__).with_name("templates")
#: PDF/A-2b: it carries its fonts, and opens the same in ten years.
_STANDARD: Final = "a-2b"
_NO_LETTER: Final = "could not be displayed with font"


def typeset(template: str, data: Mapping[str, Any], dated: date) -> bytes:
    """The PDF of a template: the same bytes for the same data and date, whatever fonts the machine has.

    Where a letter is in none of the fonts it is no PDF/A, which has no gaps, but a PDF with a box for that letter.
    """
    try:
        return _compiled(template, data, dated, [_STANDARD])
    except typst.TypstError as error:
        if _NO_LETTER not in f"{error.message} {error.diagnostic}":
            raise
        return _compiled(template, data, dated, [])


def _compiled(
    template: str, data: Mapping[str, Any], dated: date, standards: list[typst.PDFStandard]
) -> bytes:
    return typst.compile(
        _TEMPLATES / f"{template}.typ",
        root=_TEMPLATES,
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        timestamp=datetime(dated.year, dated.month, dated.day, tzinfo=UTC),
        pdf_standards=standards,
    )


def party_rows(party: Party, *, with_vat: bool = True) -> list[str]:
    """What is known of a party besides its name, a line each; without its VAT id where the document may not name it."""
    numbers = (
        ("VAT id", party.vat_id if with_vat else ""),
        ("Tax number", party.tax_number),
        ("Registration", party.registration_id),
    )
    return [
        party.street,
        f"{party.country} {party.postcode} {party.city}".replace("  ", " "),
        *(f"{name} {number}" for name, number in numbers if number),
        *filter(None, (party.email,)),
    ]
