"""What a test breaks in the gateway's neighbours."""

from __future__ import annotations

from dataclasses import dataclass, field

import grpc


@dataclass
class Faults:
    """What goes wrong next."""

    # Each makes one call fail; with `after` it has done its work by then, and only the answer is lost.
    post_fails: list[grpc.StatusCode] = field(default_factory=list[grpc.StatusCode])
    post_answers_lost: int = 0
    items_overloaded: int = 0
    # Calls with an earn of one of these references fail; of each that did, how many movements it had.
    poisoned: set[str] = field(default_factory=set[str])
    poisoned_calls: list[int] = field(default_factory=list[int])
    post_delay_seconds: float = 0.0
    partners_down: bool = False
    members_down: bool = False
