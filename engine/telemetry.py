"""Log setup. Nothing on the path of a request logs above DEBUG, but for refusals that are bugs."""

from __future__ import annotations

import logging

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def start(level: str = "INFO") -> None:
    logging.basicConfig(level=level, format=FORMAT)
    # Its warnings about closed channels are the ordinary end of a client.
    logging.getLogger("grpc").setLevel(logging.ERROR)
