from dataclasses import asdict, dataclass

from temporalio import activity, workflow

from console.billing.contract import Money
from examples.activities.options import PATIENT
from examples.providers.client import ProviderClient


@dataclass(frozen=True)
class Movement:
    #: One key is one movement, whatever is retried.
    key: str
    account: str
    money: Money
    reference: str


@dataclass(frozen=True)
class Return:
    key: str
    account: str
    #: Key of the withdrawal that is given back.
    of: str
    reference: str


class BankActivities:
    def __init__(self, providers: ProviderClient) -> None:
        self._providers = providers

    @activity.defn
    async def withdraw_money(self, movement: Movement) -> str:
        return await self._move("/bank/withdrawals", movement)

    @activity.defn
    async def deposit_money(self, movement: Movement) -> str:
        return await self._move("/bank/deposits", movement)

    async def _move(self, path: str, movement: Movement) -> str:
        body = asdict(movement) | asdict(movement.money)
        return str((await self._providers.post(path, body))["movement_id"])

    @activity.defn
    async def return_money(self, request: Return) -> str:
        answer = await self._providers.post("/bank/returns", asdict(request))
        return str(answer["movement_id"])

    @activity.defn
    async def call_off_movement(self, movement: Movement) -> str:
        """Make sure that nothing moves under this key; the movement's id, if it already did."""
        body = {"key": movement.key, "account": movement.account}
        answer = await self._providers.post("/bank/bar", body)
        return str(answer.get("movement_id", ""))


async def withdraw(movement: Movement) -> str:
    return await workflow.execute_activity_method(
        BankActivities.withdraw_money,
        movement,
        summary=f"{movement.money} from {movement.account}",
        **PATIENT,
    )


async def deposit(movement: Movement) -> str:
    return await workflow.execute_activity_method(
        BankActivities.deposit_money,
        movement,
        summary=f"{movement.money} to {movement.account}",
        **PATIENT,
    )


async def give_back(request: Return) -> str:
    return await workflow.execute_activity_method(
        BankActivities.return_money,
        request,
        summary=f"Give back to {request.account}",
        **PATIENT,
    )


async def call_off(movement: Movement) -> str:
    return await workflow.execute_activity_method(
        BankActivities.call_off_movement,
        movement,
        summary=f"Call off {movement.key}",
        **PATIENT,
    )
