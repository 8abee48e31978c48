"""What the account page says of its person; pure."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User


@dataclass(frozen=True, slots=True)
class Self:
    name: str
    username: str
    email: str
    has_password: bool


def oneself(person: User) -> Self:
    return Self(
        name=person.get_full_name() or person.username,
        username=person.username,
        email=person.email,
        has_password=settings.PASSWORD_SIGN_IN and person.has_usable_password(),
    )
