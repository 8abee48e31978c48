"""Run `Statement` with a `StatementOrder`; it answers what became of the statement.

A run is pinned: one that October's workers began is ended by October's code, reminder or not.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import VersioningBehavior

with workflow.unsafe.imports_passed_through():
    from examples.activities import mail
    from examples.activities.mail import Email

TASK_QUEUE: Final = "statements"
AGREED: Final = "agreed"
SENT: Final = "sent"


@dataclass(frozen=True)
class StatementOrder:
    account: str
    to: str
    subject: str
    #: How long somebody may object; none: it is a report.
    objection_days: float = 0

    @property
    def objection_time(self) -> timedelta:
        return timedelta(days=self.objection_days)


@workflow.defn(name="Statement", versioning_behavior=VersioningBehavior.PINNED)
class StatementOfOctober:
    def __init__(self) -> None:
        self._objection = ""

    @workflow.run
    async def run(self, order: StatementOrder) -> str:
        await _send(order, "statement")
        if not order.objection_days:
            return SENT
        try:
            await workflow.wait_condition(
                lambda: bool(self._objection), timeout=order.objection_time
            )
        except TimeoutError:
            return AGREED
        return self._objection

    @workflow.signal(description="The customer does not agree.")
    def object_to(self, why: str) -> None:
        self._objection = why


@workflow.defn(versioning_behavior=VersioningBehavior.PINNED)
class Statement:
    def __init__(self) -> None:
        self._objection = ""

    @workflow.run
    async def run(self, order: StatementOrder) -> str:
        await _send(order, "statement")
        if not order.objection_days:
            return SENT
        half = order.objection_time / 2
        if not await self._is_objected_to(half):
            await _send(order, "reminder")
            await self._is_objected_to(half)
        return self._objection or AGREED

    @workflow.signal(description="The customer does not agree.")
    def object_to(self, why: str) -> None:
        self._objection = why

    async def _is_objected_to(self, within: timedelta) -> bool:
        try:
            await workflow.wait_condition(lambda: bool(self._objection), timeout=within)
        except TimeoutError:
            return False
        return True


async def _send(order: StatementOrder, template: str) -> None:
    workflow.set_current_details(f"**{template}** to {order.to}")
    email = Email(
        key=f"{workflow.info().workflow_id}/{template}",
        to=order.to,
        template=template,
        subject=order.subject if template == "statement" else f"Reminder: {order.subject}",
        body=f"{order.subject} of account {order.account}.",
    )
    await mail.send(email)
