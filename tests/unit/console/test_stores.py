"""A private S3 bucket is asked by signed requests; the bucket makes each signature again."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from temporalio.api.common.v1 import Payload

from console import policies
from console.gateway import remote, signing, stores
from console.gateway.remote import NoAnswer
from console.gateway.stores import NotFollowed
from console.policies import Aws, Store
from tests.support.buckets import EMPTY, REGION, ROLE, Bucket, private_bucket, signature

KEYS = {"AKIDOURS": "ours/+secret", "AKIDOTHER": "another"}
TOKEN = base64.b64encode(b"a session").decode()
ORDER = Payload(metadata={"encoding": b"json/plain"}, data=b'{"amount":"12.00"}')
PATH = "v0/ns/shop/d/1"


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with private_bucket(**KEYS) as one:
        one.held[f"/payloads/{PATH}"] = ORDER.SerializeToString()
        yield one


@pytest.fixture(autouse=True)
def _nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def keyed(monkeypatch: pytest.MonkeyPatch, key: str = "AKIDOURS", secret: str = "") -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret or KEYS["AKIDOURS"])


def store(bucket: Bucket, **aws: str) -> dict[str, Store]:
    told: dict[str, Any] = {"url": f"{bucket.address}/{{bucket}}/{{key}}"} | aws
    told |= {"allow": {"bucket": ["payloads"], "key": ["v0/ns/{namespace}/*"]}}
    found = policies.parse({"namespace": {"shop": {"stores": {"s3": told}}}}, lambda _: "")
    return dict(found["shop"].stores)


def followed(of: dict[str, Store], key: str = PATH) -> Payload:
    claim = {"driver_name": "s3", "claim_data": {"bucket": "payloads", "key": key}}
    return stores.follow(of, Payload(data=json.dumps(claim).encode()), "shop")


def test_the_bucket_of_these_tests_signs_as_aws_has_published_it() -> None:
    """The first example of "Authenticating Requests: Using the Authorization Header"."""
    names = "host;range;x-amz-content-sha256;x-amz-date"
    said = ["host:examplebucket.s3.amazonaws.com", "range:bytes=0-9"]
    said += [f"x-amz-content-sha256:{EMPTY}", "x-amz-date:20130524T000000Z"]
    canonical = "\n".join(["GET", "/test.txt", "", *said, "", names, EMPTY])
    scope = ["20130524", "us-east-1", "s3", "aws4_request"]
    secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # published, of no account

    made = signature(secret, scope, "20130524T000000Z", canonical)

    assert made == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"


def test_a_signed_request_is_taken_whatever_is_in_the_key(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyed(monkeypatch)
    odd = "v0/ns/shop/a b+c~(ü)=%25.bin"
    bucket.held[f"/payloads/{quote(odd)}"] = ORDER.SerializeToString()
    signs = store(bucket, aws_region=REGION)

    assert [followed(signs), followed(signs, odd)] == [ORDER, ORDER]
    assert bucket.refused == []


def test_a_profile_and_a_container_s_role_sign_as_well(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with private_bucket(TOKEN, **KEYS) as bucket:
        bucket.held[f"/payloads/{PATH}"] = ORDER.SerializeToString()
        profile = ["[blobs]", "aws_access_key_id = AKIDOTHER", "aws_secret_access_key = another"]
        profile += [f"aws_session_token = {TOKEN}"]
        (tmp_path / "credentials").write_text("\n".join(profile))
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{bucket.address}{ROLE}")

        by_role = followed(store(bucket, aws_region=REGION))
        by_profile = followed(store(bucket, aws_region=REGION, aws_profile="blobs"))

        assert [by_role, by_profile] == [ORDER, ORDER]
        assert bucket.refused == []


def test_what_is_unsigned_or_signed_otherwise_is_refused(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, elsewhere = store(bucket, aws_region=REGION), store(bucket, aws_region="us-east-1")
    keyed(monkeypatch)
    said = [why_not(store(bucket)), why_not(elsewhere)]
    bucket.behind = timedelta(hours=1)
    said += [why_not(here)]
    bucket.behind = timedelta()
    keyed(monkeypatch, secret="guessed")
    said += [why_not(here)]
    keyed(monkeypatch, "AKIDNOBODY")
    said += [why_not(here)]

    assert said == ["The store of s3 answered 403."] * 5
    assert bucket.given == []
    assert bucket.refused == [
        "AccessDenied",
        "AuthorizationHeaderMalformed",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "InvalidAccessKeyId",
    ]


def why_not(of: dict[str, Store]) -> str:
    with pytest.raises(NotFollowed) as refused:
        followed(of)
    return str(refused.value)


def test_a_signature_is_good_for_its_object_and_its_quarter_of_an_hour(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyed(monkeypatch)
    address = f"{bucket.address}/payloads/{PATH}"
    headers = signing.signed(address, Aws(REGION))

    def asked(url: str) -> bytes:
        return remote.exchange("GET", url, headers=headers, seconds=5, bytes_max=1_000)

    assert asked(address) == ORDER.SerializeToString()
    with pytest.raises(NoAnswer):
        asked(f"{bucket.address}/payloads/v0/ns/other/d/1")
    bucket.behind = -timedelta(minutes=16)
    with pytest.raises(NoAnswer):
        asked(address)
    assert bucket.refused == ["SignatureDoesNotMatch", "RequestTimeTooSkewed"]


def test_without_credentials_nothing_is_asked_and_the_page_says_so(bucket: Bucket) -> None:
    told = [why_not(store(bucket, aws_region=REGION, **more)) for more in ({}, UNKNOWN)]

    assert told[0] == "The store of s3 was not asked: this console has no credentials of AWS."
    assert told[1].endswith("credentials of AWS could not be had.")
    assert bucket.given == bucket.refused == []


UNKNOWN = {"aws_profile": "nobody_s"}
