"""What `coalition doctor` says of one thing: how it is, and how to mend it."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check came out: `missing` is what makes `coalition doctor` fail."""

    OK = "ok"
    WARNING = "warning"
    MISSING = "missing"


@dataclass(frozen=True)
class Finding:
    """One line of the table; `mend` is empty when there is nothing to do."""

    subject: str
    verdict: Verdict
    found: str
    mend: str = ""
