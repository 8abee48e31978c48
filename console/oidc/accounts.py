"""Claims -> the account that they belong to, and its groups.

The account is found by issuer and subject alone. Who comes for the first time gets a new account
without rights, but for the groups: a group of the console that is called as the provider calls one
of theirs takes them in, and lets them go when the provider no longer names it.
"""

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction

from console.oidc.claims import Said
from console.oidc.models import ProvidedMembership, ProviderAccount
from console.oidc.provider import NotLetIn


def account_of(issuer: str, said: Said) -> User:
    person = _known(issuer, said) or _new(issuer, said)
    if not person.is_active:
        raise NotLetIn("Your account in this console was closed. Ask an admin to open it again.")
    return person


def brought_up_to_date(person: User, said: Said) -> tuple[list[str], list[str]]:
    """Name and address as the provider has them now; (groups before, groups after)."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=person.pk)
        _rename(person, said)
        before = _groups(person)
        _move(person, said)
        return before, _groups(person)


def _known(issuer: str, said: Said) -> User | None:
    found = ProviderAccount.objects.select_related("person").filter(
        issuer=issuer, subject=said.subject
    )
    return found[0].person if found else None


def _new(issuer: str, said: Said) -> User:
    """Two first sign-ins at once: the second finds what the first has made."""
    try:
        with transaction.atomic():
            person = _to_link(issuer, said) or _made(said)
            ProviderAccount.objects.create(person=person, issuer=issuer, subject=said.subject)
            return person
    except IntegrityError:
        if (winner := _known(issuer, said)) is not None:
            return winner
        raise _name_is_taken(said) from None


def _to_link(issuer: str, said: Said) -> User | None:
    """An account from before, where that was allowed and the provider vouches for the address."""
    if not (settings.OIDC_LINK_VERIFIED_EMAIL and said.email_is_proved and said.email):
        return None
    found = User.objects.filter(email__iexact=said.email).exclude(provider_accounts__issuer=issuer)
    return found[0] if len(found) == 1 else None


def _made(said: Said) -> User:
    if User.objects.filter(username__iexact=said.username).exists():
        raise _name_is_taken(said)
    return User.objects.create_user(said.username)


def _name_is_taken(said: Said) -> NotLetIn:
    return NotLetIn(
        f"There is an account {said.username} here that does not belong to your sign-in with "
        f"{settings.OIDC_NAME}. Ask an admin: the page of operating says how accounts are linked."
    )


def _rename(person: User, said: Said) -> None:
    """The address names the person in histories: nobody gets one that is somebody else's here."""
    taken = User.objects.filter(email__iexact=said.email).exclude(pk=person.pk).exists()
    person.email = person.email if taken or not said.email else said.email
    if said.first_name or said.last_name:
        person.first_name, person.last_name = said.first_name, said.last_name
    person.save(update_fields=["email", "first_name", "last_name"])


def _move(person: User, said: Said) -> None:
    provided = ProvidedMembership.objects.filter(person=person)
    gone = provided.exclude(group__name__in=said.groups)
    person.groups.remove(*(one.group_id for one in gone))
    gone.delete()
    come = Group.objects.filter(name__in=said.groups).exclude(user=person)
    for group in come:
        ProvidedMembership.objects.get_or_create(person=person, group=group)
        person.groups.add(group)


def _groups(person: User) -> list[str]:
    return sorted(person.groups.values_list("name", flat=True))
