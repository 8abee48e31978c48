"""A rule watches; a crossing is what it saw; a delivery tells one receiver of it.

rule      quiet ──count over the threshold──▶ firing ──no longer──▶ quiet
rule      looked at ──its view is deleted──▶ stopped, for good
              └──its maker may not any more──▶ stopped ──may again──▶ looked at
delivery  waiting ──sent──▶ sent
             └──tried TRIES_MAX times, or the rule is stopped──▶ given up
"""

from django.contrib.auth.models import User
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone


class Kind(models.TextChoices):
    COUNT = "count", "Count of a view over a threshold"
    NEW = "new", "An incident that is new, or comes back"


class Rule(models.Model):
    namespace = models.CharField(max_length=255)
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    #: What a count is of: whoever changes the view changes what is counted.
    view = models.ForeignKey(
        "saved_views.SavedView",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="alert_rules",
    )
    #: As the maker last saw it; it is what is left of a view that was deleted.
    view_name = models.CharField(max_length=60, blank=True)
    #: Of a view that was deleted: everyone here had it, so everyone still sees the rule.
    was_shared = models.BooleanField(default=False)
    threshold = models.PositiveIntegerField(default=0)
    webhook = models.CharField(max_length=500, blank=True)
    #: What webhooks are signed with; it must be readable, since the receiver has the same.
    secret = models.CharField(max_length=64)
    mail_to = models.CharField(max_length=500, blank=True)
    is_muted = models.BooleanField(default=False)
    maker = models.ForeignKey(User, on_delete=models.PROTECT, related_name="alert_rules")
    made_at = models.DateTimeField()

    #: Since when it tells nobody, and the sentence why.
    stopped_at = models.DateTimeField(null=True)
    stopped_for = models.TextField(blank=True)

    # ---- written by the watch
    is_firing = models.BooleanField(default=False)
    #: Whoever moves this on has the rule to look at; the others leave it.
    looked_at = models.DateTimeField(null=True)
    counted = models.PositiveIntegerField(null=True)
    counted_at = models.DateTimeField(null=True)
    says = models.TextField(blank=True)
    #: The newest incident that it has told of.
    told_of = models.BigIntegerField(default=0)
    #: Of those that were called fixed and happened again, the newest return that it has told of.
    told_back = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(
                "maker", "namespace", Lower("name"), name="one_rule_of_a_name_per_maker"
            ),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="rule_kind_is_known"),
            models.CheckConstraint(
                condition=Q(kind=Kind.NEW) | Q(view__isnull=False) | Q(stopped_at__isnull=False),
                name="a_view_or_stopped",
            ),
        )

    def __str__(self) -> str:
        return f"{self.namespace}: {self.name}"


class Crossing(models.Model):
    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="crossings")
    at = models.DateTimeField()
    #: Of a count: when it fell again. A new incident is told once and needs no end.
    cleared_at = models.DateTimeField(null=True)
    count = models.PositiveIntegerField(default=0)
    what = models.CharField(max_length=500)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.rule_id}: {self.what}"


class State(models.TextChoices):
    WAITING = "waiting", "Waiting"
    SENT = "sent", "Sent"
    GIVEN_UP = "given up", "Given up"


class Delivery(models.Model):
    #: The same at every try, so that a receiver knows one that it has.
    id = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)
    crossing = models.ForeignKey(Crossing, on_delete=models.CASCADE, related_name="deliveries")
    #: empty: the rule's webhook; else the address of a mail
    mail_to = models.CharField(max_length=254, blank=True)
    body = models.JSONField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    due_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    says = models.TextField(blank=True)

    class Meta:
        indexes = (models.Index(fields=["state", "due_at"], name="alert_deliveries_due"),)

    def __str__(self) -> str:
        return f"{self.id}: {self.state}"
