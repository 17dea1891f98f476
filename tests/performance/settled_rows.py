"""The rows of a settled month: each step from the draft to the last cent, with two hundred partners."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from tests.performance.plan import RowFailed
from tests.performance.settled_month import FORMATS, Month
from tests.performance.stage import Load, Loader, Stage

T = TypeVar("T")
_KIB_A_MIB: Final = 1 << 10
_MEMORY: Final = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


async def draft(stage: Stage, seconds: float) -> Load:
    """What is to be settled, and the whole of it as a checker reads it."""
    del seconds
    month = _month(stage)
    return await _step(stage, month.draft, lambda seen: len(seen["positions"]), "positions")


async def approve(stage: Stage, seconds: float) -> Load:
    """It is counted anew, and approved."""
    del seconds
    month = _month(stage)
    await month.draft()
    return await _step(stage, month.approve, lambda seen: len(seen["positions"]), "positions")


async def instruct(stage: Stage, seconds: float) -> Load:
    """Documents with their numbers, payments, and the files for the bank."""
    del seconds
    month = _month(stage)
    await month.approve()
    return await _step(stage, month.instruct, lambda run: len(run["documents"]), "documents")


async def documents(stage: Stage, seconds: float) -> Load:
    """Every document of the run, one after the other, as JSON, as PDF and as an e-invoice."""
    del seconds
    month = _month(stage)
    made = len((await month.instruct())["documents"])
    remarks: list[str] = []
    took = 0.0
    for wanted in FORMATS:
        found = await _step(stage, lambda wanted=wanted: month.render(wanted), lambda size: size, "bytes")
        took += found.seconds
        remarks.append(f"{wanted}: {made} documents in {found.seconds:.1f} s, {found.remarks[0]}")
    return Load(made, took, remarks=tuple(remarks), figure=took)


async def bank_in(stage: Stage, seconds: float) -> Load:
    """A statement of the bank with all payments on it."""
    del seconds
    month = _month(stage)
    await month.instruct()
    return await _step(stage, month.take, lambda items: items, "items")


async def trace(stage: Stage, seconds: float) -> Load:
    """Every account explained, and all its journals read."""
    del seconds
    month = _month(stage)
    await month.instruct()
    return await _step(stage, month.trace, lambda journals: journals, "journals")


def _month(stage: Stage) -> Month:
    if stage.month is None:
        raise RowFailed("there is no month to settle")
    return stage.month


async def _step(
    stage: Stage, work: Callable[[], Awaitable[T]], size: Callable[[T], int], of_what: str
) -> Load:
    """Does it once; the value is how long it takes. The remark: how much it was of, and what the service's memory rose to."""
    pid = stage.platform.pid_of("partners")
    # From here on the most that it takes is counted anew.
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    began = time.perf_counter()
    found = await work()
    took = time.perf_counter() - began
    memory = _MEMORY.search(Path(f"/proc/{pid}/status").read_text())
    if memory is None:
        raise RowFailed("the memory of the partners service cannot be read")
    told = f"{size(found):,} {of_what}, partners at {int(memory[1]) // _KIB_A_MIB} MiB at most"
    return Load(size(found), took, remarks=(told,), figure=took)


#: In the order of plan.SETTLED.
STEPS: Final[Sequence[Loader]] = (draft, approve, instruct, documents, bank_in, trace)
