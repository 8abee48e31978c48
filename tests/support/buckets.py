"""A private S3 bucket: it makes each request's signature again by AWS's published rules, and
refuses what is unsigned, signed otherwise, or signed too long ago.

It gives out credentials as well, the way a container's role does.
"""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from django.utils import timezone

REGION = "eu-central-1"
ALGORITHM = "AWS4-HMAC-SHA256"
TIME_FORMAT = "%Y%m%dT%H%M%SZ"
APART_MAX = timedelta(minutes=15)
EMPTY = hashlib.sha256(b"").hexdigest()
SIGNED_AT_LEAST = {"host", "x-amz-content-sha256", "x-amz-date"}
ROLE = "/role"
TOKEN_HEADER = "x-amz-security-token"


@dataclass
class Bucket:
    """`refused`: why, in the order that they came. `behind`: how wrong its clock goes."""

    address: str
    keys: dict[str, str]
    token: str = ""
    behind: timedelta = timedelta()
    held: dict[str, bytes] = field(default_factory=dict)
    given: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def why_not(self, path: str, headers: Message) -> str:
        kind, _, rest = headers.get("Authorization", "").partition(" ")
        said = dict(part.strip().partition("=")[::2] for part in rest.split(",") if part)
        if kind != ALGORITHM or not said:
            return "AccessDenied"
        key, *scope = said["Credential"].split("/")
        if key not in self.keys:
            return "InvalidAccessKeyId"
        moment = headers["x-amz-date"]
        if scope != [moment[:8], REGION, "s3", "aws4_request"]:
            return "AuthorizationHeaderMalformed"
        at = datetime.strptime(moment, TIME_FORMAT).replace(tzinfo=UTC)
        if abs(timezone.now() - self.behind - at) > APART_MAX:
            return "RequestTimeTooSkewed"
        names = said["SignedHeaders"].split(";")
        if not set(names) >= SIGNED_AT_LEAST or headers.get("x-amz-content-sha256") != EMPTY:
            return "AccessDenied"
        if headers.get(TOKEN_HEADER, "") != self.token or (
            self.token and TOKEN_HEADER not in names
        ):
            return "InvalidToken"
        asked = "".join(f"{name}:{headers[name].strip()}\n" for name in names)
        canonical = f"GET\n{path}\n\n{asked}\n{said['SignedHeaders']}\n{EMPTY}"
        wanted = signature(self.keys[key], scope, moment, canonical)
        same = hmac.compare_digest(wanted, said["Signature"])
        return "" if same else "SignatureDoesNotMatch"

    def role(self) -> bytes:
        key, secret = next(iter(self.keys.items()))
        until = (timezone.now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        told = {"AccessKeyId": key, "SecretAccessKey": secret, "Token": self.token}
        return json.dumps(told | {"Expiration": until}).encode()


def signature(secret: str, scope: list[str], moment: str, canonical: str) -> str:
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    made = f"AWS4{secret}".encode()
    for step in (*scope, "\n".join((ALGORITHM, moment, "/".join(scope), digest))):
        made = hmac.new(made, step.encode(), hashlib.sha256).digest()
    return made.hex()


@contextmanager
def private_bucket(token: str = "", **keys: str) -> Iterator[Bucket]:
    """`keys`: the secret of each access key."""

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == ROLE:
                self._say(200, bucket.role())
            elif why := bucket.why_not(self.path, self.headers):
                bucket.refused.append(why)
                self._say(403, why.encode())
            else:
                bucket.given.append(self.path)
                body = bucket.held.get(self.path)
                self._say(404 if body is None else 200, body or b"")

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Tests read `given` and `refused`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    bucket = Bucket(f"http://127.0.0.1:{server.server_address[1]}", keys, token)
    thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
    thread.start()
    try:
        yield bucket
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
