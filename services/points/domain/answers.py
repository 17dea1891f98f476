"""What is decided of a movement."""

from __future__ import annotations

from typing import NamedTuple

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.movements import Transaction


class Accepted(NamedTuple):
    """Posted; `replayed` when an earlier item with the same key or reference was."""

    transaction: Transaction
    replayed: bool = False


class Refused(NamedTuple):
    """Decided against, and remembered under the key."""

    reason: Reason.ValueType
    message: str
    metadata: dict[str, str]
    replayed: bool = False


class TurnedAway(NamedTuple):
    """Not decided and not remembered. `conflict_seq` is the posting that a reference stands for already.

    `linked`: whether the item was linked with the next one. `again`: whether it is to be asked once more, since what it
    refers to has turned up meanwhile.
    """

    reason: Reason.ValueType
    message: str
    metadata: dict[str, str]
    conflict_seq: int = 0
    linked: bool = False
    again: bool = False


class Waiting(NamedTuple):
    """A refund that waits for its original, which has not arrived; `replayed` when it did before."""

    replayed: bool = False


class ParkedAnswer(NamedTuple):
    """An earn beyond its partner's credit floor, posted once there is headroom; `replayed` when it was parked before."""

    transaction: Transaction
    replayed: bool = False


class Replay(NamedTuple):
    """The answer is that of an earlier posting, to be read from the journal. `parked`: the earn is parked still."""

    seq: int
    parked: bool = False


class Lapsed(NamedTuple):
    """What was over has ended: in a wallet by so many postings, so many refunds that waited, or so many earns that were parked."""

    postings: int


class FloorSet(NamedTuple):
    """The credit floor that is in force (None: without limit), its place in the journal, and whether it was set just now."""

    floor: int | None
    basis_seq: int
    seq: int
    applied: bool
    parks: bool = False


Answer = Accepted | Refused | TurnedAway | Waiting | ParkedAnswer
Decision = Answer | Replay
