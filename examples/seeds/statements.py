"""Statements to which customers may still object, and the schedules that send reports."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from temporalio.client import (
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleBackfill,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleState,
)

from console.billing.contract import CUSTOMER_MEMO
from examples.seeds import people
from examples.seeds.start import Start, seed_id
from examples.statements.workflow import TASK_QUEUE, StatementOrder

OBJECTION_DAYS: Final = 42
#: Its mail server is down for good: the report before is still under way when the next is due.
DOWN: Final = "down.example"


@dataclass(frozen=True)
class Planned:
    id: str
    schedule: Schedule
    #: What it would have started, had it been there already.
    missed: tuple[ScheduleBackfill, ...] = ()


def starts(kind: str, count: int) -> Iterator[Start]:
    for number in range(count):
        customer = people.customer(kind, number)
        order = StatementOrder(
            customer.customer_id, customer.email, f"Statement of {kind}", OBJECTION_DAYS
        )
        yield Start(
            workflow="Statement",
            id=seed_id("st", kind, number),
            argument=order,
            task_queue=TASK_QUEUE,
            summary=f"{order.subject} · {customer.name}",
            memo={CUSTOMER_MEMO: customer.name},
        )


def schedules(now: datetime) -> Iterator[Planned]:
    workdays = ScheduleSpec(cron_expressions=["30 7 * * MON-FRI"], time_zone_name="Europe/Oslo")
    yield plan("cash-report/weekdays", workdays, missed=(now - timedelta(days=7), now))
    quarters = ScheduleSpec(
        cron_expressions=["0 5 1 1,4,7,10 *"],
        time_zone_name="Europe/Oslo",
        jitter=timedelta(minutes=20),
    )
    yield plan("statements/quarter", quarters, missed=(now - timedelta(days=200), now))
    hours = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(hours=1))])
    earlier = (now - timedelta(hours=4), now)
    yield plan("cash-report/hourly", hours, missed=earlier)
    yield plan("stock-list/vinterlager", hours, to=f"stock@{DOWN}", missed=earlier)
    mondays = ScheduleSpec(cron_expressions=["0 9 * * MON"], time_zone_name="Europe/Berlin")
    bank = "Maja Lind: off until the bank has moved, 1 December"
    yield plan("reconciliation/mondays", mondays, state=ScheduleState(note=bank, paused=True))
    nights = ScheduleSpec(cron_expressions=["0 22 * * *"], end_at=now - timedelta(days=1))
    yield plan("audit-extract/november", nights, missed=(now - timedelta(days=4), now))


def plan(
    name: str,
    spec: ScheduleSpec,
    *,
    to: str = "treasury@perdure.example",
    missed: tuple[datetime, datetime] | None = None,
    state: ScheduleState | None = None,
) -> Planned:
    subject = name.replace("/", ", ").replace("-", " ").capitalize()
    action = ScheduleActionStartWorkflow(
        "Statement",
        StatementOrder(name, to, subject),
        id=name,
        task_queue=TASK_QUEUE,
        static_summary=f"{subject} · {to}",
    )
    policy = SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP)
    # one after the other where each ends, and dropped where one does not
    overlap = ScheduleOverlapPolicy.SKIP if to.endswith(DOWN) else ScheduleOverlapPolicy.BUFFER_ALL
    backfill = tuple(ScheduleBackfill(*span, overlap) for span in [missed] if span)
    schedule = Schedule(action, spec, policy=policy, state=state or ScheduleState())
    return Planned(name, schedule, backfill)
