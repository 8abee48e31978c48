from dataclasses import asdict, dataclass

from temporalio import activity, workflow

from examples.activities.options import PATIENT
from examples.providers.client import ProviderClient


@dataclass(frozen=True)
class Consignment:
    key: str
    order_id: str
    depot: str
    address: str
    postal_code: str


class CarrierActivities:
    def __init__(self, providers: ProviderClient) -> None:
        self._providers = providers

    @activity.defn
    async def book_consignment(self, consignment: Consignment) -> str:
        answer = await self._providers.post("/carrier/consignments", asdict(consignment))
        return str(answer["tracking_number"])


async def book(consignment: Consignment) -> str:
    return await workflow.execute_activity_method(
        CarrierActivities.book_consignment,
        consignment,
        summary=f"{consignment.order_id} from {consignment.depot}",
        **PATIENT,
    )
