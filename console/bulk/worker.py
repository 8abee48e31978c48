"""The process that runs bulk operations."""

from django.conf import settings

from console.bulk.activities import act_on_chunk, show_stage
from console.bulk.workflow import BulkWorkflow
from console.gateway import system


async def serve() -> None:
    await system.serve(settings.BULK_TASK_QUEUE, [BulkWorkflow], [act_on_chunk, show_stage])
