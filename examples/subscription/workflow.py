"""The program. Run `Subscription` with a `SubscriptionOrder`; cancel it to end it early."""

import asyncio
import functools
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NoReturn

from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ApplicationError, FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from console.billing.contract import (
        ADJUST_CHARGE,
        ADJUST_PERIOD,
        LEDGER_QUERY,
        REFUND,
        SKIP_PERIOD,
        AdjustCharge,
        AdjustPeriod,
        Ledger,
        Outcome,
        Phase,
        Refund,
        SkipPeriod,
    )
    from examples.activities import books, mail
    from examples.activities.books import OldEntries
    from examples.subscription import changes, charging, dates, mails, refusals, visible
    from examples.subscription.model import (
        SubscriptionOrder,
        SubscriptionResult,
        begin,
    )

TASK_QUEUE: Final = "subscriptions"


@workflow.defn
class Subscription:
    @workflow.init
    def __init__(self, order: SubscriptionOrder) -> None:
        self._order = order
        self._state = order.carried or begin(order, workflow.info().start_time)
        self._shown: dict[SearchAttributeKey[Any], Any] = {}
        self._periods_in_this_run = 0

    @workflow.run
    async def run(self, _order: SubscriptionOrder) -> SubscriptionResult:
        self._show()
        try:
            await self._live()
        except (asyncio.CancelledError, FailureError) as error:
            if is_cancelled_exception(error):
                in_trial = self._state.billing_period == 0
                template = mails.TRIAL_CANCELLED if in_trial else mails.CANCELLED
                await self._over(Phase.CANCELLED, template)
            raise
        return await self._over(Phase.ENDED, mails.ENDED)

    async def _live(self) -> None:
        state = self._state
        if not state.welcomed:
            await mail.send(mails.write(self._order, mails.WELCOME))
            state.welcomed = True
        while True:
            await self._until_due()
            if state.billing_period == state.terms.max_billing_periods:
                return
            self._begin_period()
            if not await charging.charge_period(self._order, state, self._show):
                await self._unpaid()
            if self._is_long():
                await self._continue_as_new()

    async def _until_due(self) -> None:
        """An update may move the date meanwhile."""
        while (left := self._state.due_at - workflow.now()).total_seconds() > 0:
            due_at = self._state.due_at
            try:
                await workflow.wait_condition(
                    functools.partial(self._is_not_due_then, due_at),
                    timeout=left,
                    timeout_summary=f"Until {due_at:%Y-%m-%d %H:%M:%S} UTC",
                )
            except TimeoutError:
                continue
            if self._is_long():
                await self._continue_as_new()

    def _is_not_due_then(self, due_at: datetime) -> bool:
        return self._state.due_at != due_at or self._is_long()

    def _begin_period(self) -> None:
        """Periods join without a gap, however late the worker is."""
        state = self._state
        state.phase = Phase.ACTIVE
        state.billing_period += 1
        state.period_started_at = state.due_at
        state.due_at = dates.after(state.due_at, state.terms.period, state.anchor_day)
        self._periods_in_this_run += 1
        self._show()

    async def _unpaid(self) -> NoReturn:
        await self._over(Phase.UNPAID, mails.CANCELLED)
        raise ApplicationError(
            f"The card was declined {self._order.declines_max} times "
            f"for period {self._state.billing_period}.",
            type="SubscriptionUnpaid",
            non_retryable=True,
        )

    async def _over(self, phase: Phase, template: str) -> SubscriptionResult:
        state = self._state
        state.phase, state.retry_at = phase, None
        self._show()
        await mail.send(mails.write(self._order, template))
        await workflow.wait_condition(workflow.all_handlers_finished)
        return SubscriptionResult(phase, state.billing_period, state.charged, state.refunded)

    def _is_long(self) -> bool:
        return (
            self._periods_in_this_run >= self._order.periods_per_run
            or len(self._state.entries) > 2 * self._order.entries_kept
            or workflow.info().is_continue_as_new_suggested()
        )

    async def _continue_as_new(self) -> NoReturn:
        """What does not travel on goes to the archive first; a refund that is under way waits."""
        while True:
            await workflow.wait_condition(workflow.all_handlers_finished)
            old = self._state.entries[: -self._order.entries_kept]
            if not old:
                break
            entries = OldEntries(self._order.subscription_id, old)
            self._state.older_entries_url = await books.keep(entries)
            self._state.entries = self._state.entries[len(old) :]
            self._state.older_entries += len(old)
        workflow.continue_as_new(replace(self._order, carried=self._state))

    def _show(self) -> None:
        """Search attributes and details follow the state; what did not change is not sent."""
        wanted = visible.attributes_of(self._order, self._state)
        if updates := visible.attribute_updates(self._shown, wanted):
            workflow.upsert_search_attributes(updates)
            self._shown = wanted
        workflow.set_current_details(visible.details(self._state))

    @workflow.query(name=LEDGER_QUERY, description="Terms, totals and every entry")
    def billing_ledger(self) -> Ledger:
        return visible.ledger_of(self._order, self._state)

    @workflow.update(name=ADJUST_CHARGE, description="Charge another amount from now on")
    def adjust_charge(self, asked: AdjustCharge) -> Outcome:
        terms, planned = changes.plan_charge(self._state, asked)
        if asked.dry_run:
            return planned
        outcome = changes.book_charge(self._state, asked, workflow.now(), terms, planned)
        self._show()
        return outcome

    @adjust_charge.validator
    def check_adjust_charge(self, asked: AdjustCharge) -> None:
        refusals.check_adjust_charge(self._state, asked)

    @workflow.update(name=ADJUST_PERIOD, description="Charge at another interval")
    def adjust_period(self, asked: AdjustPeriod) -> Outcome:
        now = workflow.now()
        terms, due_at, planned = changes.plan_period(self._state, asked, now)
        if asked.dry_run:
            return planned
        outcome = changes.book_period(
            self._state, asked, now=now, planned=planned, terms=terms, due_at=due_at
        )
        self._show()
        return outcome

    @adjust_period.validator
    def check_adjust_period(self, asked: AdjustPeriod) -> None:
        refusals.check_adjust_period(self._state, asked)

    @workflow.update(name=SKIP_PERIOD, description="One period to come is free")
    def skip_period(self, asked: SkipPeriod) -> Outcome:
        terms, planned = changes.plan_skip(self._state, asked)
        if asked.dry_run:
            return planned
        outcome = changes.book_skip(self._state, asked, workflow.now(), terms, planned)
        self._show()
        return outcome

    @skip_period.validator
    def check_skip_period(self, asked: SkipPeriod) -> None:
        refusals.check_skip_period(self._state, asked)

    @workflow.update(name=REFUND, description="Give back (part of) one period's charge")
    async def refund(self, asked: Refund) -> Outcome:
        charge, planned = changes.plan_refund(self._state, asked)
        if asked.dry_run:
            return planned
        entry = changes.open_refund(self._state, asked, workflow.now(), planned)
        planned = replace(planned, version=self._state.version)
        booked = await charging.give_back(self._order, self._state, charge, entry)
        self._show()
        return replace(planned, entry=booked)

    @refund.validator
    def check_refund(self, asked: Refund) -> None:
        refusals.check_refund(self._state, asked)
