"""A real provider of OpenID Connect, with somebody in front of it who may forge what it says.

The id tokens are signed with a key of our own, so that a test can have one signed that is wrong in
one thing only.
"""

import io
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import oidc_provider_mock
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug.serving import make_server

os.environ.setdefault("AUTHLIB_INSECURE_TRANSPORT", "1")  # noqa: TID251  it is on this machine

Forge = Callable[[dict[str, Any]], dict[str, Any]]


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


@dataclass
class Provider:
    address: str = ""
    #: what was sent to the token endpoint
    token_requests: list[dict[str, list[str]]] = field(default_factory=list)
    #: claims of the id token -> those that are signed instead
    forge: Forge = lambda claims: claims
    #: which key signs; the first is the published one
    keys: tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey] = field(
        default_factory=lambda: (_key(), _key())
    )
    signs_with: int = 0
    #: entries of the discovery document that differ
    document: dict[str, Any] = field(default_factory=dict)
    #: what the userinfo says instead
    userinfo: dict[str, Any] | None = None

    def knows(self, subject: str, **claims: Any) -> None:
        answer = requests.put(f"{self.address}/users/{subject}", json=claims, timeout=10)
        answer.raise_for_status()

    def lets_in(self, authorize: str, subject: str) -> str:
        """What a person does there: the address that they come back to."""
        answer = requests.post(authorize, data={"sub": subject}, allow_redirects=False, timeout=10)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def as_usual(self) -> None:
        self.forge, self.signs_with, self.userinfo = (lambda claims: claims), 0, None
        self.document.clear()
        self.token_requests.clear()

    def in_front_of(self, app: Any) -> Callable[[dict[str, Any], Any], Any]:
        def door(environ: dict[str, Any], start: Any) -> Any:
            path = environ["PATH_INFO"]
            if path == "/oauth2/token":
                length = int(environ.get("CONTENT_LENGTH") or 0)
                sent = environ["wsgi.input"].read(length)
                environ["wsgi.input"] = io.BytesIO(sent)
                self.token_requests.append(parse_qs(sent.decode()))
            if path == "/jwks":
                return _say(start, "200 OK", self._jwks())
            said: list[Any] = []
            body = b"".join(app(environ, lambda *answer: said.extend(answer)))
            if path in CHANGED and said[0].startswith("200"):
                return _say(start, said[0], CHANGED[path](self, json.loads(body)))
            start(said[0], said[1])
            return [body]

        return door

    def _jwks(self) -> dict[str, Any]:
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self.keys[0].public_key(), as_dict=True)
        return {"keys": [key | {"kid": "ours", "alg": "RS256", "use": "sig"}]}

    def _token(self, answer: dict[str, Any]) -> dict[str, Any]:
        claims = jwt.decode(answer["id_token"], options={"verify_signature": False})
        signed = jwt.encode(
            self.forge(claims), self.keys[self.signs_with], "RS256", headers={"kid": "ours"}
        )
        return answer | {"id_token": signed}

    def _info(self, answer: dict[str, Any]) -> dict[str, Any]:
        return answer if self.userinfo is None else self.userinfo

    def _document(self, answer: dict[str, Any]) -> dict[str, Any]:
        return answer | self.document


CHANGED: dict[str, Callable[[Provider, dict[str, Any]], dict[str, Any]]] = {
    "/oauth2/token": Provider._token,
    "/userinfo": Provider._info,
    "/.well-known/openid-configuration": Provider._document,
}


@contextmanager
def provider() -> Iterator[Provider]:
    it = Provider()
    server = make_server(
        "127.0.0.1", 0, it.in_front_of(oidc_provider_mock.app(require_nonce=True)), threaded=True
    )
    it.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield it
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def asked_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def _say(start: Any, status: str, body: Any) -> list[bytes]:
    text = json.dumps(body).encode()
    start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
    return [text]
