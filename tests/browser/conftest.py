"""A stack as `make up` starts it, with Elasticsearch and examples, and a person in a browser."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.receiver import receiver  # noqa: F401 (a fixture)
from tests.stack import whole
from tests.stack.whole import Up
from tests.support.chromium import PAGE_MILLISECONDS, chromium
from tests.support.programs import Program

START_SECONDS_MAX = 180
ENVIRONMENT = "The walk"
#: Beside other tests an engine that is well may take its time.
ENGINE_SECONDS = "30"


@dataclass(frozen=True)
class Person:
    page: Page
    address: str

    def goes_to(self, path: str) -> None:
        self.page.goto(f"{self.address}/{path}")

    def opens_run(self, workflow_id: str) -> None:
        self.goes_to(f"namespaces/default/runs/go-to/?id={workflow_id}")

    def searches(self, query: str) -> None:
        self.page.fill("#q", query)
        self.page.press("#q", "Enter")
        expect(self.page.locator("#query-shown [name=q]")).to_have_value(query)


@contextmanager
def standing(directory: Path, **given: str) -> Iterator[Up]:
    directory.chmod(0o755)
    given["ENGINE_DEADLINE_SECONDS"] = ENGINE_SECONDS
    with whole.standing(directory / "run", START_SECONDS_MAX, **given) as stack:
        yield stack


@pytest.fixture(scope="package")
def up(tmp_path_factory: pytest.TempPathFactory, elasticsearch_url: str) -> Iterator[Up]:
    given = {"ENVIRONMENT_NAME": ENVIRONMENT, "ENVIRONMENT_COLOUR": "warn"}
    given["ELASTICSEARCH_URL"] = elasticsearch_url
    with standing(tmp_path_factory.mktemp("walk"), **given) as stack:
        yield stack


@pytest.fixture(scope="module")
def program(up: Up) -> Iterator[Program]:
    made = Program(f"127.0.0.1:{up.engine_port}", "default")
    yield made
    made.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ends with its module, as no test with an event loop of its own can run beside it."""
    with chromium() as started:
        yield started


@contextmanager
def signed_in(name: str, browser: Browser, up: Up, **machine: str) -> Iterator[Person]:
    """Through the page, in a browser of their own; what it complains of is an error."""
    complaints: list[str] = []
    profile = browser.new_context(viewport={"width": 1440, "height": 900}, **machine)  # type: ignore[arg-type]
    page = profile.new_page()
    page.set_default_timeout(PAGE_MILLISECONDS)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    address = f"http://127.0.0.1:{up.console_port}"
    page.goto(address)
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password_of(up))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Runs").first).to_be_visible()
    yield Person(page, address)
    profile.close()
    assert complaints == []


def password_of(up: Up) -> str:
    words: dict[str, str] = json.loads((up.run / "words.json").read_text())
    return words["password"]


@pytest.fixture
def bob(browser: Browser, up: Up) -> Iterator[Person]:
    """An operator."""
    with signed_in("bob", browser, up) as person:
        yield person


@pytest.fixture
def alice(browser: Browser, up: Up) -> Iterator[Person]:
    """An admin, at a machine of her own."""
    with signed_in("alice", browser, up) as person:
        yield person


@pytest.fixture
def carol(browser: Browser, up: Up) -> Iterator[Person]:
    """A viewer."""
    with signed_in("carol", browser, up) as person:
        yield person
