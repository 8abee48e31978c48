"""The custom search attributes of the examples, and how a namespace comes to have them."""

from typing import Final

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.client import Client
from temporalio.common import SearchAttributeKey

from console.billing.contract import CHARGE_EXACT, SEARCH_ATTRIBUTES

#: The console's ageing board tells by it what is overdue.
PROMISED_AT: Final = SearchAttributeKey.for_datetime("due_at")

TYPES: Final = SEARCH_ATTRIBUTES | {
    CHARGE_EXACT: "Keyword",
    "OrderStage": "Keyword",
    "Depot": "Keyword",
    "OrderTotal": "Double",
    "TransferAmount": "Double",
    PROMISED_AT.name: "Datetime",
}

_INDEXED: Final = {
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "Double": IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
    "Int": IndexedValueType.INDEXED_VALUE_TYPE_INT,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
}


async def add_missing(client: Client) -> None:
    listed = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    missing = {
        name: _INDEXED[kind] for name, kind in TYPES.items() if name not in listed.custom_attributes
    }
    if missing:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
        )
