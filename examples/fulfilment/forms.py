"""What a person decides about an order, as JSON Schema: the memo `perdure.actions`."""

from typing import Any

from examples.subscription.forms import AUDIT, PERSON, REASON, results


def actions(currency: str) -> dict[str, Any]:
    """Of an order that is paid in it."""
    return {
        "activities": results(currency),
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
