"""Give up a payment that is open: nobody waits for it any more, and the next run settles what is left of it."""

from __future__ import annotations

from coalition.type.v1.reason_pb2 import Reason

from services.partners.commands.auditing import Change, audited
from services.partners.commands.persons import acting_now
from services.partners.commands.settlement.run_states import follow
from services.partners.commands.telling import Tell
from services.partners.domain.settlement.payments import EventKind, PaymentEvent, PaymentState
from services.partners.domain.text import read_why
from services.partners.storage.programme_time import programme_now_us
from services.partners.storage.settlement import money, payments
from services.runtime.clock import in_zone
from services.runtime.database import Database
from services.runtime.errors import NotFound, Refused
from services.runtime.ids import to_text
from services.runtime.principal import Principal


class CancelPayment:
    """Staff with role `checker`, the host."""

    def __init__(self, database: Database, tell: Tell) -> None:
        self._database, self._tell = database, tell

    async def __call__(self, who: Principal, end_to_end_id: str, why: str) -> int:
        """What was left of it, in minor units. For a file that the bank never did, or an invoice that is to be collected otherwise.

        What is booked of it afterwards all the same goes to the partner's account. Raises NotFound, Refused with RUN_STATE where
        it is not open, PermissionDenied.
        """
        programme, why = who.in_programme(), read_why(why)
        ledger_id = programme.ledger_id
        async with self._database.writer.transaction() as connection:
            (await acting_now(connection, who)).require("checker")
            await money.lock(connection, ledger_id)
            found = await payments.named(connection, ledger_id, [end_to_end_id], [])
            if not found:
                raise NotFound("there is no such payment")
            (standing,) = found
            if standing.state is not PaymentState.OPEN:
                raise Refused(
                    Reason.REASON_RUN_STATE,
                    f"the payment is {standing.state}",
                    state=standing.state.value,
                    needed=PaymentState.OPEN.value,
                )
            now_us = await programme_now_us(connection, ledger_id)
            on = in_zone(now_us, programme.zone).date()
            payment = standing.payment
            cancelled = PaymentEvent(EventKind.CANCELLED, 0, on, why)
            await payments.tell(connection, ledger_id, now_us, {payment.payment_id: [cancelled]})
            numbers = [payment.run_number] if payment.run_number else []
            moved = await follow(connection, programme, numbers, now_us, who)
            await self._tell(connection, programme, now_us, moved)
            after = {"end_to_end_id": end_to_end_id, "left_minor": standing.left_minor}
            subject = to_text("ptr", payment.partner_id)
            await audited(
                connection, who, ledger_id, Change("payment_cancelled.done", subject, None, after, why)
            )
        return standing.left_minor
