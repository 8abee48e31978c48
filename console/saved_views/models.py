"""SavedView: a query with a name. It belongs to the namespace; its maker is remembered."""

from django.contrib.auth.models import User
from django.db import models


class SavedView(models.Model):
    namespace = models.CharField(max_length=255)
    name = models.CharField(max_length=60)
    query = models.TextField()
    maker = models.ForeignKey(User, on_delete=models.PROTECT, related_name="views_made")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("made_at",)
        constraints = (
            models.UniqueConstraint(
                fields=["namespace", "name"], name="one_view_of_a_name_per_namespace"
            ),
        )

    def __str__(self) -> str:
        return f"{self.namespace}: {self.name}"
