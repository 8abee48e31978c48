"""What a worker says of an update that it was asked for."""

from google.protobuf.message import Message as Body
from temporalio.api.protocol.v1 import Message
from temporalio.api.update.v1 import Acceptance, Outcome, Rejection, Request, Response

from tests.support.commands import failed, text


def about(asked: Message, name: str, body: Body) -> Message:
    message = Message(id=f"{asked.id}/{name}", protocol_instance_id=asked.protocol_instance_id)
    message.body.Pack(body)
    return message


def request_of(asked: Message) -> Request:
    request = Request()
    asked.body.Unpack(request)
    return request


def acceptance(asked: Message) -> Message:
    accepted = Acceptance(
        accepted_request_message_id=asked.id,
        accepted_request_sequencing_event_id=asked.event_id,
        accepted_request=request_of(asked),
    )
    return about(asked, "accept", accepted)


def rejection(asked: Message, why: str) -> Message:
    refused = Rejection(rejected_request_message_id=asked.id, failure=failed(why))
    return about(asked, "reject", refused)


def completion(asked: Message, value: object) -> Message:
    outcome = Outcome(success=text(value))
    return about(asked, "complete", Response(meta=request_of(asked).meta, outcome=outcome))
