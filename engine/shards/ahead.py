"""The batch that is to come: what can be stepped while the last one is being stored is.

    a work comes ──▶ its run is in memory, and nothing under way concerns it ──▶ stepped at once
                 └─▶ else it waits in the inbox

So the steps of a commit are made while the disk is busy with the one before it, and a poller need
not wait for either. Callers whose works wait at the same time have no order among them, so none is
broken here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import EngineError
from engine.shards import carrying
from engine.shards.batch import BYTES_MAX, WORKS_MAX, Batch
from engine.shards.release import Release
from engine.shards.works import Work

if TYPE_CHECKING:
    from engine.shards.actor import Writer


class Ahead:
    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.batch = Batch(writer.clock.now(), outbox=writer.outbox)
        self.release = Release(writer, self.batch)
        self.works: list[Work] = []
        # What a step has failed with that is nobody's refusal: the batch is lost.
        self.trouble: Exception | None = None

    @property
    def has_room(self) -> bool:
        return len(self.works) < WORKS_MAX and self.batch.size <= BYTES_MAX

    def step(self, work: Work) -> None:
        self.works.append(work)
        # No task is started before it was scheduled.
        self.batch.at = self._writer.clock.now()
        try:
            carrying.CARRIERS[type(work)](self._writer, work, self.batch, self.release)
        except EngineError as refusal:
            self.release.refuse(work, refusal)
        except Exception as trouble:  # noqa: BLE001  the batch tells what it makes of it
            self.trouble = trouble
