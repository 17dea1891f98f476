"""A bounded memory with a life for each entry."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """Keeps up to `entries_max` values, each for `seconds`; the oldest goes first."""

    def __init__(self, entries_max: int, seconds: float) -> None:
        self._entries_max, self._nanos = entries_max, int(seconds * 1e9)
        self._entries: OrderedDict[Key, tuple[Value, int]] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        """The value of a key, unless it is not known or too old."""
        found = self._entries.get(key)
        if found is None:
            return None
        if found[1] <= time.monotonic_ns():
            del self._entries[key]
            return None
        return found[0]

    def put(self, key: Key, value: Value) -> None:
        """Remembers a value from now on."""
        self._entries.pop(key, None)
        self._entries[key] = (value, time.monotonic_ns() + self._nanos)
        if len(self._entries) > self._entries_max:
            self._entries.popitem(last=False)

    def forget(self, key: Key) -> None:
        """Drops a key, where it is known."""
        self._entries.pop(key, None)

    def __len__(self) -> int:
        return len(self._entries)
