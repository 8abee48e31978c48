"""Payloads that are kept outside: the SDKs' external storage references, followed on demand.

A reference names a driver and holds a claim, for example {"bucket": …, "key": …, "hash_value": …}.
Anybody who starts a run can write one, so where it may lead is in the settings alone: the claim
fills the braces of a URL's path, each piece is quoted and must be on its allow-list. What is
fetched is the payload as the SDK stored it (protobuf); a claim's SHA-256 is checked.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload

from console.gateway import remote
from console.gateway.remote import NoAnswer
from console.gateway.signing import Unsigned, signed
from console.policies import PIECE, Store

BYTES_MAX = 16 * 1024 * 1024
PIECE_LENGTH_MAX = 1_024
#: steps that no path of a store has
PLAIN = frozenset({"", ".", ".."})


class NotFollowed(Exception):
    """`str()` is a sentence for the page."""


def claim_of(payload: Payload) -> tuple[str, Mapping[str, str]]:
    """(driver, claim) of a reference, in both forms that the SDKs have written."""
    try:
        told = json.loads(payload.data)
    except (ValueError, RecursionError):
        told = {}
    told = told if isinstance(told, dict) else {}
    older = told.get("driver_claim")
    driver = told.get("driverName") or told.get("driver_name") or ""
    claim: Any = told.get("claimData") or told.get("claim_data")
    if isinstance(older, dict):
        claim = older.get("claim_data")
    return str(driver), {
        str(name): str(value) for name, value in (claim.items() if isinstance(claim, dict) else ())
    }


def follow(stores: Mapping[str, Store], payload: Payload, namespace: str) -> Payload:
    driver, claim = claim_of(payload)
    store = stores.get(driver)
    if store is None:
        raise NotFollowed(f"The settings name no store for the driver {driver or '(none)'}.")
    body = _fetched(store, _address(store, claim, namespace))
    _check(claim, body)
    try:
        return Payload.FromString(body)
    except DecodeError:
        raise NotFollowed("What the store holds under this reference is no payload.") from None


def _address(store: Store, claim: Mapping[str, str], namespace: str) -> str:
    missing = [name for name in store.pieces if not claim.get(name)]
    if missing:
        raise NotFollowed(f"The reference lacks {', '.join(missing)}, which the address needs.")
    for name in store.pieces:
        if not _is_allowed(claim[name], store.allow[name], namespace):
            raise NotFollowed(f"The settings do not allow this reference's {name}.")
    return PIECE.sub(lambda found: quote(claim[found[1]], safe="/"), store.url)


def _is_allowed(value: str, allowed: Sequence[str], namespace: str) -> bool:
    """A plain path, and one of those that are named; `*` at the end of one is any rest."""
    steps = value.split("/")
    if len(value) > PIECE_LENGTH_MAX or "\\" in value or not PLAIN.isdisjoint(steps):
        return False
    named = [one.replace("{namespace}", quote(namespace, safe="")) for one in allowed]
    return any(value.startswith(one[:-1]) if one.endswith("*") else value == one for one in named)


def _fetched(store: Store, url: str) -> bytes:
    try:
        return remote.exchange(
            "GET", url, headers=_headers(store, url), seconds=store.seconds, bytes_max=BYTES_MAX
        )
    except (NoAnswer, Unsigned) as no:
        raise NotFollowed(f"The store of {store.driver} {no}.") from None


def _headers(store: Store, url: str) -> Mapping[str, str]:
    if store.aws is not None:
        return signed(url, store.aws)
    return {"Authorization": store.authorization} if store.authorization else {}


def _check(claim: Mapping[str, str], body: bytes) -> None:
    wanted = claim.get("hash_value", "")
    known = claim.get("hash_algorithm", "sha256") == "sha256"
    if wanted and known and hashlib.sha256(body).hexdigest() != wanted.lower():
        raise NotFollowed("What the store holds is not what was stored: its SHA-256 differs.")
