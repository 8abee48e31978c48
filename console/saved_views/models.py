"""SavedView: a query and columns with a name. DefaultView: the one a person starts with."""

from django.contrib.auth.models import Group, User
from django.db import models
from django.db.models import Count, Q
from django.db.models.functions import Lower

from console.access.policy import can
from console.gateway.lists import RUNS

NAME_LENGTH_MAX = 60


class Audience(models.TextChoices):
    PERSON = "person", "Only me"
    TEAM = "team", "A team"
    NAMESPACE = "namespace", "Everyone in this namespace"


class Views(models.QuerySet["SavedView"]):
    def seen_by(self, person: User, namespace: str) -> "Views":
        """One's own, one's teams', everyone's; an admin sees every team's.

        Who else asks of views (alert rules do) asks this of the table.
        """
        if not can(person, "saved_view.view", namespace):
            return self.none()
        shared = Q(audience=Audience.NAMESPACE)
        if can(person, "saved_view.govern", namespace):
            shared |= Q(audience=Audience.TEAM)
        else:
            shared |= Q(team__in=person.groups.all())
        found = self.filter(Q(owner=person) | shared, namespace=namespace)
        return found.select_related("owner", "team")

    def with_rules(self) -> "Views":
        """`rules`: how many alert rules follow it."""
        return self.annotate(rules=Count("alert_rules"))


class SavedView(models.Model):
    namespace = models.CharField(max_length=255)
    #: The list that it is a view of: a name of `console.gateway.lists`.
    lists = models.CharField(max_length=16, default=RUNS)
    name = models.CharField(max_length=NAME_LENGTH_MAX)
    query = models.TextField(blank=True)
    #: As the address of the runs page has them; empty: the usual ones.
    columns = models.TextField(blank=True)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="views_owned")
    audience = models.CharField(
        max_length=16, choices=Audience.choices, default=Audience.PERSON, verbose_name="For"
    )
    #: Of a view for a team. Whoever drops a team hands its views over first: see `handing`.
    team = models.ForeignKey(
        Group, on_delete=models.CASCADE, null=True, blank=True, related_name="views"
    )
    made_at = models.DateTimeField(auto_now_add=True)

    objects = Views.as_manager()

    class Meta:
        ordering = ("made_at", "pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(audience="team", team__isnull=False)
                | Q(audience__in=["person", "namespace"], team__isnull=True),
                name="a_team_where_it_is_for_a_team",
            ),
            models.UniqueConstraint(
                "owner",
                "namespace",
                Lower("name"),
                condition=Q(audience="person"),
                name="one_view_of_a_name_per_person",
            ),
            models.UniqueConstraint(
                "team",
                "namespace",
                Lower("name"),
                condition=Q(audience="team"),
                name="one_view_of_a_name_per_team",
            ),
            models.UniqueConstraint(
                "namespace",
                Lower("name"),
                condition=Q(audience="namespace"),
                name="one_view_of_a_name_per_namespace",
            ),
        )

    def __str__(self) -> str:
        return f"{self.namespace}: {self.name}"


class DefaultView(models.Model):
    """What the page of a list opens with in a namespace, for one person."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="default_views")
    namespace = models.CharField(max_length=255)
    lists = models.CharField(max_length=16, default=RUNS)
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, related_name="default_of")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["person", "namespace", "lists"], name="one_default_view_per_list"
            ),
        )

    def __str__(self) -> str:
        return f"{self.person} starts with {self.view}"
