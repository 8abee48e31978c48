"""Under which key the cache keeps something. Names of any length and letters come into keys."""

import re
from hashlib import sha256

#: What every backend of a cache takes; a digest stands for others.
TAKEN = re.compile(r"[!-~]{1,200}")


def key(wanted: str, prefix: str, version: int) -> str:
    whole = f"{prefix}:{version}:{wanted}"
    if TAKEN.fullmatch(whole):
        return whole
    return f"{prefix}:{version}:{sha256(wanted.encode('utf-8', 'surrogatepass')).hexdigest()}"
