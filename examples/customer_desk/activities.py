from dataclasses import dataclass, replace

from temporalio import activity
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from console.billing.contract import (
    ADJUST_CHARGE,
    ADJUST_PERIOD,
    LEDGER_QUERY,
    REFUND,
    AdjustCharge,
    AdjustPeriod,
    Ledger,
    Outcome,
    Refund,
)


@dataclass(frozen=True)
class DeskRequest:
    """One wish about one subscription; exactly one of the fields after the first is set.

    The expected version is filled in when the wish is carried out.
    """

    subscription_id: str
    charge: AdjustCharge | None = None
    period: AdjustPeriod | None = None
    refund: Refund | None = None
    cancel: bool = False


class DeskActivities:
    def __init__(self, client: Client) -> None:
        self._client = client

    @activity.defn
    async def carry_out(self, request: DeskRequest) -> None:
        """The audit reference is the update's id: however often this is tried, it is done once."""
        handle = self._client.get_workflow_handle(request.subscription_id)
        ledger = await handle.query(LEDGER_QUERY, result_type=Ledger)
        if not ledger.charged.value:
            raise ApplicationError(
                f"{request.subscription_id} was not charged yet.", type="NotYetCharged"
            )
        if request.cancel:
            await handle.cancel()
            return
        name, asked = _update(request)
        if any(entry.audit_reference == asked.audit_reference for entry in ledger.entries):
            return
        try:
            await handle.execute_update(
                name,
                replace(asked, expected_version=ledger.version),
                id=asked.audit_reference,
                result_type=Outcome,
            )
        except WorkflowUpdateFailedError as error:
            raise ApplicationError(str(error.cause), type="UpdateRefused") from error


def _update(request: DeskRequest) -> tuple[str, AdjustCharge | AdjustPeriod | Refund]:
    wishes = {
        ADJUST_CHARGE: request.charge,
        ADJUST_PERIOD: request.period,
        REFUND: request.refund,
    }
    return next((name, asked) for name, asked in wishes.items() if asked is not None)
