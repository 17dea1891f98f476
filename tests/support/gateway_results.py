"""Answers of the points service's stand-in, as messages."""

from __future__ import annotations

from collections.abc import Sequence

from coalition.points.v1 import movement_pb2
from coalition.type.v1.error_pb2 import ItemError
from coalition.type.v1.reason_pb2 import Reason


def groups_of(items: Sequence[movement_pb2.Item]) -> list[list[movement_pb2.Item]]:
    """The items of a call, linked ones together."""
    groups: list[list[movement_pb2.Item]] = []
    linked = False
    for item in items:
        if linked:
            groups[-1].append(item)
        else:
            groups.append([item])
        linked = item.linked
    assert not linked, "the last item is linked with nothing"
    return groups


def content_of(item: movement_pb2.Item) -> bytes:
    """What has to be the same for a repetition to be one."""
    content = getattr(item, str(item.WhichOneof("movement"))).SerializeToString(deterministic=True)
    return content + b"linked" if item.linked else content


def refusal(reason: Reason.ValueType, message: str, **metadata: str) -> movement_pb2.Result:
    """Decided against."""
    error = ItemError(reason=reason, message=message, metadata=metadata)
    return movement_pb2.Result(outcome=movement_pb2.OUTCOME_REFUSED, error=error)


def away(reason: Reason.ValueType, message: str, **metadata: str) -> movement_pb2.Result:
    """Not decided."""
    error = ItemError(reason=reason, message=message, metadata=metadata)
    return movement_pb2.Result(outcome=movement_pb2.OUTCOME_TURNED_AWAY, error=error)


def again(result: movement_pb2.Result) -> movement_pb2.Result:
    """The same, as a replay."""
    replayed = movement_pb2.Result()
    replayed.CopyFrom(result)
    replayed.replayed = True
    return replayed
