"""The process that runs approvals, and the changes of cohorts."""

from django.conf import settings

from console.billing import activities
from console.billing.workflow import BillingApproval, BillingInChunks
from console.gateway import system


async def serve() -> None:
    await system.serve(
        settings.BILLING_TASK_QUEUE, [BillingApproval, BillingInChunks], activities.ALL
    )


def is_away() -> bool:
    return system.worker_is_away(settings.BILLING_TASK_QUEUE)
