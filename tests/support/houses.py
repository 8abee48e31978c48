"""Workers in several languages as processes, to be killed; and what the histories say of them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from temporalio.api.history.v1 import (
    ActivityTaskScheduledEventAttributes,
    ActivityTaskStartedEventAttributes,
    HistoryEvent,
    StartChildWorkflowExecutionInitiatedEventAttributes,
    WorkflowExecutionStartedEventAttributes,
    WorkflowTaskCompletedEventAttributes,
    WorkflowTaskStartedEventAttributes,
)

from examples.polyglot.toolchains import HOUSES, ROOT
from tests.support.history import attributes_of

STOP_SECONDS = 20


class Houses:
    """By language. `pids` are those that ever ran, the last one last."""

    def __init__(self, address: str, logs: Path) -> None:
        self._environment = {**os.environ, "ENGINE_ADDRESS": address}  # noqa: TID251  it is handed on
        self._logs = logs
        self._commands = {house.language: house.command for house in HOUSES}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.pids: dict[str, list[int]] = {language: [] for language in self._commands}

    def start(self, *languages: str) -> None:
        for language in languages:
            with (self._logs / language).open("ab") as log:
                process = subprocess.Popen(
                    self._commands[language],
                    env=self._environment, cwd=ROOT, stdout=log, stderr=log,
                )  # fmt: skip
            self._running[language] = process
            self.pids[language].append(process.pid)

    @property
    def alive(self) -> tuple[str, ...]:
        return tuple(self._running)

    def kill(self, *languages: str) -> None:
        """kill -9."""
        for language in languages:
            process = self._running.pop(language)
            process.kill()
            process.wait()

    def end(self) -> dict[str, int]:
        """SIGTERM to all: with which code each ended."""
        for process in self._running.values():
            process.terminate()
        codes = {
            language: process.wait(STOP_SECONDS) for language, process in self._running.items()
        }
        self._running.clear()
        return codes


@contextmanager
def running(address: str, logs: Path) -> Iterator[Houses]:
    houses = Houses(address, logs)
    houses.start(*houses.pids)
    try:
        yield houses
    finally:
        houses.kill(*houses.alive)


def story(events: Iterable[HistoryEvent]) -> list[str]:
    """What was asked of whom, in order: `ScreenParty at payments-java`."""
    told = []
    for event in events:
        asked = attributes_of(event)
        if isinstance(asked, WorkflowExecutionStartedEventAttributes):
            told.append(f"{asked.workflow_type.name} at {asked.task_queue.name}")
        elif isinstance(asked, ActivityTaskScheduledEventAttributes):
            told.append(f"{asked.activity_type.name} at {asked.task_queue.name}")
        elif isinstance(asked, StartChildWorkflowExecutionInitiatedEventAttributes):
            told.append(f"child {asked.workflow_type.name} at {asked.task_queue.name}")
    return told


def workflow_pids(events: Iterable[HistoryEvent]) -> set[int]:
    """Of the processes that took the run's workflow tasks; each SDK's identity begins with it."""
    return {
        _pid(asked.identity)
        for event in events
        if isinstance(asked := attributes_of(event), WorkflowTaskStartedEventAttributes)
    }


def activity_pids(events: Iterable[HistoryEvent]) -> dict[str, int]:
    """By the activity's type, the process that took it."""
    types: dict[int, str] = {}
    pids: dict[str, int] = {}
    for event in events:
        asked = attributes_of(event)
        if isinstance(asked, ActivityTaskScheduledEventAttributes):
            types[event.event_id] = asked.activity_type.name
        elif isinstance(asked, ActivityTaskStartedEventAttributes):
            pids[types[asked.scheduled_event_id]] = _pid(asked.identity)
    return pids


def sdk_of(events: Iterable[HistoryEvent]) -> str:
    """What the first workflow task that ended well says of the code that took it."""
    for event in events:
        asked = attributes_of(event)
        if isinstance(asked, WorkflowTaskCompletedEventAttributes):
            return asked.sdk_metadata.sdk_name
    return ""


def objects_in(events: Iterable[HistoryEvent]) -> Iterator[dict[str, Any]]:
    """All JSON objects that were given or came back."""
    for event in events:
        attributes = attributes_of(event)
        for field in {"input", "result"}.intersection(attributes.DESCRIPTOR.fields_by_name):
            for payload in getattr(attributes, field).payloads:
                yield from objects_of(json.loads(payload.data))


def objects_of(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value if isinstance(value, list) else ():
        yield from objects_of(inner)
    for inner in value.values() if isinstance(value, dict) else ():
        yield from objects_of(inner)


def _pid(identity: str) -> int:
    return int(identity.partition("@")[0])
