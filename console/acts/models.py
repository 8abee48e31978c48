"""Scan: how far the histories of a namespace were read for acts by other doors."""

from datetime import timedelta

from django.db import models


class Scan(models.Model):
    namespace = models.CharField(primary_key=True, max_length=255)
    begun_at = models.DateTimeField()
    #: when one came through
    at = models.DateTimeField(null=True)
    #: runs that closed before this were looked at
    closed_to = models.DateTimeField()
    #: how much of the closed runs the next look takes
    span = models.DurationField(default=timedelta(hours=1))
    #: where among the open runs the next look goes on
    open_token = models.BinaryField(default=bytes)
    #: closed runs that were too many in one second
    missed = models.PositiveBigIntegerField(default=0)
    says = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.namespace} to {self.closed_to}"
