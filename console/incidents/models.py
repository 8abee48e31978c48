"""An incident is a failure fingerprint of a namespace, and what people said of it.

    open ──a person──▶ known ──a person──▶ fixed ──it happens again──▶ open

Only the survey writes counts; only people write state, owner, note and link, but for the last
arrow.
"""

from django.contrib.auth.models import User
from django.db import models

from console.gateway.runs import RunKey

#: An incident that some run has now.
PRESENT = models.Q(running__gt=0) | models.Q(failed__gt=0)


class State(models.TextChoices):
    OPEN = "open", "Open"
    KNOWN = "known", "Known"
    FIXED = "fixed", "Fixed"


class Incident(models.Model):
    namespace = models.CharField(max_length=255)
    #: What fails so: a name of `console.gateway.lists`.
    lists = models.CharField(max_length=16, default="runs")
    fingerprint = models.CharField(max_length=64)

    # ---- what it is, from a few of its runs
    failure_type = models.CharField(max_length=255, blank=True)
    message = models.TextField(blank=True)
    activity_types = models.JSONField(default=list)
    workflow_types = models.JSONField(default=list)
    task_queues = models.JSONField(default=list)
    example_workflow_id = models.CharField(max_length=1_000, blank=True)
    example_run_id = models.CharField(max_length=64, blank=True)
    #: When the runs were looked at; null: not yet.
    looked_at = models.DateTimeField(null=True)

    # ---- how many, by the newest survey
    #: Running, and an activity of theirs fails now.
    running = models.PositiveIntegerField(default=0)
    #: Closed by it, and not yet deleted by the retention.
    failed = models.PositiveIntegerField(default=0)
    #: The survey that these are of: where there are very many, a survey counts some of them.
    counted_at = models.DateTimeField(null=True)
    first_seen_at = models.DateTimeField()
    #: The newest survey that found a run failing now, or more closed than before.
    last_seen_at = models.DateTimeField()

    # ---- what people said
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    owner = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="incidents_owned"
    )
    note = models.TextField(blank=True)
    link = models.URLField(max_length=500, blank=True)
    fixed_at = models.DateTimeField(null=True)
    #: The fewest since it was called fixed: more than that is "again".
    floor_running = models.PositiveIntegerField(default=0)
    floor_failed = models.PositiveIntegerField(default=0)
    reopened_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["namespace", "lists", "fingerprint"], name="one_incident_of_a_fingerprint"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=State.values), name="incident_state_is_known"
            ),
        )

    def __str__(self) -> str:
        return f"{self.title} ({self.fingerprint})"

    @property
    def where(self) -> str:
        """The activity that fails, or the type of the runs that it ended."""
        return ", ".join(self.activity_types or self.workflow_types)

    @property
    def title(self) -> str:
        return f"{self.where} {self.failure_type}".strip() or self.fingerprint

    @property
    def mark(self) -> str:
        """The fingerprint alone may be a run's as well."""
        return f"{'' if self.lists == 'runs' else f'{self.lists}/'}{self.fingerprint}"

    @property
    def target(self) -> str:
        """In the activity log. The name may grow with what is learned; the mark stays."""
        return f"{self.mark} {self.title}"[:255]

    @property
    def total(self) -> int:
        return self.running + self.failed

    @property
    def is_gone(self) -> bool:
        return not self.total

    @property
    def example(self) -> RunKey | None:
        if not self.example_run_id:
            return None
        return RunKey(self.namespace, self.example_workflow_id, self.example_run_id)


class Sample(models.Model):
    """The counts of one incident in one survey."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="samples")
    at = models.DateTimeField()
    running = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()

    class Meta:
        indexes = (models.Index(fields=["at"], name="incident_samples_by_time"),)
        constraints = (
            models.UniqueConstraint(fields=["incident", "at"], name="one_sample_at_a_time"),
        )

    def __str__(self) -> str:
        return f"{self.incident_id} at {self.at:%H:%M:%S}: {self.running} + {self.failed}"


class Survey(models.Model):
    """The newest count of a namespace."""

    namespace = models.CharField(max_length=255, unique=True)
    #: Whoever moves this on has the survey to do; the others leave it.
    begun_at = models.DateTimeField()
    #: What the incidents' counts are of; null: none has come through.
    at = models.DateTimeField(null=True)
    calls = models.PositiveIntegerField(default=0)
    #: Which part of very many is counted.
    turn = models.PositiveIntegerField(default=0)
    #: Incidents whose numbers are of an earlier survey, where they are more than one counts; null:
    #: all were counted.
    uncounted = models.PositiveIntegerField(null=True)
    #: Why the newest one did not come through.
    says = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.namespace} at {self.at}"
