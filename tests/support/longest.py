"""The longest history that the protocol allows, with as many pending activities, in seconds.

Few workflow tasks with thousands of commands each: timers that are started and canceled at once,
and at last activities that nobody takes.
"""

from console.gateway.runs import RunKey
from tests.support import commands
from tests.support.engine import PERDURE, Server
from tests.support.worker import ScriptedWorker

PAIRS_PER_TASK = 5_000


async def longest(address: str, workflow_id: str, queue: str, events: int, pending: int) -> RunKey:
    """An open run with about so many events, of which the last ones are its pending activities."""
    server = Server(address, PERDURE)
    run = await server.start(workflow_id, queue)
    worker = ScriptedWorker(server, queue)
    rest, made = (events - pending) // 2, 0
    while rest > 0:
        count = min(rest, PAIRS_PER_TASK)
        pairs = []
        for _ in range(count):
            made += 1
            name = f"period-{made} for Größe {made % 97}"
            pairs += [commands.start_timer(name, 86_400), commands.cancel_timer(name)]
        rest -= count + 2
        await worker.on_task(*pairs, force_create_new_workflow_task=True)
    left = [
        commands.schedule_activity(
            f"charge-{number}", f"{queue}-nobody", input=commands.text({"amount": f"{number}.00"})
        )
        for number in range(pending)
    ]
    await worker.on_task(*left)
    await server.channel.close()
    return RunKey(server.namespace, run.workflow_id, run.run_id)
