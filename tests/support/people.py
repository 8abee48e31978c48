"""Alice (admin), Bob (operator), Carol (viewer): and somebody who is nobody."""

from collections.abc import Callable
from functools import cache

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.test.client import ClientHandler

from console.access.models import EVERYWHERE, Grant, Role

PASSWORD = "quite a long word"


def person(name: str, role: Role | None, namespace: str = EVERYWHERE) -> User:
    found, is_new = User.objects.get_or_create(
        username=name.lower(), defaults={"first_name": name, "email": f"{name.lower()}@example.com"}
    )
    if is_new:
        found.set_password(PASSWORD)
        found.save()
    if role is not None:
        Grant.objects.update_or_create(person=found, namespace=namespace, defaults={"role": role})
    return found


@pytest.fixture
def alice(db: None) -> User:
    return person("Alice", Role.ADMIN)


@pytest.fixture
def bob(db: None) -> User:
    return person("Bob", Role.OPERATOR)


@pytest.fixture
def dora(db: None) -> User:
    """An operator as Bob is."""
    return person("Dora", Role.OPERATOR)


@pytest.fixture
def carol(db: None) -> User:
    return person("Carol", Role.VIEWER)


@pytest.fixture
def browser_of(db: None) -> Callable[[User | None], Client]:
    """A browser in which this person is signed in.

    It checks CSRF tokens like a real one is made to.
    """

    def browser(who: User | None, *, csrf: bool = False) -> Client:
        client = Client(enforce_csrf_checks=csrf)
        client.handler = _console(csrf)
        if who is not None:
            client.force_login(who)
        return client

    return browser


@cache
def _console(csrf: bool) -> ClientHandler:
    """One for all browsers: each would look through all static files once more."""
    return ClientHandler(enforce_csrf_checks=csrf)
