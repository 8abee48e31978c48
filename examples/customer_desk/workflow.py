"""Run `CustomerDesk` with the day's requests; it answers how many were carried out."""

from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from examples.customer_desk.activities import DeskActivities, DeskRequest

TASK_QUEUE: Final = "customer-desk"
#: A subscription that was just started is not charged at once; later ones are left alone.
PATIENCE: Final = timedelta(minutes=10)
RETRIES: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=20)
)


@workflow.defn
class CustomerDesk:
    @workflow.run
    async def run(self, requests: list[DeskRequest]) -> int:
        done = 0
        for request in requests:
            done += await self._carry_out(request)
        return done

    async def _carry_out(self, request: DeskRequest) -> bool:
        try:
            await workflow.execute_activity_method(
                DeskActivities.carry_out,
                request,
                summary=request.subscription_id,
                start_to_close_timeout=timedelta(seconds=15),
                schedule_to_close_timeout=PATIENCE,
                retry_policy=RETRIES,
            )
        except ActivityError as error:
            workflow.logger.warning("%s: %s", request.subscription_id, error.cause)
            return False
        return True
