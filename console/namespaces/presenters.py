"""Gateway dataclasses -> template rows; pure."""

from dataclasses import dataclass

from console.gateway.namespaces import Attributes


@dataclass(frozen=True, slots=True)
class AttributeRow:
    name: str
    type: str
    custom: bool


def attribute_rows(attributes: Attributes) -> list[AttributeRow]:
    rows = [AttributeRow(name, kind, True) for name, kind in attributes.custom.items()]
    return rows + [AttributeRow(name, kind, False) for name, kind in attributes.system.items()]
