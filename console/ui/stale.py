"""A form that changes what others change too carries the version that it showed.

Where somebody changed it meanwhile nothing is written, and what was typed stays in the form.
"""

from collections.abc import Mapping

from django import forms
from django.http import QueryDict

from console.ui.htmx import version_of
from console.ui.refusals import Refusal


class Stale(Refusal):
    def __init__(self, who: str, version: str) -> None:
        super().__init__(
            409,
            f"{who} changed this meanwhile: look again. What you wrote still stands here, and is"
            " not saved; saved now, it replaces what they wrote.",
        )
        self.version = version


class SeenForm(forms.Form):
    seen = forms.CharField(required=False, max_length=8, widget=forms.HiddenInput)

    def refuse(self, stale: Stale) -> None:
        """Sent again, it is sent by who was told."""
        self.add_error(None, str(stale))
        given = QueryDict(mutable=True)
        given.update(self.data)
        given["seen"] = stale.version
        self.data = given


def check(seen: str, stands: Mapping[str, object], who: str) -> None:
    """`who` changed it last. A script sends no version, and means what it says."""
    version = version_of(stands)
    if seen and seen != version:
        raise Stale(who, version)
