"""Payloads of histories: of a file, opened from the file and from no run of the engine; and of two
runs side by side."""

import html
import json
import re
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from console.gateway.runs import RunKey
from tests.console.conftest import NAMESPACE
from tests.console.test_histories import downloaded, opened
from tests.console.test_payloads import allow, codec, plain, reference, sealed, started
from tests.console.test_run import url
from tests.support.codecs import blob_store
from tests.support.names import Names
from tests.support.pages import htmx, words_in
from tests.support.programs import Program

__all__ = ["codec", "sealed"]

Browser = Callable[..., Client]
ELSEWHERE = RunKey(NAMESPACE, "elsewhere/1", "c41d7a06-3b58-4f0e-9a47-61d5b2e80f93")
ROWS = [{"row": number, "note": "a payload of some length"} for number in range(2_000)]


def from_elsewhere(browser: Client, text: str, key: RunKey) -> str:
    """The address of an opened history, of a run that this engine does not have."""
    text = text.replace(key.workflow_id, ELSEWHERE.workflow_id)
    text = text.replace(key.run_id, ELSEWHERE.run_id)
    return str(opened(browser, text.encode())["Location"])


def ways_in(page: HttpResponse) -> list[str]:
    found = re.findall(r'href="([^"]+/payloads/\d+/)"', page.text)
    return list(dict.fromkeys(html.unescape(one) for one in found))


def test_a_long_one_is_read_to_its_end_and_comes_down(
    carol: User, browser_of: Browser, names: Names, db: None
) -> None:
    browser = browser_of(carol)
    key = started(names, plain(ROWS))
    file = from_elsewhere(browser, json.dumps(downloaded(browser, key)), key)

    event = browser.get(f"{file}events/1/")
    step = browser.get(f"{file}groups/1/", headers=htmx("group"))
    [way] = ways_in(event)
    first = browser.get(way)
    last = browser.get(way, {"first": first.context["window"].total - 120})
    taken = browser.get(f"{way}download/")

    assert ways_in(step) == [way]
    assert way.startswith(file)
    assert f'href="{file}events/?event=1"' in first.text
    assert 'rel="next"' in first.text
    assert '"row": 1999' in last.text.replace("&quot;", '"')
    assert taken.content == plain(ROWS).data
    assert browser.get(f"{file}events/1/payloads/7/").status_code == 404
    assert browser.get(f"{file}events/77/payloads/0/").status_code == 404


def test_a_reference_is_followed_by_who_could_have_started_a_run_with_it(
    carol: User, bob: User, browser_of: Browser, names: Names, settings: Any, db: None
) -> None:
    body = plain({"customer": "Ada Lindhus"}).SerializeToString()
    key = started(names, reference("v0/ns/default/d/1", body))
    with blob_store() as blobs:
        blobs.held["/payloads/v0/ns/default/d/1"] = body
        store = {
            "url": f"{blobs.address}/{{bucket}}/{{key}}",
            "allow": {"bucket": ["payloads"], "key": ["v0/ns/{namespace}/*"]},
        }
        allow(settings, stores={"aws.s3driver": store})
        answers = []
        for person in (carol, bob):
            browser = browser_of(person)
            file = from_elsewhere(browser, json.dumps(downloaded(browser, key)), key)
            [way] = ways_in(browser.get(f"{file}events/1/"))
            answers += [browser.get(way), browser.post(f"{way}follow/")]
            answers += [browser.get(f"{way}download/", {"fetched": "1"})]
        shown, refused, not_taken, his, fetched, taken = answers

    assert "who may start runs here fetches it" in words_in(shown)
    assert [refused.status_code, not_taken.status_code] == [403, 403]
    assert "Fetch it" in words_in(his)
    assert "Ada Lindhus" in words_in(fetched)
    assert b"Ada Lindhus" in taken.content
    assert len(blobs.asked) == 2


def test_no_file_is_a_way_around_a_mask(
    carol: User, alice: User, browser_of: Browser, sealed: Program, names: Names, codec: str,
    settings: Any,
) -> None:  # fmt: skip
    """A value that is masked by its name is moved under another one, and the file opened."""
    allow(settings, codec={"endpoint": codec}, masked={"card": "admin"})
    key = sealed.start("Waiting", names.workflow(), names.queue(), memo={"card": "4111-2222"})
    texts = {}
    for person in (carol, alice):
        browser = browser_of(person)
        moved = json.dumps(downloaded(browser_of(carol), key)).replace('"card"', '"other"')
        file = from_elsewhere(browser, moved, key)
        pages = [browser.get(f"{file}events/1/"), browser.get(f"{file}events/", {"text": "4111"})]
        pages += [browser.get(way) for way in ways_in(pages[0])]
        texts[person] = [words_in(page) for page in pages]

    assert all("4111-2222" not in text for text in texts[carol])
    assert "In a file it stays so for whom something is masked here" in texts[carol][-1]
    assert "4111-2222" in texts[alice][0]


def test_what_a_codec_encodes_is_compared_as_it_is_decoded(
    carol: User, browser_of: Browser, sealed: Program, names: Names, codec: str, settings: Any
) -> None:
    """An encrypted value is another each time, so bytes say nothing of it."""
    allow(settings, codec={"endpoint": codec})
    browser, queue = browser_of(carol), names.queue()
    key, same, other = (
        sealed.start("Waiting", names.workflow(each), queue, amount)
        for each, amount in (("a", "12.00"), ("b", "12.00"), ("c", "9.99"))
    )

    def beside(one: RunKey) -> str:
        asked = {"workflow": one.workflow_id, "run": one.run_id}
        return words_in(browser.get(url(key, "compare"), asked))

    alike, different = beside(same), beside(other)
    allow(settings)
    closed = beside(other)

    assert "They do not differ" in alike
    assert "what can be read" not in alike
    assert "They differ from the start" in different
    assert "9.99" in different
    assert "They do not differ in what can be read" in closed
    assert "2 events hold what is encoded, of which nobody can say" in closed
