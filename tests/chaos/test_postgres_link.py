"""A COMMIT is seen whatever way the bytes come, and cut where it was asked for."""

from __future__ import annotations

import struct

import pytest

from tests.chaos.links import Cut
from tests.chaos.postgres_link import CommitCut, CommitCuts, PostgresTap
from tests.chaos.schedule import Moment

IDLE, IN_TRANSACTION = b"I", b"T"


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def query(text: str) -> bytes:
    return message(b"Q", text.encode() + b"\0")


def prepare(name: str, text: str) -> bytes:
    return message(b"P", f"{name}\0{text}\0".encode() + b"\0\0")


def run(name: str) -> bytes:
    return message(b"B", f"\0{name}\0".encode() + b"\0" * 6) + message(b"S", b"")


def ready(status: bytes) -> bytes:
    return message(b"Z", status)


COMMITTED = message(b"C", b"COMMIT\0")
SSL_REQUEST = struct.pack("!II", 8, 80_877_103)
START = b"user\0coalition_points\0application_name\0coalition-points\0\0"


def started(*cuts: CommitCut) -> tuple[PostgresTap, CommitCuts]:
    """A connection of the process `points` that has logged in."""
    waiting = CommitCuts()
    waiting.armed += cuts
    tap = waiting.tap()
    assert tap.from_client(SSL_REQUEST) == SSL_REQUEST
    assert tap.from_server(b"N") == b"N"
    start = struct.pack("!II", len(START) + 8, 196_608) + START
    assert tap.from_client(start) == start
    assert tap.from_server(ready(IDLE)) == ready(IDLE)
    return tap, waiting


def cut(moment: Moment, process: str = "points") -> tuple[CommitCut, list[str]]:
    struck: list[str] = []
    return CommitCut(process, moment, lambda: struck.append(moment)), struck


def write_in_transaction(tap: PostgresTap) -> None:
    for sent in (query("BEGIN;"), prepare("s1", "SELECT ledger_write($1)"), run("s1")):
        assert tap.from_client(sent) == sent
    assert tap.from_server(ready(IN_TRANSACTION)) == ready(IN_TRANSACTION)


def test_a_commit_that_the_server_is_not_to_see_goes_nowhere() -> None:
    asked, struck = cut(Moment.BEFORE)
    tap, waiting = started(asked)
    write_in_transaction(tap)
    with pytest.raises(Cut):
        tap.from_client(query("COMMIT;"))
    assert (struck, waiting.armed) == ([Moment.BEFORE], [])


def test_a_commit_whose_end_nobody_waits_for_is_the_last_that_goes() -> None:
    asked, struck = cut(Moment.AT)
    tap, _ = started(asked)
    write_in_transaction(tap)
    assert tap.from_client(query("COMMIT;") + query("BEGIN;")) == query("COMMIT;")
    assert struck == []
    with pytest.raises(Cut):
        tap.passed()
    assert struck == [Moment.AT]


def test_a_commit_that_is_done_and_not_to_be_heard_of_is_withheld() -> None:
    asked, struck = cut(Moment.UNHEARD)
    tap, _ = started(asked)
    write_in_transaction(tap)
    assert tap.from_client(query("COMMIT;")) == query("COMMIT;")
    tap.passed()
    assert struck == []
    with pytest.raises(Cut):
        tap.from_server(COMMITTED + ready(IDLE))
    assert struck == [Moment.UNHEARD]


def test_a_statement_by_itself_is_committed_where_it_ends() -> None:
    asked, struck = cut(Moment.UNHEARD)
    tap, _ = started(asked)
    tap.from_client(prepare("", "UPDATE relay_cursor SET pos = 1") + run(""))
    assert tap.from_server(message(b"C", b"UPDATE 1\0")) == b""
    with pytest.raises(Cut):
        tap.from_server(ready(IDLE))
    assert struck == [Moment.UNHEARD]


def test_what_reads_and_what_others_write_is_left_alone() -> None:
    asked, struck = cut(Moment.BEFORE, "partners")
    tap, waiting = started(asked)
    write_in_transaction(tap)
    assert tap.from_client(query("COMMIT;")) == query("COMMIT;")
    asked, struck_too = cut(Moment.BEFORE)
    waiting.armed.append(asked)
    for sent in (query("BEGIN;"), prepare("s2", "SELECT 1"), run("s2"), query("COMMIT;")):
        assert tap.from_client(sent) == sent
    assert (struck, struck_too) == ([], [])


def test_bytes_that_come_one_by_one_are_the_same_messages() -> None:
    asked, _ = cut(Moment.BEFORE)
    tap, _ = started(asked)
    sent = query("BEGIN;") + prepare("s1", "INSERT INTO t VALUES (1)") + run("s1")
    assert b"".join(tap.from_client(bytes([byte])) for byte in sent) == sent
    answered = message(b"C", b"INSERT 0 1\0") + ready(IN_TRANSACTION)
    assert b"".join(tap.from_server(bytes([byte])) for byte in answered) == answered
    *commit, last = query("COMMIT")
    assert b"".join(tap.from_client(bytes([byte])) for byte in commit) == b""
    with pytest.raises(Cut):
        tap.from_client(bytes([last]))
