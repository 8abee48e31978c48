"""What goes from house to house, as in ../contract.json.

Amounts are in the smallest unit of their currency, so no language has to reckon with fractions.
"""

from dataclasses import dataclass
from typing import Final

BANK: Final = "python"
CURRENCY: Final = "NOK"
TASK_QUEUE: Final = "payments-python"


@dataclass(frozen=True)
class Payment:
    id: str
    payee: str
    amount: int
    currency: str
    #: The banks that are still to come.
    route: list[str]


@dataclass(frozen=True)
class Party:
    bank: str
    name: str


@dataclass(frozen=True)
class Exchange:
    amount: int
    currency: str
    into: str


@dataclass(frozen=True)
class Money:
    amount: int
    currency: str


@dataclass(frozen=True)
class Booking:
    #: One entry, however often it is asked for.
    key: str
    amount: int
    currency: str


@dataclass(frozen=True)
class Receipt:
    payment: str
    bank: str
    amount: int
    currency: str


@dataclass(frozen=True)
class Hop:
    bank: str
    clearance: str
    booking: str
    receipt: str


@dataclass(frozen=True)
class Outcome:
    amount: int
    currency: str
    #: The banks that the payment went through, the first one first.
    hops: list[Hop]
