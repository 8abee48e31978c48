"""The manifest: an operation, and its targets with one outcome each.

The record stays: the database itself refuses to change an outcome, or what was launched, or to take
either away. Only a failed one may wait for another try, and then its outcome is kept beside it.
"""

from django.contrib.auth.models import User
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.functions import Now


class Stage(models.TextChoices):
    DRAFT = "draft", "Draft"
    CANARY = "canary", "Canary"
    ASKING = "asking", "Canary done"
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    FINISHED = "finished", "Finished"
    ABORTED = "aborted", "Aborted"


#: A system workflow is at it.
ACTIVE = (Stage.CANARY, Stage.ASKING, Stage.RUNNING, Stage.PAUSED)
ENDED = (Stage.FINISHED, Stage.ABORTED)


class State(models.TextChoices):
    WAITING = "waiting", "To go"
    CLAIMED = "claimed", "Under way"
    DONE = "done", "Done"
    CLOSED = "closed", "Skipped"
    FAILED = "failed", "Failed"
    LEFT = "left", "Left out"
    INELIGIBLE = "ineligible", "Not eligible"


OPEN_STATES = (State.WAITING, State.CLAIMED)


class BulkOperation(models.Model):
    #: Unlike the number it is never given twice, whatever database this is.
    token = models.UUIDField(db_default=RandomUUID(), editable=False, unique=True)
    namespace = models.CharField(max_length=255)
    #: The name of a deed.
    verb = models.CharField(max_length=32)
    #: Where the list came from; empty: runs that were chosen by hand.
    query = models.TextField(blank=True)
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="bulk_operations")
    who = models.CharField(max_length=200)
    frozen_at = models.DateTimeField(db_default=Now())
    eligible = models.PositiveIntegerField(default=0)
    not_eligible = models.PositiveIntegerField(default=0)

    stage = models.CharField(max_length=16, choices=Stage.choices, default=Stage.DRAFT)
    #: Why it is in this stage, when that is not plain.
    says = models.TextField(blank=True)
    #: What a person asked of it last and the workflow has not heard yet.
    asked = models.CharField(max_length=16, blank=True)
    #: Grows when the failed ones are tried again: each round is a system workflow of its own, and
    #: somebody's own act (`rounds.py`).
    round = models.PositiveIntegerField(default=1)

    reason = models.TextField(blank=True)
    canary = models.PositiveIntegerField(default=0)
    rate = models.PositiveIntegerField(default=0)
    errors_percent_max = models.PositiveIntegerField(default=0)
    #: What the deed's own form took.
    told = models.JSONField(default=dict)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=["namespace", "-id"], name="bulk_by_namespace"),)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(stage__in=Stage.values), name="stage_is_known"
            ),
        )

    def __str__(self) -> str:
        return f"bulk-{self.pk:04d}"

    @property
    def workflow_id(self) -> str:
        return f"bulk/{self.token}/{self.round}"

    def request_id(self, target_id: int) -> str:
        """The same whoever tries it and however often, so that the engine does it once."""
        return f"{self.token}:{target_id}"

    @property
    def all_targets(self) -> int:
        return self.eligible + self.not_eligible

    @property
    def is_active(self) -> bool:
        return self.stage in ACTIVE

    @property
    def has_ended(self) -> bool:
        return self.stage in ENDED


class BulkTarget(models.Model):
    operation = models.ForeignKey(
        BulkOperation, on_delete=models.CASCADE, related_name="targets", db_index=False
    )
    workflow_id = models.CharField(max_length=1_000)
    run_id = models.CharField(max_length=64)
    workflow_type = models.CharField(max_length=1_000, blank=True)
    #: As the index said when the list was frozen.
    status_then = models.CharField(max_length=32)
    #: Counts the eligible ones from 1: chunks are ranges of it. The others have none.
    position = models.PositiveIntegerField(null=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.WAITING)
    #: Who is at it: only the holder may write the outcome.
    claim = models.CharField(max_length=200, blank=True)
    tries = models.PositiveIntegerField(default=0)
    says = models.TextField(blank=True)
    concluded_at = models.DateTimeField(null=True)
    #: What a report counts and a file has columns for, where the deed tells such things.
    facts = models.JSONField(null=True)
    #: The run that a reset began.
    new_run_id = models.CharField(max_length=64, blank=True)
    #: In which it came to this; none before rounds were noted, and none where nobody tried it.
    round = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=["operation", "workflow_id", "run_id"], name="one_target_per_run"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=State.values), name="state_is_known"
            ),
        )
        indexes = (
            models.Index(fields=["operation", "id"], name="bulk_targets_listed"),
            models.Index(fields=["operation", "position"], name="bulk_targets_in_order"),
            models.Index(fields=["operation", "state", "id"], name="bulk_targets_by_state"),
            models.Index(fields=["operation", "-concluded_at"], name="bulk_targets_newest"),
        )

    def __str__(self) -> str:
        return self.request_id

    @property
    def request_id(self) -> str:
        return self.operation.request_id(self.pk)


class Tally(models.Model):
    """How many came to what, second by second: written with the outcomes, in one statement.

    A page that asks every second must not count a hundred thousand rows each time.
    """

    operation = models.ForeignKey(BulkOperation, on_delete=models.CASCADE, related_name="tallies")
    second = models.DateTimeField()
    state = models.CharField(max_length=16, choices=State.choices)
    count = models.IntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["operation", "second", "state"], name="one_tally_per_second"
            ),
        )

    def __str__(self) -> str:
        return f"{self.operation_id} {self.second:%H:%M:%S} {self.state}: {self.count}"


class PastOutcome(models.Model):
    """What a target had failed with before it was tried again. Written by the database itself."""

    operation = models.ForeignKey(
        BulkOperation, on_delete=models.PROTECT, related_name="past_outcomes"
    )
    target_id = models.BigIntegerField()
    tries = models.PositiveIntegerField()
    says = models.TextField(blank=True)
    concluded_at = models.DateTimeField(null=True)
    round = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=["operation", "target_id"], name="bulk_past_by_target"),)

    def __str__(self) -> str:
        return f"{self.target_id}: {self.says}"


class Continuation(models.Model):
    """Who let it go on after its launch: tried the failed ones again, or resumed a round.

    It stays as outcomes do. A round that nobody is named for here is the launcher's.
    """

    class What(models.TextChoices):
        RETRIED = "retried", "Tried again"
        RESUMED = "resumed", "Resumed"

    operation = models.ForeignKey(
        BulkOperation, on_delete=models.PROTECT, related_name="continuations"
    )
    what = models.CharField(max_length=16, choices=What.choices)
    round = models.PositiveIntegerField()
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    who = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=["operation", "round"],
                condition=models.Q(what="retried"),
                name="one_person_begins_a_round",
            ),
        )

    def __str__(self) -> str:
        return f"{self.operation_id}/{self.round}: {self.what} by {self.who}"
