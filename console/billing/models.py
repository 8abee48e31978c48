"""What billing keeps: limits, what was spent of them, proposals, and cohorts with their members.

Amounts are NUMERIC here, decimal strings on the wire, and never floats. Four decimals have room for
any currency; what is kept has no more of them than its own (`effects.rounded`).
"""

from django.contrib.auth.models import User
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.functions import Now

from console.access.models import Role
from console.gateway.runs import RunKey


class About(models.TextChoices):
    ADJUSTMENT = "adjustment", "One adjustment"
    REFUND = "refund", "One refund"
    COHORT = "cohort", "A cohort in all"
    DAY = "day", "In 24 hours in all"


class Limit(models.Model):
    """How far people of a role go alone. Above it a second person is needed."""

    namespace = models.CharField(max_length=255)
    role = models.CharField(max_length=16, choices=Role.choices)
    about = models.CharField(max_length=16, choices=About.choices)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=20, decimal_places=4)

    class Meta:
        ordering = ("role", "about", "currency")
        constraints = (
            models.UniqueConstraint(
                fields=["namespace", "role", "about", "currency"], name="one_limit_of_a_kind"
            ),
            models.CheckConstraint(
                condition=models.Q(amount__gte=0), name="limit_is_not_below_zero"
            ),
        )

    def __str__(self) -> str:
        return f"{self.role} {self.about}: {self.amount} {self.currency}"


class Spending(models.Model):
    """What a person moved alone; what a second person approved is not in it."""

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    namespace = models.CharField(max_length=255)
    at = models.DateTimeField()
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=20, decimal_places=4)
    #: The audit entry that it was for.
    act = models.UUIDField()

    class Meta:
        indexes = (models.Index(fields=["person", "namespace", "at"], name="spent_by_person"),)

    def __str__(self) -> str:
        return f"{self.person}: {self.amount} {self.currency}"


class Weighed(models.Model):
    """One update of one subscription, as a dry run weighed it, and what came of it."""

    kind = models.CharField(max_length=32)
    workflow_id = models.CharField(max_length=1_000)
    #: The run that was looked at; the update goes to whichever goes on under this workflow id.
    run_id = models.CharField(max_length=64)
    #: The update's argument but for who signs it.
    argument = models.JSONField(default=dict)
    noun = models.CharField(max_length=64, blank=True)
    before = models.CharField(max_length=200, blank=True)
    after = models.CharField(max_length=200, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    #: Over all coming charges; below zero lowers the revenue.
    difference = models.DecimalField(max_digits=20, decimal_places=4, default=0)
    #: What limits are compared with.
    weight = models.DecimalField(max_digits=20, decimal_places=4, default=0)
    #: Audit entry, update id and audit reference in one, so that it happens once.
    act = models.UUIDField(db_default=RandomUUID(), editable=False, unique=True)

    class Meta:
        abstract = True


class Cohort(models.Model):
    """A frozen list of subscriptions, one wish for all of them."""

    class Stage(models.TextChoices):
        WEIGHING = "weighing", "Being weighed"
        WEIGHED = "weighed", "Weighed"
        PROPOSED = "proposed", "Waits for approval"
        RUNNING = "running", "Under way"
        ASKING = "asking", "Canary done"
        PAUSED = "paused", "Paused"
        FINISHED = "finished", "Finished"
        STOPPED = "stopped", "Stopped"
        DISCARDED = "discarded", "Discarded"

    token = models.UUIDField(db_default=RandomUUID(), editable=False, unique=True)
    namespace = models.CharField(max_length=255)
    query = models.TextField()
    wish = models.JSONField()
    reason = models.TextField()
    #: Who gathered it, and in whose name it is weighed.
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    who = models.CharField(max_length=200)
    #: Who launched it, or proposed it: what is carried out is this person's.
    launcher = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    #: Who is named in the ledgers: the launcher, and who approved it.
    actor = models.CharField(max_length=400, blank=True)
    identity = models.CharField(max_length=400, blank=True)
    frozen_at = models.DateTimeField(db_default=Now())
    weighed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    stage = models.CharField(max_length=16, choices=Stage.choices, default=Stage.WEIGHING)
    #: Why it is in this stage, when that is not plain.
    says = models.TextField(blank=True)
    #: Those that another one refused or left out, to be weighed anew.
    of = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")

    canary = models.PositiveIntegerField(default=0)
    #: Somebody has looked at the canary, or there is none to look at.
    confirmed = models.BooleanField(default=False)
    rate = models.PositiveIntegerField(default=0)
    errors_percent_max = models.PositiveIntegerField(default=0)
    #: Outcomes before this do not count as errors any more.
    judged_from = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=["namespace", "-id"], name="cohorts_by_namespace"),)

    def __str__(self) -> str:
        return f"cohort-{self.pk:04d}"

    @property
    def is_moving(self) -> bool:
        return self.stage in {self.Stage.WEIGHING, self.Stage.PROPOSED, *self.under_way()}

    @property
    def was_launched(self) -> bool:
        """Before that it has no actor that holds: a launch may not have come about."""
        return self.stage in {self.Stage.FINISHED, self.Stage.STOPPED, *self.under_way()}

    @classmethod
    def under_way(cls) -> frozenset[str]:
        """A system workflow carries it out, or waits to be told to go on."""
        return frozenset({cls.Stage.RUNNING, cls.Stage.ASKING, cls.Stage.PAUSED})


class Member(Weighed):
    class State(models.TextChoices):
        WAITING = "waiting", "To be weighed"
        ELIGIBLE = "eligible", "To go"
        INELIGIBLE = "ineligible", "Not eligible"
        CLAIMED = "claimed", "Under way"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"
        UNKNOWN = "unknown", "No answer"
        LEFT = "left", "Left out"

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="members")
    state = models.CharField(max_length=16, choices=State.choices, default=State.WAITING)
    #: Why it is in this state.
    says = models.TextField(blank=True)
    #: A month's difference for good; zero for what happens once.
    monthly = models.DecimalField(max_digits=24, decimal_places=8, default=0)
    #: The first period that is charged differently; 0: none.
    first_period = models.IntegerField(default=0)
    tries = models.PositiveIntegerField(default=0)
    concluded_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=["cohort", "workflow_id"], name="one_member_each"),
        )
        indexes = (models.Index(fields=["cohort", "state", "id"], name="members_by_state"),)

    def __str__(self) -> str:
        return f"{self.cohort}: {self.workflow_id}"


class Proposal(Weighed):
    """What was beyond a person's limit, and waits for a second person."""

    class Stage(models.TextChoices):
        OPEN = "open", "Waits for a second person"
        APPROVED = "approved", "Approved, under way"
        DONE = "done", "Carried out"
        VOID = "void", "Void"
        REJECTED = "rejected", "Rejected"
        WITHDRAWN = "withdrawn", "Withdrawn"
        EXPIRED = "expired", "Expired"

    token = models.UUIDField(db_default=RandomUUID(), editable=False, unique=True)
    namespace = models.CharField(max_length=255)
    #: All of a cohort, instead of one subscription.
    cohort = models.ForeignKey(Cohort, null=True, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=200)
    reason = models.TextField()
    #: Which limits it is beyond.
    over = models.TextField()
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    who = models.CharField(max_length=200)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    stage = models.CharField(max_length=16, choices=Stage.choices, default=Stage.OPEN)
    #: Why it ended so.
    says = models.TextField(blank=True)
    decider = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_by = models.CharField(max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.TextField(blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=["namespace", "stage", "-id"], name="proposals_by_stage"),)

    def __str__(self) -> str:
        return f"proposal-{self.pk:04d}"

    @property
    def key(self) -> RunKey:
        return RunKey(self.namespace, self.workflow_id, self.run_id)

    @property
    def approval_id(self) -> str:
        """The workflow id of its approval."""
        return f"billing-approval/{self.token}"
