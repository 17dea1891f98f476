"""What is measured, against what, and for how long."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
BENCH_FILE: Final = ROOT / "bench.json"
#: The whole run, start and stop of the platform included.
RUN_SECONDS_MAX: Final = 9 * 60.0
#: Kept free for stopping and for writing the results.
STOP_SECONDS: Final = 20.0
#: A backlog of relay and rating drains within this share of the run that made it.
DRAIN_SHARE_MAX: Final = 0.20
#: Longest that a row waits for its backlog at all.
DRAIN_SECONDS_MAX: Final = 60.0

ITEMS_A_CALL: Final = 256
CALLS_IN_FLIGHT: Final = 6
LINES_A_BATCH: Final = 1_000
BATCH_CONNECTIONS: Final = 4
HTTP_CONNECTIONS: Final = 64


class BenchRefused(Exception):
    """The run cannot start; the text says what to do about it."""


class RowFailed(Exception):
    """A row cannot be trusted: an answer was not what it should be, or a process died."""


@dataclass(frozen=True, slots=True)
class RowPlan:
    """A row: its name, the unit of its value, and the row it is compared with (empty: none).

    `posts`: it needs the filled books. `ratio_min`: the least ratio asked of it; 0: none.
    """

    name: str
    unit: str
    reference: str = ""
    posts: bool = False
    ratio_min: float = 0.0


PGBENCH: Final = RowPlan("pgbench.tpcb", "transactions/s")
POSTING: Final = RowPlan("posting.earn_batched", "postings/s", PGBENCH.name, posts=True)
MIXED: Final = RowPlan("posting.mixed", "postings/s", PGBENCH.name, posts=True, ratio_min=1.5)
BATCH: Final = RowPlan("http.batch_lines", "lines/s", PGBENCH.name, posts=True)
BARE: Final = RowPlan("http.bare", "requests/s")
NOOP: Final = RowPlan("http.noop", "requests/s", BARE.name, ratio_min=0.5)
EARN: Final = RowPlan("http.earn_single", "requests/s", NOOP.name, posts=True)
#: Rows that take turns, round by round: each subject runs in the same round as its reference.
CHAINS: Final = ((PGBENCH, POSTING, MIXED, BATCH), (BARE, NOOP, EARN))
ROWS: Final = tuple(row for chain in CHAINS for row in chain)


@dataclass(frozen=True, slots=True)
class Scale:
    """How large and how long. Times in seconds."""

    postings: int
    members: int
    cards: int
    partners: int
    rounds: int
    load_seconds: float
    warm_seconds: float
    pgbench_scale: int
    pgbench_seconds: int
    pgbench_trial_seconds: int
    pgbench_clients: tuple[int, ...]


FULL: Final = Scale(
    postings=1_000_000,
    members=100_000,
    cards=2_000,
    partners=20,
    rounds=3,
    load_seconds=12,
    warm_seconds=2,
    pgbench_scale=50,
    pgbench_seconds=15,
    pgbench_trial_seconds=6,
    pgbench_clients=(4, 8, 16, 32),
)
#: Shows in a minute that everything works; its figures mean nothing.
QUICK: Final = Scale(
    postings=20_000,
    members=2_000,
    cards=100,
    partners=20,
    rounds=1,
    load_seconds=2,
    warm_seconds=1,
    pgbench_scale=2,
    pgbench_seconds=2,
    pgbench_trial_seconds=1,
    pgbench_clients=(4, 8),
)


def chains_for(only: str) -> list[list[RowPlan]]:
    """The rows to run: all, or one with its reference. Raises BenchRefused for a name that is none."""
    if not only:
        return [list(chain) for chain in CHAINS]
    wanted = next((row for row in ROWS if row.name == only), None)
    if wanted is None:
        raise BenchRefused(f"no row is named {only!r}; there are {', '.join(row.name for row in ROWS)}")
    # Its reference is only that here, and compared with nothing itself.
    references = [replace(row, reference="", ratio_min=0) for row in ROWS if row.name == wanted.reference]
    return [[*references, wanted]]
