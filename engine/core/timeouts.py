"""The three time-outs of a run, made to fit each other.

task  <=  run  <=  execution        0 (not set): as long as the next one allows
"""

from __future__ import annotations

from typing import Any

from engine.core.limits import Limits
from engine.protocol.times import bound, nanoseconds


def fit(attributes: Any, limits: Limits) -> None:
    """`attributes`: of a started run's event, or of a child's initiated one."""
    bound(attributes.workflow_execution_timeout)
    execution = attributes.workflow_execution_timeout.ToNanoseconds()
    run = nanoseconds(attributes.workflow_run_timeout) or execution
    task = attributes.workflow_task_timeout.ToNanoseconds()
    task = min(task or limits.workflow_task_timeout_default_ns, limits.workflow_task_timeout_max_ns)
    if execution:
        run = min(run, execution)
    if run:
        attributes.workflow_run_timeout.FromNanoseconds(run)
        task = min(task, run)
    attributes.workflow_task_timeout.FromNanoseconds(task)


def fit_activity(attributes: Any, run_ns: int) -> None:
    """`attributes`: of an ActivityTaskScheduled event; one of the two ...to-close is set."""
    whole = nanoseconds(attributes.schedule_to_close_timeout) or run_ns
    waiting = nanoseconds(attributes.schedule_to_start_timeout) or whole
    work = nanoseconds(attributes.start_to_close_timeout) or whole
    beat = nanoseconds(attributes.heartbeat_timeout)
    within = min(whole, run_ns) if run_ns else whole
    if within:
        waiting, work = min(waiting, within), min(work, within)
    attributes.schedule_to_close_timeout.FromNanoseconds(within)
    attributes.schedule_to_start_timeout.FromNanoseconds(waiting)
    attributes.start_to_close_timeout.FromNanoseconds(work)
    attributes.heartbeat_timeout.FromNanoseconds(min(beat, work))
