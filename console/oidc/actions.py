"""What a sign-in changes, and its row in the activity log."""

from django.conf import settings
from django.contrib.auth.models import User

from console.audit.record import record
from console.oidc import accounts
from console.oidc.claims import Said

VERB = "account.sign_in"
LEFT_OUT = (
    "The provider left your groups out, because there are too many of them: you have only the "
    "roles that you were given here. An admin lets it send those of this application alone."
)


def signed_in(person: User, said: Said, *, is_new: bool) -> None:
    """A renewal that changes nothing is nothing that a person did."""
    before, after = accounts.brought_up_to_date(person, said)
    if not is_new and before == after:
        return
    asked = {"with": settings.OIDC_NAME, "how": "sign-in" if is_new else "renewal"}
    held = {"groups": before}
    with record(person, VERB, target=person.username, before=held, asked=asked) as act:
        act.after = {"groups": after}
