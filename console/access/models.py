"""Grant: a person, a namespace, a role."""

from django.contrib.auth.models import User
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
