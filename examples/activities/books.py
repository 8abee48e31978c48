from dataclasses import dataclass

import msgspec
from temporalio import activity, workflow

from console.billing.contract import LedgerEntry
from examples.activities.options import PATIENT
from examples.providers.client import ProviderClient


@dataclass(frozen=True)
class OldEntries:
    subscription_id: str
    entries: list[LedgerEntry]


class BookActivities:
    def __init__(self, providers: ProviderClient) -> None:
        self._providers = providers

    @activity.defn
    async def keep_entries(self, old: OldEntries) -> str:
        """Keeps each entry once, by its sequence; answers where they can be read."""
        path = f"/books/{old.subscription_id}"
        await self._providers.post(path, {"entries": msgspec.to_builtins(old.entries)})
        return self._providers.url + path


async def keep(old: OldEntries) -> str:
    return await workflow.execute_activity_method(
        BookActivities.keep_entries,
        old,
        summary=f"{len(old.entries)} entries to the archive",
        **PATIENT,
    )
