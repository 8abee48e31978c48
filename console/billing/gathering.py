"""From the form to a frozen cohort that is being weighed."""

from urllib.parse import urlencode

from django.contrib.auth.models import User

from console.audit.record import record
from console.billing import cohorts
from console.billing.cohort_forms import FORMS, CohortForm
from console.billing.models import Cohort
from console.gateway.channel import GatewayError, Trouble


def tabs(form: CohortForm) -> list[tuple[str, str, bool]]:
    """(address, title, is it this one); what was typed into the query goes along."""
    query = form.data.get("query") or form.initial.get("query", "")
    return [
        (f"?{urlencode({'change': name, 'query': query})}", one.title, name == form.change)
        for name, one in FORMS.items()
    ]


def gather(person: User, namespace: str, form: CohortForm) -> Cohort | None:
    """None: the query cannot be asked; the form says why."""
    query, reason = form.cleaned_data["query"], form.cleaned_data["reason"]
    wish = form.wish()
    try:
        with record(
            person,
            "billing.cohort",
            namespace=namespace,
            target="a new cohort",
            reason=reason,
            asked={"what": "freeze", "query": query} | wish,
        ) as act:
            cohort = cohorts.freeze(person, namespace, query, wish, reason)
            act.after = {"cohort": str(cohort), "members": cohort.members.count()}
    except GatewayError as error:
        if error.trouble is not Trouble.INVALID:
            raise
        form.add_error("query", str(error))
        return None
    _weigh(cohort, act.identity)
    return cohort


def _weigh(cohort: Cohort, who: str) -> None:
    try:
        cohorts.begin_weighing(cohort, who)
    except GatewayError:
        # The list is of no use if nobody weighs it.
        cohort.delete()
        raise
