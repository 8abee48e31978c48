"""What a run, or a step of it, is for, in the words of whoever began it."""

from temporalio.api.sdk.v1 import UserMetadata

from console.gateway import payloads
from console.gateway.events import Event

LETTERS_MAX = 200
DETAILS_LETTERS_MAX = 20_000
#: The SDKs on the common core write each local activity down as a marker of this name.
LOCAL_ACTIVITY = "core_local_activity"


def said(about: UserMetadata) -> str:
    """Empty where nothing was said, or it is hidden from who looks."""
    content = payloads.readable(about.summary).content if about.HasField("summary") else ""
    return content[:LETTERS_MAX] if isinstance(content, str) else ""


def told(about: UserMetadata) -> str:
    """The longer words beside the summary: Markdown, shown as it is written."""
    content = payloads.readable(about.details).content if about.HasField("details") else ""
    return content[:DETAILS_LETTERS_MAX] if isinstance(content, str) else ""


def of(event: Event) -> str:
    """Of the event that began the step; a local activity says its type, a change what it sets."""
    return said(event.raw.user_metadata) or _local_activity(event) or _names_set(event)


def _local_activity(event: Event) -> str:
    if event.kind != "MarkerRecorded" or event.attributes.marker_name != LOCAL_ACTIVITY:
        return ""
    details = event.attributes.details
    told = details["data"].payloads if "data" in details else ()
    contents = (payloads.readable(one).content for one in told)
    kinds = (one.get("activity_type") for one in contents if isinstance(one, dict))
    return next((str(kind)[:LETTERS_MAX] for kind in kinds if kind), "")


def _names_set(event: Event) -> str:
    """Of search attributes or of the memo: the values are among the event's payloads."""
    match event.kind:
        case "UpsertWorkflowSearchAttributes":
            names = event.attributes.search_attributes.indexed_fields
        case "WorkflowPropertiesModified":
            names = event.attributes.upserted_memo.fields
        case _:
            return ""
    return ", ".join(sorted(names))[:LETTERS_MAX]
