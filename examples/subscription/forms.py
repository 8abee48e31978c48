"""What the updates take and activities return, as JSON Schema, for the memo `perdure.actions`.

Forms are drawn of it.

`x-perdure` is what the console itself fills in: who asks, why, and the id of its activity log.
"""

from typing import Any, Final

from console.billing.contract import ADJUST_CHARGE, ADJUST_PERIOD, REFUND, SKIP_PERIOD, PeriodUnit

ACTIONS_MEMO: Final = "perdure.actions"

PERSON: Final = {"type": "string", "x-perdure": "person"}
REASON: Final = {"type": "string", "x-perdure": "reason"}
AUDIT: Final = {"type": "string", "x-perdure": "audit"}
_PERIOD: Final = {
    "type": "object",
    "title": "New period",
    "properties": {
        "count": {"type": "integer", "minimum": 1, "maximum": 1_000_000, "title": "Every"},
        "unit": {"type": "string", "enum": [unit.value for unit in PeriodUnit]},
    },
    "required": ["count", "unit"],
}
_SIGNED: Final = {
    "expected_version": {
        "type": "integer",
        "minimum": 0,
        "title": "Version that you looked at",
        "description": "The ledger says it; nobody overwrites what they have not seen.",
    },
    "dry_run": {"type": "boolean", "default": True, "title": "Only say what would change"},
    "actor": PERSON,
    "reason": REASON,
    "audit_reference": AUDIT,
}


def _argument(title: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "title": title,
        "properties": properties | _SIGNED,
        "required": [*properties, *_SIGNED],
    }


def _money(currency: str, title: str) -> dict[str, Any]:
    return {
        "type": "object",
        "title": title,
        "properties": {
            "amount": {"type": "string", "pattern": r"^[0-9]+\.?[0-9]*$", "title": "Amount"},
            "currency": {"type": "string", "enum": [currency]},
        },
        "required": ["amount", "currency"],
    }


def results(currency: str) -> dict[str, Any]:
    """What the activities return, for who completes one by hand."""
    return {
        "charge_card": {
            "result": {
                "type": "object",
                "title": "Payment",
                "properties": {
                    "payment_id": {
                        "type": "string",
                        "minLength": 1,
                        "title": "Payment id",
                        "description": "As the payment provider has it.",
                    },
                    "money": _money(currency, "What was taken"),
                },
                "required": ["payment_id", "money"],
            }
        },
        "refund_payment": {"result": {"type": "string", "minLength": 1, "title": "Refund id"}},
    }


def actions(currency: str) -> dict[str, Any]:
    """Of a subscription that is charged in it."""
    return {
        "activities": results(currency),
        "updates": {
            ADJUST_CHARGE: {
                "description": "Charge another amount from now on",
                "arguments": [
                    _argument(
                        "Charge",
                        amount=_money(currency, "New amount for a period"),
                        periods={
                            "type": "integer",
                            "minimum": 0,
                            "default": 0,
                            "title": "For how many coming charges",
                            "description": "0 is every charge to the end.",
                        },
                    )
                ],
            },
            ADJUST_PERIOD: {
                "description": "Charge at another interval",
                "arguments": [_argument("Period", period=_PERIOD)],
            },
            SKIP_PERIOD: {
                "description": "One period to come is free",
                "arguments": [
                    _argument(
                        "Free period",
                        billing_period={"type": "integer", "minimum": 1, "title": "Which period"},
                    )
                ],
            },
            REFUND: {
                "description": "Give back (part of) one period's charge",
                "arguments": [
                    _argument(
                        "Refund",
                        billing_period={
                            "type": "integer",
                            "minimum": 1,
                            "title": "Of which period",
                        },
                        amount=_money(currency, "Amount to give back"),
                    )
                ],
            },
        },
    }
