"""A GET that a private S3 bucket takes: signed (AWS Signature Version 4) for this one request.

The credentials are those that AWS's own tools would find: environment, profile, container or
instance. They are looked up for each click and kept nowhere.
"""

import logging
from collections.abc import Mapping

from console.policies import Aws

#: For whoever gives out credentials: a role's metadata, or STS.
LOOKED_UP_WITHIN_SECONDS = 5
LOGGER = logging.getLogger(__name__)


class Unsigned(Exception):
    """`str()` ends the sentence "The store of …": why it was not asked."""


def signed(url: str, aws: Aws) -> Mapping[str, str]:
    """The headers of a GET of `url`; a server takes them for some minutes."""
    # Few ask for it, and it takes 20 MiB.
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.session import Session

    seconds = LOOKED_UP_WITHIN_SECONDS
    config = Config(
        connect_timeout=seconds, read_timeout=seconds, retries={"total_max_attempts": 1}
    )
    request = AWSRequest("GET", url)
    try:
        session = Session(profile=aws.profile or None)
        session.set_config_variable("region", aws.region)
        session.set_default_client_config(config)
        credentials = session.get_credentials()
        if credentials is None:
            raise Unsigned("was not asked: this console has no credentials of AWS")
        S3SigV4Auth(credentials.get_frozen_credentials(), "s3", aws.region).add_auth(request)
    except (BotoCoreError, ClientError, ValueError) as error:
        LOGGER.warning("No credentials for an S3 store: %s", type(error).__name__)
        raise Unsigned("was not asked: its credentials of AWS could not be had") from None
    return dict(request.headers.items())
