"""Whether a history and the books agree: nothing that was heard is missing, doubled or otherwise than it was heard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final
from uuid import UUID

from coalition.points.v1 import movement_pb2 as pb

from tests.chaos import answers
from tests.chaos.books import Books
from tests.chaos.floors import wrongly_set
from tests.chaos.history import Asked, Heard, History, Operation
from tests.chaos.parking import line_parked, wrongly_parked
from tests.chaos.replaying import Replay
from tests.support.decided import Kept, Place
from tests.support.ledger_facts import Posted, Verdict, figure_of
from tests.support.ledger_replay import comparable
from tests.support.replaying import OWN_ACTS

#: Codes of refusals: what was heard of one stands for ever.
REFUSALS: Final = frozenset(
    {
        "insufficient_points", "hold_resolved", "hold_too_small", "too_many_holds", "member_closed",
        "refund_too_large", "credit_limit", "nothing_to_reverse", "reversed_before_arrival", "linked_item_failed", "original_unknown",
        "burn_too_small", "burn_daily_limit",
    }
)  # fmt: skip
_MODEL_MAX: Final = 5
_LINKED: Final = "LINKED_ITEM_FAILED"
_NOTHING_REVERSED: Final = "nothing_to_reverse"


@dataclass(frozen=True)
class Violation:
    """A rule that did not hold, and where."""

    rule: str
    detail: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.detail}"


def judge(history: History, books: Books, replay: Replay, decided: Sequence[Posted]) -> list[Violation]:
    """All that is wrong. `replay` and `decided` are the model's: its answer to each key, and its journal."""
    return [
        *heard(history, books),
        *_doubled(books),
        *_otherwise_decided(books, replay, decided),
        *_times(books),
        *_bonuses(books),
    ]


def heard(history: History, books: Books) -> list[Violation]:
    """What is wrong with answers, whatever the journal looks like."""
    return [
        *_unanswered(history),
        *_two_answers(history),
        *_acknowledged(history, books),
        *_loaded(history, books),
        *(Violation(*found) for found in (*wrongly_parked(history, books), *wrongly_set(history, books))),
        *_unasked(history, books),
    ]


def _unanswered(history: History) -> Iterator[Violation]:
    for operation in history:
        if not operation.answered and not operation.given_up and not operation.waits:
            last = operation.heard[-1] if operation.heard else Heard(0, why="not sent")
            yield Violation(
                "no answer",
                f"{operation} was asked {len(operation.heard)} times, last {last.status} {last.code or last.why}",
            )
        for heard in operation.heard:
            if heard.status == 500:
                yield Violation("fault", f"{operation} was answered 500: {heard.body}")


def _two_answers(history: History) -> Iterator[Violation]:
    """The same request had one answer, however often it was sent, unless nothing was decided at first."""
    for operation in history:
        first = operation.answer
        for heard in operation.heard:
            if first is None or not heard.definite:
                continue
            if heard.told != first.told and heard.code not in operation.expected:
                yield Violation("two answers", f"{operation} heard {first.told} and {heard.told}")
                break


def _acknowledged(history: History, books: Books) -> Iterator[Violation]:
    """What was heard is what the ledger keeps."""
    by_place = books.by_place
    moved = {record.transaction.seq: record.transaction for record in books.records}
    for operation in history:
        answer = operation.answer
        if operation.waits:
            yield from _waits(str(operation), operation.movements[0], books)
        if answer is None:
            continue
        if operation.kind == "batch":
            yield from _lines(operation, answer, books, moved)
        elif answer.status >= 400 or answer.body.get("status") == _NOTHING_REVERSED:
            yield from _refused(operation, answer, by_place)
        elif operation.movements:
            yield from _accepted(operation, answer, by_place, moved)
        elif operation.expected:
            yield Violation("wrong answer", f"{operation} was accepted: {answer.told}")


def _accepted(
    operation: Operation, answer: Heard, by_place: Mapping[Place, Kept], moved: Mapping[int, pb.Transaction]
) -> Iterator[Violation]:
    kept = [by_place.get(asked.place) for asked in operation.movements]
    seqs = [each.seq for each in kept if each is not None and each.seq is not None]
    if len(seqs) < len(kept):
        yield Violation(
            "lost", f"{operation} was acknowledged ({answer.told}), and the ledger has {kept} under its keys"
        )
        return
    if any(seq not in moved for seq in seqs):
        yield Violation("lost", f"{operation} is kept as seq {seqs}, which the journal has not")
        return
    expected = answers.of_operation(operation.kind, [moved[seq] for seq in seqs])
    for difference in answers.differences(answer.body, expected):
        yield Violation("wrong answer", f"{operation}: {difference}")


def _refused(operation: Operation, answer: Heard, by_place: Mapping[Place, Kept]) -> Iterator[Violation]:
    code = answer.code or _NOTHING_REVERSED
    kept = [found for asked in operation.movements if (found := by_place.get(asked.place)) is not None]
    if code in operation.expected and all(each.refusal.lower() != code for each in kept):
        return
    causes = [each for each in kept if each.refusal and each.refusal != _LINKED] or kept
    if code not in REFUSALS:
        yield Violation("wrong answer", f"{operation} was turned away: {answer.told}")
    elif not causes or not causes[0].refusal:
        yield Violation("lost", f"{operation} was refused ({code}), and the ledger has {kept} under its keys")
    elif causes[0].refusal.lower() != code:
        yield Violation("wrong answer", f"{operation} heard {code}, and the ledger has {causes[0]}")
    elif (causes[0].available, causes[0].headroom) != (
        figure_of(code, answer.body),
        answer.body.get("headroom"),
    ):
        yield Violation("wrong answer", f"{operation} heard {answer.told}, and the ledger has {causes[0]}")


def _waits(name: str, asked: Asked, books: Books) -> Iterator[Violation]:
    """What was heard to wait, or to be parked, is so still, or was decided since."""
    parked = books.parked_by_place.get(asked.place)
    if asked.place in books.by_place or asked.place in books.waiting or (parked is not None and parked.open):
        return
    yield Violation("lost", f"{name} was heard to wait, and the ledger has nothing under its key")


def _loaded(history: History, books: Books) -> Iterator[Violation]:
    """What was heard to be in a budget came there once, and as it was asked for."""
    by_place = books.by_place
    moved = {record.transaction.seq: record.transaction for record in books.records}
    for wanted in history.loads.values():
        kept = by_place.get(wanted.place)
        posting = moved.get(kept.seq or 0) if kept is not None else None
        if not wanted.seqs:
            yield Violation("no answer", f"{wanted} was never acknowledged")
        elif posting is None or wanted.seqs != {posting.seq}:
            yield Violation("lost", f"{wanted} was acknowledged, and the ledger has {kept}")
        else:
            told = posting.campaign
            if (told.campaign_id, told.points) != (wanted.campaign_id.bytes, wanted.points):
                yield Violation("wrong answer", f"{wanted} was posted as {told}")


def _lines(
    operation: Operation, answer: Heard, books: Books, moved: Mapping[int, pb.Transaction]
) -> Iterator[Violation]:
    """Each line of a batch as an operation of its own."""
    by_place = books.by_place
    results = answer.body.get("results", ())
    if answer.status != 201 or len(results) != len(operation.movements):
        yield Violation("wrong answer", f"{operation} was answered {answer.status}: {answer.code}")
        return
    for asked, result in zip(operation.movements, results, strict=True):
        kept, name = by_place.get(asked.place), f"{operation}, line {asked.key}"
        if result["outcome"] == "waiting":
            yield from _waits(name, asked, books)
        elif result["outcome"] == "parked":
            yield from _waits(name, asked, books)
            yield from (Violation(*found) for found in line_parked(name, asked, result, books, moved))
        elif result["transaction"] is not None:
            if kept is None or kept.seq is None or kept.seq not in moved:
                yield Violation("lost", f"{name} was acknowledged, and the ledger has {kept}")
                continue
            expected = answers.of_transaction(moved[kept.seq])
            for difference in answers.differences(result["transaction"], expected):
                yield Violation("wrong answer", f"{name}: {difference}")
        elif result["error"]["remembered"]:
            code = result["error"]["code"]
            if kept is None or kept.refusal.lower() != code:
                yield Violation("wrong answer", f"{name} was refused ({code}), and the ledger has {kept}")
        elif result["error"]["code"] not in operation.expected:
            yield Violation("wrong answer", f"{name} was turned away: {result['error']}")


def _unasked(history: History, books: Books) -> Iterator[Violation]:
    """Nothing is kept, and nothing was posted, that nobody asked for."""
    asked = history.movements.keys() | history.loads.keys()
    targets = {(each.partner, each.target) for each in history.movements.values() if each.target}
    for kept in books.kept:
        if kept.place not in asked and not (kept.tombstone and kept.place in targets):
            yield Violation("unasked", f"nobody asked for what is kept as {kept}")
    for place in books.waiting - asked:
        yield Violation("unasked", f"nobody asked for the refund that waits under {place}")


def _doubled(books: Books) -> Iterator[Violation]:
    for place, count in Counter(kept.place for kept in books.kept).items():
        if count > 1:
            yield Violation("doubled", f"{count} answers are kept under {place}")
    references = Counter(
        (posted.partner, posted.kind, posted.reference)
        for posted in books.journal
        if posted.reference and posted.kind not in ("park", "unpark")
    )
    for (partner, kind, reference), count in references.items():
        if count > 1:
            yield Violation("doubled", f"{count} postings of kind {kind} of {partner} have {reference}")


def _otherwise_decided(books: Books, replay: Replay, decided: Sequence[Posted]) -> Iterator[Violation]:
    """The model, asked in the same order, comes to the same. Of what is found the first says most: the rest may follow."""
    verdicts = replay.verdicts
    found = [
        *(
            f"the ledger has {kept}, the model says {verdicts.get(kept.place)}"
            for kept in books.kept
            if not kept.tombstone and not _agree(kept, verdicts.get(kept.place))
        ),
        *(
            f"the journal has {live}, the model decides {model}"
            for live, model in zip(books.journal, decided, strict=False)
            if comparable(live) != comparable(model)
        ),
        *replay.wrong,
    ]
    if len(books.journal) != len(decided):
        found.append(f"the journal has {len(books.journal)} postings, the model {len(decided)}")
    yield from (Violation("model", detail) for detail in found[:_MODEL_MAX])
    if len(found) > _MODEL_MAX:
        yield Violation("model", f"{len(found) - _MODEL_MAX} more that may follow from the first")


def _agree(kept: Kept, verdict: Verdict | None) -> bool:
    if verdict is None:
        return False
    if kept.seq is not None:
        return verdict.posted is not None and verdict.posted.seq == kept.seq
    return (verdict.reason, verdict.available, verdict.headroom) == (
        kept.refusal, kept.available, kept.headroom,
    )  # fmt: skip


def _times(books: Books) -> Iterator[Violation]:
    moved = [record.transaction for record in books.records]
    if [each.seq for each in moved] != list(range(1, len(moved) + 1)):
        yield Violation("journal", "the sequence has a gap")
    for earlier, later in pairwise(moved):
        if earlier.recorded_at_us >= later.recorded_at_us:
            yield Violation("journal", f"seq {later.seq} was not recorded after seq {earlier.seq}")


def _bonuses(books: Books) -> Iterator[Violation]:
    """What the ledger tells of an earn's bonuses is what it posted as such. (What tills hear is compared with the former.)"""
    granted: dict[int, list[tuple[bytes, int, int, int]]] = {}
    for record in books.records:
        moved = record.transaction
        if moved.kind == pb.MOVEMENT_KIND_GRANT:
            granted.setdefault(moved.original_seq, []).append(_of_bonus(moved.campaign, moved.balance_after))
    for record in books.records:
        moved = record.transaction
        told = [_of_bonus(bonus, bonus.balance_after) for bonus in moved.bonuses]
        posted = granted.pop(moved.seq, [])
        if told != posted or moved.bonus_points != sum(points for _, _, points, _ in posted):
            yield Violation(
                "journal", f"seq {moved.seq} tells of the bonuses {told}, and {posted} were posted"
            )


def _of_bonus(bonus: pb.CampaignPoints, balance: int) -> tuple[bytes, int, int, int]:
    return bonus.campaign_id, bonus.version, bonus.points, balance


def asked_again(history: History, before: Books, after: Books) -> Iterator[Violation]:
    """Everything was asked once more: the same answers (see judge), and nothing came of it."""
    known = {kept.place for kept in before.kept}
    for kept in after.kept:
        if kept.place not in known:
            yield Violation("asked again", f"something was decided anew: {kept}")
    for posted in after.journal[len(before.journal) :]:
        if posted.kind not in OWN_ACTS:
            yield Violation("asked again", f"something was posted anew: {posted}")
    yield from _two_answers(history)


def by_group(history: History) -> dict[Place, Sequence[Asked]]:
    """For each key the movements that stand or fall together."""
    return {
        asked.place: operation.movements if operation.kind == "purchase" else (asked,)
        for operation in history
        for asked in operation.movements
    }


def members_of(books: Books) -> set[UUID]:
    """Everybody whose wallet was touched. (Loads and floors are of nobody.)"""
    return {posted.member for posted in books.journal if posted.kind not in ("load", "floor")}
