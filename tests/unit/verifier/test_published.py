"""The files that documents show are real ones: they verify."""

from __future__ import annotations

import json
from typing import Any, Final
from uuid import UUID

import pytest

from services.gateway.apidocs.statement_file_example import STATEMENT_FILE
from services.verifier.statement import verify
from tests.architecture.sources import ROOT
from tests.support.statement_files import KEY, Coalition, Said

_VECTORS: Final[dict[str, Any]] = json.loads((ROOT / "docs/statement-vectors.json").read_text())


def test_the_example_of_the_api_verifies_with_the_published_key() -> None:
    assert verify(json.dumps(STATEMENT_FILE).encode(), _VECTORS["key"])


@pytest.mark.parametrize("name", _VECTORS["files"])
def test_the_files_among_the_vectors_verify(name: str) -> None:
    assert verify(json.dumps(_VECTORS["files"][name]).encode(), _VECTORS["key"])


def test_the_vectors_have_every_kind_of_entry() -> None:
    kinds = {
        entry[2]
        for file in _VECTORS["files"].values()
        for each in file["windows"]
        for entry in each["entries"]
    }
    assert kinds == {
        "issued", "reversed", "charged", "credited", "released", "burned", "returned", "fee", "cycle_fee",
        "issued_difference", "reversed_difference", "charged_difference", "credited_difference", "released_difference",
        "burned_difference", "returned_difference", "fee_difference",
        "adjustment_points", "adjustment_fees", "adjustment_reimbursement", "buy_out",
    }  # fmt: skip


def test_a_statement_of_many_companies_and_prices_verifies() -> None:
    """A thousand companies at a dozen prices are as many lines as entries."""
    grocer = UUID(int=7)
    found = Coalition({"grocer": grocer})
    lines = 12_000
    found.state(
        lines,
        {
            "grocer": [
                Said(seq, 1, "issued", 1, 10_000 + seq % 12, entity=1 + seq // 12 % 1_000)
                for seq in range(1, lines + 1)
            ]
        },
    )
    told = verify(found.file("grocer", 1), KEY)
    assert f"its {lines} entries are what was signed, and its {lines} lines are their sums" in told[1]
