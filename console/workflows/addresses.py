"""The place of a payload as a piece of a path: `events/12/payloads/0`, `memo/card/payloads/0`."""

import re

from console.gateway.payloads import Place
from console.ui.paths import Name

EVENT = re.compile("[1-9][0-9]{0,17}")


class PlaceInPath:
    regex = "(?:events|pending|memo|attributes|attempts|answers)/[^/]+/payloads/[0-9]{1,9}"

    def to_python(self, value: str) -> Place:
        part, name, _, number = value.split("/")
        if part == "events" and not EVENT.fullmatch(name):
            raise ValueError(name)
        return Place(part, Name().to_python(name), int(number))

    def to_url(self, place: Place) -> str:
        return f"{place.part}/{Name().to_url(place.name)}/payloads/{place.number}"


class OfEvents(PlaceInPath):
    """A history from a file has nothing else."""

    regex = "events/[^/]+/payloads/[0-9]{1,9}"
