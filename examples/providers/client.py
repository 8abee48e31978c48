"""How activities speak to the providers: JSON over HTTP, errors as failures that say if to retry.

A refusal (422) is final and keeps the provider's type; anything else, such as 503, silence or no
connection at all, may pass and is tried again.
"""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
from temporalio.exceptions import ApplicationError

TIMEOUT_SECONDS: Final = 3.0
#: Failure type, by the first part of the path: what an operator searches for.
NAMES: Final = {
    "payments": "CardProcessor",
    "mail": "MailProvider",
    "bank": "Bank",
    "carrier": "Carrier",
    "books": "Archive",
}


class ProviderClient:
    def __init__(self, url: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self.url = url
        self._timeout_seconds = timeout_seconds
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=self._timeout_seconds)
        self._session = aiohttp.ClientSession(self.url, timeout=timeout)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = await self._request("POST", path, body)
        return answer

    async def put(self, path: str, body: Mapping[str, Any]) -> Any:
        return await self._request("PUT", path, body)

    async def delete(self, path: str, body: Mapping[str, Any]) -> Any:
        return await self._request("DELETE", path, body)

    async def get(self, path: str) -> Any:
        return await self._request("GET", path, None)

    async def _request(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        assert self._session is not None, "use the client as a context manager"
        name = NAMES.get(path.split("/")[1], "Provider")
        try:
            async with self._session.request(method, path, json=body) as response:
                if response.status >= 400:
                    raise await _failure(name, response)
                return await response.json()
        except TimeoutError:
            raise ApplicationError(
                f"{method} {path}: no answer within {self._timeout_seconds:g} s",
                type=f"{name}Timeout",
            ) from None
        except aiohttp.ClientConnectionError as error:
            raise ApplicationError(
                f"{method} {path}: no connection: {error}", type=f"{name}Unreachable"
            ) from None


async def _failure(name: str, response: aiohttp.ClientResponse) -> ApplicationError:
    if response.status == 422:
        refusal = await response.json()
        return ApplicationError(refusal["message"], type=refusal["type"], non_retryable=True)
    text = (await response.text())[:500]
    message = f"{response.method} {response.url.path}: {response.status}: {text}"
    return ApplicationError(message, type=f"{name}Unavailable")
