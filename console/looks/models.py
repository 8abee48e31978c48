"""Look: how the runs of one namespace are shown. One of which nothing was said has no row."""

from typing import Any

from django.db import models


class Look(models.Model):
    namespace = models.CharField(max_length=255, primary_key=True)
    #: [[name, address with pieces], …]
    links: Any = models.JSONField(default=list)
    #: types of activities
    quiet: Any = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"how runs of {self.namespace} are shown"
