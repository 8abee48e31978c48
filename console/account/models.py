"""Preference: how one person wants pages to be. Who never chose has no row."""

from django.contrib.auth.models import User
from django.db import models

ZONE_LENGTH_MAX = 64


class Preference(models.Model):
    person = models.OneToOneField(
        User, on_delete=models.CASCADE, primary_key=True, related_name="preference"
    )
    #: A name of the IANA's; empty: the one that the browser names.
    zone = models.CharField(max_length=ZONE_LENGTH_MAX, blank=True)
    #: Keys of one letter can be pressed by accident, or said by who steers by voice.
    letter_keys = models.BooleanField(default=True)
    #: What moves by itself disturbs who reads it slowly, or hears it.
    renews = models.BooleanField(default=True, db_default=True)

    def __str__(self) -> str:
        return f"{self.person}: {self.zone or 'zone of the browser'}"
