"""The batch that is to come: what can be stepped while the last one is being stored is.

    a work that presses ──▶ its run is in memory, nothing under way concerns it ──▶ stepped at once
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
from engine.shards.works import Submit, Work

if TYPE_CHECKING:
    from engine.shards.actor import Writer


class Begun:
    """A batch, what it has promised, and the works whose steps are in it."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.batch = Batch(writer.clock.now(), outbox=writer.outbox)
        self.release = Release(writer, self.batch)
        self.works: list[Work] = []
        # What a step has failed with that is nobody's refusal: the batch cannot be stored.
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
        except Exception as trouble:  # noqa: BLE001  the writer tells what it makes of it
            self.trouble = trouble

    def step_all(self, works: list[Work]) -> list[Work]:
        """Those that do not fit in one commit come back."""
        for number, work in enumerate(works):
            if self.batch.size > BYTES_MAX:
                return works[number:]
            self.step(work)
        return []


class Ahead:
    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._begun: Begun | None = None
        # The batch that is being stored.
        self.under_way: Begun | None = None

    @property
    def waiting(self) -> int:
        """So many works are in the batch that is to come."""
        return 0 if self._begun is None else len(self._begun.works)

    def has_taken(self, work: Work) -> bool:
        """Step it now, if its run is as it is stored, or as the batch to come leaves it."""
        if type(work) is not Submit or work.patient or not self._writer.owns(work.key):
            return False
        entry = self._writer.cache.get(work.key)
        if entry is None or (self._begun is not None and not self._begun.has_room):
            return False
        if self.under_way and self.under_way.release.concerns(entry.state.key.run_id):
            return False
        if self._begun is None:
            self._begun = Begun(self._writer)
        self._begun.step(work)
        return True

    def take(self) -> Begun:
        """To be stored now; what comes from here on is for the one after it."""
        begun, self._begun = self._begun or Begun(self._writer), None
        return begun

    def needs(self, run_id: str) -> bool:
        return self._begun is not None and self._begun.release.concerns(run_id)

    def forget(self) -> list[Work]:
        """The works that nobody will store."""
        begun = self.take()
        begun.release.give_up()
        return begun.works
