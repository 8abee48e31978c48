"""ProviderAccount: which account a provider's person has here. ProvidedMembership: a group that
the provider put them into, and takes them out of again.
"""

from django.contrib.auth.models import Group, User
from django.db import models

ISSUER_LENGTH_MAX = 500
SUBJECT_LENGTH_MAX = 255


class ProviderAccount(models.Model):
    """Never by e-mail or name, which a provider may give to somebody else one day."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="provider_accounts")
    issuer = models.CharField(max_length=ISSUER_LENGTH_MAX)
    subject = models.CharField(max_length=SUBJECT_LENGTH_MAX)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["issuer", "subject"], name="one_account_per_subject"),
            models.UniqueConstraint(fields=["issuer", "person"], name="one_subject_per_account"),
        )

    def __str__(self) -> str:
        return f"{self.person} by {self.issuer}"


class ProvidedMembership(models.Model):
    """What an admin gave by hand has no row here, and stays."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="provided_memberships")
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="provided_memberships")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["person", "group"], name="provided_once"),)

    def __str__(self) -> str:
        return f"{self.person} in {self.group}"
