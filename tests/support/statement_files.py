"""Statement files made of entries that a test names, through the domain that makes the real ones; no database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from uuid import UUID

from services.partners.domain.netting import net_partner
from services.partners.domain.proof import log
from services.partners.domain.proof.columns import KIND_CODES, TYPE_CODES
from services.partners.domain.proof.leaves import BLOCK_LEAVES, ROW, PartnerTrees, owner_of, written
from services.partners.domain.proof.record import (
    NO_STATEMENT,
    JournalEnd,
    PartnerTree,
    StatementHead,
    checkpoint_text,
    record_of,
)
from services.partners.domain.proof.statement_file import (
    BETWEEN_WINDOWS,
    END,
    WINDOW_END,
    Opening,
    ProvedWindow,
    entries_written,
)
from services.partners.domain.proof.sum_tree import EMPTY, Node, path_of
from services.partners.domain.windows import Window, WindowState
from services.runtime.signed_note import NoteSigner

ROOT_KEY: Final = bytes(range(32))
SIGNER: Final = NoteSigner(bytes(range(32, 64)))
ORIGIN: Final = "points.example/plaza"
KEY: Final = SIGNER.verifier_key(ORIGIN)
LEDGER_ID: Final = 7
# What an amount is of points times price; of fees it is the price.
_SIGNS: Final = {
    "issued": 1, "reversed": -1, "charged": 1, "credited": -1, "released": 0, "burned": -1, "returned": 1,
}  # fmt: skip
DIFFERENCE: Final = "_difference"
_OBJECTION_UNTIL_US: Final = 1_485_000_000_000_000
_DAY_US: Final = 86_400_000_000


@dataclass(frozen=True)
class Said:
    """An entry as a test says it; the amount follows."""

    seq: int
    line: int
    kind: str
    points: int
    price: int
    point_type: str = "base"
    redemption: int = 0
    earned_seq: int = 0
    entity: int = 1

    @property
    def amount(self) -> int:
        sign = _SIGNS.get(self.kind.removesuffix(DIFFERENCE))
        return self.price if sign is None else sign * self.points * self.price

    @property
    def place(self) -> tuple[bool, int, int, int]:
        """Its place among the entries of a window: differences first, by re-rate."""
        again = self.kind.endswith(DIFFERENCE)
        return (not again, self.earned_seq if again else 0, self.seq, self.line)


def fee(seq: int, line: int, price: int) -> Said:
    """What is owed for a posting itself."""
    return Said(seq, line, "fee", 0, price, "")


def cycle_fee(number: int, amount: int) -> Said:
    """What is booked with a statement."""
    return Said(0, number, "cycle_fee", 0, amount, "")


def buy_out(number: int, amount: int, outstanding: int) -> Said:
    """What is booked of a partner that has left, for all of its points that are left."""
    return Said(0, number, "buy_out", 0, amount, "", outstanding)


def given_back(number: int, of: str, amount: int) -> Said:
    """What is booked after a dispute, above zero: of `points`, `fees` or `reimbursement`."""
    return Said(0, number, f"adjustment_{of}", 0, -amount, "")


def difference(of: Said, by: int, number: int = 1, later: int = 0, line: int | None = None) -> Said:
    """What a re-rate makes an entry differ by: its price, and what is due once its points are used."""
    placed = of.line if line is None else line
    return Said(of.seq, placed, f"{of.kind}{DIFFERENCE}", of.points, by, of.point_type, later, number)


def packed(partner_id: UUID, entries: Sequence[Said]) -> bytes:
    """The rows as the database streams them: what is booked, then what is rated, in the order of seq and line."""
    return b"".join(
        ROW.pack(
            partner_id.bytes, each.seq, each.line, KIND_CODES[each.kind], TYPE_CODES[each.point_type],
            each.points, each.price, each.amount, each.redemption, each.earned_seq, each.entity,
        )
        for each in sorted(entries, key=lambda each: each.place)
    )  # fmt: skip


@dataclass
class Coalition:
    """Partners whose windows are stated one after the other."""

    partners: Mapping[str, UUID]
    records: list[bytes] = field(default_factory=list[bytes])
    notes: list[str] = field(default_factory=list[str])
    trees: list[list[tuple[PartnerTree, Node]]] = field(default_factory=list[list[tuple[PartnerTree, Node]]])
    windows: list[Window] = field(default_factory=list[Window])
    entries: list[Mapping[str, Sequence[Said]]] = field(default_factory=list[Mapping[str, Sequence[Said]]])
    heads: dict[tuple[str, int], StatementHead] = field(default_factory=dict[tuple[str, int], StatementHead])

    def state(
        self, last_seq: int, entries: Mapping[str, Sequence[Said]], billed: Sequence[str] | None = None
    ) -> int:
        """States the next window; `billed`: whose statements end with it (None: everybody's). Answers its number."""
        number = len(self.windows) + 1
        first_seq = self.windows[-1].last_seq + 1 if self.windows else 1
        window = Window(number, number, number + 1, first_seq, last_seq, WindowState.AGGREGATED)
        self.windows.append(window)
        self.entries.append(entries)
        grown = PartnerTrees(ROOT_KEY, LEDGER_ID, number)
        for slug in sorted(entries, key=lambda slug: self.partners[slug].bytes):
            grown.add(packed(self.partners[slug], entries[slug]))
        roots = grown.roots()
        trees: list[tuple[PartnerTree, Node]] = []
        for slug, partner_id in self.partners.items():
            digest = NO_STATEMENT
            if billed is None or slug in billed:
                digest = self._head(slug, number).digest()
            tree = PartnerTree(partner_id, roots.get(partner_id, EMPTY), digest)
            trees.append((tree, tree.leaf(owner_of(ROOT_KEY, LEDGER_ID, partner_id, number))))
        trees.sort(key=lambda each: each[1][0])
        self.trees.append(trees)
        end = JournalEnd(number * 3, sha256(str(number).encode()).digest())
        self.records.append(record_of(window, end, [leaf for _, leaf in trees]))
        root = log.root_of([log.leaf_of(record) for record in self.records])
        self.notes.append(SIGNER.sign(ORIGIN, checkpoint_text(ORIGIN, number, root)))
        return number

    def file(self, slug: str, number: int) -> bytes:
        """The file of the statement that ends with a window."""
        head, partner_id = self.heads[slug, number], self.partners[slug]
        leaves = [log.leaf_of(record) for record in self.records[:number]]
        before = head.previous_window
        text = Opening(
            head, KEY, self.notes[number - 1], self.notes[before - 1] if before else "",
            log.consistency_of(leaves, before),
        ).written()  # fmt: skip
        for each in range(head.first_window, number + 1):
            owner = owner_of(ROOT_KEY, LEDGER_ID, partner_id, each)
            trees = self.trees[each - 1]
            place = next(at for at, (tree, _) in enumerate(trees) if tree.partner_id == partner_id)
            text += BETWEEN_WINDOWS if each > head.first_window else "\n"
            text += ProvedWindow(
                self.records[each - 1].decode(), log.inclusion_of(leaves, each - 1), owner.secret, place,
                path_of([leaf for _, leaf in trees], place),
            ).written()  # fmt: skip
            rows, size = packed(partner_id, self.entries[each - 1].get(slug, ())), BLOCK_LEAVES * ROW.size
            for block, start in enumerate(range(0, len(rows), size)):
                text += entries_written(written(rows[start : start + size], owner, block), start == 0)
            text += WINDOW_END
        return (text + END).encode()

    def _head(self, slug: str, number: int) -> StatementHead:
        before = max((last for of, last in self.heads if of == slug), default=0)
        carry = self.heads[slug, before].carry_out_micros if before else 0
        folds: dict[tuple[str, str, int, int], list[int]] = {}
        # A partner's first statement covers the window that it begins with, unless it was billed later.
        first = before + 1
        for covered in self.entries[first - 1 : number]:
            for said in covered.get(slug, ()):
                fold = folds.setdefault((said.kind, said.point_type, said.entity, said.price), [0, 0, 0])
                fold[:] = fold[0] + 1, fold[1] + said.points, fold[2] + said.amount
        order = sorted(folds, key=lambda each: (KIND_CODES[each[0]], *each[1:]))
        exact = sum(fold[2] for fold in folds.values())
        net = net_partner(self.partners[slug], {}, exact, carry)
        head = StatementHead(
            "plaza", slug, self.partners[slug], "EUR", first, number, before, carry, net.net_minor,
            net.carry_out_micros, self.heads[slug, before].closing_minor if before else 0,
            _OBJECTION_UNTIL_US + number * 7 * _DAY_US,
            [(fold[0], fold[1], folds[fold][0], folds[fold][1], fold[3], folds[fold][2], fold[2]) for fold in order],
        )  # fmt: skip
        self.heads[slug, number] = head
        return head


def plaza() -> Coalition:
    """Five partners over four windows; the cinema's first statement covers two of them, and so does its second.

    The cinema pays a fee for each statement, and four fifths of its price once a point is used.
    """
    partners = {
        slug: UUID(int=int.from_bytes(sha256(slug.encode()).digest()[:16]))
        for slug in ("grocer", "fuel", "cinema", "baker", "museum")
    }
    found = Coalition(partners)
    for number in range(1, 5):
        base = 100 * number
        found.state(
            base + 99 if number > 1 else 199,
            {
                "grocer": [
                    Said(base + 1, 1, "issued", 100, 10_333),
                    Said(base + 1, 2, "issued", 7, 3_675, "bonus"),
                    Said(base + 4, 1, "burned", 30, 8_000),
                    Said(base + 4, 2, "burned", 5, 8_000),
                    Said(base + 9, 1, "reversed", 12, 10_333),
                    Said(base + 12, 1, "issued", 41, 10_501, entity=2),
                    Said(base + 14, 1, "burned", 8, 8_000, entity=2),
                    Said(base + 15, 1, "returned", 3, 8_000),
                ],
                "fuel": [Said(base + 2, 1, "issued", 55, 11_050), Said(base + 6, 1, "burned", 9, 8_475)],
                "cinema": [
                    *([cycle_fee(3, 25_000_000)] if number % 2 == 0 else []),
                    Said(base + 3, 1, "burned", 1_000 + number, 7_503),
                    fee(base + 3, 2, 50_000),
                    Said(base + 7, 1, "issued", 200 + number, 2_101, redemption=8_404),
                    fee(base + 7, 2, 50_000),
                    Said(base + 8, 2, "charged", 60, 8_404, earned_seq=base + 7),
                    Said(base + 10, 1, "credited", 10, 8_404, earned_seq=base + 7),
                    Said(base + 10, 2, "charged", 5, 8_404, earned_seq=3),
                    Said(base + 30, 4, "released", 25, 0, redemption=8_404, earned_seq=base + 7),
                ],
                "baker": [Said(base + 20 + at, 1, "issued", 1 + at, 9_999) for at in range(5)],
            },
            billed=None if number % 2 == 0 else ("grocer", "fuel", "baker", "museum"),
        )
    return found


def rerated() -> Coalition:
    """One partner over two windows: in the second one all that it has is re-rated, some of it twice."""
    found = Coalition({"cinema": UUID(int=int.from_bytes(sha256(b"rerated").digest()[:16]))})
    sold = [
        Said(3, 1, "burned", 1_000, 7_503),
        fee(3, 2, 50_000),
        Said(7, 1, "issued", 200, 2_101, redemption=8_404),
        Said(7, 2, "issued", 20, 100, "bonus", 400),
        Said(8, 2, "charged", 60, 8_404, earned_seq=7),
        Said(10, 1, "credited", 10, 8_404, earned_seq=7),
        Said(11, 1, "reversed", 12, 2_101),
        Said(12, 1, "returned", 30, 7_503),
        Said(30, 4, "released", 25, 0, redemption=8_404, earned_seq=7),
    ]
    found.state(99, {"cinema": sold})
    burned, charge, issued, bonus, charged, credited, back, returned, released = sold
    found.state(
        199,
        {
            "cinema": [
                *(difference(each, -503) for each in (burned, returned)),
                difference(charge, -50_000),
                *(difference(each, 99, later=-404) for each in (issued, bonus)),
                *(difference(each, -404) for each in (charged, credited)),
                difference(back, 99),
                difference(released, 0, later=-404),
                difference(issued, -7, 2, 11),
                # A fee that it did not have.
                difference(fee(7, 0, 0), 30_000, 2),
                *(
                    given_back(number, of, 70_000 + number)
                    for number, of in enumerate(("points", "fees", "reimbursement", "fees"), 12)
                ),
                buy_out(16, 764_000, 955_000),
                cycle_fee(17, 25_000_000),
                Said(107, 1, "issued", 201, 2_200, redemption=8_000),
            ]
        },
    )
    return found
