"""Create a namespace, add a search attribute: check, call, audit."""

from datetime import timedelta

from django.contrib.auth.models import User

from console.audit.record import record
from console.gateway import namespaces


def create(person: User, name: str, description: str, owner: str, retention: timedelta) -> None:
    asked = {"description": description, "owner": owner, "retention days": retention.days}
    with record(person, "namespace.create", namespace=name, target=name, asked=asked) as act:
        namespaces.register(name, description, owner, retention)
        act.after = asked


def add_attribute(person: User, namespace: str, name: str, kind: str) -> None:
    with record(person, "namespace.change", namespace=namespace, target=namespace) as act:
        namespaces.add_attribute(namespace, name, kind)
        act.after = {name: kind}
