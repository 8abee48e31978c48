from celery import shared_task
from django.utils import timezone

from console.incidents import surveying

SURVEY = "console.incidents.survey"


@shared_task(name=SURVEY)  # type: ignore[untyped-decorator]
def survey() -> None:
    """Counts what fails in every namespace, and remembers it."""
    surveying.survey_all(timezone.now())
