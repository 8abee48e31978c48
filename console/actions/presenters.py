"""Offers -> template rows; pure."""

from collections.abc import Collection
from dataclasses import dataclass

from django.urls import reverse

from console.gateway.runs import RunDetail, RunKey
from console.offering.offers import Offer, Offers

#: kind -> (heading, what it does)
WORDS = {
    "update": ("Updates", "tell, and get an answer or a refusal"),
    "signal": ("Signals", "tell, and get no answer"),
    "query": ("Queries", "ask, and change nothing"),
}


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    description: str
    is_of_sdk: bool
    form: str
    #: "" where this person may not, or the run takes none
    url: str


@dataclass(frozen=True, slots=True)
class Section:
    kind: str
    title: str
    note: str
    rows: tuple[Row, ...]
    #: where the ones are done that are left out here; "" where none is
    elsewhere: str


def sections(
    run: RunDetail, found: Offers, may: dict[str, bool], barred: Collection[str]
) -> list[Section]:
    """`barred`: updates that are weighed on a page of their own, and not for this person here."""
    return [_section(run, kind, found.of(kind), may[kind], barred) for kind in WORDS]


def _section(
    run: RunDetail, kind: str, offers: list[Offer], may: bool, barred: Collection[str]
) -> Section:
    title, says = WORDS[kind]
    shown = [one for one in offers if kind != "update" or not may or one.name not in barred]
    closed = is_closed(run, kind)
    if closed:
        says = f"{says}; this run has ended and takes none"
    elif not may:
        says = f"{says}; your role does not include it"
    rows = (_row(run.summary.key, one, is_open=may and not closed) for one in shown)
    elsewhere = place_of_billing(run.summary.key) if len(shown) < len(offers) else ""
    return Section(kind, title, says, tuple(rows), elsewhere)


def _row(key: RunKey, offer: Offer, *, is_open: bool) -> Row:
    form = "JSON" if offer.arguments is None else "typed" if offer.arguments else "no argument"
    url = place(key, offer.kind, offer.name) if is_open else ""
    return Row(offer.name, offer.description, offer.is_of_sdk, form, url)


def place_of_billing(key: RunKey) -> str:
    return reverse("billing:subscription", args=[key.namespace, key.workflow_id, key.run_id])


def place(key: RunKey, kind: str, name: str) -> str:
    return reverse(f"actions:{kind}", args=[key.namespace, key.workflow_id, key.run_id, name])


def is_closed(run: RunDetail, kind: str) -> bool:
    """A run that has ended answers queries, and takes nothing more."""
    return kind != "query" and not run.summary.is_open
