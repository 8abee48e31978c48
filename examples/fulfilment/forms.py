"""What a person decides about an order, as JSON Schema: the memo `perdure.actions`."""

from typing import Any, Final

from examples.subscription.forms import AUDIT, PERSON, REASON, RESULTS

ACTIONS: Final[dict[str, Any]] = {
    "activities": RESULTS,
    "updates": {
        "decide": {
            "description": "Approve or refuse the order",
            "arguments": [
                {
                    "type": "object",
                    "title": "Decision",
                    "properties": {
                        "approve": {"type": "boolean", "title": "Approve the order"},
                        "actor": PERSON,
                        "reason": REASON,
                        "audit_reference": AUDIT,
                    },
                    "required": ["approve", "actor", "reason"],
                }
            ],
        }
    },
    "queries": {"order_status": {"arguments": []}},
}
