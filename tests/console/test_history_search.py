"""A search inside a history, where its payloads are encrypted."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.gateway import codec as console_codec
from console.workflows import decoding, reading, searching
from tests.console.test_payloads import MASKED, ORDER, allow, codec, sealed
from tests.console.test_run import url
from tests.support.names import Names
from tests.support.pages import words_in
from tests.support.programs import Program

__all__ = ["codec", "sealed"]

Browser = Callable[..., Client]


def test_a_search_looks_into_what_is_encrypted_and_says_how_far_it_came(
    alice: User,
    carol: User,
    browser_of: Browser,
    sealed: Program,
    names: Names,
    codec: str,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = sealed.start("Waiting", names.workflow(), names.queue(), ORDER)
    sealed.signal(key, "note", {"says": "Ada Lindhus called"})
    allow(settings, codec={"endpoint": codec}, masked=MASKED)
    monkeypatch.setattr(decoding, "CALLS_MAX", 1)
    monkeypatch.setattr(console_codec, "PAYLOADS_MAX", 1)
    admin, viewer, address = browser_of(alice), browser_of(carol), url(key, "events")

    first = admin.get(f"{address}?text=lindhus")
    onward = admin.get(address + first.context["onward"])
    shown = admin.get(f"{address}?text=4111-2222")
    masked = viewer.get(f"{address}?text=4111-2222")

    assert "Ada <mark>Lindhus</mark>" in first.text
    assert (
        "1 encoded payload was opened for it, in events 1 to 1; 1 after them not yet"
        in words_in(first)
    )
    assert "Ada <mark>Lindhus</mark> called" in onward.text
    assert [page.context["window"].total for page in (shown, masked)] == [1, 0]
    texts = (chunk.text for one in searching._kept.values() for chunk in one.chunks)
    raws = (one.raw.SerializeToString() for one in reading.read(key, 3).events)
    assert "lindhus" not in "".join(texts)
    assert b"Lindhus" not in b"".join(raws)
