from dataclasses import asdict, dataclass

from temporalio import activity, workflow
from temporalio.exceptions import ActivityError

from examples.activities.options import PATIENT, refusal_of
from examples.providers.client import ProviderClient


@dataclass(frozen=True)
class Email:
    #: One key is one message, whatever is retried.
    key: str
    to: str
    template: str
    subject: str
    body: str


class MailActivities:
    def __init__(self, providers: ProviderClient) -> None:
        self._providers = providers

    @activity.defn
    async def send_email(self, email: Email) -> str:
        answer = await self._providers.post("/mail/messages", asdict(email))
        return str(answer["message_id"])


async def send(email: Email) -> None:
    """An address that does not exist (any more) stops no business: it is logged."""
    try:
        await workflow.execute_activity_method(
            MailActivities.send_email,
            email,
            summary=f"{email.template} to {email.to}",
            **PATIENT,
        )
    except ActivityError as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        workflow.logger.warning("%s was not delivered: %s", email.template, refusal.message)
