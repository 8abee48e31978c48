"""Export: what was asked for, and how far its file is.

The row is the truth about the file: of what lies there, only the first `size` bytes count.
"""

from datetime import timedelta

from django.contrib.auth.models import User
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.functions import Now

EXPORT_ROWS_MAX = 1_000_000
#: Of one person, together with those that are done and kept.
EXPORTS_PER_PERSON_MAX = 5
#: A file and its row go when it has been there so long.
EXPORT_KEPT = timedelta(days=7)


class Form(models.TextChoices):
    CSV = "csv", "CSV, for a spreadsheet"
    JSONL = "jsonl", "JSON, a line a run"


class State(models.TextChoices):
    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Under way"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELED = "canceled", "Canceled"


ACTIVE = (State.WAITING, State.RUNNING)


class Export(models.Model):
    #: The file's name; unlike the number nobody can guess it.
    token = models.UUIDField(db_default=RandomUUID(), editable=False, unique=True)
    namespace = models.CharField(max_length=255)
    #: A name of `console.gateway.lists`.
    lists = models.CharField(max_length=16, default="runs")
    #: As it was typed, and as the engine is asked: with now() written out.
    query = models.TextField(blank=True)
    asked = models.TextField(blank=True)
    columns = models.TextField()
    form = models.CharField(max_length=8, choices=Form.choices, default=Form.CSV)
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="exports")
    who = models.CharField(max_length=200)
    asked_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()

    state = models.CharField(max_length=16, choices=State.choices, default=State.WAITING)
    #: Why it is in this state, when that is not plain.
    says = models.TextField(blank=True)
    #: How many matched when it was asked for.
    matched = models.PositiveIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)
    page_token = models.BinaryField(default=b"")
    #: Grows with each claim: a worker that was given up for dead cannot note anything any more.
    claim = models.PositiveIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=["state", "id"], name="exports_by_state"),)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(state__in=State.values), name="state_of_export_is_known"
            ),
        )

    def __str__(self) -> str:
        return f"export-{self.pk}"

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE

    @property
    def file_name(self) -> str:
        return f"{self.token}.{self.form}"
