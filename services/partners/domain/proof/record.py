"""What is committed to beside the leaves: the head of each statement, the tree of partners, a window's record."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from services.partners.domain.proof.leaves import LeafOwner
from services.partners.domain.proof.sum_tree import PARTNER_NODE, Node, label, root_of
from services.partners.domain.windows import Window

_PARTNER_LEAF, _BLIND, _HEAD = b"\x02", b"\x06", b"\x07"
# In the tree of partners, where no statement of the partner ends with the window.
NO_STATEMENT: Final = bytes(32)
FORMAT: Final = "coalition statement 1"


@dataclass(frozen=True, slots=True)
class JournalEnd:
    """The batch of the ledger's chain that reached the window's last seq; 0 and no hash: nothing was posted yet."""

    batch_no: int
    chain_hash: bytes


@dataclass(frozen=True, slots=True)
class StatementHead:
    """All that a statement says beside its entries. `previous_window`: its last one's last window; 0: it is the first.

    It covers the windows from `first_window` to `last_window`. `opening_minor`: what earlier ones left due; closing = opening
    + net. `objection_until_us`: programme time, from which on silence accepts it. A line is kind, type of points, count, points, price and amount in micros, and legal entity; carries are no lines here.
    """

    programme: str
    partner: str
    partner_id: UUID
    currency: str
    first_window: int
    last_window: int
    previous_window: int
    carry_in_micros: int
    net_minor: int
    carry_out_micros: int
    opening_minor: int
    objection_until_us: int
    lines: Sequence[tuple[str, str, int, int, int, int, int]]

    @property
    def closing_minor(self) -> int:
        """What is due with this statement and those before, in minor units."""
        return self.opening_minor + self.net_minor

    def document(self) -> dict[str, Any]:
        """As it stands in a statement file."""
        return {
            "programme": self.programme,
            "partner": self.partner,
            "partner_id": self.partner_id.hex,
            "currency": self.currency,
            "first_window": self.first_window,
            "last_window": self.last_window,
            "previous_window": self.previous_window,
            "carry_in_micros": self.carry_in_micros,
            "net_minor": self.net_minor,
            "carry_out_micros": self.carry_out_micros,
            "opening_minor": self.opening_minor,
            "closing_minor": self.closing_minor,
            "objection_until_us": self.objection_until_us,
            "lines": [list(line) for line in self.lines],
        }

    def digest(self) -> bytes:
        """What the tree of partners commits to."""
        return sha256(_HEAD + canonical(self.document())).digest()


@dataclass(frozen=True, slots=True)
class PartnerTree:
    """A partner's root of one window, and the statement that ends with it (NO_STATEMENT: none does)."""

    partner_id: UUID
    root: Node
    statement_digest: bytes

    def leaf(self, owner: LeafOwner) -> Node:
        """Its leaf in the tree of partners: its columns, and a hash that tells nobody whose it is."""
        blind = sha256(_BLIND + owner.secret).digest()
        found = sha256(
            _PARTNER_LEAF + blind + self.partner_id.bytes + self.statement_digest + label(self.root)
        ).digest()
        return (found, *self.root[1:])


def partners_root(leaves: Sequence[Node]) -> Node:
    """The root over the leaves of all partners."""
    return root_of(leaves, PARTNER_NODE)


def record_of(window: Window, end: JournalEnd, partners: Sequence[Node]) -> bytes:
    """What the log keeps of a window; `partners`: the leaves of the tree of partners, in its order."""
    root = partners_root(partners)
    return canonical(
        {
            "window": window.number,
            "first_seq": window.first_seq,
            "last_seq": window.last_seq,
            "batch_no": end.batch_no,
            "batch_hash": end.chain_hash.hex(),
            "partners": len(partners),
            "root": root[0].hex(),
            "totals": list(root[1:]),
        }
    )


def checkpoint_text(origin: str, size: int, root: bytes) -> str:
    """The text of a checkpoint (c2sp.org/tlog-checkpoint), before it is signed."""
    return f"{origin}\n{size}\n{b64encode(root).decode()}\n"


def canonical(document: Mapping[str, Any]) -> bytes:
    """The one way to write a document of integers, ASCII text, lists and objects as bytes."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
