# ruff: noqa: INP001
"""Makes docs/errors.md from the catalogue of reasons: `python docs/generate_errors.py [--check]`."""

from __future__ import annotations

import sys
from typing import Final

from coalition.type.v1.reason_pb2 import Reason
from generated_page import keep

from services.gateway.apidocs.errors import EXPLAINED
from services.runtime.errors import CATALOGUE, code_of

_HEAD: Final = """# Errors

Made from the code by `docs/generate_errors.py`; do not edit.

Every refusal and every failure has one stable reason. In gRPC it is `ErrorInfo.reason` (upper case, domain
`coalition`), in HTTP the member `code` of a problem document (RFC 9457; lower case), in a batch the `code` of the
line's error. Decide by the reason: titles and sentences may change. The gateway serves the same text at
`/errors/<code>`, where a problem's `type` points.

*Again?* says whether the same request with the same key may succeed later. What is not worth trying again needs
a change first: of the request, of the key, or in the programme's books.

| code | HTTP | gRPC | again? |
|---|---|---|---|
"""
_GROUPS: Final = {
    1: "Who is asking",
    10: "What was asked",
    30: "Members",
    50: "Points",
    70: "Programme and clearing",
    80: "Transfers, merges and adjustments",
    90: "The platform",
    100: "What takes two people",
    110: "What points are taken for",
    135: "Settlement",
    140: "Where a partner stands",
    180: "How much is asked",
    182: "What operators order of subscribers",
}


def page() -> str:
    """The whole page."""
    reasons = sorted(CATALOGUE)
    parts = [_HEAD, *(_row(reason) for reason in reasons)]
    group = ""
    for reason in reasons:
        title = _GROUPS[max(start for start in _GROUPS if start <= reason)]
        parts.append(f"\n## {title}\n" if title != group else "")
        parts.append(_section(reason))
        group = title
    return "".join(parts)


def _row(reason: Reason.ValueType) -> str:
    entry, code = CATALOGUE[reason], code_of(reason).lower()
    again = "yes" if entry.retryable else ""
    return f"| [`{code}`](#{code}) | {entry.http_status} | {entry.grpc_status.name} | {again} |\n"


def _section(reason: Reason.ValueType) -> str:
    entry, words = CATALOGUE[reason], EXPLAINED[reason]
    figures = ", ".join(f"`{name}`" for name in words.figures)
    lines = [
        f"### {code_of(reason).lower()}",
        f"{entry.title}. {words.happened}",
        f"**What to do.** {words.do}",
        *([f"**Figures.** {figures}"] if figures else []),
        *([f"**On the receipt.** “{words.receipt_text}”"] if words.receipt_text else []),
    ]
    return "\n" + "\n\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(keep("errors.md", page(), sys.argv[1:]))
