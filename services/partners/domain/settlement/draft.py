"""What the draft of a run says: the hash of its proposal, and the sums that a person reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.partners.domain.drafts import body_of, parse_body, whole
from services.partners.domain.settlement.runs import Outcome, Proposal

KIND: Final = "settlement_run"


@dataclass(frozen=True, slots=True)
class WantedRun:
    """A run as it is approved: what it comes to in minor units, and the hash over everything in it."""

    until_window: int
    partners: int
    left_out: int
    collect_minor: int
    pay_minor: int
    proposal_sha256: bytes

    @staticmethod
    def of(proposal: Proposal) -> WantedRun:
        """The run that a proposal makes."""
        left_out = sum(each.outcome is Outcome.LEFT_OUT for each in proposal.positions)
        return WantedRun(
            proposal.until_window,
            len(proposal.positions) - left_out,
            left_out,
            proposal.collect_minor,
            proposal.pay_minor,
            proposal.sha256(),
        )

    def document(self) -> dict[str, Any]:
        """What a draft and the audit log say of it."""
        return {
            "collect_minor": self.collect_minor,
            "left_out": self.left_out,
            "partners": self.partners,
            "pay_minor": self.pay_minor,
            "proposal_sha256": self.proposal_sha256.hex(),
            "until_window": self.until_window,
        }

    def body(self) -> bytes:
        """The canonical body of a draft."""
        return body_of(self.document())

    @staticmethod
    def parse(body: bytes) -> WantedRun:
        """Reads the body of a draft. Raises Fault for one that `body` has not made: nobody else makes any."""
        return parse_body(KIND, body, _read, WantedRun.document)


def _read(said: Mapping[str, Any]) -> WantedRun:
    return WantedRun(
        whole(said["until_window"]),
        whole(said["partners"]),
        whole(said["left_out"]),
        whole(said["collect_minor"]),
        whole(said["pay_minor"]),
        bytes.fromhex(said["proposal_sha256"]),
    )
