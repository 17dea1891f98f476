"""The journal of a live ledger, decided again by the model in the order the ledger took."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from coalition.points.v1 import journal_pb2
from coalition.points.v1 import movement_pb2 as pb

from services.runtime.errors import code_of
from tests.support.decided import Place, read_decided
from tests.support.ledger_facts import OPERATOR, Ask, Posted, PostedKind, Taken, Verdict, figure_of
from tests.support.ledger_model import LedgerModel
from tests.support.points import PointsHouse
from tests.support.points_database import as_superuser
from tests.support.replaying import Replay

KINDS: Mapping[int, PostedKind] = {
    pb.MOVEMENT_KIND_EARN: "earn",
    pb.MOVEMENT_KIND_REDEEM: "redeem",
    pb.MOVEMENT_KIND_EXPIRE: "expire",
    pb.MOVEMENT_KIND_HOLD: "hold",
    pb.MOVEMENT_KIND_CAPTURE: "capture",
    pb.MOVEMENT_KIND_VOID: "void",
    pb.MOVEMENT_KIND_LAPSE: "lapse",
    pb.MOVEMENT_KIND_REFUND: "refund",
    pb.MOVEMENT_KIND_RETURN: "return",
    pb.MOVEMENT_KIND_CLAWBACK: "clawback",
    pb.MOVEMENT_KIND_OWE: "owe",
    pb.MOVEMENT_KIND_REPAY: "repay",
    pb.MOVEMENT_KIND_MATURE: "mature",
    pb.MOVEMENT_KIND_FLOOR: "floor",
    pb.MOVEMENT_KIND_TRANSFER: "transfer",
    pb.MOVEMENT_KIND_RECEIVE: "receive",
    pb.MOVEMENT_KIND_MERGE: "merge",
    pb.MOVEMENT_KIND_ASSUME: "assume",
    pb.MOVEMENT_KIND_ADJUST: "adjust",
    pb.MOVEMENT_KIND_IMPORT: "import",
    pb.MOVEMENT_KIND_GRANT: "grant",
    pb.MOVEMENT_KIND_LOAD: "load",
    pb.MOVEMENT_KIND_PARK: "park",
    pb.MOVEMENT_KIND_UNPARK: "unpark",
}


# Points that are new in the ledger, each in a lot of its own.
_BRINGING = ("earn", "adjust", "import", "grant")


def ask_of(item: pb.Item, partner: UUID, known: Mapping[bytes, tuple[int, UUID]] | None = None) -> Ask:
    """An item in the words of the model. `known`: seq and member of what may be resolved or refunded, by id."""
    return replace(_ask_of(item, partner, known or {}), linked=item.linked)


def _ask_of(item: pb.Item, partner: UUID, known: Mapping[bytes, tuple[int, UUID]]) -> Ask:
    kind = item.WhichOneof("movement")
    if kind in ("transfer", "adjustment", "opening", "merge"):
        return _of_wallets(item, partner)
    if kind == "reversal":
        undone = item.reversal
        return Ask("reverse", partner, item.key, UUID(int=0), "", undone.occurred_at_us, 0, target=undone.key)
    if kind == "refund":
        back = item.refund
        seq, member = known[back.original_id] if back.original_id else (0, UUID(int=0))
        return Ask(
            "refund", partner, item.key, member, back.reference, back.occurred_at_us, back.amount_minor or back.points,
            original_seq=seq, original_reference=back.original_reference,
        )  # fmt: skip
    if kind == "hold":
        held = item.hold
        return Ask(
            "hold", partner, item.key, UUID(bytes=held.member_id), held.reference, held.occurred_at_us, held.points,
            held.seconds or 900,
        )  # fmt: skip
    if kind == "capture" or kind == "void":
        resolved = item.capture if kind == "capture" else item.void
        seq, member = known[resolved.hold_id]
        points = item.capture.points if kind == "capture" else 0
        return Ask(kind, partner, item.key, member, "", resolved.occurred_at_us, points, 0, seq)
    if kind == "earn":
        asked, sale = item.earn, item.earn.sale
        return Ask(
            "earn", partner, item.key, UUID(bytes=asked.member_id), asked.reference, sale.occurred_at_us,
            sale.amount_minor,
            in_points=sum(tender.amount_minor for tender in sale.tenders if tender.kind == "points"),
        )  # fmt: skip
    burn = item.redemption
    return Ask(
        "redeem", partner, item.key, UUID(bytes=burn.member_id), burn.reference, burn.occurred_at_us, burn.points
    )  # fmt: skip


def _of_wallets(item: pb.Item, partner: UUID) -> Ask:
    if item.HasField("transfer"):
        given = item.transfer
        return Ask(
            "transfer", partner, item.key, UUID(bytes=given.member_id), given.reference, given.occurred_at_us, given.points,
            other=UUID(bytes=given.to_member_id),
        )  # fmt: skip
    if item.HasField("adjustment"):
        put_right = item.adjustment
        return Ask("adjust", OPERATOR, item.key, UUID(bytes=put_right.member_id), "", 0, put_right.points)
    if item.HasField("merge"):
        into = UUID(bytes=item.merge.into_member_id)
        return Ask("merge", OPERATOR, item.key, UUID(bytes=item.merge.member_id), "", 0, 0, other=into)
    taken_over = item.opening
    issuer = UUID(bytes=taken_over.issuer_id) if taken_over.issuer_id else OPERATOR
    return Ask(
        "import", OPERATOR, item.key, UUID(bytes=taken_over.member_id), taken_over.reference, taken_over.earned_at_us,
        taken_over.points, issuer=issuer, expires_us=taken_over.expires_at_us,
    )  # fmt: skip


def journal_of(records: Sequence[journal_pb2.JournalRecord]) -> list[Posted]:
    """The journal in the words of the model."""
    seqs = {record.transaction.transaction_id: record.transaction.seq for record in records}
    grants = {
        record.transaction.seq: record.transaction.campaign.campaign_id
        for record in records
        if record.transaction.kind == pb.MOVEMENT_KIND_GRANT
    }
    return [_posted_of(record, seqs, grants) for record in records]


def _check_legs(record: journal_pb2.JournalRecord, kind: PostedKind, grants: Mapping[int, bytes]) -> None:
    """Its legs are on the accounts that its kind says. `grants`: the campaigns of grants, by seq."""
    moved = record.transaction
    wallet = [entry for entry in record.entries if entry.account_kind == "wallet"]
    assert [(entry.owner_id, entry.amount) for entry in wallet] == (
        [(moved.member_id, moved.points)] if moved.points else []
    )
    others = [(entry.account_kind, entry.owner_id) for entry in record.entries if entry not in wallet]
    expected = {
        "earn": ("issuance", moved.partner_id),
        "redeem": ("redemption", moved.partner_id),
        "capture": ("redemption", moved.partner_id),
        "expire": ("expiry", b""),
        "return": ("redemption", moved.partner_id),
        "clawback": ("issuance", moved.partner_id),
        "repay": ("debt", moved.member_id),
        "mature": ("pending", moved.member_id),
        "transfer": ("transit", b""),
        "merge": ("transit", b""),
        "receive": ("transit", b""),
        "adjust": ("adjustment", b""),
    }
    budget = ("budget", grants.get(moved.original_seq, moved.campaign.campaign_id))
    if moved.original_seq in grants and kind == "clawback":
        expected["clawback"] = budget
    if kind in ("grant", "load"):
        pending = [("pending", moved.member_id)] if moved.pending else []
        assert others == ([budget, *pending] if kind == "grant" else [("funding", b""), budget])
    elif kind == "earn" and moved.pending:
        assert others == [expected["earn"], ("pending", moved.member_id)]
    elif kind == "clawback" and moved.pending:
        assert others == [("pending", moved.member_id), expected["clawback"]]
    elif kind == "owe":
        assert others == [
            ("debt", moved.member_id), budget if moved.original_seq in grants else ("issuance", moved.partner_id),
        ]  # fmt: skip
    elif kind == "assume":
        assert [name for name, _ in others] == ["debt", "debt"]
        assert others[0][1] == moved.member_id
    elif kind == "import":
        issuer = record.lots_opened[0].issuer_id
        assert others == [("opening", issuer if any(issuer) else b"")]
    else:
        assert others == ([expected[kind]] if moved.points else [])


def _posted_of(
    record: journal_pb2.JournalRecord, seqs: Mapping[bytes, int], grants: Mapping[int, bytes]
) -> Posted:
    """A record of the journal in the words of the model; checks what the record says twice."""
    moved = record.transaction
    kind = KINDS[moved.kind]
    assert sum(entry.amount for entry in record.entries) == 0
    _check_legs(record, kind, grants)
    for lot in record.lots_opened if kind in _BRINGING else ():
        assert (lot.points, lot.expires_at_us, lot.point_type, lot.matures_at_us) == (
            moved.points + moved.pending, moved.expires_at_us, "bonus" if kind == "grant" else "base", moved.matures_at_us,
        )  # fmt: skip
        assert (lot.earned_at_us, lot.earned_seq) == (moved.occurred_at_us, moved.seq)
        assert kind == "import" or lot.issuer_id == (moved.partner_id or OPERATOR.bytes)
    return Posted(
        moved.seq, kind, UUID(bytes=moved.member_id) if moved.member_id else UUID(int=0), UUID(bytes=moved.partner_id) if moved.partner_id else None,
        moved.reference, moved.points, moved.balance_after, moved.expires_at_us,
        record.lots_opened[0].lot_no if kind in _BRINGING and record.lots_opened else 0,
        _taken(record.lot_uses),
        moved.held, seqs[moved.hold_id] if moved.hold_id else 0, moved.original_seq,
        tuple(sorted(_taken(record.lot_returns), key=lambda part: part.lot_no)),
        tuple((lot.lot_no, lot.parent_lot_no, lot.points) for lot in record.lots_opened if lot.parent_lot_no),
        tuple((debt.debt_seq, debt.points) for debt in record.debts_paid), _figures(moved), moved.pending, _taken(record.lots_matured), _floor(moved), _campaign(moved),
        moved.worth.amount_minor if moved.HasField("worth") else None,
    )  # fmt: skip


def comparable(posted: Posted) -> Posted:
    """A posting without what differs for good reasons.

    A hold's life begins when it is recorded, which is a moment later in a ledger than in its model. And what a clawback
    took is not kept in the order in which it was: the earn's own lots first.
    """
    taken = tuple(sorted(posted.taken, key=lambda part: part.lot_no))
    return replace(posted, taken=taken, expires_us=0 if posted.kind == "hold" else posted.expires_us)


def _taken(parts: Iterable[journal_pb2.LotUse]) -> tuple[Taken, ...]:
    return tuple(Taken(part.lot_no, UUID(bytes=part.issuer_id), part.points) for part in parts)


def _figures(moved: pb.Transaction) -> tuple[int, ...]:
    if not moved.HasField("refund"):
        return ()
    told = moved.refund
    return told.amount, told.returned, told.clawed_back, told.owed, told.written_off, told.money_minor


def _floor(moved: pb.Transaction) -> tuple[int | None, int, bool] | None:
    told = moved.credit_floor
    assert moved.HasField("credit_floor") == (moved.kind == pb.MOVEMENT_KIND_FLOOR)
    if moved.kind != pb.MOVEMENT_KIND_FLOOR:
        return None
    return told.floor if told.HasField("floor") else None, told.basis_seq, told.parks


def _campaign(moved: pb.Transaction) -> tuple[UUID, int, int] | None:
    told = moved.campaign
    assert moved.HasField("campaign") == (moved.kind in (pb.MOVEMENT_KIND_GRANT, pb.MOVEMENT_KIND_LOAD))
    return (UUID(bytes=told.campaign_id), told.version, told.points) if told.campaign_id else None


def verdict_of(result: pb.Result, journal: Mapping[int, Posted]) -> Verdict:
    """A result in the words of the model."""
    if result.outcome == pb.OUTCOME_ACCEPTED:
        return Verdict("accepted", posted=journal[result.transaction.seq], replayed=result.replayed)
    if result.outcome == pb.OUTCOME_WAITING:
        return Verdict("waiting", replayed=result.replayed)
    if result.outcome == pb.OUTCOME_PARKED:
        return Verdict("parked", posted=journal[result.transaction.seq], replayed=result.replayed)
    reason = code_of(result.error.reason)
    if result.outcome == pb.OUTCOME_TURNED_AWAY:
        return Verdict("turned away", reason)
    headroom = result.error.metadata.get("headroom")
    return Verdict(
        "refused", reason, available=figure_of(reason, result.error.metadata),
        headroom=int(headroom) if headroom is not None else None, replayed=result.replayed,
    )  # fmt: skip


class Replayed(NamedTuple):
    """What the model says by partner and key: asked for the first time, and once more in the end. And the journal as the ledger has it."""

    first: dict[Place, Verdict]
    final: dict[Place, Verdict]
    journal: list[Posted]


async def replay(house: PointsHouse, model: LedgerModel, asks: Iterable[Ask]) -> Replayed:
    """Feeds the model with what was asked, in the order of the ledger's batches and at their times.

    A key may be asked with one content only.
    """
    groups = _groups(asks)
    journal = journal_of(await house.journal())
    async with as_superuser(house.database) as connection:
        decided = await read_decided(connection, house.programme.ledger_id, len(journal))
    replay = Replay(model, decided, journal, groups.__getitem__)
    replay.run()
    assert replay.wrong == []
    return Replayed(replay.first, replay.asked_again(), journal)


def _groups(asks: Iterable[Ask]) -> dict[Place, Sequence[Ask]]:
    """By partner and key, what stands or falls together."""
    groups: dict[Place, Sequence[Ask]] = {}
    sale: Ask | None = None
    for ask in asks:
        group = (ask,) if sale is None else (sale, ask)
        sale = ask if ask.linked else None
        for each in () if ask.linked else group:
            groups[each.partner, each.key] = group
    return groups
