"""How a failure looks: every cause below the one that it caused, each with its own stack."""

from django.template.loader import render_to_string

from console.gateway.payloads import Failure


def failed(message: str, cause: Failure | None = None) -> Failure:
    return Failure("Refused", message, f"stack of {message}", "", True, (), cause)


def test_each_cause_is_there_with_its_stack_folded() -> None:
    chain = failed("charge", failed("provider", failed("socket")))

    page = render_to_string("components/failure.html", {"failure": chain})

    places = [page.index(f"stack of {message}") for message in ("charge", "provider", "socket")]
    assert all(places)
    assert page.count("<details") == 3
    assert " open" not in page
    assert page.count("caused by") == 2
