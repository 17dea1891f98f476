"""Files that want to do harm, or are no files of a bank at all, are refused clearly and in bounded memory."""

import tracemalloc
from collections.abc import Iterator

import pytest
from coalition.type.v1.reason_pb2 import Reason

from services.partners.bank import reading, trees
from services.partners.bank.limits import FILE_BYTES_MAX
from services.partners.bank.reading import read_bank_file
from services.runtime.errors import InvalidRequest
from tests.support.bank_files import camt, camt_statement, entry, transaction

MIB = 1024 * 1024
GOOD = camt(camt_statement(entry(inner=transaction())))
_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMB = GOOD.replace(
    b"?><Document", f'?><!DOCTYPE Document [<!ENTITY l0 "lol">{_LAUGHS}]><Document'.encode()
).replace(b"S-1", b"&l9;")
QUADRATIC = GOOD.replace(
    b"?><Document", b'?><!DOCTYPE Document [<!ENTITY a "' + b"a" * 50_000 + b'">]><Document'
).replace(b"S-1", b"&a;" * 10_000)
FETCHED = GOOD.replace(
    b"?><Document", b'?><!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/passwd">]><Document'
).replace(b"S-1", b"&x;")
REMOTE_DTD = GOOD.replace(b"?><Document", b'?><!DOCTYPE Document SYSTEM "http://127.0.0.1:1/x.dtd"><Document')


def refused(pieces: Iterator[bytes] | list[bytes]) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as error:
        read_bank_file(pieces)
    return error.value


@pytest.mark.parametrize("xml", [BOMB, QUADRATIC, FETCHED, REMOTE_DTD])
def test_entities_and_document_types_are_never_read(xml: bytes):
    assert "entities" in str(refused([xml]))


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        GOOD[:-20],
        GOOD[: len(GOOD) // 2],
        GOOD + b"<more/>",
        GOOD.replace(b"</Acct>", b"</Acc>"),
        b"PK\x03\x04" + bytes(100),
        b"%PDF-1.7 ...",
        b":20:STARTUMS\r\n:25:10010010/1234567\r\n",
        bytes(1000),
        b"\xff\xfe\x00",
        GOOD.replace(b"UTF-8", b"no-such"),
        GOOD.replace(b"UTF-8", b"utf-7"),
        GOOD.replace(b"S-1", b"S-\xff1"),
        GOOD.replace(b"S-1", b"S-\x001"),
    ],
)
def test_what_is_no_whole_xml_is_refused(xml: bytes):
    assert refused([xml]).metadata["field"] == "file"


class Upload:
    """A gigabyte of entries that nobody has: made as it is asked for."""

    def __init__(self, piece: bytes) -> None:
        self.sent = 0
        self._piece = piece * (MIB // len(piece))

    def __iter__(self) -> Iterator[bytes]:
        yield GOOD[: GOOD.index(b"<Ntry>")]
        while self.sent < 1024 * MIB:
            self.sent += len(self._piece)
            yield self._piece


@pytest.mark.parametrize("piece", [entry(inner=transaction()).encode(), b"<!-- nothing -->", b" "])
def test_an_upload_of_a_gigabyte_is_refused_at_the_limit_and_no_more_is_taken(piece: bytes):
    upload = Upload(piece)
    error = refused(iter(upload))
    assert error.reason in (Reason.REASON_BODY_TOO_LARGE, Reason.REASON_INVALID_REQUEST)
    assert upload.sent <= FILE_BYTES_MAX + 2 * MIB


def test_memory_is_bounded_by_a_part_and_not_by_the_file(monkeypatch: pytest.MonkeyPatch):
    def peak(entries: int) -> int:
        def pieces() -> Iterator[bytes]:
            yield GOOD[: GOOD.index(b"<Ntry>")]
            for _ in range(entries):
                # Announced only, so that nothing of it is kept.
                yield entry(status="<Cd>PDNG</Cd>", inner=transaction()).encode()
            yield GOOD[GOOD.index(b"</Stmt>") :]

        tracemalloc.start()
        read_bank_file(pieces())
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(8_000) < 2 * peak(200)


def test_elements_are_not_kept_without_end():
    head = GOOD[: GOOD.index(b"<Ntry>")]
    many = (b"<x/>" * 10_000 for _ in range(1_000))
    assert "at most 500,000 elements" in str(refused(iter([head, *many])))


def test_elements_are_not_read_without_bottom():
    assert "64 deep" in str(refused([GOOD[: GOOD.index(b"<Ntry>")] + b"<a>" * 100_000]))


def test_a_value_has_an_end():
    assert "characters" in str(refused([GOOD.replace(b"S-1", b"S" * 200_000)]))
    assert "35 characters" in str(refused([GOOD.replace(b"S-1", b"S" * 36)]))


def test_movements_are_counted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "ITEMS_MAX", 3)
    assert read_bank_file([camt(camt_statement(*[entry()] * 3))])
    assert "at most 3 movements" in str(refused([camt(camt_statement(*[entry()] * 4))]))


def test_an_entry_that_stands_where_none_belongs_is_refused():
    assert "Ntry" in str(refused([camt(camt_statement(f"<Splmtry>{entry()}</Splmtry>"))]).metadata["field"])


def test_limits_are_looked_at_within_a_large_piece(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(trees, "ELEMENTS_KEPT_MAX", 50)
    # Many entries are none too many: each is forgotten once it is read.
    assert read_bank_file([camt(camt_statement(*[entry()] * 100))])
    head = GOOD[: GOOD.index(b"<Ntry>")]
    assert "at most 50 elements" in str(refused([head + b"<x/>" * 1_000_000]))
