"""Verifies a statement file of a points coalition offline: `python statement.py FILE [--key KEY] [--previous FILE]`.

It stands alone: Python 3.11 and `cryptography`. KEY is the operator's public key as it was published, or a file with
it; --previous names the checkpoint that was kept from the last statement, or that statement's file. Exits with 0 and
says what was proved, or with 1 and names what is wrong. docs/statements.md explains the format.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import sys
from functools import partial
from hashlib import sha256, shake_256
from pathlib import Path
from struct import Struct
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "coalition statement 1"
NAMES = ["issued", "reversed", "charged", "credited", "released", "burned", "returned", "fee", "cycle_fee"]
# What entries of a kind differ by since they were re-rated, with the number of the re-rate; prices of either sign. What disputes gave back.
AGAIN = {f"{name}_difference": code for code, name in enumerate(NAMES[:8], 10)}
GIVEN = {f"adjustment_{name}": code for code, name in enumerate(("points", "fees", "reimbursement"), 18)}
KINDS = {name: code for code, name in enumerate(NAMES, 1)} | AGAIN | GIVEN | {"buy_out": 24}
BOOKED, TYPES = ("cycle_fee", "buy_out", *GIVEN), {"": 0, "base": 1, "bonus": 2}
# What an amount is of points times price, of the kinds that have points, in that order; a fee's price is its amount.
SIGNS = dict(zip([*NAMES[:7], *list(AGAIN)[:7]], (1, -1, 1, -1, 0, -1, 1) * 2, strict=True))
# Kinds that name the seq which issued their points; numbers of those that say what is due for a point once it is used.
EARNED, REDEEMABLE = ("charged", "credited", "released"), (1, 5, 10, 14, 24)
# Lists and numbers that are longer or larger are refused before they are used.
FILE_BYTES, WINDOWS, HASHES, LINES, ENTRIES, BLOCK = 2**31, 1_100, 64, 2**20, 2**27, 256
INT, SUM = 2**63 - 1, 2**128 - 1
HEAD = ("programme partner partner_id currency first_window last_window previous_window carry_in_micros "
        "net_minor carry_out_micros opening_minor closing_minor objection_until_us lines")  # fmt: skip
RECORD = "window first_seq last_seq batch_no batch_hash partners root totals"
NOTE = re.compile(r"(?a)([^\s+]+)\n([1-9]\d{0,8})\n([A-Za-z0-9+/=]{44})\n\n— ([^\s+]+) ([A-Za-z0-9+/=]{92})\n")  # fmt: skip
KEY = re.compile(r"([^\s+]{1,200})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{44})")
LEAF = Struct(">c16sIQQ16sBBQqqqQH").pack
Node = tuple[bytes, tuple[int, ...]]


class Refused(Exception):
    """What is wrong, and where."""


def expect(holds: bool, message: str) -> None:
    """Raises Refused with the message unless this holds."""
    if not holds:
        raise Refused(message)


def digest(*parts: bytes) -> bytes:
    """SHA-256 of the parts as one."""
    return sha256(b"".join(parts)).digest()


def whole(value: Any, low: int, high: int, where: str) -> int:
    """A whole number in a range, both ends included; true and false are none."""
    expect(type(value) is int and low <= value <= high, f"{where}: {value!r} is not from {low} to {high}")
    return int(value)


def text(value: Any, pattern: str, where: str) -> str:
    """Text of one shape."""
    fits = isinstance(value, str) and re.fullmatch(pattern, value) is not None
    expect(fits, f"{where}: {str(value)[:80]!r} is not as it must be")
    return str(value)


def hashes(value: Any, where: str) -> list[bytes]:
    """A list of hashes, each 32 bytes in lower-case hexadecimal."""
    return [bytes.fromhex(text(each, "[0-9a-f]{64}", where)) for each in items(value, HASHES, where)]


def fields(value: Any, names: str, where: str) -> Any:
    """An object with exactly these members."""
    expect(isinstance(value, dict), f"{where}: not an object")
    expect(set(value) == set(names.split()), f"{where}: its fields are not {names}")
    return value


def items(value: Any, at_most: int, where: str) -> list[Any]:
    """A list that is not too long."""
    expect(isinstance(value, list), f"{where}: not a list")
    expect(len(value) <= at_most, f"{where}: a list of more than {at_most}")
    return list(value)


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object none of whose fields stands twice."""
    found = dict(pairs)
    expect(len(found) == len(pairs), "a field stands twice in one object")
    return found


def refuse(what: str) -> Any:
    """Refuses fractions, exponents, infinities."""
    raise Refused(f"{what!r} is no whole number")


def parsed(content: bytes) -> Any:
    """Strict JSON."""
    expect(len(content) <= FILE_BYTES, "the file is too large")
    try:
        return json.loads(content.decode(), object_pairs_hook=once, parse_float=refuse, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise Refused(f"this is no JSON as it must be: {error}") from error


def canonical(document: Any) -> bytes:
    """The one way to write a document as bytes."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def decoded(value: str, where: str) -> bytes:
    """Base64 that is written in the one canonical way."""
    try:
        found = base64.b64decode(value, validate=True)
    except ValueError as error:
        raise Refused(f"{where}: {error}") from error
    expect(base64.b64encode(found).decode() == value, f"{where}: base64 that is not canonical")
    return found


def opened(note: Any, key: Any, where: str) -> tuple[int, bytes]:
    """The size and root of a checkpoint that is signed by a key. Raises Refused."""
    found = NOTE.fullmatch(note) if isinstance(note, str) else None
    words = KEY.fullmatch(key) if isinstance(key, str) else None
    if found is None or words is None:
        raise Refused(f"{where} is not a signed note of three lines and one signature, or key is no key")
    origin, size, root, name, line = found.groups()
    public, signed = decoded(words[3], "key"), decoded(line, f"{where}, signature")
    key_id = digest(words[1].encode() + b"\n", public)[:4]
    expect(public[:1] == b"\x01" and key_id.hex() == words[2], "key: its id is not that of its bytes")
    expect(origin == name == words[1] and signed[:4] == key_id, f"{where} is not signed with {key}")
    try:
        signs = Ed25519PublicKey.from_public_bytes(public[1:])
        signs.verify(signed[4:], note.partition("\n\n")[0].encode() + b"\n")
    except (InvalidSignature, ValueError) as error:
        raise Refused(f"{where}: its signature is not that of {key}") from error
    return int(size), decoded(root, where)


def label(node: Node) -> bytes:
    """A node as its parent hashes it."""
    expect(max(node[1]) <= SUM, "a sum does not fit 128 bits")
    return node[0] + b"".join(each.to_bytes(16, "big") for each in node[1])


def entry_node(left: Node, right: Node, prefix: bytes = b"\x01") -> Node:
    """The node above two."""
    sums = tuple(a + b for a, b in zip(left[1], right[1], strict=True))
    return digest(prefix, label(left), label(right)), sums


partner_node = partial(entry_node, prefix=b"\x03")


def log_node(left: bytes, right: bytes) -> bytes:
    """The hash above two in the log."""
    return digest(b"\x01", left, right)


def climbed(leaf: Any, place: int, count: int, path: list[Any], join: Any, where: str) -> Any:
    """The root above a leaf, by its siblings from the lowest up."""
    expect(place < count, f"{where}: there is no place {place} among {count}")
    siblings = iter(path)
    while count > 1:
        if place ^ 1 < count:
            sibling = next(siblings, None)
            expect(sibling is not None, f"{where}: hashes are missing")
            leaf = join(sibling, leaf) if place & 1 else join(leaf, sibling)
        place, count = place // 2, (count + 1) // 2
    expect(next(siblings, None) is None, f"{where}: there are hashes too many")
    return leaf


def consistent(old_size: int, old_root: bytes, size: int, root: bytes, proof: list[bytes]) -> bool:
    """Whether the log of a root begins with all that an older one had: RFC 9162, 2.1.4.2."""
    if not proof or not 0 < old_size < size:
        return False
    proof = [old_root, *proof] if old_size & (old_size - 1) == 0 else proof
    place, last = old_size - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = proof[0]
    for each in proof[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = log_node(each, old), log_node(each, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = log_node(new, each)
        place, last = place >> 1, last >> 1
    return last == 0 and old == old_root and new == root


def leaf_of(entry: Any, salt: bytes, partner: bytes, record: Any, where: str) -> Node:
    """The leaf of an entry, which is looked at by itself."""
    seq, line, kind, of_type, points, price, amount, later, earned, entity, check = entry
    expect(isinstance(kind, str) and kind in KINDS, f"{where}: {kind!r} is no kind")
    for value in (seq, line, points, earned, *(() if kind in AGAIN | GIVEN else (price, later))):
        whole(value, 0, INT, where)
    for value in (price, later, amount, whole(entity, 1, 1_000, where)):
        whole(value, -INT, INT, where)
    expect(isinstance(of_type, str) and of_type in TYPES, f"{where}: {of_type!r} is no type of points")
    inside = seq == 0 if kind in BOOKED else record["first_seq"] <= seq <= record["last_seq"]
    expect(seq > 0 if kind in AGAIN else inside, f"{where}: seq of another window")
    priced = amount == (SIGNS[kind] * points * price if kind in SIGNS else price)
    expect(priced, f"{where}: {amount} micros are not {points} points at {price}")
    typed = (points > 0) == (of_type != "") == (kind in SIGNS)
    expect(typed, f"{where}: {points} points of type {of_type!r} do not go with its kind")
    named = 0 < earned < seq if kind in EARNED else (earned > 0) == (kind in AGAIN)
    expect(named, f"{where}: issued by seq, or re-rated by number, {earned}")
    expect(later == 0 or KINDS[kind] in REDEEMABLE, f"{where}: {later} micros due at redemption")
    says = seq, line, partner, KINDS[kind], TYPES[of_type], points, price, amount, later, earned, entity
    found = sha256(LEAF(b"\x00", salt, record["window"], *says)).digest()
    expect(check == found[:4].hex(), f"{where}: changed, or an entry before it was taken away or put in")
    issued, burned = points * (kind == "issued"), points * (kind == "burned")
    return found, (1, issued, burned, max(amount, 0), max(-amount, 0))


def tree_of(entries: list[Any], partner: bytes, record: Any, secret: bytes, folds: Any) -> Node:
    """The root over the leaves of a window; what they come to is added to `folds`."""
    nodes: list[Node] = []
    salts, before = b"", (False, 0, -1, -1)
    for at, entry in enumerate(entries):
        where = f"window {record['window']}, entry {at + 1} {str(entry)[:100]}"
        expect(len(items(entry, 11, where)) == 11, f"{where}: an entry has eleven values")
        if at % BLOCK == 0:
            salts = shake_256(b"\x05" + secret + (at // BLOCK).to_bytes(4, "big")).digest(16 * BLOCK)
        nodes.append(leaf_of(entry, salts[at % BLOCK * 16 :][:16], partner, record, where))
        last, before = before, (entry[2] not in AGAIN, entry[8] * (entry[2] in AGAIN), *entry[:2])
        expect(before > last, f"{where}: it stands twice, or in the wrong place")
        fold = folds.setdefault((entry[2], entry[3], entry[9], entry[5]), [0, 0, 0])
        fold[:] = fold[0] + 1, fold[1] + entry[4], fold[2] + entry[6]
    while len(nodes) > 1:
        pairs = [nodes[at : at + 2] for at in range(0, len(nodes), 2)]
        nodes = [entry_node(pair[0], pair[1]) if len(pair) == 2 else pair[0] for pair in pairs]
    return nodes[0] if nodes else (digest(b"\x04"), (0,) * 5)


def check_entries(window: Any, number: int, head: Any, log: Any, folds: Any) -> tuple[Any, Node]:
    """Proves the record of a window, and looks at its entries one by one; answers it and the root over them."""
    where = f"window {number}"
    fields(window, "record inclusion secret place path entries", where)
    record, inclusion = fields(window["record"], RECORD, where), hashes(window["inclusion"], where)
    root = climbed(digest(b"\x00", canonical(record)), number - 1, log[0], inclusion, log_node, where)
    expect(root == log[1], f"{where}: its record or inclusion is not what the checkpoint has")
    # From here on the record is what was signed; its shape is the signer's word.
    expect(record["window"] == number, f"{where}: the record is of window {record['window']}")
    secret, partner = hashes([window["secret"]], where)[0], bytes.fromhex(head["partner_id"])
    return record, tree_of(items(window["entries"], ENTRIES, where), partner, record, secret, folds)


def check_path(window: Any, head: Any, record: Any, mine: Node) -> None:
    """Proves the entries of a window, and the head of the statement where it ends, up to the window's record."""
    where = f"window {record['window']}"
    secret, partner = bytes.fromhex(window["secret"]), bytes.fromhex(head["partner_id"])
    ends = digest(b"\x07", canonical(head)) if record["window"] == head["last_window"] else bytes(32)
    path: list[Node] = []
    for node in items(window["path"], HASHES, where):
        expect(len(items(node, 6, where)) == 6, f"{where}, path: a node has six values")
        sums = tuple(whole(value, 0, SUM, f"{where}, path") for value in node[1:])
        path.append((hashes(node[:1], f"{where}, path")[0], sums))
    leaf = digest(b"\x02", digest(b"\x06", secret), partner, ends, label(mine)), mine[1]
    place = whole(window["place"], 0, INT, f"{where}, place")
    top = climbed(leaf, place, record["partners"], path, partner_node, f"{where}, path")
    signed = bytes.fromhex(record["root"]), tuple(record["totals"])
    what = f"its {mine[1][0]} entries, the head of the statement, secret, place or path"
    expect(top == signed, f"{where}: {what} are not what was signed")


def check_lines(head: Any, folds: dict[Any, list[int]]) -> None:
    """The lines are the fold of the entries, and the net is their sum and the carry, rounded half-even."""
    order = sorted(folds, key=lambda fold: (KINDS[fold[0]], *fold[1:]))
    made = [[*fold[:2], *folds[fold][:2], fold[3], folds[fold][2], fold[2]] for fold in order]
    lines = items(head["lines"], LINES, "statement, lines")
    for at in range(max(len(lines), len(made))):
        says, is_so = (each[at] if at < len(each) else "nothing" for each in (lines, made))
        what = f"statement, line {at + 1}: it says {says}, the entries make {is_so}"
        expect(canonical(says) == canonical(is_so), what)
    due = sum(line[5] for line in made) + whole(head["carry_in_micros"], -5_000, 5_000, "carry in")
    net, rest = divmod(due, 10_000)
    net += rest > 5_000 or (rest == 5_000 and net % 2 == 1)
    says, is_so = (head["net_minor"], head["carry_out_micros"]), (net, due - net * 10_000)
    expect(canonical(says) == canonical(is_so), f"net, carry out: it says {says}, the entries make {is_so}")
    opening, closing = (whole(head[name], -INT, INT, name) for name in ("opening_minor", "closing_minor"))
    expect(closing == opening + net, f"opening, closing: {closing} is not {opening} and the net of {net}")


def check_head(head: Any) -> None:
    """The head of a statement has the shape that it must have; what it says is proved with the entries."""
    fields(head, HEAD, "statement")
    text(head["partner_id"], "[0-9a-f]{32}", "statement, partner_id")
    for name in ("programme", "partner", "currency"):
        text(head[name], "[A-Za-z0-9-]{1,100}", f"statement, {name}")
    first = whole(head["first_window"], 1, 10**8, "statement, first_window")
    whole(head["last_window"], first, first + WINDOWS - 1, "statement, last_window")
    whole(head["objection_until_us"], 1, INT, "statement, objection_until_us")
    before = whole(head["previous_window"], 0, first - 1, "statement, previous_window")
    expect(before in (0, first - 1), "statement, previous_window: windows in between are missing")


def check_previous(file: Any, head: Any, log: tuple[int, bytes], kept: bytes | None) -> None:
    """The log of this statement still has all that the log of the last one had."""
    proof = hashes(file["consistency"], "consistency")
    if head["previous_window"] == 0:
        alone = file["previous"] == "" and not proof and kept is None
        expect(alone, "previous: this is said to be the first statement, and there is one before it")
        expect(head["carry_in_micros"] == head["opening_minor"] == 0, "carry in, opening: nothing before")
        return
    old = opened(file["previous"], file["key"], "previous")
    expect(old[0] == head["previous_window"], f"previous: a checkpoint of window {old[0]}")
    expect(consistent(*old, *log, proof), "consistency: not a proof that the log continues the previous one")
    if kept is None:
        return
    last: Any = parsed(kept) if kept[:1] == b"{" else {"checkpoint": kept.decode("utf-8", "replace")}
    expect(isinstance(last, dict), "previous: what was kept is neither a checkpoint nor a statement file")
    expect(last.get("checkpoint") == file["previous"], "previous: the file does not continue what was kept")
    if "statement" in last:
        left = fields(last["statement"], HEAD, "previous, statement")
        carried, due = left["carry_out_micros"], left["closing_minor"]
        expect(carried == head["carry_in_micros"], f"carry in: the last statement carried {carried} out")
        expect(due == head["opening_minor"], f"opening: the last statement closed with {due}")


def verify(content: bytes, key: str = "", previous: bytes | None = None) -> list[str]:
    """What a statement file proves, sentence by sentence. Raises Refused, which names what is wrong.

    `key`: the published key; empty: the file's own. `previous`: what was kept of the last statement.
    """
    file = fields(parsed(content), "format statement key checkpoint previous consistency windows", "the file")
    expect(file["format"] == FORMAT, f"format: {file['format']!r} is not {FORMAT!r}")
    expect(key in ("", file["key"]), "key: the file is signed with another key than the one that was given")
    head = file["statement"]
    check_head(head)
    log = opened(file["checkpoint"], file["key"], "checkpoint")
    expect(log[0] == head["last_window"], f"checkpoint: it is of window {log[0]}")
    of = file["key"].partition("+")[0].rpartition("/")[2]
    expect(of == head["programme"], f"statement, programme: the checkpoint is of {of}")
    check_previous(file, head, log, previous)
    windows, first = items(file["windows"], WINDOWS, "windows"), head["first_window"]
    expect(len(windows) == head["last_window"] - first + 1, "windows: not those that the statement covers")
    folds: dict[Any, list[int]] = {}
    seen = [check_entries(each, first + at, head, log, folds) for at, each in enumerate(windows)]
    check_lines(head, folds)
    for window, (record, mine) in zip(windows, seen, strict=True):
        check_path(window, head, record, mine)
    return told(file, [record for record, _ in seen], sum(fold[0] for fold in folds.values()), key, previous)


def told(file: Any, records: list[Any], count: int, key: str, previous: bytes | None) -> list[str]:
    """What was proved, with figures, and what cannot be."""
    head, last = file["statement"], records[-1]
    given = "" if key else " (the file's own word: compare it with the published one, --key)"
    kept = "" if previous else " (the file's own word: compare it with the one you kept, --previous)"
    since = head["previous_window"]
    before = f"continues window {since}{kept}" if since else "is the first"
    totals = "{} entries, {} points issued, {} burned, {} micros owed, {} received".format(*last["totals"])
    span = f"windows {head['first_window']} to {last['window']}, seq {records[0]['first_seq']} to {last['last_seq']}"
    carries = f"{head['carry_in_micros']} micros carried in, {head['carry_out_micros']} carried out"
    return [
        f"statement of {head['partner']} in {head['programme']}: {span}",
        f"proved: its {count} entries are what was signed, and its {len(head['lines'])} lines are their sums",
        f"proved: net {head['net_minor']} minor units {head['currency']}, with {carries}",
        f"proved: {head['opening_minor']} minor units were due before, {head['closing_minor']} are due now",
        f"proved: they are part of window {last['window']} of {last['partners']} partners: {totals}",
        f"signed with it: batch {last['batch_no']} of the ledger's chain, {last['batch_hash']}",
        f"signed with {file['key']}{given}; it {before}",
        "not proved: entries of which you have no record yourself, and what other partners were shown",
    ]


def main(arguments: list[str] | None = None) -> int:
    """The command; answers its exit code."""
    parser = argparse.ArgumentParser(description="Verify a statement file offline.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", default="", help="the published key, or a file with it")
    parser.add_argument("--previous", type=Path, help="what was kept last time: checkpoint or statement file")
    asked = parser.parse_args(arguments)
    try:
        key = asked.key if "+" in asked.key or not asked.key else Path(asked.key).read_text().strip()
        kept = asked.previous.read_bytes() if asked.previous else None
        sys.stdout.write("\n".join(verify(asked.file.read_bytes(), key, kept)) + "\n")
    except (Refused, OSError) as error:
        sys.stderr.write(f"refused: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
