"""The library's backend, with what it leaves out: audience, issuer, ages, whose userinfo it is."""

import logging
from typing import Any

import jwt
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.http import HttpRequest
from mozilla_django_oidc.auth import OIDCAuthenticationBackend

from console.oidc import accounts, claims, provider
from console.oidc.provider import NotLetIn

logger = logging.getLogger(__name__)

#: clocks differ
LEEWAY_SECONDS = 60
MUST_HAVE = ["iss", "sub", "aud", "exp", "iat", "nonce"]


class ProviderBackend(OIDCAuthenticationBackend):  # type: ignore[misc]
    """Signs in who comes back from the provider with what this browser was sent away with."""

    get_settings = staticmethod(provider.setting)

    def __init__(self) -> None:
        """The library reads its settings here; a page that only asks who somebody is needs none."""
        self.UserModel = User

    def authenticate(self, request: HttpRequest | None, **kwargs: Any) -> User | None:
        """A password, or a sign-in without nonce or verifier, is not for this backend."""
        if not (provider.is_there() and kwargs.get("nonce") and kwargs.get("code_verifier")):
            return None
        super().__init__()
        found: User | None = super().authenticate(request, **kwargs)
        return found

    def get_user(self, user_id: int) -> User | None:
        """Unlike the library: nobody whose account is closed."""
        found = ModelBackend().get_user(user_id)
        return found if isinstance(found, User) else None

    def get_token(self, payload: dict[str, Any]) -> Any:
        if not payload["client_secret"]:
            del payload["client_secret"]
        return super().get_token(payload)

    def raise_token_response_error(self, response: Any) -> None:
        """The library would quote the whole answer, into a log."""
        if response.status_code == 200:
            return
        try:
            code = str(response.json().get("error", ""))[:60]
        except (ValueError, AttributeError):
            code = ""
        logger.warning("the provider gave no token: %s %r", response.status_code, code)
        raise NotLetIn(
            f"{settings.OIDC_NAME} gave this console no token"
            f" ({code or response.status_code}). Begin again; if it stays, an admin looks at"
            " OIDC_CLIENT_ID and OIDC_CLIENT_SECRET."
        )

    def _verify_jws(self, payload: str, key: Any) -> dict[str, Any]:
        found = jwt.decode(
            payload,
            key,
            algorithms=[self.OIDC_RP_SIGN_ALGO],
            audience=self.OIDC_RP_CLIENT_ID,
            issuer=provider.issuer(),
            leeway=LEEWAY_SECONDS,
            options={"require": MUST_HAVE},
        )
        party = found.get("azp", self.OIDC_RP_CLIENT_ID)
        if party != self.OIDC_RP_CLIENT_ID:
            raise jwt.InvalidAudienceError("made for another party")
        return found

    def get_userinfo(self, access_token: str, id_token: str, payload: dict[str, Any]) -> Any:
        """The id token and the userinfo together; what the latter says counts."""
        if not self.OIDC_OP_USER_ENDPOINT:
            return payload
        more = super().get_userinfo(access_token, id_token, payload)
        if not isinstance(more, dict) or more.get("sub") != payload["sub"]:
            raise jwt.InvalidTokenError("the userinfo is about somebody else")
        return payload | more

    def get_or_create_user(
        self, access_token: str, id_token: str, payload: dict[str, Any]
    ) -> User | None:
        said = claims.said(
            self.get_userinfo(access_token, id_token, payload), settings.OIDC_GROUPS_CLAIM
        )
        person = accounts.account_of(payload["iss"], said)
        self.request.provider_said = said
        return person
