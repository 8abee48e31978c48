"""A person's browser without its screen: signed in, and patient with a page that is slow."""

import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

PAGE_SECONDS_MAX = 120


class Visitor:
    def __init__(self, address: str, person: str, password: str) -> None:
        self._address = address
        self._cookies = CookieJar()
        #: The path of the page that is open.
        self.at = ""
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self._cookies)
        )
        self.get("/sign-in/")
        self.post("/sign-in/", {"username": person, "password": password})

    def get(self, path: str) -> bytes:
        return self._open(path)

    def post(self, path: str, form: dict[str, str]) -> bytes:
        token = next(cookie.value for cookie in self._cookies if cookie.name == "csrftoken") or ""
        return self._open(path, urllib.parse.urlencode(form | {"csrfmiddlewaretoken": token}))

    def _open(self, path: str, body: str | None = None) -> bytes:
        sent = None if body is None else body.encode()
        try:
            with self._opener.open(
                f"{self._address}{path}", sent, timeout=PAGE_SECONDS_MAX
            ) as page:
                read: bytes = page.read()
                self.at = urllib.parse.urlsplit(page.url).path
        except urllib.error.HTTPError as refused:
            said = refused.read().decode()
            raise AssertionError(f"{refused.code} on {path}: {said}") from None
        return read
