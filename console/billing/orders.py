"""What the system workflows and their activities tell each other. Plain values, no Django."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

APPROVAL: Final = "BillingApproval"
IN_CHUNKS: Final = "BillingInChunks"

DECIDE: Final = "decide"
DECISION_REFUSED: Final = "DecisionRefused"

NOTE: Final = "note_decision"
CARRY_OUT: Final = "carry_out_proposal"
WEIGH: Final = "weigh_members"
CARRY_OUT_MEMBERS: Final = "carry_out_members"

APPROVE, REJECT, WITHDRAW, EXPIRE = "approved", "rejected", "withdrawn", "expired"

#: Of one call to a subscription: shorter than the heartbeat, so that a dead worker is seen soon.
CALL_SECONDS: Final = 5.0
HEARTBEAT_TIMEOUT: Final = timedelta(seconds=12)
CHUNK_TIMEOUT: Final = timedelta(minutes=10)
NOTE_TIMEOUT: Final = timedelta(seconds=30)
RETRY_FIRST: Final = timedelta(seconds=1)
RETRY_MAX: Final = timedelta(seconds=10)

#: What an activity says of a list: go on at once, wait until you are told, nothing is left.
MORE, WAIT, ENDED = "more", "wait", "ended"
LOOK_AGAIN: Final = "look_again"

#: Subscriptions a second.
RATE_MAX: Final = 50
#: A pause is heard between two chunks, so a chunk is short.
CHUNK_SECONDS: Final = 2
CHUNK_MEMBERS: Final = 40
AT_ONCE: Final = 8
#: The error rate is that of so many newest outcomes.
ERRORS_OF: Final = 100


def chunk_size(rate: int) -> int:
    return max(1, min(CHUNK_MEMBERS, rate * CHUNK_SECONDS))


@dataclass(frozen=True)
class Proposed:
    """What the history of an approval begins with."""

    proposal_id: int
    proposal: str
    title: str
    target: str
    before: str
    after: str
    difference: str
    beyond: str
    reason: str
    proposed_by: str
    proposed_by_id: int
    #: ISO 8601
    expires_at: str


@dataclass(frozen=True)
class Decision:
    verdict: str
    person: str
    person_id: int
    reason: str
    #: The console's audit entry; an approval without one is not carried out.
    audit_reference: str


@dataclass(frozen=True)
class Noted:
    proposal_id: int
    decision: Decision


@dataclass(frozen=True)
class Chunks:
    """An activity that is asked again and again until it says that it has ended."""

    activity: str
    cohort_id: int
    cohort: str
    asked_by: str
