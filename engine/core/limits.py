"""Every size and count that a run may not exceed; the defaults are Temporal's."""

from __future__ import annotations

import msgspec

SECOND = 1_000_000_000
KIB = 1024
MIB = 1024 * KIB


class Limits(msgspec.Struct, frozen=True):
    payload_bytes_max: int = 2 * MIB
    memo_bytes_max: int = 2 * MIB
    # Of a workflow task's commands that come in several requests. It is told, as there; no worker
    # is offered to answer so, and one request has the limit of a message.
    paged_completion_bytes_max: int = 40 * MIB
    history_events_max: int = 51_200
    history_events_suggest_continue: int = 4_096
    history_bytes_max: int = 50 * MIB
    history_bytes_suggest_continue: int = 4 * MIB
    pending_activities_max: int = 2_000
    pending_children_max: int = 2_000
    pending_signals_out_max: int = 2_000
    pending_cancels_out_max: int = 2_000
    pending_operations_max: int = 30
    nexus_name_length_max: int = 1_000
    nexus_header_bytes_max: int = 8 * KIB
    completion_callbacks_max: int = 2_000
    signals_max: int = 10_000
    updates_in_flight_max: int = 10
    updates_total_max: int = 2_000
    updates_suggest_continue: int = 1_800
    # Held back while a workflow task runs; beyond it the task fails.
    buffered_events_max: int = 100
    buffered_bytes_max: int = 2 * MIB
    id_length_max: int = 1_000
    search_attributes_count_max: int = 100
    search_attribute_value_bytes_max: int = 2 * KIB
    search_attributes_bytes_max: int = 40 * KIB
    workflow_task_timeout_default_ns: int = 10 * SECOND
    workflow_task_timeout_max_ns: int = 120 * SECOND
    # A task that has failed this often is retried with a back-off instead of at once.
    workflow_task_quick_attempts_max: int = 2
    workflow_task_retry_interval_max_ns: int = 600 * SECOND


DEFAULT = Limits()
