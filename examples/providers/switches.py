"""Who fails, and how.

A customer's failures follow from what they pay with, where their mail goes, where their account
is: the same customer always fails in the same way. A switch set over HTTP overrides that, for one
subject or for a whole provider (subject "").
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from examples.providers.database import Database


class Mode(StrEnum):
    NORMAL = "normal"
    #: Answers 503 and does nothing.
    OUTAGE = "outage"
    #: Does its work, then answers too late.
    SLOW = "slow"


@dataclass(frozen=True)
class Habits:
    #: How many requests of each key are answered with 503 first.
    unavailable_first: float = 0
    #: How many requests of each key are answered too late, although the work was done.
    slow_first: float = 0
    #: Type and sentence of a refusal; empty is none.
    refusal: str = ""
    sentence: str = ""
    #: After this many refusals of a subject it is accepted.
    refusals_max: float = math.inf


GOOD: Final = Habits()

#: By the last four digits of the card.
CARDS: Final = {
    "0002": Habits(refusal="CardDeclined", sentence="The bank declined: insufficient funds."),
    "0069": Habits(refusal="CardDeclined", sentence="The bank declined: expired card (code 54)."),
    "0341": Habits(
        refusal="CardDeclined", sentence="The bank declined: do not honour.", refusals_max=2
    ),
    "0119": Habits(unavailable_first=math.inf),
    "0127": Habits(unavailable_first=2),
    "3220": Habits(slow_first=1),
}
#: By the domain of the address.
MAIL_DOMAINS: Final = {
    "gone.example": Habits(refusal="MailboxGone", sentence="550 5.1.1 mailbox does not exist."),
    "greylist.example": Habits(unavailable_first=2),
    "slow.example": Habits(slow_first=1),
    "down.example": Habits(unavailable_first=math.inf),
}
#: By the last four digits of the account. Only deposits are refused.
ACCOUNTS: Final = {
    "0404": Habits(refusal="AccountClosed", sentence="The account was closed."),
    "0403": Habits(refusal="AccountBlocked", sentence="The account is blocked for deposits."),
    "0503": Habits(unavailable_first=math.inf),
    "0127": Habits(unavailable_first=2),
    "3220": Habits(slow_first=1),
}
#: By the postal code of the address.
POSTAL_CODES: Final = {
    "0000": Habits(refusal="AddressUnknown", sentence="No such address in the postal register."),
    "9999": Habits(unavailable_first=math.inf),
}

_MODE_OF: Final = """
select mode from switches
where provider = :provider and subject in ('', :subject)
order by mode = 'normal', subject
limit 1
"""


def mode_of(database: Database, provider: str, subject: str) -> Mode | None:
    row = database.one(_MODE_OF, provider=provider, subject=subject)
    return Mode(row["mode"]) if row else None


_TURN: Final = """
insert into switches (provider, subject, mode) values (:provider, :subject, :mode)
on conflict (provider, subject) do update set mode = excluded.mode
"""


def turn(database: Database, provider: str, subject: str, mode: Mode) -> None:
    database.execute(_TURN, provider=provider, subject=subject, mode=mode.value)


_FORGET: Final = "delete from switches where provider = :provider and subject = :subject"


def forget(database: Database, provider: str, subject: str) -> None:
    database.execute(_FORGET, provider=provider, subject=subject)


_EVERY: Final = "select provider, subject, mode from switches order by provider, subject"


def every(database: Database) -> list[dict[str, object]]:
    return database.all(_EVERY)
