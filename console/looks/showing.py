"""What was said of a namespace, kept a few seconds: each page of a run asks."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.core.cache import cache
from django.db import transaction

from console.looks.links import Link
from console.looks.models import Look

KEEP_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Showing:
    links: tuple[Link, ...] = ()
    #: types of activities that are folded away where they ended well
    quiet: tuple[str, ...] = ()

    def told(self) -> dict[str, list[str]]:
        """As a form writes it, and the activity log keeps it."""
        links = [f"{one.name} {one.address}" for one in self.links]
        return {"links": links, "quiet": list(self.quiet)}


def of(namespace: str) -> Showing:
    kept: Showing | None = cache.get(_key(namespace))
    if kept is None:
        kept = _read(namespace)
        cache.set(_key(namespace), kept, KEEP_SECONDS)
    return kept


def _read(namespace: str) -> Showing:
    found = Look.objects.filter(namespace=namespace).first()
    if found is None:
        return Showing()
    return Showing(tuple(Link(*one) for one in found.links), tuple(found.quiet))


def newest(namespace: str) -> Showing:
    """As the database has it: for who changes it."""
    cache.delete(_key(namespace))
    return of(namespace)


@contextmanager
def held(namespace: str) -> Iterator[Showing]:
    """As it stands, while nobody else changes it."""
    with transaction.atomic():
        Look.objects.get_or_create(namespace=namespace)
        Look.objects.select_for_update().get(namespace=namespace)
        yield newest(namespace)


def keep(namespace: str, links: Sequence[Link], quiet: Sequence[str]) -> None:
    written = {"links": [[one.name, one.address] for one in links], "quiet": list(quiet)}
    Look.objects.update_or_create(namespace=namespace, defaults=written)
    cache.delete(_key(namespace))


def links_of(namespace: str, facts: Mapping[str, str]) -> list[Link]:
    """Of one run."""
    return [one.of(facts) for one in of(namespace).links]


def _key(namespace: str) -> str:
    return f"look:{namespace}"
