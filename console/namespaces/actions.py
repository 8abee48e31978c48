"""Create and change a namespace, add and remove a search attribute: check, call, audit."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User

from console.audit.models import AuditEntry
from console.audit.record import last, record
from console.gateway import namespaces
from console.gateway.namespaces import Namespace
from console.looks import showing
from console.looks.showing import Showing
from console.namespaces.changing import Attribute, shown
from console.ui import stale


def create(person: User, name: str, description: str, owner: str, retention: timedelta) -> None:
    asked = {"description": description, "owner": owner, "retention days": retention.days}
    with record(person, "namespace.create", namespace=name, target=name, asked=asked) as act:
        namespaces.register(name, description, owner, retention)
        act.after = asked


def change(person: User, about: Namespace, changes: Mapping[str, Any], reason: str) -> None:
    before = shown({name: getattr(about, name) for name in changes})
    with record(
        person,
        "namespace.change",
        namespace=about.name,
        target=about.name,
        reason=reason,
        before=before,
        asked=shown(changes),
    ) as act:
        now = namespaces.update(
            about.name,
            description=changes.get("description"),
            retention=changes.get("retention"),
        )
        act.after = shown({name: getattr(now, name) for name in changes})


def show(person: User, namespace: str, asked: Mapping[str, Any]) -> None:
    """`asked`: links, quiet types, the reason, and the version that was seen."""
    wanted = Showing(asked["links"], asked["quiet"])
    with record(
        person,
        "namespace.change",
        namespace=namespace,
        target=namespace,
        reason=asked["reason"],
        before=showing.newest(namespace).told(),
        asked=wanted.told(),
    ) as act:
        with showing.held(namespace) as stands:
            stale.check(asked["seen"], stands.told(), _last(namespace))
            showing.keep(namespace, wanted.links, wanted.quiet)
        act.after = wanted.told()


def _last(namespace: str) -> str:
    """Who said last how its runs are shown."""
    about = {"namespace": namespace, "verb": "namespace.change", "asked__has_key": "links"}
    return last(AuditEntry.objects.filter(**about))


def add_attribute(person: User, namespace: str, name: str, kind: str) -> None:
    with record(person, "namespace.change", namespace=namespace, target=namespace) as act:
        namespaces.add_attribute(namespace, name, kind)
        act.after = {name: kind}


def remove_attribute(person: User, it: Attribute, reason: str) -> None:
    with record(
        person,
        "namespace.change",
        namespace=it.namespace,
        target=it.namespace,
        reason=reason,
        before={it.name: it.type},
    ) as act:
        namespaces.remove_attribute(it.namespace, it.name)
        act.after = {it.name: "removed"}
