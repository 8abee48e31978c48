"""Two append-only tables: the database itself refuses to change or delete their rows. And one of
what was done by other doors.

An entry stands before the engine is asked, so an act cannot happen without it; its outcome follows
in a row of its own.
An entry without outcome says that the console stopped in between, one whose outcome is not known
that the engine did not answer: ask the engine, which knows the entry's id as request id or update
id.
"""

from django.contrib.auth.models import User
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.functions import Now


class AuditEntry(models.Model):
    id = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)
    at = models.DateTimeField(db_default=Now())
    #: None: the console itself, by the clock
    person = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="acts")
    #: who, as they were called then
    who = models.CharField(max_length=200)
    verb = models.CharField(max_length=64)
    namespace = models.CharField(max_length=255, blank=True)
    workflow_id = models.CharField(max_length=1_000, blank=True)
    run_id = models.CharField(max_length=64, blank=True)
    #: what it was done to when that is no run: an account, a saved view, an operation
    target = models.TextField(blank=True)
    reason = models.TextField(blank=True)
    before = models.JSONField(null=True)
    asked = models.JSONField(null=True)

    class Meta:
        ordering = ("-at",)
        indexes = (
            models.Index(fields=["namespace", "workflow_id", "-at"], name="audit_by_run"),
            models.Index(fields=["-at"], name="audit_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.who}: {self.verb} {self.workflow_id or self.target}"


class OtherAct(models.Model):
    """What somebody did by another door, as the history of a run tells. No row of ours attests it.

    Unlike the entries it can be read again from where it came, and is kept for a time.
    """

    namespace = models.CharField(max_length=255)
    workflow_id = models.CharField(max_length=1_000)
    run_id = models.CharField(max_length=64)
    event_id = models.PositiveIntegerField()
    at = models.DateTimeField()
    verb = models.CharField(max_length=64)
    #: of the signal, the update, the activity
    name = models.CharField(max_length=255, blank=True)
    #: as the caller called themselves
    who = models.CharField(max_length=200, blank=True)
    reason = models.TextField(blank=True)
    found_at = models.DateTimeField()

    class Meta:
        ordering = ("-at", "-event_id")
        constraints = (
            models.UniqueConstraint(
                fields=["namespace", "run_id", "event_id"], name="one_act_of_an_event"
            ),
        )
        indexes = (models.Index(fields=["namespace", "-at"], name="other_acts_by_time"),)

    def __str__(self) -> str:
        return f"{self.who}: {self.verb} {self.workflow_id}"


class AuditOutcome(models.Model):
    class Result(models.TextChoices):
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"
        #: it was asked for, and no answer came
        UNKNOWN = "unknown", "Not known"

    entry = models.OneToOneField(
        AuditEntry, on_delete=models.PROTECT, primary_key=True, related_name="outcome"
    )
    at = models.DateTimeField(db_default=Now())
    result = models.CharField(max_length=16, choices=Result.choices)
    says = models.TextField(blank=True)
    after = models.JSONField(null=True)
    #: the event that the act became, in the history of `run_id`
    event_id = models.PositiveIntegerField(null=True)
    run_id = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"{self.entry_id}: {self.result}"
