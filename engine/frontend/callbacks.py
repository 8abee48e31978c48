"""Callbacks: who is to be told how a run has ended. Only Nexus operations of this engine are."""

from __future__ import annotations

from collections.abc import Sequence

from temporalio.api.common.v1 import Callback

from engine.background.operations import CALLBACK_URL
from engine.core.limits import Limits
from engine.errors import FailedPrecondition, InvalidArgument, Unsupported

URL_LENGTH_MAX = 1_000


def check(given: Sequence[Callback], limits: Limits) -> None:
    if len(given) > limits.completion_callbacks_max:
        raise FailedPrecondition(
            f"cannot attach more than {limits.completion_callbacks_max} callbacks to an execution"
        )
    for callback in given:
        variant = callback.WhichOneof("variant")
        if variant is None:
            raise Unsupported("unknown callback variant: <nil>")
        if variant != "nexus":
            raise InvalidArgument(f"unsupported callback variant: {variant}")
        _check_url(callback.nexus.url)
        header = callback.nexus.header.items()
        if sum(len(name) + len(value) for name, value in header) > limits.nexus_header_bytes_max:
            raise InvalidArgument(
                "invalid header: header size longer than max allowed size of "
                f"{limits.nexus_header_bytes_max}"
            )


def _check_url(url: str) -> None:
    if len(url) > URL_LENGTH_MAX:
        raise InvalidArgument(
            f"invalid url: url length longer than max length allowed of {URL_LENGTH_MAX}"
        )
    if url.startswith(("http://", "https://")):
        raise InvalidArgument(
            f"invalid url: url does not match any configured callback address: {url}"
        )
    if url != CALLBACK_URL:
        raise InvalidArgument(f"invalid url: unknown scheme: {url}")
