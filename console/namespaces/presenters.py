"""Gateway dataclasses -> template rows; pure."""

from dataclasses import dataclass

from console.gateway.namespaces import Attributes
from console.policies import Policy, Store


@dataclass(frozen=True, slots=True)
class AttributeRow:
    name: str
    type: str
    custom: bool


def attribute_rows(attributes: Attributes) -> list[AttributeRow]:
    rows = [AttributeRow(name, kind, True) for name, kind in attributes.custom.items()]
    return rows + [AttributeRow(name, kind, False) for name, kind in attributes.system.items()]


def payload_rows(policy: Policy) -> list[tuple[str, str]]:
    """What the settings say of this namespace's payloads, without a secret."""
    rows = []
    if policy.codec is not None:
        where = "in the browser" if policy.codec.in_browser else "by the console"
        sends = "and encodes what is sent" if policy.codec.encodes else "and encodes nothing"
        rows.append(("Codec", f"{policy.codec.endpoint}, asked {where}, {sends}"))
    rows += [
        (
            f"Masked: {name}",
            "seen by nobody but by a reveal"
            if least == "nobody"
            else f"seen from the role {least} on",
        )
        for name, least in policy.masked.items()
    ]
    return rows + [(f"Store of {name}", _told(store)) for name, store in policy.stores.items()]


def _told(store: Store) -> str:
    return f"{store.url}, signed for {store.aws.region}" if store.aws else store.url
