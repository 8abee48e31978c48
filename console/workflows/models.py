"""A history that somebody opened from a file. It is theirs alone, and goes with their session."""

from django.contrib.postgres.functions import RandomUUID
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models.functions import Now

#: Of one session; the one opened longest ago makes room.
OPENED_MAX = 5


class OpenedHistory(models.Model):
    id = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="histories")
    namespace = models.CharField(max_length=255)
    #: of the file
    name = models.CharField(max_length=200)
    events = models.PositiveIntegerField()
    #: the protocol's History, packed; payloads stay as they came
    content = models.BinaryField()
    opened_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-opened_at", "id")

    def __str__(self) -> str:
        return self.name
