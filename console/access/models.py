"""Grant and GroupGrant: a person or a group, a namespace, a role. Rule: an exception to a role.

SignIn: a session that one can see and end. AttemptCount: how often a password was tried.
Token: a key of a person's to read with.
"""

from django.contrib.auth.models import Group, User
from django.contrib.postgres.functions import RandomUUID
from django.contrib.sessions.models import Session
from django.db import models

EVERYWHERE = "*"


class Role(models.TextChoices):
    VIEWER = "viewer", "Viewer"
    OPERATOR = "operator", "Operator"
    ADMIN = "admin", "Admin"


class Grant(models.Model):
    """One role of one person in one namespace, or everywhere."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="grants")
    namespace = models.CharField(max_length=255, default=EVERYWHERE)
    role = models.CharField(max_length=16, choices=Role.choices)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["person", "namespace"], name="one_role_per_namespace"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="role_is_known"),
        )

    def __str__(self) -> str:
        return f"{self.person} is {self.role} of {self.namespace}"


class GroupGrant(models.Model):
    """One role of everybody in a group, in one namespace or everywhere."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="grants")
    namespace = models.CharField(max_length=255, default=EVERYWHERE)
    role = models.CharField(max_length=16, choices=Role.choices)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["group", "namespace"], name="one_role_of_a_group_per_namespace"
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="role_of_a_group_is_known"
            ),
        )

    def __str__(self) -> str:
        return f"{self.group} is {self.role} of {self.namespace}"


class Rule(models.Model):
    """An exception to what the roles say: one verb that somebody may, or may not.

    `up_to` bounds what is allowed, or says above what it is forbidden; for verbs that take money.
    """

    person = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="rules")
    group = models.ForeignKey(Group, on_delete=models.CASCADE, null=True, related_name="rules")
    namespace = models.CharField(max_length=255, default=EVERYWHERE)
    verb = models.CharField(max_length=64)
    may = models.BooleanField()
    up_to = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    currency = models.CharField(max_length=3, blank=True)
    reason = models.CharField(max_length=500)
    given_by = models.CharField(max_length=200)
    given_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("verb", "namespace", "pk")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(person__isnull=True) ^ models.Q(group__isnull=True),
                name="rule_of_a_person_or_a_group",
            ),
            models.CheckConstraint(
                condition=models.Q(up_to__isnull=True, currency="")
                | models.Q(up_to__gte=0) & ~models.Q(currency=""),
                name="an_amount_has_a_currency",
            ),
            models.UniqueConstraint(
                fields=["person", "group", "namespace", "verb", "may", "currency"],
                nulls_distinct=False,
                name="one_rule_of_a_kind",
            ),
        )

    def __str__(self) -> str:
        return f"{self.person or self.group}: {'may' if self.may else 'may not'} {self.verb}"


class SignIn(models.Model):
    """A session, as its person sees it. It goes when the session goes, and takes it along."""

    #: the session's own key is a secret; this one may stand in an address
    id = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)
    session = models.OneToOneField(Session, on_delete=models.CASCADE, related_name="sign_in")
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_ins")
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    address = models.GenericIPAddressField(null=True)
    browser = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-seen_at",)

    def __str__(self) -> str:
        return f"{self.person} from {self.address}"


class AttemptCount(models.Model):
    """How often something was tried in a window of time. The buckets are hashed and so bounded."""

    bucket = models.CharField(primary_key=True, max_length=32)
    attempts = models.PositiveIntegerField(default=0)
    ends_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.bucket}: {self.attempts}"


class Token(models.Model):
    """A key for scripts: it reads, in these namespaces, what its person may see."""

    id = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    #: of the secret, which nobody has but the person
    digest = models.CharField(max_length=64, unique=True)
    namespaces = models.JSONField()
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-made_at",)

    def __str__(self) -> str:
        return f"{self.name} of {self.person}"
