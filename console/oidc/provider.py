"""What the provider says of itself, kept for an hour; the library's settings made of it."""

import logging
from hashlib import sha256
from typing import Any

import requests
from django.conf import settings
from django.core.cache import cache
from mozilla_django_oidc.utils import import_from_settings

logger = logging.getLogger(__name__)

DOCUMENT = "/.well-known/openid-configuration"
KEEP_SECONDS = 3_600
#: the library's name -> the document's, and whether one can do without
ENDPOINTS = {
    "OIDC_OP_AUTHORIZATION_ENDPOINT": ("authorization_endpoint", True),
    "OIDC_OP_TOKEN_ENDPOINT": ("token_endpoint", True),
    "OIDC_OP_JWKS_ENDPOINT": ("jwks_uri", True),
    "OIDC_OP_USER_ENDPOINT": ("userinfo_endpoint", False),
}


class NotLetIn(Exception):
    """Why nobody was signed in, in a sentence that says what to do. It holds nothing secret."""


def is_there() -> bool:
    return bool(settings.OIDC_ISSUER)


def away() -> NotLetIn:
    says = f"{settings.OIDC_NAME} does not answer. Try again in a moment."
    return NotLetIn(says + (" Or sign in with a password." if settings.PASSWORD_SIGN_IN else ""))


def setting(name: str, *default: Any) -> Any:
    """As the library asks for its settings: the endpoints are the document's."""
    if name in ENDPOINTS:
        return endpoint(ENDPOINTS[name][0])
    if name == "OIDC_TOKEN_USE_BASIC_AUTH":
        return bool(settings.OIDC_RP_CLIENT_SECRET) and _takes_basic_alone()
    return import_from_settings(name, *default)


def endpoint(name: str) -> str:
    """ "" for one that this provider does not have."""
    return str(document().get(name) or "")


def issuer() -> str:
    return str(document()["issuer"])


def document() -> dict[str, Any]:
    key = f"oidc:{sha256(settings.OIDC_ISSUER.encode()).hexdigest()}"
    kept: dict[str, Any] | None = cache.get(key)
    if kept is None:
        kept = _checked(_fetched())
        cache.set(key, kept, KEEP_SECONDS)
    return kept


def _fetched() -> dict[str, Any]:
    address = settings.OIDC_ISSUER.rstrip("/") + DOCUMENT
    try:
        answer = requests.get(address, timeout=settings.OIDC_TIMEOUT)
        answer.raise_for_status()
        found = answer.json()
    except (requests.RequestException, ValueError) as error:
        logger.warning("no discovery document at %s: %s", address, type(error).__name__)
        raise away() from error
    return found if isinstance(found, dict) else {}


def _checked(found: dict[str, Any]) -> dict[str, Any]:
    """Whoever answers for another issuer, or in the clear, is not the provider that was meant."""
    if found.get("issuer") != settings.OIDC_ISSUER:
        raise _wrong(f"OIDC_ISSUER is not what the provider calls itself: {found.get('issuer')}")
    for name, needed in ENDPOINTS.values():
        address = str(found.get(name) or "")
        if not address and needed:
            raise _wrong(f"the provider's document has no {name}")
        if address.startswith("http:") and settings.OIDC_ISSUER.startswith("https:"):
            raise _wrong(f"the provider's {name} is not https")
    return found


def _wrong(says: str) -> NotLetIn:
    logger.error("sign-in by OpenID Connect: %s", says)
    return NotLetIn(f"This console is not set up rightly: {says}. Tell an admin.")


def _takes_basic_alone() -> bool:
    """Where the document says nothing, the protocol says Basic."""
    usual = ["client_secret_basic"]
    methods = document().get("token_endpoint_auth_methods_supported") or usual
    return "client_secret_post" not in methods
