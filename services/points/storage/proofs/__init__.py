"""The ledger's invariants as queries. Each answers its figure and the first breaches it finds."""

from __future__ import annotations

from typing import Final

from services.points.storage.proofs.burns import BURNS
from services.points.storage.proofs.campaigns import CAMPAIGNS
from services.points.storage.proofs.holds import HOLDS
from services.points.storage.proofs.lots import LOTS
from services.points.storage.proofs.parks import PARKS
from services.points.storage.proofs.postings import COUNTERS, FLOORS, LEGS
from services.points.storage.proofs.proof import Finding, Proof, prepare, prove
from services.points.storage.proofs.refunds import REFUNDS
from services.points.storage.proofs.sequence import EVENTS, KEYS, SEQUENCE
from services.points.storage.proofs.wallets import WALLETS

PROOFS: Final = (
    LEGS,
    COUNTERS,
    FLOORS,
    HOLDS,
    LOTS,
    KEYS,
    SEQUENCE,
    EVENTS,
    REFUNDS,
    WALLETS,
    CAMPAIGNS,
    PARKS,
    BURNS,
)

__all__ = ["PROOFS", "Finding", "Proof", "prepare", "prove"]
