"""The system workflows of billing.

    BillingApproval   open ──decide──▶ approved ──carry out, until nothing is left──▶ ended
                        │                 (rejected, withdrawn: ended)
                        └─time is over──▶ expired
    BillingInChunks   weigh a cohort, or carry it out: a chunk after the other, while it may go on

Who proposed, who decided and why is in their histories; what is asked of which subscription, and
what came of it, is in the console's tables.
"""

from datetime import datetime

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from console.billing import orders
    from console.billing.orders import Chunks, Decision, Noted, Proposed


class Wish:
    """Somebody wants the list looked at again."""

    heard = False


RETRIES = RetryPolicy(initial_interval=orders.RETRY_FIRST, maximum_interval=orders.RETRY_MAX)


@workflow.defn(name=orders.APPROVAL)
class BillingApproval:
    @workflow.init
    def __init__(self, asked: Proposed) -> None:
        self._asked = asked
        self._expires_at = datetime.fromisoformat(asked.expires_at)
        self._decision: Decision | None = None
        self._noted = False
        self._wish = Wish()

    @workflow.run
    async def run(self, asked: Proposed) -> str:
        decision = await self._decided()
        stage: str = await workflow.execute_activity(
            orders.NOTE,
            Noted(asked.proposal_id, decision),
            result_type=str,
            start_to_close_timeout=orders.NOTE_TIMEOUT,
            retry_policy=RETRIES,
            summary=f"{decision.verdict} by {decision.person}"
            if decision.person
            else decision.verdict,
        )
        self._noted = True
        if stage == orders.APPROVE:
            await _until_it_has_ended(orders.CARRY_OUT, asked.proposal_id, self._wish)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return stage

    async def _decided(self) -> Decision:
        """A decision that comes with the end of its time is refused: only one of both is there."""
        left = (self._expires_at - workflow.now()).total_seconds()
        try:
            await workflow.wait_condition(
                lambda: self._decision is not None,
                timeout=max(left, 0.0),
                timeout_summary=f"Until {self._asked.proposal} expires",
            )
        except TimeoutError:
            if self._decision is None:
                self._decision = Decision(orders.EXPIRE, "", 0, "Nobody decided in time.", "")
        assert self._decision is not None
        return self._decision

    @workflow.update(name=orders.DECIDE, description="Approve, reject or withdraw")
    async def decide(self, decision: Decision) -> None:
        self._decision = decision
        await workflow.wait_condition(lambda: self._noted)

    @workflow.signal(name=orders.LOOK_AGAIN, description="It may go on, or has been stopped")
    def look_again(self) -> None:
        self._wish.heard = True

    @decide.validator
    def may_decide(self, decision: Decision) -> None:
        is_own = decision.person_id == self._asked.proposed_by_id
        if self._decision is not None:
            by = f" by {self._decision.person}" if self._decision.person else ""
            raise _refused(f"It was {self._decision.verdict}{by} already.")
        if decision.verdict not in {orders.APPROVE, orders.REJECT, orders.WITHDRAW}:
            raise _refused("It can be approved, rejected or withdrawn.")
        if decision.verdict == orders.WITHDRAW and not is_own:
            raise _refused(f"Only {self._asked.proposed_by} can withdraw it.")
        if decision.verdict != orders.WITHDRAW and is_own:
            raise _refused("You proposed it; a second person decides.")
        if workflow.now() >= self._expires_at:
            raise _refused("It has expired.")


@workflow.defn(name=orders.IN_CHUNKS)
class BillingInChunks:
    def __init__(self) -> None:
        self._wish = Wish()

    @workflow.run
    async def run(self, work: Chunks) -> None:
        await _until_it_has_ended(work.activity, work.cohort_id, self._wish)

    @workflow.signal(name=orders.LOOK_AGAIN, description="It may go on, or has been stopped")
    def look_again(self) -> None:
        self._wish.heard = True


async def _until_it_has_ended(activity: str, number: int, wish: Wish) -> None:
    while True:
        to_do = await workflow.execute_activity(
            activity,
            number,
            result_type=str,
            start_to_close_timeout=orders.CHUNK_TIMEOUT,
            heartbeat_timeout=orders.HEARTBEAT_TIMEOUT,
            retry_policy=RETRIES,
        )
        if to_do == orders.ENDED:
            return
        if to_do == orders.WAIT:
            await workflow.wait_condition(lambda: wish.heard)
            wish.heard = False


def _refused(sentence: str) -> ApplicationError:
    return ApplicationError(sentence, type=orders.DECISION_REFUSED, non_retryable=True)
