"""Companies, their cities and addresses."""

from typing import Final

from examples.fulfilment.model import Address
from examples.seeds.start import seed_id
from examples.subscription.model import Customer

_FIRST: Final = (
    "Brekke",
    "Nordlys",
    "Fjell",
    "Solvang",
    "Havn",
    "Lind",
    "Skog",
    "Varde",
    "Bryggen",
    "Elve",
    "Granli",
    "Holm",
    "Kvist",
    "Mølle",
    "Ravn",
    "Strand",
    "Tind",
    "Utsikt",
    "Vinter",
    "Øst",
)
_SECOND: Final = ("hus", "verk", "data", "bakeri", "logistikk", "optikk", "arkitekter", "media")
_FORM: Final = ("AS", "GmbH", "AB", "ApS", "Ltd")
_STREETS: Final = ("Storgata", "Kirkegata", "Havnegata", "Skolegata", "Torggata")
_CITIES: Final = (
    ("0184", "Oslo"),
    ("5014", "Bergen"),
    ("7011", "Trondheim"),
    ("4006", "Stavanger"),
)


def customer(kind: str, number: int, domain: str = "") -> Customer:
    first = _FIRST[number % len(_FIRST)]
    second = _SECOND[(number * 3 + len(kind)) % len(_SECOND)]
    name = f"{first}{second} {_FORM[number % len(_FORM)]}"
    customer_id = seed_id("cus", kind, number)
    where = domain or f"{_ascii(first + second)}.example"
    return Customer(customer_id, name, f"accounts+{customer_id[-6:]}@{where}")


def address(number: int) -> Address:
    postal_code, city = _CITIES[number % len(_CITIES)]
    return Address(f"{_STREETS[number % len(_STREETS)]} {number % 80 + 1}", postal_code, city)


def _ascii(name: str) -> str:
    return name.lower().replace("ø", "o")
